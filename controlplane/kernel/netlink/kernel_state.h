// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/net/address.h"

namespace ikelb::netlink {

struct Link {
    int ifindex = 0;
    std::string name;
    net::MacAddress mac;    ///< all zero on a device that has none
    std::uint32_t mtu = 0;  ///< bytes of IP per frame
    bool up = false;        ///< set up by the operator and with carrier
    friend bool operator==(const Link&, const Link&) = default;
};

/// An IPv6 address is listed once it has passed duplicate address detection.
struct Address {
    int ifindex = 0;
    net::IpPrefix prefix;
    friend bool operator==(const Address&, const Address&) = default;
};

enum class RouteType : std::uint8_t {
    unicast,
    local,        ///< for the host itself: its own, broadcast and anycast addresses
    blackhole,    ///< dropped in silence
    unreachable,  ///< answered by ICMP; also the kernel's types prohibit and throw
};

struct Route {
    net::IpPrefix dst;  ///< host bits are zero
    /// Absent: dst is on the link. The gateway of an IPv4 dst may be IPv6 (RFC 8950).
    std::optional<net::IpAddress> gateway;
    int ifindex = 0;  ///< 0 for blackhole and unreachable
    RouteType type = RouteType::unicast;
    std::uint32_t metric = 0;
    friend bool operator==(const Route&, const Route&) = default;
};

/// NUD_* of <linux/neighbour.h>. The kernel does not announce `delay` (a stale entry in use): the
/// mirror shows it as stale until the kernel probes it.
enum class NeighbourState : std::uint8_t {
    none,
    incomplete,
    reachable,
    stale,
    delay,
    probe,
    failed,
    noarp,
    permanent,
};
/// Whether an entry in this state has a usable MAC address.
constexpr bool is_usable(NeighbourState state) noexcept {
    return state != NeighbourState::none && state != NeighbourState::incomplete &&
           state != NeighbourState::failed;
}

struct Neighbour {
    int ifindex = 0;
    net::IpAddress address;
    net::MacAddress mac;  ///< all zero unless is_usable(state)
    NeighbourState state = NeighbourState::none;
    friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

/// The kernel's network at one moment. Links are ordered by ifindex, addresses and neighbours by
/// ifindex and address, routes by destination and then by preference: the kernel uses the first of
/// those with the same dst. Each next hop of a multipath route is a route of its own.
struct KernelState {
    std::vector<Link> links;
    std::vector<Address> addresses;
    std::vector<Route> routes;
    std::vector<Neighbour> neighbours;
    friend bool operator==(const KernelState&, const KernelState&) = default;
};

}  // namespace ikelb::netlink
