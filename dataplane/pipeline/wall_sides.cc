// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "dataplane/pipeline/icmp_kind.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/wall_stages.h"
#include "dataplane/wall/upper.h"

namespace ikelb::pipeline {

namespace {

/// Host byte order; 0 of protocols without ports.
std::uint16_t destination_port(const Packet& packet) noexcept {
    if (packet.is_icmp() || packet.l4 > packet.l3_end) return 0;
    return wall::read_upper(packet.protocol,
                            {packet.at(packet.l4), packet.l3_end - std::size_t{packet.l4}})
        .destination_port;
}

bool is_on_link(const Packet& packet, const tables::ForwardingTable& table) noexcept {
    const auto index = table.route_table.lookup(packet.source);
    return index && table.routes[*index].kind == tables::RouteKind::on_link &&
           table.routes[*index].interface == packet.in_interface;
}

/// Does a frame of this MAC address come from its neighbour itself? NDP does, by its hop limit.
bool is_neighbour(const Packet& packet, const net::MacAddress& mac, const tables::Gateway& gateway,
                  const tables::ForwardingTable& table) noexcept {
    if (gateway.address == packet.source || is_ndp(packet)) return true;
    const auto* link =
        table.neighbours.find(tables::neighbour_key(packet.in_interface, packet.source));
    return link != nullptr && std::ranges::equal(mac.bytes, std::span{link->bytes}.first<6>());
}

/// A neighbour that is a client gateway is of the clients' side, and its own addresses are its own.
enum class Origin : std::uint8_t { servers, clients, neighbour, forged };

/// On an interface that faces both sides. Who hands on what clients send is told by its MAC
/// address; all else by where it belongs.
Origin origin_of(const Packet& packet, bool is_from_backend,
                 const tables::ForwardingTable& table) noexcept {
    const auto& mac = reinterpret_cast<const net::EthernetHeader*>(packet.at(0))->source;
    const auto* index = table.gateway_of_mac.find(tables::gateway_key(packet.in_interface, mac));
    if (index != nullptr && table.gateways[*index].faces_clients) {
        if (!is_on_link(packet, table)) return Origin::clients;
        return is_neighbour(packet, mac, table.gateways[*index], table) ? Origin::neighbour
                                                                        : Origin::forged;
    }
    return is_from_backend || table.is_inside(packet.source) || is_on_link(packet, table)
               ? Origin::servers
               : Origin::clients;
}

}  // namespace

void find_doubtful_side(Packet& packet, const tables::Interface& interface, bool is_from_backend,
                        const tables::ForwardingTable& table) noexcept {
    const Origin origin =
        interface.faces_servers ? origin_of(packet, is_from_backend, table) : Origin::clients;
    packet.is_from_clients = origin != Origin::servers;
    if (packet.is_from_clients && is_from_backend)
        packet.verdict = Verdict::spoofed_backend;
    else if (origin == Origin::forged ||
             (origin == Origin::clients && (table.is_inside(packet.source) ||
                                            table.wall.is_of_servers(packet.source))))
        packet.verdict = Verdict::spoofed_source;
}

void judge_host_port(Packet& packet, const tables::AddressEntry& vip, Context& context) noexcept {
    const auto service = context.table.frontends[vip.frontends[0]].service;
    const std::uint16_t port = destination_port(packet);
    if (is_ndp(packet))
        punt(packet, Verdict::punt_ndp, context);
    else if (is_echo(packet))
        punt(packet, Verdict::punt_icmp, context);
    else if (std::ranges::any_of(
                 context.table.services[service].host_ports,
                 [&](const wall::OpenPort& open) { return open.names(packet.protocol, port); }))
        punt(packet, Verdict::punt_local, context);
    else
        packet.verdict = Verdict::vip_closed;
}

bool is_closed(const Packet& packet, const tables::AddressEntry& own,
               const Context& context) noexcept {
    return packet.is_from_clients && own.interface != packet.in_interface && !is_ndp(packet) &&
           !context.table.wall.opens(packet.destination, packet.source, packet.protocol,
                                     destination_port(packet));
}

void punt_to_cut(Packet& packet, const Context& context) noexcept {
    // From the clients' side the kernel forwards nothing: what may pass comes to it as if out of
    // the interface where it is to leave.
    if (packet.is_from_clients) {
        packet.in_interface = packet.link->interface;
        net::store(packet.at(0), context.table.interfaces[packet.in_interface].mac);
    }
    punt(packet, Verdict::punt_unresolved, context);
}

}  // namespace ikelb::pipeline
