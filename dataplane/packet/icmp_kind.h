// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/packet/packet.h"

namespace ikelb::pipeline {

// What the type of an ICMP message says, for both families.

/// nullopt: it is no ICMP of its own family, or its header is not at hand.
inline std::optional<std::uint8_t> icmp_type_of(const Packet& packet) noexcept {
    if (!packet.is_icmp() || packet.is_later_fragment ||
        packet.l3_end < packet.l4 + sizeof(net::IcmpHeader))
        return std::nullopt;
    return packet.icmp().type;
}

/// An error that quotes what it is about.
inline bool is_icmp_error(const Packet& packet) noexcept {
    const auto type = icmp_type_of(packet);
    if (!type) return false;
    if (packet.is_v6)
        return *type >= net::icmpv6_type::unreachable &&
               *type <= net::icmpv6_type::parameter_problem;
    return *type == net::icmp_type::unreachable || *type == net::icmp_type::time_exceeded ||
           *type == net::icmp_type::parameter_problem;
}

inline bool is_echo_reply(const Packet& packet) noexcept {
    return icmp_type_of(packet) ==
           (packet.is_v6 ? net::icmpv6_type::echo_reply : net::icmp_type::echo_reply);
}

inline bool is_echo(const Packet& packet) noexcept {
    return is_echo_reply(packet) ||
           icmp_type_of(packet) == (packet.is_v6 ? net::icmpv6_type::echo : net::icmp_type::echo);
}

/// Neighbor Discovery of this link: a hop limit of 255 proves that no router has forwarded it
/// (RFC 4861 sections 6.1, 7.1 and 8.1).
inline bool is_ndp(const Packet& packet) noexcept {
    const auto type = packet.is_v6 ? icmp_type_of(packet) : std::nullopt;
    return type && *type >= net::icmpv6_type::router_solicitation &&
           *type <= net::icmpv6_type::redirect && packet.ipv6().hop_limit == 255;
}

}  // namespace ikelb::pipeline
