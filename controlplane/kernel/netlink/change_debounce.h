// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace ikelb::netlink {

/// When to tell of a run of changes: once it has been quiet for `quiet`, at the latest `limit`
/// after the first. Pure: the time is passed in.
class ChangeDebounce {
public:
    using Clock = std::chrono::steady_clock;

    ChangeDebounce(Clock::duration quiet, Clock::duration limit) : quiet_{quiet}, limit_{limit} {}

    void note_change(Clock::time_point now) {
        if (!first_) first_ = now;
        last_ = now;
    }
    /// nullopt: nothing to tell.
    std::optional<Clock::time_point> due() const {
        if (!first_) return std::nullopt;
        return std::min(last_ + quiet_, *first_ + limit_);
    }
    void told() { first_.reset(); }

private:
    Clock::duration quiet_, limit_;
    std::optional<Clock::time_point> first_;
    Clock::time_point last_;
};

}  // namespace ikelb::netlink
