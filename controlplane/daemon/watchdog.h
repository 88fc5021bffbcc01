// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ikelb::daemon {

/// Finds workers that no longer turn. A worker that sleeps for want of packets turns at least a
/// thousand times a second.
class WorkerPulse {
public:
    explicit WorkerPulse(unsigned workers) : seen_(workers), silent_(workers) {}

    /// turns: of each worker so far. Returns whether all have turned since the last look.
    bool look(std::span<const std::uint64_t> turns);
    /// Looks in a row without a turn of the worker.
    unsigned silent_looks(unsigned worker) const { return silent_[worker]; }
    unsigned workers() const noexcept { return static_cast<unsigned>(silent_.size()); }

private:
    std::vector<std::uint64_t> seen_;
    std::vector<unsigned> silent_;
};

/// Tells the service manager's watchdog (WatchdogSec= of the unit) that ikelbd works, while the
/// control thread runs and every worker turns. After too long a silence the manager ends ikelbd by
/// SIGABRT and starts it again. Control thread only.
class Watchdog {
public:
    explicit Watchdog(unsigned workers);

    /// Called each second once the workers run.
    void tick(std::span<const std::uint64_t> turns);

private:
    WorkerPulse pulse_;
    bool is_watched_ = false;
};

}  // namespace ikelb::daemon
