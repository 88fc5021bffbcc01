// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/admit.h"

#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::affinity {
namespace {

/// Time after a rebuild in which a COOKIE retry still goes by the old table, to the server of its
/// COOKIE: libreswan silently drops a foreign one.
constexpr forwarding::Seconds cookie_grace = 30;

BackendIndex at_hash(const forwarding::BackendList& maglev, std::uint64_t hash) noexcept {
    return maglev[forwarding::maglev_index(hash, maglev.size())];
}

std::uint64_t hash_of_client(const net::IpAddress& client,
                             const forwarding::ForwardingTable& table) noexcept {
    return net::keyed_hash(client.low(), client.high(), table.hash_key);
}

BackendIndex by_turn(forwarding::ServiceIndex index, const forwarding::Service& service,
                     const Context& context) noexcept {
    if (service.round_robin.empty()) return no_backend;
    std::uint16_t& turn = context.memory.round_robin_turn[index];
    if (turn >= service.round_robin.size()) turn = 0;
    return service.round_robin[turn++];
}

/// The backend with the fewest SAs by weight: of the last count, and this worker's choices since.
BackendIndex by_fewest_sas(const forwarding::Service& service, const Context& context) noexcept {
    auto& chosen = context.memory.chosen;
    const auto load = [&](BackendIndex one) {
        const std::uint64_t sas{context.sessions.sas[one].load(std::memory_order_relaxed)};
        return ((sas + chosen[one]) << 16) / context.table.backends[one].weight;
    };
    const auto best = std::ranges::min_element(service.members, {}, load);
    if (best == service.members.end()) return no_backend;
    if (chosen[*best] < 0xffff) ++chosen[*best];
    return *best;
}

/// Counts a new SA that goes elsewhere than its client's address alone would send it.
void count_spread(const Found& found, BackendIndex choice) noexcept {
    const forwarding::Service& service = found.service();
    if (service.maglev.empty()) return;  // a COOKIE retry by the table before
    const auto hash = hash_of_client(service.client_of(found.packet.source), found.context.table);
    if (at_hash(service.maglev, hash) != choice) found.context.counters.spread.add(1);
}

/// False: no choice may be kept, and the hash decides without memory until the crowd has gone.
bool may_remember(const Context& context) noexcept {
    if (!context.sessions.is_half_open_crowded.load(std::memory_order_relaxed) &&
        context.memory.half_open_inserts.take(context.now_micros,
                                              context.table.limits.half_open_inserts))
        return true;
    context.counters.scheduler_fallbacks.add(1);
    return false;
}

/// By RFC 7296 section 2.6. The server walks to the notify's type.
bool is_cookie_retry(const Found& found) noexcept {
    return found.kind == Datagram::new_sa &&
           found.packet.ike_header().exchange == ike::exchange::ike_sa_init &&
           found.packet.ike_header().next_payload == ike::payload::notify;
}

}  // namespace

BackendIndex choose_by_hash(const Found& found) noexcept {
    const Packet& packet = found.packet;
    const Context& context = found.context;
    const forwarding::Service& service = found.service();
    std::uint64_t hash = hash_of_client(service.client_of(packet.source), context.table);
    if (service.affinity == forwarding::Affinity::sa && found.kind == Datagram::new_sa)
        hash =
            net::keyed_hash(packet.ike_header().initiator_spi.wire(), hash, context.table.hash_key);
    if (!service.old_maglev.empty() && is_cookie_retry(found) &&
        forwarding::is_within(cookie_grace, service.rebuilt_at, context.now)) {
        const BackendIndex old = at_hash(service.old_maglev, hash);
        if (context.table.backends[old].takes_returning_clients(packet.is_v6)) return old;
    }
    return service.maglev.empty() ? no_backend : at_hash(service.maglev, hash);
}

Answer by_schedule(Found& found) noexcept {
    const Context& context = found.context;
    const forwarding::Service& service = found.service();
    Answer answer{.is_hit = true};
    // An unknown SA has no choice to keep: the hash sends all its packets to one backend. A new SA
    // that every backend refuses takes no backend's turn.
    const bool is_new = found.kind == Datagram::new_sa && !is_refused_by_all(found);
    const bool is_by_hash = service.scheduler == forwarding::Scheduler::maglev || !is_new;
    if (is_by_hash || !may_remember(context)) {
        answer.backend = choose_by_hash(found);
        if (is_by_hash && is_new && answer.backend != no_backend) {
            if (service.affinity == forwarding::Affinity::sa) count_spread(found, answer.backend);
            // The reply of a backend with several VIPs must find the VIP that was asked.
            answer.keeps_choice = found.is_ambiguous(answer.backend);
        }
    } else {
        answer.backend = service.scheduler == forwarding::Scheduler::weighted_round_robin
                             ? by_turn(found.packet.service, service, context)
                             : by_fewest_sas(service, context);
        answer.keeps_choice = answer.backend != no_backend;
    }
    if (answer.backend == no_backend) answer.verdict = Verdict::no_backend;
    return answer;
}

}  // namespace ikelb::affinity
