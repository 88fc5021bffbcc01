// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "config/schema.h"

namespace ikelb::config {

// The list of keys in parts, and what they have in common.

inline constexpr std::string_view needs_restart =
    "The restart it needs stops traffic for a moment; tunnels live on (see state).";
inline constexpr std::string_view no_effect = "None.";
inline constexpr auto required = Presence::required;
inline constexpr auto restart = Apply::restart;
// Of durations, in milliseconds.
inline constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute;
inline std::vector<std::string_view> none_alone() { return {"none"}; }

/// ports, interfaces, routes and inside_prefixes.
std::span<const Key> network_keys() noexcept;

/// transit and own_services: what may pass that is no service's.
std::span<const Key> wall_keys() noexcept;

/// pools and services.
std::span<const Key> service_keys() noexcept;

/// workers, dpdk, limits, timeouts, abuse, state, admin, metrics, log and maglev_table_size.
std::span<const Key> system_keys() noexcept;

}  // namespace ikelb::config
