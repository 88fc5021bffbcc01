// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/health/backend_state.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace ikelb::health {
namespace {

using Seconds = std::chrono::duration<double>;
using Milliseconds = std::chrono::duration<double, std::milli>;

unsigned one_more(unsigned count) noexcept {
    return count == std::numeric_limits<unsigned>::max() ? count : count + 1;
}

std::string plural_requests(unsigned count) {
    return fmt::format("{} ICMP echo request{}", count, count == 1 ? "" : "s");
}

std::string describe_failures(const BackendState& state, const ProbeResult& last, SteadyTime now) {
    std::string text = plural_requests(state.failures_in_a_row);
    text += last.error.empty() ? " unanswered" : fmt::format(" failed: {}", last.error);
    if (state.last_answer)
        text += fmt::format(", last reply {:.1f} s ago", Seconds{now - *state.last_answer}.count());
    else
        text += ", never a reply";
    return text;
}

std::string describe_answers(const BackendState& before, const BackendState& state,
                             SteadyTime now) {
    const double rtt_ms =
        Milliseconds{state.last_rtt.value_or(std::chrono::microseconds{})}.count();
    if (before.health == Health::checking)
        return fmt::format("first ICMP echo reply, after {:.3f} ms", rtt_ms);
    return fmt::format("{} answered in a row, last after {:.3f} ms; was down for {:.1f} s",
                       plural_requests(state.answers_in_a_row), rtt_ms,
                       Seconds{now - before.since}.count());
}

Health next_health(const BackendState& state, Thresholds thresholds) noexcept {
    switch (state.health) {
        case Health::checking:
            if (state.answers_in_a_row > 0) return Health::up;
            break;
        case Health::down:
            if (state.answers_in_a_row >= std::max(thresholds.rise, 1U)) return Health::up;
            return Health::down;
        case Health::up: break;
    }
    if (state.failures_in_a_row >= std::max(thresholds.fall, 1U)) return Health::down;
    return state.health;
}

}  // namespace

const char* to_string(Health health) noexcept {
    switch (health) {
        case Health::checking: return "checking";
        case Health::up: return "up";
        case Health::down: return "down";
    }
    return "unknown";
}

BackendState initial_state(StartAs start, SteadyTime now) {
    return {.start = start,
            .since = now,
            .reason = start == StartAs::assumed_up
                          ? "no probe finished yet, assumed up since the daemon started with it"
                          : "no probe answered yet, gets no new clients until then"};
}

BackendState unchecked_state(SteadyTime now) {
    return {.health = Health::up, .since = now, .reason = "no health check configured"};
}

Step step(BackendState state, const ProbeResult& result, Thresholds thresholds, SteadyTime now) {
    BackendState next = state;
    if (result.rtt) {
        next.answers_in_a_row = one_more(next.answers_in_a_row);
        next.failures_in_a_row = 0;
        next.last_answer = now;
        next.last_rtt = result.rtt;
    } else {
        next.failures_in_a_row = one_more(next.failures_in_a_row);
        next.answers_in_a_row = 0;
    }

    const Health health = next_health(next, thresholds);
    if (health == state.health) return {std::move(next), std::nullopt};

    std::string reason = health == Health::up ? describe_answers(state, next, now)
                                              : describe_failures(next, result, now);
    next.health = health;
    next.since = now;
    next.reason = reason;
    ++next.transitions;
    return {std::move(next), Transition{state.health, health, std::move(reason)}};
}

}  // namespace ikelb::health
