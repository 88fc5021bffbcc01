// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <atomic>

namespace ikelb::sessions {

/// A lock that nobody waits for, on a cache line of its own: for std::unique_lock with
/// std::try_to_lock. Who does not own it must not write.
class alignas(64) TryLock {
public:
    [[gnu::always_inline]] bool try_lock() noexcept {
        return !is_held_.exchange(true, std::memory_order_acquire);
    }
    void unlock() noexcept { is_held_.store(false, std::memory_order_release); }

private:
    std::atomic<bool> is_held_{false};
};

}  // namespace ikelb::sessions
