// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Theory of operation. A backend's health is a value; step() maps the value and the result of a
// probe to the next value, and reports a change. No clock, no timer, no socket: the caller passes
// the time, so that every path is a row in a test table.
//
//              first answer                 `fall` failures in a row
//   checking ───────────────► up ─────────────────────────────────────► down
//      │                       ▲                                          │
//      │                       └───────── `rise` answers in a row ◄───────┘
//      └── `fall` failures in a row ──────────────────────────────────► down
//
// A backend begins in `checking`. Its origin decides whether it gets new clients there:
//  - StartAs::assumed_up, for backends of the first configuration: it does. The backend most likely
//    served a second ago, under the process before; without new clients until the first answer each
//    upgrade would be an outage.
//  - StartAs::unproven, for a backend that a reload adds: not until its first answer. The others
//    serve meanwhile, and a typing error in an address costs no client a connection.
// One answer, not `rise`, ends `checking`: `rise` damps flapping, and nothing has flapped yet.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace ikelb::health {

using SteadyTime = std::chrono::steady_clock::time_point;

enum class Health : std::uint8_t { checking, up, down };

/// "checking", "up" or "down", as in the admin API.
const char* to_string(Health health) noexcept;

/// The treatment of a backend until its first answer; see the theory of operation.
enum class StartAs : std::uint8_t { assumed_up, unproven };

/// Both at least 1; 0 counts as 1.
struct Thresholds {
    unsigned fall = 3;  ///< failures in a row until down
    unsigned rise = 2;  ///< answers in a row until a backend that was down is up
    friend bool operator==(const Thresholds&, const Thresholds&) = default;
};

struct ProbeResult {
    /// Round-trip time; absent: no answer came in time.
    std::optional<std::chrono::microseconds> rtt;
    /// The reason why the probe was not sent ("Network is unreachable"). Empty: it was sent.
    std::string error;
};

struct BackendState {
    Health health = Health::checking;
    StartAs start = StartAs::unproven;
    unsigned answers_in_a_row = 0;
    unsigned failures_in_a_row = 0;
    SteadyTime since{};                       ///< of the present `health`
    std::string reason;                       ///< of the present `health`, for people
    std::optional<SteadyTime> last_answer{};  ///< the time of its judgement
    std::optional<std::chrono::microseconds> last_rtt{};
    std::uint64_t transitions = 0;  ///< changes of `health` so far

    /// Whether the backend may get a client without a record. Recorded clients stay with it even
    /// when it is down.
    bool gets_new_clients() const noexcept {
        return health == Health::up || (health == Health::checking && start == StartAs::assumed_up);
    }
};

struct Transition {
    Health from;
    Health to;
    std::string reason;
};

struct Step {
    BackendState state;
    std::optional<Transition> transition;  ///< present exactly when `health` changed
};

BackendState initial_state(StartAs start, SteadyTime now);

BackendState unchecked_state(SteadyTime now);

/// Applies the result of one probe to `state`. Pure.
Step step(BackendState state, const ProbeResult& result, Thresholds thresholds, SteadyTime now);

}  // namespace ikelb::health
