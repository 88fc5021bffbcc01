// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "dataplane/affinity/admit.h"
#include "dataplane/affinity/commit.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {
namespace {

/// A client on the servers' own subnet gets answers past ikelb, straight from a private address.
bool is_on_farm_subnet(const Packet& packet, const Context& context) noexcept {
    const forwarding::ForwardingTable& table = context.table;
    const forwarding::Route* route = table.find_route(packet.source);
    return route != nullptr && route->kind == forwarding::RouteKind::on_link &&
           table.find_route(table.target(packet.service, packet.backend).address) == route;
}

/// The right backend may be among the others that are asked in full: if one lacks its link address,
/// as all do after a start, the packet waits for it.
void ask_others(Packet& packet, std::uint8_t place, const affinity::Decision& decision,
                affinity::Found& found, Copies& copies, Context& context) noexcept {
    const std::size_t before = copies.size();
    const std::size_t full = affinity::commit_copies(place, decision, found, copies);
    if (!packet.frame.may_hold) return;
    for (const Copy& copy :
         std::span{copies}.subspan(before, std::min(full, copies.size() - before))) {
        if (!context.table.backends[copy.to].homes[packet.is_v6].is_up ||
            is_reachable(context.table.target(packet.service, copy.to), context))
            continue;
        packet.verdict = Verdict::hold_neighbour;
        copies.erase(copies.begin() + static_cast<std::ptrdiff_t>(before), copies.end());
        return;
    }
}

}  // namespace

void steer(Packet& packet, std::uint8_t place, Copies& copies, Context& context) noexcept {
    if (packet.is_later_fragment || packet.is_icmp_error) return;
    affinity::Found found{packet, context};
    affinity::Decision decision = affinity::decide(found);
    if (found.kind == affinity::Datagram::ike && affinity::may_ask_all(found, decision)) {
        if (decision.rule == Rule::none) decision = {affinity::by_schedule(found), Rule::schedule};
        decision.asks_all = true;
    }
    packet.rule = decision.rule;
    packet.verdict = decision.verdict;
    if (!packet.is_decided()) {
        packet.backend = decision.backend;
        packet.verdict = affinity::admit(found);
    }
    if (packet.rule != Rule::none && packet.verdict != Verdict::backend_limited)
        context.counters.steered[static_cast<std::size_t>(packet.rule)].add(1);
    affinity::commit(packet, decision, found, context);
    if (packet.is_decided()) return;
    // A flow proves that a reply passed ikelb: its client is not on the servers' subnet.
    if (packet.rule != Rule::flow && is_on_farm_subnet(packet, context))
        packet.verdict = Verdict::client_on_farm_subnet;
    else if (found.kind != affinity::Datagram::new_sa && packet.rule != Rule::esp_client &&
             packet.rule != Rule::pair)
        ask_others(packet, place, decision, found, copies, context);
}

}  // namespace ikelb::pipeline
