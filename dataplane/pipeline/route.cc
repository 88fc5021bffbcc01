// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/wall_stages.h"

namespace ikelb::pipeline {
namespace {

using forwarding::LinkHeader;

const LinkHeader* link_by(forwarding::GatewayIndex index, Context& context) noexcept {
    const forwarding::Gateway& hop = context.table.gateways[index];
    if (hop.interface == forwarding::no_interface) return nullptr;
    if (!hop.link.is_resolved) context.memory.neighbours.add(hop.interface, hop.address);
    return &hop.link;
}

/// The neighbour of a route: its gateway or the destination. Asks for an unknown neighbour.
const LinkHeader* link_of(const forwarding::Route& route, const net::IpAddress& destination,
                          Context& context) noexcept {
    static constexpr LinkHeader unresolved{};
    const auto* link = route.kind == forwarding::RouteKind::gateway
                           ? link_by(route.gateway, context)
                           : context.table.neighbour(route.interface, destination);
    if (link != nullptr) return link;
    context.memory.neighbours.add(route.interface, destination);
    return &unresolved;
}

bool is_down(const LinkHeader& link, const forwarding::ForwardingTable& table) noexcept {
    return link.interface < table.interfaces.size() && !table.interfaces[link.interface].is_up;
}

void route_transit(Packet& packet, Context& context) noexcept {
    const forwarding::Route* route = context.table.find_route(packet.destination);
    // RFC 1812 section 5.3.7: neither 0.0.0.0 nor loopback may leave.
    if (route == nullptr || packet.destination.is_loopback() || packet.destination.is_unspecified())
        return packet.decide(Verdict::no_route);
    switch (route->kind) {
        case forwarding::RouteKind::blackhole:
        case forwarding::RouteKind::unreachable: packet.verdict = Verdict::blackhole; return;
        case forwarding::RouteKind::local:
            // The kernel's own address on a device outside ikelb: the kernel would answer.
            return packet.is_service_udp() ? packet.decide(Verdict::service_port_own)
                                           : punt(packet, Verdict::punt_local, context);
        case forwarding::RouteKind::on_link:
        case forwarding::RouteKind::gateway: break;
    }
    remember_transit(packet, *route, context);
    packet.link = link_of(*route, packet.destination, context);
    // The kernel does better here: it queues, resolves and forwards by itself. Service UDP waits in
    // ikelb all the same: when the kernel sees it, its address may be a VIP. The kernel forwards
    // nothing from the clients' side, so that no packet evades the wall.
    if (!packet.link->is_resolved && !is_down(*packet.link, context.table) &&
        !packet.is_service_udp() && !packet.is_from_clients)
        punt(packet, Verdict::punt_unresolved, context);
}

/// By the remembered gateway, else by the VIP's uplink or the kernel's route.
void route_to_client(Packet& packet, Context& context) noexcept {
    const forwarding::ForwardingTable& table = context.table;
    if (!table.frontends[packet.frontend].is_present()) return;
    packet.link = link_by(packet.gateway, context);
    if (table.leads_to(packet.destination, packet.gateway)) return;
    const auto usual = table.default_gateway(packet.destination, packet.frontend);
    packet.link = usual != forwarding::on_link_client
                      ? link_by(usual, context)
                      : link_of(*table.find_route(packet.destination), packet.destination, context);
}

void route_to_server(Packet& packet, Context& context) noexcept {
    const forwarding::Target& target = context.table.target(packet.service, packet.backend);
    if (!context.table.backends[packet.backend].is_present || target.address.is_unspecified())
        return;
    packet.link = &target.link;
    (void)is_reachable(target, context);
}

/// True if a router may fragment the packet; IPv6 allows only its sender (RFC 8200 section 4.5).
bool may_be_cut(const Packet& packet) noexcept {
    return !packet.is_v6 &&
           (packet.ipv4().flags_offset.to_host() & net::ipv4_flags::dont_fragment) == 0;
}

/// Lets the kernel fragment a packet that is too big for the next hop.
void punt_to_cut(Packet& packet, const Context& context) noexcept {
    // The kernel forwards nothing from the clients' side: it gets the packet as if from the
    // outgoing interface, unless that interface faces clients too.
    if (packet.is_from_clients) {
        packet.in_interface = packet.link->interface;
        if (context.table.interfaces[packet.in_interface].faces_clients)
            return packet.decide(Verdict::too_big);
        net::store(packet.at(0), context.table.interfaces[packet.in_interface].mac);
    }
    punt(packet, Verdict::punt_unresolved, context);
}

/// Errors that a router owes (RFC 1812 sections 5.3.1, 5.2.7.1; RFC 4443 sections 3.2, 3.3).
void check_limits(Packet& packet, Context& context) noexcept {
    if (packet.hops_left() <= 1)
        return answer_with_icmp(packet, OwedError::time_exceeded, 0, Verdict::ttl_expired, context);
    if (packet.ip_bytes <= packet.link->mtu) return;
    if (!may_be_cut(packet))
        answer_with_icmp(packet, OwedError::too_big, packet.link->mtu, Verdict::too_big, context);
    else if (packet.direction == Direction::transit)
        punt_to_cut(packet, context);
    else
        packet.verdict = Verdict::too_big;
}

}  // namespace

bool is_reachable(const forwarding::Target& target, Context& context) noexcept {
    if (target.link.is_resolved) return true;
    const forwarding::Route* route = context.table.find_route(target.address);
    if (route == nullptr || (route->kind != forwarding::RouteKind::on_link &&
                             route->kind != forwarding::RouteKind::gateway))
        return true;
    link_of(*route, target.address, context);
    return false;
}

void route(Packet& packet, Context& context) noexcept {
    switch (packet.direction) {
        case Direction::to_server: route_to_server(packet, context); break;
        case Direction::to_client: route_to_client(packet, context); break;
        case Direction::transit: route_transit(packet, context); break;
        case Direction::none: break;
    }
    if (packet.is_decided()) return;
    if (packet.link == nullptr)
        packet.verdict = Verdict::no_route;
    else if (is_down(*packet.link, context.table))
        packet.verdict = Verdict::interface_down;
    else if (!packet.link->is_resolved)
        packet.verdict = packet.frame.may_hold ? Verdict::hold_neighbour : Verdict::no_neighbour;
    else
        check_limits(packet, context);
}

}  // namespace ikelb::pipeline
