// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/packet/context.h"
#include "dataplane/packet/packet.h"
#include "dataplane/wall/upper.h"

namespace ikelb::pipeline {

// Rules of docs/decisions/0012-the-wall.md for packets other than services': parts of classify()
// and route(), and a stage of its own between them.

/// The upper header; later fragments have none.
inline wall::Upper upper_of(const Packet& packet) noexcept {
    return wall::read_upper(packet.protocol, packet.at_hand(packet.l4));
}

/// True if the frame's MAC address is the source's, as the kernel knows its neighbours.
bool is_of_neighbour(const Packet& packet, const forwarding::ForwardingTable& table) noexcept;

/// find_side() for packets from the clients' side or from an interface that faces both sides.
void find_doubtful_side(Packet& packet, const forwarding::Interface& interface,
                        bool is_from_backend, Context& context) noexcept;

/// Finds the packet's side, and checks that its source can be there. is_suspect: as Wall returns
/// it. Exits: spoofed_backend, spoofed_source.
inline void find_side(Packet& packet, bool is_from_backend, bool is_suspect,
                      Context& context) noexcept {
    const forwarding::Interface& interface = context.table.interfaces[packet.in_interface];
    if (!interface.faces_clients) return;
    packet.is_from_clients = true;
    if (interface.faces_servers || is_from_backend || is_suspect) [[unlikely]]
        find_doubtful_side(packet, interface, is_from_backend, context);
}

/// To a VIP, but not to a service: punts ping and the ports of host_ports. Exits: punts,
/// vip_closed.
void judge_host_port(Packet& packet, const forwarding::AddressEntry& vip,
                     Context& context) noexcept;

/// True if clients may not reach the address in the kernel. They may reach the ingress interface's
/// own addresses, where the host's input rules apply, and own_services.
bool is_closed(const Packet& packet, const forwarding::AddressEntry& own,
               const Context& context) noexcept;

/// Judges transit. From the clients' side two kinds may pass: answers in a conversation that the
/// servers' side began, and the operator's exceptions. Exits: directed_broadcast,
/// direct_to_backend, transit_not_allowed.
void judge_transit(Packet& packet, Context& context) noexcept;

/// Records a conversation that the servers' side begins, so that its answers may pass.
void remember_transit(const Packet& packet, const forwarding::Route& route,
                      Context& context) noexcept;

/// Returns the class of a punt. Packets by which neighbours and routers know us to be alive have
/// classes of their own, which no other traffic can exhaust.
Verdict punt_class_of(const Packet& packet, Verdict verdict, const Context& context) noexcept;

}  // namespace ikelb::pipeline
