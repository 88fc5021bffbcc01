// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <atomic>
#include <cstdint>

namespace ikelb::sessions {

/// A lock that nobody waits for, on a cache line of its own.
struct alignas(64) TryLock {
    std::atomic<std::uint32_t> turns{0};  ///< odd while it is held
};

/// Holds a TryLock for the length of a scope, if it was free.
class TryHold {
public:
    [[gnu::always_inline]] explicit TryHold(TryLock& lock) noexcept
        : TryHold{lock, lock.turns.load(std::memory_order_relaxed)} {}
    /// seen: its turns before the caller read what it guards. If anybody has held it since, no.
    [[gnu::always_inline]] TryHold(TryLock& lock, std::uint32_t seen) noexcept
        : lock_{lock},
          seen_{seen},
          is_held_{seen % 2 == 0 &&
                   lock.turns.compare_exchange_strong(seen, seen + 1, std::memory_order_acq_rel)} {}
    ~TryHold() {
        if (is_held_) lock_.turns.store(seen_ + 2, std::memory_order_release);
    }
    TryHold(const TryHold&) = delete;
    TryHold& operator=(const TryHold&) = delete;

    /// False: somebody else has it, and the scope must not write.
    bool is_held() const noexcept { return is_held_; }

private:
    TryLock& lock_;
    const std::uint32_t seen_;
    bool is_held_;
};

}  // namespace ikelb::sessions
