// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/stages.h"
#include "dataplane/tables/maglev.h"

namespace ikelb::pipeline {

namespace {

using tables::BackendIndex;

/// How long after a rebuild a COOKIE retry still goes by the table that chose the server whose
/// cookie it brings: libreswan silently drops a foreign one.
constexpr tables::Seconds cookie_grace = 30;

BackendIndex at_hash(const tables::BackendList& maglev, std::uint64_t hash) noexcept {
    return maglev[tables::maglev_index(hash, maglev.size())];
}

bool is_cookie_retry(const Packet& packet) noexcept {
    if (packet.datagram.kind != ike::Kind::ike) return false;
    const ike::Header& header = packet.ike_header();
    return header.exchange == ike::exchange::ike_sa_init && !header.is_response() &&
           header.next_payload == ike::payload::notify;
}

BackendIndex by_hash(const Packet& packet, const tables::Service& service,
                     const Context& context) noexcept {
    const std::uint64_t hash = tables::keyed_hash(
        packet.source.low(), packet.source.high(), context.table.hash_key);
    if (!service.old_maglev.empty() && is_cookie_retry(packet) &&
        is_within(cookie_grace, service.rebuilt_at, context.now)) {
        const BackendIndex old = at_hash(service.old_maglev, hash);
        if (context.table.backends[old].takes_returning_clients()) return old;
    }
    if (service.maglev.empty()) return tables::no_backend;
    return at_hash(service.maglev, hash);
}

BackendIndex by_turn(tables::ServiceIndex index, const tables::Service& service,
                     Context& context) noexcept {
    if (service.round_robin.empty()) return tables::no_backend;
    std::uint16_t& turn = context.memory.round_robin_turn[index];
    if (turn >= service.round_robin.size()) turn = 0;
    return service.round_robin[turn++];
}

/// The fewest SAs by weight: those of the last count and this worker's own choices since.
BackendIndex by_fewest_sas(const tables::Service& service, Context& context) noexcept {
    WorkerMemory& memory = context.memory;
    BackendIndex best = tables::no_backend;
    std::uint64_t best_load = 0;
    for (const BackendIndex candidate : service.members) {
        const std::uint64_t load =
            (std::uint64_t{context.directory.sas[candidate].load(std::memory_order_relaxed)} +
             memory.chosen[candidate])
            << 16;
        const std::uint64_t scaled = load / context.table.backends[candidate].weight;
        if (best == tables::no_backend || scaled < best_load) {
            best = candidate;
            best_load = scaled;
        }
    }
    if (best != tables::no_backend && memory.chosen[best] < 0xffff) ++memory.chosen[best];
    return best;
}

}  // namespace

bool remember_choice(const Packet& packet, tables::ServiceIndex service, BackendIndex choice,
                     Context& context) noexcept {
    const tables::Record record{
        .backend = {.index = choice, .generation = context.table.backends[choice].generation},
        .last_seen = context.now};
    const tables::Lifetimes lives{{context.table.timeouts.half_open}};
    return context.directory.half_open.write(
               tables::half_open_key(packet.ike_header(), packet.source, service), record, lives,
               context.now,
               tables::RecordTable<2>::Evict::oldest) == tables::WriteOutcome::written;
}

BackendIndex schedule(const Packet& packet, tables::ServiceIndex index,
                      Context& context) noexcept {
    const tables::Service& service = context.table.services[index];
    const bool is_new_sa = packet.datagram.kind == ike::Kind::ike &&
                           packet.ike_header().responder_spi.wire() == 0;
    // What belongs to an SA that nobody knows has no choice to keep: the hash sends all of it to
    // one place.
    if (service.scheduler == tables::Scheduler::maglev || !is_new_sa) {
        const BackendIndex choice = by_hash(packet, service, context);
        // The reply of a backend with several VIPs has to find the one that was asked.
        if (is_new_sa && choice != tables::no_backend &&
            context.table.backends[choice].is_ambiguous())
            remember_choice(packet, index, choice, context);
        return choice;
    }
    const BackendIndex choice = service.scheduler == tables::Scheduler::weighted_round_robin
                                    ? by_turn(index, service, context)
                                    : by_fewest_sas(service, context);
    if (choice == tables::no_backend || remember_choice(packet, index, choice, context))
        return choice;
    return by_hash(packet, service, context);
}

}  // namespace ikelb::pipeline
