// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {
namespace {

using net::be16;

/// Parses Ethernet and 802.1Q; stores the EtherType in type.
void parse_link(Packet& packet, be16& type, const Context& context) noexcept {
    const Frame& frame = packet.frame;
    if (frame.contiguous < sizeof(net::EthernetHeader)) return packet.decide(Verdict::truncated);
    packet.l3 = sizeof(net::EthernetHeader);
    type = net::load<be16>(packet.at(12));
    std::uint16_t vlan = 0;
    if (type == be16::from_host(net::ether_type::vlan)) {
        if (frame.contiguous < packet.l3 + sizeof(net::VlanTag))
            return packet.decide(Verdict::truncated);
        const auto tag = net::load<net::VlanTag>(packet.at(packet.l3));
        vlan = tag.id();
        type = tag.type;
        packet.l3 += sizeof(net::VlanTag);
    }
    packet.in_interface = context.table.interface_at(frame.port, vlan);
    if (packet.in_interface == forwarding::no_interface) packet.verdict = Verdict::unknown_vlan;
}

/// RFC 1122 section 3.3.6: a link broadcast to a single host, which the kernel would accept.
void keep_link_broadcast(Packet& packet, const Context& context) noexcept {
    const bool is_ours = context.table.addresses.find(packet.destination) != nullptr;
    is_ours ? packet.decide(Verdict::not_for_us) : punt(packet, Verdict::punt_multicast, context);
}

/// True if a packet asks all for a foreign address; routers ask so for each scanned address.
bool is_about_others(const Packet& packet, const forwarding::ForwardingTable& table) noexcept {
    constexpr std::size_t arp_bytes = 28, arp_sender = 14, arp_target = 24;
    if ((*packet.at(0) & 1) == 0) return false;
    net::IpAddress target;
    if (packet.is_ip) {
        const std::size_t at = packet.l4 + sizeof(net::IcmpHeader);
        if (packet.icmp().type != net::icmpv6_type::neighbour_solicitation ||
            at + sizeof target > packet.l3_end)
            return false;
        target = net::IpAddress{net::load<std::array<std::uint8_t, 16>>(packet.at(at))};
    } else {
        if (packet.frame.contiguous < packet.l3 + arp_bytes) return true;
        const std::uint8_t* const asked = packet.at(packet.l3 + arp_target);
        // A sender that asks for its own address announces it (RFC 5227 section 2.3).
        if (std::memcmp(packet.at(packet.l3 + arp_sender), asked, 4) == 0) return false;
        target = net::IpAddress::from_v4(net::load<net::Ipv4Address>(asked));
    }
    const auto* entry = table.addresses.find(target);
    return !target.is_ipv6_link_local() &&
           (entry == nullptr || entry->role == forwarding::AddressRole::backend);
}

/// Link-local traffic (RFC 4291 section 2.5.6) belongs to the kernel if its source is valid; a host
/// without an address yet is unspecified (RFC 4862 section 5.4.2, RFC 3590).
void keep_ipv6_link_scope(Packet& packet, const Context& context) noexcept {
    const bool is_multicast = packet.destination.is_multicast_or_broadcast();
    if (packet.source.is_multicast_or_broadcast() || packet.source.is_loopback() ||
        (packet.source.is_unspecified() && !(is_multicast && packet.is_icmp())))
        packet.verdict = Verdict::bad_source;
    else if (!is_multicast && !packet.destination.is_ipv6_link_local())
        return;
    else if (packet.is_service_udp())
        packet.verdict = Verdict::service_port_own;
    else if (is_ndp(packet) && !is_about_others(packet, context.table))
        punt(packet, Verdict::punt_ndp, context);
    else if (is_multicast)
        punt(packet, Verdict::punt_multicast, context);
    else
        punt(packet, packet.is_icmp() ? Verdict::punt_icmp : Verdict::punt_local, context);
}

/// LLDP, 802.1X and the like: to a group that no bridge forwards (IEEE 802.1Q table 8-1), or to the
/// host in an answer.
bool is_of_link_layer(const net::EthernetHeader& ethernet) noexcept {
    constexpr std::array<std::uint8_t, 5> nearest_bridge{0x01, 0x80, 0xc2, 0x00, 0x00};
    return std::ranges::equal(std::span{ethernet.destination.bytes}.first<5>(), nearest_bridge) ||
           ethernet.type == net::be16::from_host(net::ether_type::eapol);
}

}  // namespace

void parse(Packet& packet, const Context& context) noexcept {
    be16 type = be16::from_wire(0);
    parse_link(packet, type, context);
    if (packet.is_decided()) return;
    const auto& ethernet = packet.header_at<net::EthernetHeader>(0);
    const auto& interface = context.table.interfaces[packet.in_interface];
    const bool is_multicast = ethernet.destination.is_multicast();
    if (!is_multicast &&
        std::memcmp(&ethernet.destination, &interface.mac, sizeof interface.mac) != 0)
        return packet.decide(Verdict::not_for_us);
    if (type == be16::from_host(net::ether_type::arp)) {
        punt(packet,
             is_about_others(packet, context.table) ? Verdict::punt_multicast : Verdict::punt_arp,
             context);
    } else if (type == be16::from_host(net::ether_type::ipv4)) {
        parse_ipv4(packet);
        if (packet.is_decided()) return;
        if (is_multicast)
            keep_link_broadcast(packet, context);
        else if (packet.destination.is_multicast_or_broadcast())
            punt(packet, Verdict::punt_multicast, context);
    } else if (type == be16::from_host(net::ether_type::ipv6)) {
        parse_ipv6(packet);
        if (!packet.is_decided()) keep_ipv6_link_scope(packet, context);
        if (!packet.is_decided() && is_multicast) keep_link_broadcast(packet, context);
    } else if (is_of_link_layer(ethernet)) {
        punt(packet, Verdict::punt_multicast, context);
    } else {
        packet.verdict = Verdict::not_ip;
    }
}

}  // namespace ikelb::pipeline
