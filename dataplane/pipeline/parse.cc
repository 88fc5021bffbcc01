// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "dataplane/net/checksum.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

using net::be16;

constexpr std::uint16_t vlan_id_mask = 0x0fff;

void find_interface(Packet& packet, std::uint16_t vlan, const Context& context) noexcept {
    const std::size_t slot = std::size_t{packet.frame.port} * 4096 + vlan;
    if (slot < context.table.interface_of.size())
        packet.in_interface = context.table.interface_of[slot];
    if (packet.in_interface == tables::no_interface) packet.verdict = Verdict::unknown_vlan;
}

/// Ethernet and 802.1Q; leaves the EtherType in type.
void parse_link(Packet& packet, be16& type, const Context& context) noexcept {
    const Frame& frame = packet.frame;
    if (frame.contiguous < sizeof(net::EthernetHeader)) {
        packet.verdict = Verdict::truncated;
        return;
    }
    packet.l3 = sizeof(net::EthernetHeader);
    type = net::load<be16>(packet.at(12));
    std::uint16_t vlan = 0;
    if (type == be16::from_host(net::ether_type::vlan)) {
        if (frame.contiguous < packet.l3 + sizeof(net::VlanTag)) {
            packet.verdict = Verdict::truncated;
            return;
        }
        const auto tag = net::load<net::VlanTag>(packet.at(packet.l3));
        vlan = tag.control.to_host() & vlan_id_mask;
        type = tag.type;
        packet.l3 += sizeof(net::VlanTag);
    }
    find_interface(packet, vlan, context);
}

void parse_udp(Packet& packet, std::size_t l3_bytes) noexcept {
    const std::size_t l4_at = packet.l4;
    const std::size_t l4_bytes = l3_bytes - (l4_at - packet.l3);
    if (l4_bytes < sizeof(net::UdpHeader)) {
        packet.verdict = Verdict::truncated;
        return;
    }
    if (packet.frame.contiguous < l4_at + sizeof(net::UdpHeader)) {
        packet.verdict = Verdict::headers_split;
        return;
    }
    const net::UdpHeader& udp = packet.udp();
    const std::size_t length = udp.length.to_host();
    // A first fragment's UDP length covers the fragments that follow.
    if (length < sizeof(net::UdpHeader) || (!packet.is_fragment && length > l4_bytes)) {
        packet.verdict = Verdict::bad_udp_length;
        return;
    }
    packet.source_port = udp.source_port;
    packet.destination_port = udp.destination_port;
    packet.payload = static_cast<std::uint16_t>(l4_at + sizeof(net::UdpHeader));
    packet.udp_payload_length = static_cast<std::uint16_t>(length - sizeof(net::UdpHeader));
}

/// RFC 1812 section 5.2.2, in its order.
void parse_ipv4(Packet& packet) noexcept {
    const Frame& frame = packet.frame;
    if (frame.length < packet.l3 + sizeof(net::Ipv4Header)) {
        packet.verdict = Verdict::truncated;
        return;
    }
    if (frame.contiguous < packet.l3 + sizeof(net::Ipv4Header)) {
        packet.verdict = Verdict::headers_split;
        return;
    }
    const net::Ipv4Header& ip = packet.ipv4();
    const std::size_t header = ip.header_bytes();
    const std::size_t total = ip.total_length.to_host();
    if (ip.version_ihl >> 4 != 4 || header < sizeof(net::Ipv4Header) || total < header) {
        packet.verdict = Verdict::bad_ip_header;
        return;
    }
    if (packet.l3 + total > frame.length) {
        packet.verdict = Verdict::truncated;
        return;
    }
    if (packet.l3 + header > frame.contiguous) {
        packet.verdict = Verdict::headers_split;
        return;
    }
    if (net::checksum({packet.at(packet.l3), header}) != 0) {
        packet.verdict = Verdict::bad_ip_checksum;
        return;
    }
    packet.is_ip = true;
    packet.source = net::IpAddress::from_v4(ip.source);
    packet.destination = net::IpAddress::from_v4(ip.destination);
    packet.protocol = ip.protocol;
    packet.l4 = static_cast<std::uint16_t>(packet.l3 + header);
    packet.l3_end = static_cast<std::uint16_t>(
        std::min<std::size_t>(packet.l3 + total, frame.contiguous));
    const std::uint16_t flags = ip.flags_offset.to_host();
    packet.is_later_fragment = (flags & net::ipv4_flags::offset_mask) != 0;
    packet.is_fragment =
        packet.is_later_fragment || (flags & net::ipv4_flags::more_fragments) != 0;
    // What a fragment must hold to be put together (RFC 1858 section 3.2.1): no payload that is
    // cut anywhere but at 8 bytes while more follow.
    if ((flags & net::ipv4_flags::more_fragments) != 0 && (total - header) % 8 != 0) {
        packet.verdict = Verdict::bad_ip_header;
        return;
    }
    if (packet.protocol == net::ip_protocol::udp && !packet.is_later_fragment)
        parse_udp(packet, total);
}

}  // namespace

void parse(Packet& packet, const Context& context) noexcept {
    be16 type = be16::from_wire(0);
    parse_link(packet, type, context);
    if (packet.is_decided()) return;
    const auto& ethernet = *reinterpret_cast<const net::EthernetHeader*>(packet.at(0));
    const auto& interface = context.table.interfaces[packet.in_interface];
    const bool is_multicast = ethernet.destination.is_multicast();
    if (!is_multicast && ethernet.destination != interface.mac) {
        packet.verdict = Verdict::not_for_us;
        return;
    }
    if (type == be16::from_host(net::ether_type::arp)) {
        punt(packet, Verdict::punt_arp, context);
    } else if (type == be16::from_host(net::ether_type::ipv6)) {
        // IPv6 services are not forwarded yet: the kernel answers for its own addresses.
        punt(packet, is_multicast ? Verdict::punt_multicast : Verdict::punt_local, context);
    } else if (type != be16::from_host(net::ether_type::ipv4)) {
        packet.verdict = Verdict::not_ip;
    } else {
        parse_ipv4(packet);
        if (packet.is_decided()) return;
        // RFC 1122 section 3.3.6: a link-layer broadcast is for no single host. The kernel would
        // take it for one, and so get service datagrams.
        if (is_multicast && context.table.addresses.find(packet.destination) != nullptr)
            packet.verdict = Verdict::not_for_us;
        else if (is_multicast || packet.destination.is_multicast_or_broadcast())
            punt(packet, Verdict::punt_multicast, context);
    }
}

}  // namespace ikelb::pipeline
