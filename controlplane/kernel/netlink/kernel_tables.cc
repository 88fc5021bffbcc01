// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/netlink/kernel_tables.h"

#include <linux/rtnetlink.h>

#include <algorithm>

namespace ikelb::netlink {

KernelTables::Effect KernelTables::apply_event(nlmsghdr* message) {
    switch (message->nlmsg_type) {
        case RTM_NEWLINK:
        case RTM_DELLINK: return link_event(message);
        case RTM_NEWADDR:
        case RTM_DELADDR: return address_event(message);
        case RTM_NEWNEIGH:
        case RTM_DELNEIGH: return neighbour_event(message);
        case RTM_NEWROUTE:
        case RTM_DELROUTE: return route_event(message);
        case RTM_NEWNEXTHOP:
        case RTM_DELNEXTHOP: return {.changed = false, .routes_are_stale = true};
        default: return {};
    }
}

KernelTables::Effect KernelTables::link_event(nlmsghdr* message) {
    const auto link = parse_link(message);
    if (!link) return {};
    if (message->nlmsg_type == RTM_DELLINK)
        return {.changed = links_.remove(link->ifindex), .routes_are_stale = true};
    const Link* before = links_.find(link->ifindex);
    const bool was_up = before != nullptr && before->up;
    return {.changed = links_.put(link->ifindex, *link), .routes_are_stale = was_up != link->up};
}

KernelTables::Effect KernelTables::address_event(nlmsghdr* message) {
    const auto parsed = parse_address(message);
    if (!parsed) return {};
    const std::pair key{parsed->address.ifindex, parsed->address.prefix};
    if (message->nlmsg_type == RTM_DELADDR)
        return {.changed = addresses_.remove(key), .routes_are_stale = true};
    return {.changed = addresses_.put(key, parsed->is_in_use), .routes_are_stale = false};
}

KernelTables::Effect KernelTables::neighbour_event(nlmsghdr* message) {
    const auto neighbour = parse_neighbour(message);
    if (!neighbour) return {};
    const Neighbourhood key{neighbour->ifindex, neighbour->address};
    return {.changed = message->nlmsg_type == RTM_DELNEIGH ? neighbours_.remove(key)
                                                           : neighbours_.put(key, *neighbour),
            .routes_are_stale = false};
}

KernelTables::RouteKey KernelTables::key_of(const ParsedRoute& route) {
    return {.dst = route.route.dst,
            .rank = static_cast<std::uint8_t>(route.table == RT_TABLE_LOCAL ? 0 : 1),
            .metric = route.route.metric};
}

KernelTables::Effect KernelTables::route_event(nlmsghdr* message) {
    const auto route = parse_route(message);
    if (!route) return {};
    if (message->nlmsg_type == RTM_NEWROUTE)
        return new_route(*route, (message->nlmsg_flags & NLM_F_REPLACE) != 0);
    const RouteKey key = key_of(*route);
    const auto* known = routes_.find(key);
    if (known == nullptr) {
        const bool stale = is_blind(key);
        return {.changed = routes_.remove(key), .routes_are_stale = stale};
    }
    if (known->size() == 1 && known->front() == *route && !route->is_multipath)
        return {.changed = routes_.remove(key), .routes_are_stale = false};
    return {.changed = false, .routes_are_stale = true};
}

bool KernelTables::is_blind(const RouteKey& key) const {
    return routes_.is_dumping() && routes_.find(key) == nullptr;
}

KernelTables::Effect KernelTables::new_route(const ParsedRoute& route, bool replaces) {
    const RouteKey key = key_of(route);
    const auto* known = routes_.find(key);
    const bool is_only_one =
        known == nullptr || (known->size() == 1 && !known->front().is_multipath &&
                             (replaces || known->front() == route));
    if (!is_only_one) return {.changed = false, .routes_are_stale = true};
    const bool stale = is_blind(key);
    return {.changed = routes_.put(key, {route}), .routes_are_stale = stale};
}

void KernelTables::begin_full_dump() {
    links_.begin_dump();
    addresses_.begin_dump();
    neighbours_.begin_dump();
    routes_.begin_dump();
}

void KernelTables::apply_dump(nlmsghdr* message) {
    switch (message->nlmsg_type) {
        case RTM_NEWLINK:
            if (const auto link = parse_link(message))
                if (Link* slot = links_.dump_slot(link->ifindex)) *slot = *link;
            break;
        case RTM_NEWADDR:
            if (const auto parsed = parse_address(message))
                if (bool* slot = addresses_.dump_slot(
                        {parsed->address.ifindex, parsed->address.prefix}))
                    *slot = parsed->is_in_use;
            break;
        case RTM_NEWNEIGH:
            if (const auto neighbour = parse_neighbour(message))
                if (Neighbour* slot =
                        neighbours_.dump_slot({neighbour->ifindex, neighbour->address}))
                    *slot = *neighbour;
            break;
        case RTM_NEWROUTE:
            if (const auto route = parse_route(message))
                if (auto* slot = routes_.dump_slot(key_of(*route))) slot->push_back(*route);
            break;
        default: break;
    }
}

bool KernelTables::finish_dump() {
    const bool links = links_.finish_dump();
    const bool addresses = addresses_.finish_dump();
    const bool neighbours = neighbours_.finish_dump();
    const bool routes = routes_.finish_dump();
    return links || addresses || neighbours || routes;
}

KernelState KernelTables::snapshot() const {
    KernelState state;
    state.links.reserve(links_.content().size());
    for (const auto& [key, link] : links_.content()) state.links.push_back(link);
    for (const auto& [key, is_in_use] : addresses_.content())
        if (is_in_use) state.addresses.push_back({.ifindex = key.first, .prefix = key.second});
    state.routes.reserve(routes_.content().size());
    for (const auto& [key, alternatives] : routes_.content())
        for (const ParsedRoute& one : alternatives) {
            Route route = one.route;
            state.routes.push_back(route);
            for (const NextHop& hop : one.others) {
                route.gateway = hop.gateway;
                route.ifindex = hop.ifindex;
                state.routes.push_back(route);
            }
        }
    state.neighbours.reserve(neighbours_.content().size());
    for (const auto& [key, neighbour] : neighbours_.content())
        state.neighbours.push_back(neighbour);
    return state;
}

}  // namespace ikelb::netlink
