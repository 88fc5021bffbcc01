// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/net/address.h"

namespace ikelb::tap {

enum class AddressRole : std::uint8_t {
    interface,  ///< the interface's own: may be the source of the host's own traffic
    vip,        ///< a service's: never that, in IPv6
};

/// An address that the configuration puts on a twin. A VIP has length 32 or 128.
struct TwinAddress {
    std::string interface;
    net::IpPrefix prefix;
    AddressRole role = AddressRole::interface;
    friend bool operator==(const TwinAddress&, const TwinAddress&) = default;
};

/// A route that the configuration puts into the main table.
struct StaticRoute {
    net::IpPrefix to;
    std::optional<net::IpAddress> via;  ///< none: `to` is on the link, and `dev` must be given
    std::string dev;                    ///< empty: the kernel finds the device by `via`
    friend bool operator==(const StaticRoute&, const StaticRoute&) = default;
};

/// All that the configuration wants in the kernel. Earlier addresses are put first, so that the
/// first of an interface becomes its preferred source: interface addresses before VIPs.
struct AddressPlan {
    std::vector<TwinAddress> addresses;
    std::vector<StaticRoute> routes;
    friend bool operator==(const AddressPlan&, const AddressPlan&) = default;
};

/// From one plan to the next, in the order in which it is to be done: what is new comes before
/// what goes, so that traffic finds an address and a route at any moment.
struct PlanChanges {
    std::vector<TwinAddress> add_addresses;
    std::vector<StaticRoute> add_routes;
    std::vector<StaticRoute> replace_routes;  ///< the destination had another next hop
    std::vector<StaticRoute> remove_routes;
    std::vector<TwinAddress> remove_addresses;
    friend bool operator==(const PlanChanges&, const PlanChanges&) = default;
};

/// Pure. An address whose role alone changes is neither removed nor added. Routes are one per
/// destination; host bits of a destination are ignored.
PlanChanges diff(const AddressPlan& old_plan, const AddressPlan& new_plan);

}  // namespace ikelb::tap
