// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>

namespace ikelb::forwarding {

/// Seconds on the dataplane's coarse clock (monotonic, starts above zero).
using Seconds = std::uint32_t;

/// Was it seen at most `life` ago? Another worker's coarse clock may be a tick ahead of ours.
constexpr bool is_within(Seconds life, Seconds last_seen, Seconds now) noexcept {
    return static_cast<std::int32_t>(now - last_seen) <= static_cast<std::int32_t>(life);
}

/// How long what was learned lives after it was last confirmed.
struct Timeouts {
    Seconds flow = 2700;     ///< a flow whose backend has spoken, a binding, a claim
    Seconds standing = 300;  ///< an answer's word for its backend, and a speaker beside the flow
    Seconds called = 30;     ///< where a backend has opened an SA itself
    Seconds half_open = 30;  ///< a scheduler's choice
    Seconds half_open_answered = 75;  ///< one that was answered, and the pair that the answer made
    Seconds answered = 300;  ///< a pair whose login is under way
    Seconds established = 86400;  ///< a pair beyond its login
    Seconds closing = 180;        ///< a pair after the hint of a delete
    Seconds pending = 10;
    Seconds fragment = 5;
};

}  // namespace ikelb::forwarding
