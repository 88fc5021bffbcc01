// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <cstdint>

namespace ikelb::worker {

/// Sleep of an idle worker: a part of the time without packets, up to the time that the receive
/// ring bridges (1,024 descriptors are 1 ms of 1 Mpps). Under load the worker stays awake a while.
class IdlePolicy {
public:
    /// Returns the nanoseconds to sleep after a poll of `moved` packets; 0: poll on at once.
    constexpr std::uint32_t after(std::uint64_t moved, std::uint64_t micros) noexcept {
        in_window_ += moved;
        if (micros - window_ >= window) {
            is_busy_ = in_window_ * window > most_in_window * (micros - window_);
            in_window_ = 0;
            window_ = micros;
        }
        if (moved != 0) last_work_ = micros;
        const std::uint64_t quiet = micros - last_work_;
        if (moved != 0 || (is_busy_ && quiet < patience)) return 0;
        return static_cast<std::uint32_t>(std::clamp(quiet / share, shortest, longest)) * 1000;
    }

private:
    static constexpr std::uint64_t window = 1000, most_in_window = 256, patience = 200;
    static constexpr std::uint64_t share = 16, shortest = 50, longest = 1000;
    std::uint64_t window_ = 0, in_window_ = 0, last_work_ = 0;
    bool is_busy_ = false;
};

}  // namespace ikelb::worker
