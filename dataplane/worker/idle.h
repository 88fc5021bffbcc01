// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>

namespace ikelb::worker {

/// How long a worker that finds nothing to do sleeps: not at all for a while, so that a pause
/// within a burst of traffic costs no latency, then longer and longer. The longest sleep bounds
/// both the added latency of the first packet after silence and the burst that the receive ring
/// has to take meanwhile: 1 ms of 1,024 descriptors is 1 Mpps.
class IdlePolicy {
public:
    /// The nanoseconds to sleep after a poll that found work or not; 0: poll again at once.
    constexpr std::uint32_t after(bool found_work) noexcept {
        if (found_work) {
            empty_polls_ = 0;
            return 0;
        }
        if (empty_polls_ < longest_streak) ++empty_polls_;
        if (empty_polls_ < patience) return 0;
        const std::uint32_t doublings = (empty_polls_ - patience) / polls_per_doubling;
        return doublings >= most_doublings ? longest : shortest << doublings;
    }

private:
    static constexpr std::uint32_t patience = 256, polls_per_doubling = 16, most_doublings = 7;
    static constexpr std::uint32_t shortest = 8'000, longest = 1'000'000;
    static constexpr std::uint32_t longest_streak = 1'000'000;
    std::uint32_t empty_polls_ = 0;
};

}  // namespace ikelb::worker
