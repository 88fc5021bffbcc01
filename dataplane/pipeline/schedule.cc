// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/pipeline/request.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

using forwarding::BackendIndex, forwarding::no_backend;

/// How long after a rebuild a COOKIE retry still goes by the table that chose the server whose
/// cookie it brings: libreswan silently drops a foreign one.
constexpr forwarding::Seconds cookie_grace = 30;

BackendIndex at_hash(const forwarding::BackendList& maglev, std::uint64_t hash) noexcept {
    return maglev[forwarding::maglev_index(hash, maglev.size())];
}

std::uint64_t hash_of_client(const net::IpAddress& client,
                             const forwarding::ForwardingTable& table) noexcept {
    return net::keyed_hash(client.low(), client.high(), table.hash_key);
}

bool is_new_sa(const Packet& packet) noexcept {
    return packet.datagram.kind == ike::Kind::ike && packet.ike_header().responder_spi.wire() == 0;
}

BackendIndex by_turn(forwarding::ServiceIndex index, const forwarding::Service& service,
                     Context& context) noexcept {
    if (service.round_robin.empty()) return no_backend;
    std::uint16_t& turn = context.memory.round_robin_turn[index];
    if (turn >= service.round_robin.size()) turn = 0;
    return service.round_robin[turn++];
}

/// The fewest SAs by weight: those of the last count and this worker's own choices since.
BackendIndex by_fewest_sas(const forwarding::Service& service, Context& context) noexcept {
    WorkerMemory& memory = context.memory;
    BackendIndex best = no_backend;
    std::uint64_t best_load = 0;
    for (const BackendIndex candidate : service.members) {
        const std::uint64_t load =
            (std::uint64_t{context.directory.sas[candidate].load(std::memory_order_relaxed)} +
             memory.chosen[candidate])
            << 16;
        const std::uint64_t scaled = load / context.table.backends[candidate].weight;
        if (best == no_backend || scaled < best_load) {
            best = candidate;
            best_load = scaled;
        }
    }
    if (best != no_backend && memory.chosen[best] < 0xffff) ++memory.chosen[best];
    return best;
}

/// Counts an SA that leaves the place where its client's address alone would put it.
void count_spread(const Packet& packet, const forwarding::Service& service, BackendIndex choice,
                  Context& context) noexcept {
    if (service.maglev.empty()) return;  // a COOKIE retry by the table before
    const auto hash = hash_of_client(service.client_of(packet.source), context.table);
    if (at_hash(service.maglev, hash) != choice) context.counters.spread.add(1);
}

/// May another choice be kept? Where the half-open region is crowded, or filled too fast, the hash
/// decides: it needs no memory.
bool may_remember(Context& context) noexcept {
    if (!context.directory.is_half_open_crowded.load(std::memory_order_relaxed) &&
        context.memory.half_open_inserts.take(context.now_micros,
                                              context.table.limits.half_open_inserts))
        return true;
    context.counters.scheduler_fallbacks.add(1);
    return false;
}

}  // namespace

BackendIndex choose_by_hash(const Packet& packet, const forwarding::Service& service,
                            const Context& context) noexcept {
    std::uint64_t hash = hash_of_client(service.client_of(packet.source), context.table);
    if (service.affinity == forwarding::Affinity::sa && is_new_sa(packet))
        hash = net::keyed_hash(packet.ike_header().initiator_spi.wire(), hash,
                               context.table.hash_key);
    if (!service.old_maglev.empty() && is_cookie_retry(packet) &&
        is_within(cookie_grace, service.rebuilt_at, context.now)) {
        const BackendIndex old = at_hash(service.old_maglev, hash);
        if (context.table.backends[old].takes_returning_clients()) return old;
    }
    if (service.maglev.empty()) return no_backend;
    return at_hash(service.maglev, hash);
}

bool remember_choice(const Packet& packet, forwarding::ServiceIndex service, BackendIndex choice,
                     Context& context) noexcept {
    if (context.is_rehearsal) return true;
    const sessions::Record record{
        .backend = {.index = choice, .generation = context.table.backends[choice].generation},
        .last_seen = context.now};
    return keep(context.directory.half_open,
                sessions::half_open_key(packet.ike_header(), packet.source, service), record,
                context.table.timeouts.half_open, context);
}

BackendIndex schedule(const Packet& packet, forwarding::ServiceIndex index,
                      Context& context) noexcept {
    const forwarding::Service& service = context.table.services[index];
    const bool is_new = is_new_sa(packet);
    // What belongs to an SA that nobody knows has no choice to keep: the hash sends all of it to
    // one place.
    if (service.scheduler == forwarding::Scheduler::maglev || !is_new) {
        const BackendIndex choice = choose_by_hash(packet, service, context);
        if (is_new && service.affinity == forwarding::Affinity::sa && choice != no_backend)
            count_spread(packet, service, choice, context);
        // The reply of a backend with several VIPs has to find the one that was asked.
        if (is_new && choice != no_backend &&
            context.table.backends[choice].is_ambiguous())
            remember_choice(packet, index, choice, context);
        return choice;
    }
    if (!may_remember(context)) return choose_by_hash(packet, service, context);
    const BackendIndex choice = service.scheduler == forwarding::Scheduler::weighted_round_robin
                                    ? by_turn(index, service, context)
                                    : by_fewest_sas(service, context);
    if (choice == no_backend || remember_choice(packet, index, choice, context))
        return choice;
    return choose_by_hash(packet, service, context);
}

}  // namespace ikelb::pipeline
