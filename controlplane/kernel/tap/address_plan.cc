// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/address_plan.h"

#include <algorithm>

namespace ikelb::tap {
namespace {

bool is_same_place(const TwinAddress& a, const TwinAddress& b) {
    return a.interface == b.interface && a.prefix == b.prefix;
}

bool has_address(const AddressPlan& plan, const TwinAddress& wanted) {
    return std::any_of(plan.addresses.begin(), plan.addresses.end(),
                       [&](const TwinAddress& item) { return is_same_place(item, wanted); });
}

const StaticRoute* route_to(const AddressPlan& plan, const net::IpPrefix& to) {
    const auto found =
        std::find_if(plan.routes.begin(), plan.routes.end(), [&](const StaticRoute& item) {
            return item.to.network() == to.network();
        });
    return found == plan.routes.end() ? nullptr : &*found;
}

}  // namespace

PlanChanges diff(const AddressPlan& old_plan, const AddressPlan& new_plan) {
    PlanChanges changes;
    for (const TwinAddress& address : new_plan.addresses)
        if (!has_address(old_plan, address)) changes.add_addresses.push_back(address);
    for (const TwinAddress& address : old_plan.addresses)
        if (!has_address(new_plan, address)) changes.remove_addresses.push_back(address);
    for (const StaticRoute& route : new_plan.routes) {
        const StaticRoute* old_route = route_to(old_plan, route.to);
        if (old_route == nullptr)
            changes.add_routes.push_back(route);
        else if (old_route->via != route.via || old_route->dev != route.dev)
            changes.replace_routes.push_back(route);
    }
    for (const StaticRoute& route : old_plan.routes)
        if (route_to(new_plan, route.to) == nullptr) changes.remove_routes.push_back(route);
    return changes;
}

}  // namespace ikelb::tap
