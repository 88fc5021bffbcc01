// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/wall/upper.h"

#include "dataplane/net/headers.h"

namespace ikelb::wall {
namespace {

namespace protocol = net::ip_protocol;

constexpr std::size_t tcp_flags_at = 13;

constexpr bool has_ports(std::uint8_t number) noexcept {
    constexpr std::uint8_t dccp = 33, sctp = 132, udp_lite = 136;
    return number == protocol::tcp || number == protocol::udp || number == dccp || number == sctp ||
           number == udp_lite;
}

/// RFC 5508 section 3: only queries have answers, and only those to an echo are of use here.
void read_icmp(bool is_v6, std::span<const std::uint8_t> bytes, Upper& upper) noexcept {
    upper.sender = Upper::Sender::nobody;
    if (bytes.size() < sizeof(net::IcmpHeader)) return;
    const auto& icmp = *reinterpret_cast<const net::IcmpHeader*>(bytes.data());
    const auto identifier = static_cast<std::uint16_t>(icmp.rest.to_host() >> 16);
    if (icmp.type == (is_v6 ? net::icmpv6_type::echo : net::icmp_type::echo)) {
        upper.sender = Upper::Sender::asker;
        upper.source_port = identifier;
    } else if (icmp.type == (is_v6 ? net::icmpv6_type::echo_reply : net::icmp_type::echo_reply)) {
        upper.sender = Upper::Sender::answerer;
        upper.destination_port = identifier;
    }
}

}  // namespace

bool Upper::is_tcp() const noexcept {
    return protocol == net::ip_protocol::tcp;
}

std::uint16_t Upper::asked_port() const noexcept {
    return has_ports(protocol) ? destination_port : std::uint16_t{0};
}

Upper read_upper(std::uint8_t number, std::span<const std::uint8_t> bytes) noexcept {
    Upper upper{.protocol = number};
    if (number == protocol::icmp || number == protocol::icmpv6) {
        read_icmp(number == protocol::icmpv6, bytes, upper);
    } else if (has_ports(number)) {
        if (bytes.size() < 2 * sizeof(net::be16)) {
            upper.sender = Upper::Sender::nobody;
            return upper;
        }
        upper.source_port = net::load<net::be16>(bytes.data()).to_host();
        upper.destination_port = net::load<net::be16>(bytes.data() + 2).to_host();
        if (upper.is_tcp() && bytes.size() > tcp_flags_at) upper.tcp_flags = bytes[tcp_flags_at];
    }
    return upper;
}

Progress advance(Progress before, const Upper& upper, bool is_answer) noexcept {
    if (upper.is_tcp() && upper.has(Upper::fin | Upper::rst))
        return before == Progress::asked ? before : Progress::closing;
    if (before == Progress::closing && !(is_answer && upper.has(Upper::syn))) return before;
    return is_answer ? Progress::answered : before;
}

}  // namespace ikelb::wall
