// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/forwarding/route_table.h"
#include "dataplane/net/address.h"

namespace ikelb::table {

struct RouteOption {
    net::IpPrefix prefix;
    forwarding::Route route;
};

/// Fills the table's routes and route_table, after its gateways, and marks the gateways with a
/// default route. Of equal prefixes the first option is the kernel's choice. The kernel keeps to it
/// when its gateway no longer answers; here the next option over a known neighbour replaces it, as
/// its packets would be lost.
///
/// Each on-link prefix has its own Route, so that two addresses are in one subnet exactly if they
/// have the same route (client_on_farm_subnet needs that); equal other routes share one.
void choose_routes(std::vector<RouteOption> options, forwarding::ForwardingTable& table);

struct RouteEntry {
    net::IpPrefix prefix;     ///< host bits are ignored
    std::uint32_t value = 0;  ///< anything but RouteTable::no_value
};

/// Cuts the prefixes of each family into disjoint ranges. Of equal prefixes the last one wins.
forwarding::RouteTable cut_routes(std::span<const RouteEntry> entries);

forwarding::LinkHeader make_link(const forwarding::Interface& interface,
                                 forwarding::InterfaceIndex index,
                                 const net::MacAddress& destination);

}  // namespace ikelb::table
