// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/netlink/kernel_state.h"

namespace ikelb::netlink {

bool is_usable(NeighbourState state) noexcept {
    switch (state) {
        case NeighbourState::reachable:
        case NeighbourState::stale:
        case NeighbourState::delay:
        case NeighbourState::probe:
        case NeighbourState::noarp:
        case NeighbourState::permanent:
            return true;
        case NeighbourState::none:
        case NeighbourState::incomplete:
        case NeighbourState::failed:
            break;
    }
    return false;
}

std::string_view to_string(RouteType type) noexcept {
    switch (type) {
        case RouteType::unicast: return "unicast";
        case RouteType::local: return "local";
        case RouteType::blackhole: return "blackhole";
        case RouteType::unreachable: return "unreachable";
    }
    return "unknown";
}

std::string_view to_string(NeighbourState state) noexcept {
    switch (state) {
        case NeighbourState::none: return "none";
        case NeighbourState::incomplete: return "incomplete";
        case NeighbourState::reachable: return "reachable";
        case NeighbourState::stale: return "stale";
        case NeighbourState::delay: return "delay";
        case NeighbourState::probe: return "probe";
        case NeighbourState::failed: return "failed";
        case NeighbourState::noarp: return "noarp";
        case NeighbourState::permanent: return "permanent";
    }
    return "unknown";
}

}  // namespace ikelb::netlink
