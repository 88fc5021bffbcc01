// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/admit.h"

#include <algorithm>

#include "dataplane/ike/payload_walk.h"

namespace ikelb::affinity {
namespace {

/// All backends get two retransmissions at most: the client goes on (RFC 7296 section 2.4).
constexpr unsigned rounds_of_copies = 2;

constexpr forwarding::Rate asked_all_per_source{.per_second = 1, .burst = 2},
    retries_per_tuple{.per_second = 5, .burst = 20}, copies_per_tuple{.per_second = 8, .burst = 8},
    copies_per_service{.per_second = 1000, .burst = 1000};

/// True with a COOKIE that a backend sent to this very address: forgers of the address have none.
bool brings_cookie(Found& found) noexcept {
    const auto cookie = ike::cookie_of(found.packet.ike_message(), found.context.table.hash_key);
    return cookie != 0 && found.choice() &&
           found.choice()->cookie == static_cast<std::uint8_t>(cookie);
}

bool is_agreed(Found& found) noexcept {
    const auto& persistence = found.persistence();
    return (persistence && persistence->backend.index == found.packet.backend) ||
           choose_by_hash(found) == found.packet.backend;
}

}  // namespace

bool is_refused_by_all(Found& found) noexcept {
    const auto& [table, sessions, counters, memory, now, micros] = found.context;
    const forwarding::Rate& rate = table.limits.requests_per_backend;
    const auto service = found.packet.service;
    const bool has_cookie = brings_cookie(found);
    std::uint64_t& shut_until = memory.gates.shut_until[service][has_cookie];
    BackendIndex& had_token = memory.gates.had_token[service];
    if (micros < shut_until) return true;
    if (found.service().maglev.empty()) return false;  // the scheduler then decides no_backend
    std::uint64_t opens_at = ~std::uint64_t{0};
    for (std::size_t i = 0, place = had_token; i < table.backends.size(); ++i, ++place) {
        if (place >= table.backends.size()) place = 0;
        const auto index = static_cast<BackendIndex>(place);
        // A record may name any backend that takes returning clients.
        if (!table.member(service, index) ||
            !table.backends[index].takes_returning_clients(found.packet.is_v6))
            continue;
        opens_at = std::min(opens_at, memory.requests_by_backend[index].opens_at(
                                          rate, has_cookie ? 0 : rate.burst / 2));
        had_token = index;
        if (opens_at <= micros) return false;
    }
    shut_until = opens_at;
    memory.gates.some_shut_until = std::max(memory.gates.some_shut_until, opens_at);
    return true;
}

bool is_gate_shut(std::span<const std::uint8_t> message, forwarding::ServiceIndex service,
                  const Context& context) noexcept {
    // Only a look-up tells whether a backend has sent this COOKIE.
    const bool may_bring = ike::cookie_of(message, context.table.hash_key) != 0;
    return context.now_micros < context.memory.gates.shut_until[service][may_bring];
}

Verdict let_in(const Packet& packet, const Context& context) noexcept {
    pipeline::WorkerMemory& memory = context.memory;
    if (datagram_of(packet) != Datagram::new_sa || packet.frame.was_held) return Verdict::undecided;
    if (memory.requests_by_source.take(packet.source, context.table.hash_key, context.now_micros,
                                       context.table.limits.requests_per_source))
        return is_gate_shut(packet.ike_message(), packet.service, context)
                   ? Verdict::backend_limited : Verdict::undecided;
    Found found{packet, context};
    // A forger of a client's address seldom knows its port, and never its COOKIE.
    const bool has_cookie = brings_cookie(found);
    const std::uint64_t hash = hash_of(flow_of_sender(packet), context);
    const bool has_share = (has_cookie || found.persistence()) &&
                           memory.retries_by_tuple.take(has_cookie ? ~hash : hash,
                                                        context.now_micros, retries_per_tuple);
    return has_share ? Verdict::undecided : Verdict::source_limited;
}

bool may_ask_all(Found& found, const Decision& decision) noexcept {
    const Packet& packet = found.packet;
    const Context& context = found.context;
    const std::uint32_t rate = found.service().ask_all_rate;
    if (rate == 0 || packet.frame.was_held ||
        (decision.verdict != Verdict::undecided && decision.rule != Rule::none) ||
        !is_of_unknown_sa(found, decision) || !found.pending() ||
        found.pending()->copies >= rounds_of_copies ||
        !context.memory.asked_all_by_source.take(packet.source, context.table.hash_key,
                                                 context.now_micros, asked_all_per_source) ||
        !context.memory.asked_all[packet.service].take(context.now_micros,
                                                       {.per_second = rate, .burst = rate}))
        return false;
    context.counters.asked_all.add(1);
    return true;
}

bool may_copy(const Found& found, bool asks_all) noexcept {
    const Context& context = found.context;
    if (found.packet.frame.was_held) return true;
    if (found.kind == Datagram::esp &&
        !context.memory.copies_by_tuple.take(hash_of(flow_of_sender(found.packet), context),
                                             context.now_micros, copies_per_tuple))
        return false;
    return !asks_all || context.memory.copies_by_service[found.packet.service].take(
                            context.now_micros, copies_per_service);
}

Verdict admit(Found& found) noexcept {
    const Packet& packet = found.packet;
    const Context& context = found.context;
    const forwarding::AbuseLimits& limits = context.table.limits;
    if (packet.frame.was_held) return Verdict::undecided;
    if (found.kind == Datagram::new_sa) {
        const forwarding::Rate& rate = limits.requests_per_backend;
        if (context.memory.requests_by_backend[packet.backend].take(
                context.now_micros, rate, brings_cookie(found) ? 0 : rate.burst / 2))
            return Verdict::undecided;
        is_refused_by_all(found);
        return Verdict::backend_limited;
    }
    // If the flow's backend spoke, others' floods must not hold up the first request after a rekey.
    const auto has_share = [&] {
        return packet.rule == Rule::flow && found.flow()->is_confirmed() &&
               context.memory.retries_by_tuple.take(
                   hash_of(flow_of_sender(packet), context) ^ 1, context.now_micros,
                   retries_per_tuple);
    };
    if (found.kind != Datagram::ike || is_response(packet) ||
        (packet.rule != Rule::flow && packet.rule != Rule::schedule) || is_agreed(found) ||
        has_share() || context.memory.unknown_pairs_by_backend[packet.backend].take(
            context.now_micros, limits.unknown_pairs_per_backend))
        return Verdict::undecided;
    return Verdict::unknown_pair_limited;
}

}  // namespace ikelb::affinity
