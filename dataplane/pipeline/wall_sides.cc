// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/wall_stages.h"

namespace ikelb::pipeline {
namespace {

/// A client gateway is a neighbour of the clients' side that keeps its own addresses.
enum class Origin : std::uint8_t { servers, clients, neighbour, forged };

/// Origin on an interface that faces both sides. The MAC address tells the frame's sender; only
/// servers, and neighbours with that MAC address, may have an address of the servers' side.
Origin origin_of(const Packet& packet, bool is_from_backend, Context& context) noexcept {
    const forwarding::ForwardingTable& table = context.table;
    const auto key = forwarding::gateway_key(packet.in_interface, packet.frame.sender());
    const auto* gateway = table.gateway_of_mac.find(key);
    const bool is_of_clients = gateway != nullptr && table.gateways[*gateway].faces_clients;
    const bool is_on_link = table.is_on_link(packet.source, packet.in_interface);
    if (!is_on_link && (is_of_clients || !(is_from_backend || table.is_inside(packet.source))))
        return Origin::clients;
    if (table.server_macs.find(key) != nullptr) return Origin::servers;
    if (is_on_link && (is_ndp(packet) || is_of_neighbour(packet, table)))
        return is_of_clients ? Origin::neighbour : Origin::servers;
    // A new sender has asked for our address and so told its own; the kernel may have forgotten it.
    if (is_on_link && !is_of_clients &&
        table.neighbour(packet.in_interface, packet.source) == nullptr &&
        context.memory.asked_senders.take(context.now_micros))
        context.memory.neighbours.add(packet.in_interface, packet.source);
    return Origin::forged;
}

}  // namespace

bool is_of_neighbour(const Packet& packet, const forwarding::ForwardingTable& table) noexcept {
    const auto* neighbour = table.neighbour(packet.in_interface, packet.source);
    return neighbour != nullptr &&
           std::ranges::equal(packet.frame.sender().bytes, std::span{neighbour->bytes}.first<6>());
}

void find_doubtful_side(Packet& packet, const forwarding::Interface& interface,
                        bool is_from_backend, Context& context) noexcept {
    const forwarding::ForwardingTable& table = context.table;
    const Origin origin =
        interface.faces_servers ? origin_of(packet, is_from_backend, context) : Origin::clients;
    packet.is_from_clients = origin != Origin::servers;
    if (packet.is_from_clients && is_from_backend)
        packet.verdict = Verdict::spoofed_backend;
    else if (origin == Origin::forged ||
             (origin == Origin::clients && (table.is_inside(packet.source) ||
                                            table.wall.is_of_servers(packet.source))))
        packet.verdict = Verdict::spoofed_source;
}

void judge_host_port(Packet& packet, const forwarding::AddressEntry& vip,
                     Context& context) noexcept {
    const auto service = context.table.frontends[vip.frontends[0]].service;
    const std::uint16_t port = upper_of(packet).asked_port();
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

bool is_closed(const Packet& packet, const forwarding::AddressEntry& own,
               const Context& context) noexcept {
    return packet.is_from_clients && own.interface != packet.in_interface && !is_ndp(packet) &&
           !context.table.wall.opens(packet.destination, packet.source, packet.protocol,
                                     upper_of(packet).asked_port());
}

}  // namespace ikelb::pipeline
