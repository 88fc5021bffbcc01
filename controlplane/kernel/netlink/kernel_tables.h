// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <compare>
#include <cstdint>
#include <utility>
#include <vector>

#include "controlplane/kernel/netlink/kernel_state.h"
#include "controlplane/kernel/netlink/mirror_table.h"
#include "controlplane/kernel/netlink/parse.h"

namespace ikelb::netlink {

/// The mirrored kernel state as rtnetlink messages build it: no socket, no clock.
///
/// Events alone are not enough for routes. IPv4 routes vanish without an event when their device
/// goes down or their address is removed, next-hop objects change routes behind their back, and an
/// event about one of several routes to a destination (multipath, append, IPv6 siblings) does not
/// tell which. In each of these cases the answer is to read the routes anew.
class KernelTables {
public:
    /// What a message did.
    struct Effect {
        bool changed = false;           ///< snapshot() differs
        bool routes_are_stale = false;  ///< the routes must be dumped again
    };

    Effect apply_event(nlmsghdr* message);

    /// A dump of everything, or of the routes alone, begins, brings messages, and ends.
    void begin_full_dump();
    void begin_route_dump() { routes_.begin_dump(); }
    void apply_dump(nlmsghdr* message);
    /// Ends whichever dump runs; true if the snapshot differs.
    bool finish_dump();

    KernelState snapshot() const;

private:
    /// In the order of the kernel's preference: the rule for the local table comes before main's.
    struct RouteKey {
        net::IpPrefix dst;
        std::uint8_t rank = 0;
        std::uint32_t metric = 0;
        friend auto operator<=>(const RouteKey&, const RouteKey&) = default;
    };
    using Neighbourhood = std::pair<int, net::IpAddress>;

    static RouteKey key_of(const ParsedRoute& route);
    Effect link_event(nlmsghdr* message);
    Effect address_event(nlmsghdr* message);
    Effect neighbour_event(nlmsghdr* message);
    Effect route_event(nlmsghdr* message);
    Effect new_route(const ParsedRoute& route, bool replaces);
    /// While a dump runs, an event for an unknown key says nothing of its alternatives, and the
    /// dump will not be heard on that key.
    bool is_blind(const RouteKey& key) const;

    MirrorTable<int, Link> links_;
    MirrorTable<std::pair<int, net::IpPrefix>, bool> addresses_;  ///< true: in use
    MirrorTable<Neighbourhood, Neighbour> neighbours_;
    MirrorTable<RouteKey, std::vector<ParsedRoute>> routes_;
};

}  // namespace ikelb::netlink
