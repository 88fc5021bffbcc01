// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstdint>

namespace ikelb::forwarding {

/// Seconds on the dataplane's coarse clock (monotonic, starts above zero).
using Seconds = std::uint32_t;

/// How long a record lives after the backend's last packet: half_open, answered, established,
/// closing, tentative, in this order of its states.
struct Lifetimes {
    std::array<Seconds, 5> by_state{30, 300, 2700, 180, 2700};

    /// The same life in every state.
    static constexpr Lifetimes of(Seconds all) noexcept { return {{all, all, all, all, all}}; }
};

struct Timeouts {
    Lifetimes flow;                              ///< flows and client bindings
    Lifetimes pair{{30, 300, 86400, 180, 86400}};
    Seconds half_open = 30;
    Seconds pending = 10;
    Seconds fragment = 5;
};

}  // namespace ikelb::forwarding
