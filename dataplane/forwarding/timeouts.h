// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>

namespace ikelb::forwarding {

/// Seconds on the dataplane's coarse clock (monotonic, starts above zero).
using Seconds = std::uint32_t;

/// True if last_seen is at most `life` ago. Another worker's coarse clock may be a tick ahead.
constexpr bool is_within(Seconds life, Seconds last_seen, Seconds now) noexcept {
    return static_cast<std::int32_t>(now - last_seen) <= static_cast<std::int32_t>(life);
}

/// Lifetimes of records after they were last confirmed.
struct Timeouts {
    Seconds flow = 2700;     ///< a flow whose backend has spoken, client persistence, a claim
    Seconds standing = 300;  ///< an answer's vote for its backend, and a speaker beside the flow
    Seconds called = 30;     ///< a place where a backend has opened an SA itself
    Seconds half_open = 30;  ///< a scheduler's choice
    Seconds half_open_answered = 75;  ///< an answered choice, and the IKE SA of the answer
    Seconds answered = 300;           ///< an IKE SA whose login is under way
    Seconds established = 86400;      ///< an IKE SA beyond its login
    Seconds closing = 180;            ///< an IKE SA after the hint of a delete
    Seconds pending = 10;
    Seconds fragment = 5;
};

}  // namespace ikelb::forwarding
