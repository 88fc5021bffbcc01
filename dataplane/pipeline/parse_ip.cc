// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/stages.h"

#include <algorithm>

#include "dataplane/net/checksum.h"
#include "dataplane/net/ipv6_chain.h"
#include "dataplane/wall/source.h"

namespace ikelb::pipeline {
namespace {

void parse_udp(Packet& packet) noexcept {
    const std::size_t l4_at = packet.l4;
    const std::size_t l4_bytes = packet.ip_bytes - (l4_at - packet.l3);
    if (l4_bytes < sizeof(net::UdpHeader)) return packet.decide(Verdict::truncated);
    if (packet.frame.contiguous < l4_at + sizeof(net::UdpHeader))
        return packet.decide(Verdict::headers_split);
    const net::UdpHeader& udp = packet.udp();
    const std::size_t length = udp.length.to_host();
    // A first fragment's UDP length covers the fragments that follow.
    if (length < sizeof(net::UdpHeader) || (!packet.is_fragment && length > l4_bytes))
        return packet.decide(Verdict::bad_udp_length);
    packet.source_port = udp.source_port;
    packet.destination_port = udp.destination_port;
    packet.payload = static_cast<std::uint16_t>(l4_at + sizeof(net::UdpHeader));
    packet.udp_payload_length = static_cast<std::uint16_t>(length - sizeof(net::UdpHeader));
}

bool has_header(Packet& packet, std::size_t bytes) noexcept {
    if (packet.frame.length < packet.l3 + bytes)
        packet.verdict = Verdict::truncated;
    else if (packet.frame.contiguous < packet.l3 + bytes)
        packet.verdict = Verdict::headers_split;
    return !packet.is_decided();
}

void set_l3_end(Packet& packet) noexcept {
    packet.l3_end = static_cast<std::uint16_t>(
        std::min<std::size_t>(packet.l3 + packet.ip_bytes, packet.frame.contiguous));
}

/// A fragment at byte 8 would go on right behind the ports: no sender cuts so small, but this cut
/// evades filters of whole headers (RFC 1858 section 3.2.2, RFC 3128).
constexpr std::size_t shortest_first_fragment = 8;

void note_ipv4_fragment(Packet& packet, std::size_t payload_bytes) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    const std::uint16_t flags = ip.flags_offset.to_host();
    const unsigned offset = (flags & net::ipv4_flags::offset_mask) * 8u;
    const bool more = (flags & net::ipv4_flags::more_fragments) != 0;
    packet.is_fragment = true;
    packet.is_later_fragment = offset != 0;
    packet.identification = ip.identification.to_host();
    // Conditions of reassembly (RFC 1858 section 3.2.1): a payload is a multiple of 8 bytes while
    // more fragments follow.
    if (offset + packet.ip_bytes > net::longest_datagram)
        packet.verdict = Verdict::fragment_past_end;
    else if (more && payload_bytes % 8 != 0)
        packet.verdict = Verdict::bad_ip_header;
    else if (offset == shortest_first_fragment &&
             (packet.is_udp() || packet.protocol == net::ip_protocol::tcp))
        packet.verdict = Verdict::fragment_overlap;
}

/// Upper header bytes that a first fragment must hold (RFC 7112 section 5), of known protocols.
constexpr std::size_t upper_header_bytes(std::uint8_t protocol) noexcept {
    switch (protocol) {
        case net::ip_protocol::tcp: return 20;
        case net::ip_protocol::udp: return sizeof(net::UdpHeader);
        case net::ip_protocol::icmpv6: return sizeof(net::IcmpHeader);
        default: return 0;
    }
}

/// A first fragment holds all headers (RFC 7112); a later one that begins within these bytes may
/// overwrite them. No sender needs this cut: every link carries 1280 bytes.
constexpr std::size_t longest_ipv6_headers =
    net::max_ipv6_extension_bytes + upper_header_bytes(net::ip_protocol::tcp);

Verdict verdict_of(const net::Ipv6Chain& chain, std::size_t total) noexcept {
    const bool is_first_fragment = chain.is_fragment && !chain.is_later_fragment();
    switch (chain.state) {
        case net::Ipv6Chain::State::malformed: return Verdict::bad_extension;
        case net::Ipv6Chain::State::past_end: return Verdict::fragment_past_end;
        case net::Ipv6Chain::State::split: return Verdict::headers_split;
        case net::Ipv6Chain::State::cut_short:
            return is_first_fragment ? Verdict::fragment_short : Verdict::truncated;
        case net::Ipv6Chain::State::complete: break;
    }
    if (chain.is_source_routed) return Verdict::source_routed;
    if (is_first_fragment && chain.offset + upper_header_bytes(chain.protocol) > total)
        return Verdict::fragment_short;
    return chain.is_later_fragment() && chain.fragment_offset < longest_ipv6_headers
               ? Verdict::fragment_overlap : Verdict::undecided;
}

}  // namespace

void parse_ipv4(Packet& packet) noexcept {
    const Frame& frame = packet.frame;
    if (!has_header(packet, sizeof(net::Ipv4Header))) return;
    const net::Ipv4Header& ip = packet.ipv4();
    const std::size_t header = ip.header_bytes();
    const std::size_t total = ip.total_length.to_host();
    if (ip.version_ihl >> 4 != 4 || header < sizeof(net::Ipv4Header) || total < header)
        return packet.decide(Verdict::bad_ip_header);
    if (packet.l3 + total > frame.length) return packet.decide(Verdict::truncated);
    if (packet.l3 + header > frame.contiguous) return packet.decide(Verdict::headers_split);
    const bool is_sum_good = header == sizeof(net::Ipv4Header)
                                 ? net::is_sum_good(ip)
                                 : net::checksum({packet.at(packet.l3), header}) == 0;
    if (!is_sum_good) return packet.decide(Verdict::bad_ip_checksum);
    packet.is_ip = true;
    packet.source = net::IpAddress::from_v4(ip.source);
    packet.destination = net::IpAddress::from_v4(ip.destination);
    packet.protocol = ip.protocol;
    packet.ip_bytes = static_cast<std::uint32_t>(total);
    packet.l4 = static_cast<std::uint16_t>(packet.l3 + header);
    set_l3_end(packet);
    if (header != sizeof(net::Ipv4Header) &&
        wall::is_source_routed({packet.at(packet.l3 + sizeof(net::Ipv4Header)),
                                header - sizeof(net::Ipv4Header)})) [[unlikely]]
        return packet.decide(Verdict::source_routed);
    if ((ip.flags_offset.to_host() & (net::ipv4_flags::offset_mask |
                                      net::ipv4_flags::more_fragments)) != 0)
        note_ipv4_fragment(packet, total - header);
    if (packet.is_udp() && !packet.is_later_fragment && !packet.is_decided()) parse_udp(packet);
}

void parse_ipv6(Packet& packet) noexcept {
    if (!has_header(packet, sizeof(net::Ipv6Header))) return;
    const net::Ipv6Header& ip = packet.ipv6();
    const std::size_t total = ip.packet_bytes();
    // A zero length means a jumbogram (RFC 2675), or an empty packet.
    if (ip.version_class_flow.to_host() >> 28 != 6 || total == sizeof(net::Ipv6Header))
        return packet.decide(Verdict::bad_ip_header);
    if (packet.l3 + total > packet.frame.length) return packet.decide(Verdict::truncated);
    packet.source = net::IpAddress{ip.source};
    packet.destination = net::IpAddress{ip.destination};
    // RFC 4942 section 2.2: the tables would take a mapped address for an IPv4 address.
    if (packet.source.is_v4() || packet.destination.is_v4())
        return packet.decide(Verdict::mapped_address);
    packet.is_v6 = true;
    packet.ip_bytes = static_cast<std::uint32_t>(total);
    set_l3_end(packet);
    const net::Ipv6Chain chain = net::walk_ipv6_chain(
        {packet.at(packet.l3), std::size_t{packet.l3_end} - packet.l3}, total);
    packet.verdict = verdict_of(chain, total);
    if (packet.is_decided()) return;
    packet.is_ip = true;
    packet.protocol = chain.protocol;
    packet.l4 = static_cast<std::uint16_t>(packet.l3 + chain.offset);
    packet.is_fragment = chain.is_fragment;
    packet.is_later_fragment = chain.is_later_fragment();
    packet.identification = chain.identification;
    if (packet.is_udp() && !packet.is_later_fragment) parse_udp(packet);
}

}  // namespace ikelb::pipeline
