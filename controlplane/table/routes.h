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

/// One of the routes to a prefix.
struct RouteOption {
    net::IpPrefix prefix;
    forwarding::Route route;
};

/// Fills the table's routes and route_table, after its gateways, and says of those who has a
/// default route. Of equal prefixes the first option is the kernel's choice. The kernel keeps to it
/// when its gateway answers no more; here the next one that leads over a known neighbour takes its
/// place, since what is sent to nobody is lost.
///
/// There is one Route for each on-link prefix, so that two addresses are of one subnet exactly if
/// they get the same route (client_on_farm_subnet rests on it); all others are shared by those
/// alike.
void choose_routes(std::vector<RouteOption> options, forwarding::ForwardingTable& table);

struct RouteEntry {
    net::IpPrefix prefix;     ///< host bits are ignored
    std::uint32_t value = 0;  ///< anything but RouteTable::no_value
};

/// Cuts the prefixes of each family into disjoint ranges. Of equal prefixes the last one wins.
forwarding::RouteTable cut_routes(std::span<const RouteEntry> entries);

/// A link header towards a MAC address out of an interface.
forwarding::LinkHeader make_link(const forwarding::Interface& interface,
                                 forwarding::InterfaceIndex index,
                                 const net::MacAddress& destination);

}  // namespace ikelb::table
