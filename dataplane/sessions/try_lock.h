// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <atomic>

namespace ikelb::sessions {

/// A lock that nobody waits for, on a cache line of its own.
struct alignas(64) TryLock {
    std::atomic<bool> is_held{false};
};

/// Holds a TryLock for the length of a scope, if it was free.
class TryHold {
public:
    [[gnu::always_inline]] explicit TryHold(TryLock& lock) noexcept
        : lock_{lock}, is_held_{!lock.is_held.exchange(true, std::memory_order_acquire)} {}
    ~TryHold() {
        if (is_held_) lock_.is_held.store(false, std::memory_order_release);
    }
    TryHold(const TryHold&) = delete;
    TryHold& operator=(const TryHold&) = delete;

    /// False: somebody else has it, and the scope must not write.
    bool is_held() const noexcept { return is_held_; }

private:
    TryLock& lock_;
    const bool is_held_;
};

}  // namespace ikelb::sessions
