// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/packet/context.h"
#include "dataplane/packet/packet.h"
#include "dataplane/wall/upper.h"

namespace ikelb::pipeline {

// What passes that is no service's, by the rules of docs/decisions/0012-the-wall.md: parts of
// classify() and route(), and a step of its own between them.

/// The upper header. Not for later fragments, which have none.
inline wall::Upper upper_of(const Packet& packet) noexcept {
    return wall::read_upper(packet.protocol, packet.at_hand(packet.l4));
}

/// Does the frame come from its source itself, as the kernel knows its neighbours?
bool is_of_neighbour(const Packet& packet, const forwarding::ForwardingTable& table) noexcept;

/// find_side() of what comes from the clients' side or from an interface that faces both.
void find_doubtful_side(Packet& packet, const forwarding::Interface& interface,
                        bool is_from_backend, Context& context) noexcept;

/// The side that a packet comes from, and whether its source can be from there: is_suspect, as Wall
/// says it. Exits: spoofed_backend, spoofed_source.
inline void find_side(Packet& packet, bool is_from_backend, bool is_suspect,
                      Context& context) noexcept {
    const forwarding::Interface& interface = context.table.interfaces[packet.in_interface];
    if (!interface.faces_clients) return;
    packet.is_from_clients = true;
    if (interface.faces_servers || is_from_backend || is_suspect) [[unlikely]]
        find_doubtful_side(packet, interface, is_from_backend, context);
}

/// To a VIP, but no service's: the kernel gets ping and what host_ports names. Exits: punts,
/// vip_closed.
void judge_host_port(Packet& packet, const forwarding::AddressEntry& vip,
                     Context& context) noexcept;

/// From the clients' side the kernel may be asked at the ingress interface's own addresses, where
/// the host's input rules see it, and at what is named.
bool is_closed(const Packet& packet, const forwarding::AddressEntry& own,
               const Context& context) noexcept;

/// Transit: may it pass? From the clients' side what answers a conversation that the servers' side
/// has begun, and what the operator allows. Exits: directed_broadcast, direct_to_backend,
/// transit_not_allowed.
void judge_transit(Packet& packet, Context& context) noexcept;

/// Remembers what the servers' side begins with the clients', so that its answers may pass.
void remember_transit(const Packet& packet, const forwarding::Route& route,
                      Context& context) noexcept;

/// The class of what is punted. What neighbours and routers have to hear from us to take us for
/// alive has classes of its own, which nothing else can exhaust.
Verdict punt_class_of(const Packet& packet, Verdict verdict, const Context& context) noexcept;

}  // namespace ikelb::pipeline
