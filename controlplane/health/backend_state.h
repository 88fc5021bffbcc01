// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Theory of operation. One backend's health is a value; step() maps it and the outcome of one probe
// to the next value, and says when that is a change that somebody must hear of. No clock, no timer,
// no socket: the time comes with the call, so that every path is a row in a test table.
//
//              first answer                 `fall` failures in a row
//   checking ───────────────► up ─────────────────────────────────────► down
//      │                       ▲                                          │
//      │                       └───────── `rise` answers in a row ◄───────┘
//      └── `fall` failures in a row ──────────────────────────────────► down
//
// `checking` is where a backend begins. Whether it gets new clients there depends on why it is new:
//  - StartAs::assumed_up, for the backends of the configuration the daemon starts with: they do.
//    They most likely served a second ago, under the process that this one replaces; refusing
//    everybody until the first answer would make each upgrade an outage.
//  - StartAs::unproven, for a backend that a reload brings: it doesn't, until its first answer. The
//    others serve meanwhile, and a typing error in an address costs no client a connection.
// One answer, not `rise`, ends `checking`: `rise` is there against flapping, and nothing has
// flapped yet.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace ikelb::health {

using SteadyTime = std::chrono::steady_clock::time_point;

enum class Health : std::uint8_t { checking, up, down };

/// "checking", "up" or "down", as in the admin API.
const char* to_string(Health health) noexcept;

/// How a backend is treated until its first answer; see the theory of operation.
enum class StartAs : std::uint8_t { assumed_up, unproven };

/// When a run of probe outcomes becomes a change. Both at least 1; 0 counts as 1.
struct Thresholds {
    unsigned fall = 3;  ///< failures in a row until down
    unsigned rise = 2;  ///< answers in a row until a backend that was down is up
    friend bool operator==(const Thresholds&, const Thresholds&) = default;
};

/// What became of one probe.
struct ProbeResult {
    /// Round-trip time of the answer; absent: there was no answer in time.
    std::optional<std::chrono::microseconds> rtt;
    /// Without an answer: why the probe could not even be sent ("Network is unreachable"). Empty:
    /// it was sent, and nothing came back.
    std::string error;
};

struct BackendState {
    Health health = Health::checking;
    StartAs start = StartAs::unproven;
    unsigned answers_in_a_row = 0;
    unsigned failures_in_a_row = 0;
    SteadyTime since{};                       ///< of the present `health`
    std::string reason;                       ///< of the present `health`, for people
    std::optional<SteadyTime> last_answer{};  ///< when it was judged
    std::optional<std::chrono::microseconds> last_rtt{};
    std::uint64_t transitions = 0;  ///< changes of `health` so far

    /// Whether a client that nobody has recorded may be sent here. Recorded clients stay with their
    /// backend whatever this says: down is a flag, not an end.
    bool gets_new_clients() const noexcept {
        return health == Health::up || (health == Health::checking && start == StartAs::assumed_up);
    }
};

/// A change of health. `reason` is a sentence without a full stop.
struct Transition {
    Health from;
    Health to;
    std::string reason;
};

struct Step {
    BackendState state;
    std::optional<Transition> transition;  ///< present exactly when `health` changed
};

/// The state of a backend before its first probe.
BackendState initial_state(StartAs start, SteadyTime now);

/// The state of a backend that has no health check: up for good.
BackendState unchecked_state(SteadyTime now);

/// What one probe's outcome makes of `state`. Pure.
Step step(BackendState state, const ProbeResult& result, Thresholds thresholds, SteadyTime now);

}  // namespace ikelb::health
