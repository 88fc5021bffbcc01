// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/forwarding/route_table.h"
#include "dataplane/net/address.h"

namespace ikelb::table {

struct RouteEntry {
    net::IpPrefix prefix;     ///< host bits are ignored
    std::uint32_t value = 0;  ///< anything but RouteTable::no_value
};

/// Cuts the prefixes of each family into disjoint ranges. Of equal prefixes the last one wins.
forwarding::RouteTable cut_routes(std::span<const RouteEntry> entries);

}  // namespace ikelb::table
