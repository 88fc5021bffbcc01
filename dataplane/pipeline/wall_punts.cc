// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/wall_stages.h"

namespace ikelb::pipeline {
namespace {

constexpr std::uint8_t ospf = 89, vrrp = 112;
constexpr std::uint16_t bgp = 179, bfd = 3784, bfd_echo = 3785, bfd_multihop = 4784;

/// VRRP (RFC 9568 section 5.1.1.3), or a neighbour's BFD (RFC 5881 section 5), of this link.
bool is_hello(const Packet& packet, std::uint16_t port, const Context& context) noexcept {
    return packet.hops_left() == 255 &&
           (packet.protocol == vrrp || (packet.is_udp() && (port == bfd || port == bfd_echo) &&
                                        is_of_neighbour(packet, context.table)));
}

bool is_routing(const Packet& packet, const wall::Upper& upper, const Context& context) noexcept {
    const forwarding::ForwardingTable& table = context.table;
    const bool is_bgp =
        upper.is_tcp() && (upper.source_port == bgp || upper.destination_port == bgp);
    if (!is_bgp && packet.protocol != ospf &&
        !(packet.is_udp() && upper.destination_port == bfd_multihop))
        return false;
    return (is_of_neighbour(packet, table) &&
            table.gateway_of_mac.find(
                forwarding::gateway_key(packet.in_interface, packet.frame.sender())) != nullptr) ||
           table.wall.opens(packet.destination, packet.source, packet.protocol,
                            is_bgp ? bgp : upper.destination_port);
}

}  // namespace

Verdict punt_class_of(const Packet& packet, Verdict verdict, const Context& context) noexcept {
    const bool is_other = verdict == Verdict::punt_local || verdict == Verdict::punt_multicast;
    if (!is_other || !packet.is_ip || packet.is_later_fragment) return verdict;
    const wall::Upper upper = upper_of(packet);
    if (is_hello(packet, upper.destination_port, context)) return Verdict::punt_hello;
    return is_routing(packet, upper, context) ? Verdict::punt_routing : verdict;
}

}  // namespace ikelb::pipeline
