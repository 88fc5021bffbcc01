// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <cstring>

#include "dataplane/net/checksum.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {
namespace {

// Longest errors: RFC 1812 section 4.3.2.3 allows 576 bytes in all, RFC 4443 section 2.4 (c) the
// least MTU of IPv6. Every receiver can do with the bytes of a frame's first buffer.
constexpr std::size_t longest_ipv4_error = 576;
constexpr std::size_t longest_ipv6_error = 1280;
constexpr std::uint8_t ttl_of_errors = 64;
constexpr std::uint8_t tos_internetwork_control = 0xc0;
constexpr std::uint32_t ipv6_version_and_class = 6u << 28 | tos_internetwork_control << 20;

/// RFC 1812 section 4.3.2.7 and RFC 4443 section 2.4 (e): no error about an error or Neighbor
/// Discovery, or about a packet whose sender or receiver is no single host or station; none about a
/// later fragment, except that IPv6 senders have no other way to learn an MTU.
bool may_answer(const Packet& packet, OwedError error) noexcept {
    const net::MacAddress& from = packet.frame.sender();
    if (from.is_zero() || from.is_multicast()) return false;
    if (packet.is_later_fragment) return packet.is_v6 && error == OwedError::too_big;
    return !packet.is_icmp() || is_echo(packet);
}

net::IcmpHeader header_of(OwedError error, bool is_v6, std::uint16_t mtu) noexcept {
    const auto header = [&](std::uint8_t type, std::uint8_t code = 0) {
        return net::IcmpHeader{type, code, 0, net::be32::from_host(mtu)};
    };
    if (error == OwedError::time_exceeded)
        return header(is_v6 ? net::icmpv6_type::time_exceeded : net::icmp_type::time_exceeded);
    return is_v6 ? header(net::icmpv6_type::packet_too_big)
                 : header(net::icmp_type::unreachable, net::icmp_code_fragmentation_needed);
}

/// Writes the headers at l3, before the quoted bytes; the packet has `total` bytes.
void write_ipv4(std::uint8_t* l3, std::size_t total, net::IcmpHeader icmp,
                const net::IpAddress& from, const net::IpAddress& to) noexcept {
    constexpr auto none = net::be16::from_wire(0);
    const auto length = net::be16::from_host(static_cast<std::uint16_t>(total));
    net::Ipv4Header ip{0x45,          tos_internetwork_control, length, none,      none,
                       ttl_of_errors, net::ip_protocol::icmp,   0,      from.v4(), to.v4()};
    net::store(l3, ip);
    ip.checksum = net::checksum({l3, sizeof ip});
    net::store(l3, ip);
    std::uint8_t* const message = l3 + sizeof ip;
    net::store(message, icmp);
    icmp.checksum = net::checksum({message, total - sizeof ip});
    net::store(message, icmp);
}

void write_ipv6(std::uint8_t* l3, std::size_t total, net::IcmpHeader icmp,
                const net::IpAddress& from, const net::IpAddress& to) noexcept {
    const std::size_t length = total - sizeof(net::Ipv6Header);
    const auto bytes = net::be16::from_host(static_cast<std::uint16_t>(length));
    net::store(l3,
               net::Ipv6Header{net::be32::from_host(ipv6_version_and_class), bytes,
                               net::ip_protocol::icmpv6, ttl_of_errors, from.bytes(), to.bytes()});
    std::uint8_t* const message = l3 + sizeof(net::Ipv6Header);
    net::store(message, icmp);
    const std::uint64_t sum =
        net::sum_bytes({message, length}) +
        net::sum_ipv6_pseudo_header(from, to, length, net::ip_protocol::icmpv6);
    icmp.checksum = static_cast<std::uint16_t>(~net::fold(sum));
    net::store(message, icmp);
}

}  // namespace

void answer_with_icmp(Packet& packet, OwedError error, std::uint16_t mtu, Verdict verdict_if_not,
                      Context& context) noexcept {
    const std::size_t added = (packet.is_v6 ? sizeof(net::Ipv6Header) : sizeof(net::Ipv4Header)) +
                              sizeof(net::IcmpHeader);
    const forwarding::Interface& interface = context.table.interfaces[packet.in_interface];
    const net::IpAddress& own = packet.is_v6 ? interface.address6 : interface.address;
    if (!may_answer(packet, error) || own.is_unspecified() || packet.frame.headroom < added ||
        !buckets_of(packet, context).icmp_errors.take(context.now_micros))
        return packet.decide(verdict_if_not);
    const std::size_t longest = packet.is_v6 ? longest_ipv6_error : longest_ipv4_error;
    const std::size_t total = std::min(longest, added + packet.l3_end - packet.l3);

    // The error goes back by its link: the link header moves to the front with swapped addresses.
    std::uint8_t* const start = packet.frame.data - added;
    std::memmove(start, packet.frame.data, packet.l3);
    std::copy_n(start + 6, 6, start);
    std::ranges::copy(interface.mac.bytes, start + 6);

    (packet.is_v6 ? write_ipv6 : write_ipv4)(
        start + packet.l3, total, header_of(error, packet.is_v6, mtu), own, packet.source);
    packet.verdict = Verdict::icmp_error_sent;
    packet.out_port = interface.port;
    packet.out_shift = -static_cast<std::int32_t>(added);
    packet.out_length = static_cast<std::uint32_t>(packet.l3 + total);
}

}  // namespace ikelb::pipeline
