// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "controlplane/kernel/netlink/kernel_state.h"
#include "controlplane/kernel/netlink/message.h"

namespace ikelb::netlink {

// rtnetlink messages as values, in the NEW and the DEL form; nullopt: malformed, or ignored. The
// message does not change (libnl's functions take it as non-const).

std::optional<Link> parse_link(nlmsghdr* message) noexcept;

struct ParsedAddress {
    Address address;
    bool is_in_use = false;  ///< false: tentative, or duplicate detection has failed
};
std::optional<ParsedAddress> parse_address(nlmsghdr* message) noexcept;

/// Ignores multicast and proxy entries and entries of other families.
std::optional<Neighbour> parse_neighbour(nlmsghdr* message) noexcept;

struct NextHop {
    std::optional<net::IpAddress> gateway;
    int ifindex = 0;
    friend bool operator==(const NextHop&, const NextHop&) = default;
};

struct ParsedRoute {
    Route route;
    std::uint8_t table = 0;        ///< RT_TABLE_MAIN or RT_TABLE_LOCAL
    bool is_multipath = false;     ///< `route` has the first of its living next hops
    std::vector<NextHop> others{};  ///< the other next hops, the dead ones last
    friend bool operator==(const ParsedRoute&, const ParsedRoute&) = default;
};
/// Ignores other tables, multicast, cached entries, routes for one TOS or one source.
std::optional<ParsedRoute> parse_route(nlmsghdr* message);

}  // namespace ikelb::netlink
