// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_cycles.h>

#include <cstdint>

#include "dataplane/sessions/records.h"

namespace ikelb::worker {

/// The dataplane's clock: TSC cycles since the process began. The coarse seconds start at 31 days:
/// the age of any live record (timeouts.pair is at most 30 days) can be subtracted from the first
/// second when state is restored after a restart. Threads: any may copy it.
class Clock {
public:
    Clock() noexcept
        : start_{rte_get_tsc_cycles()},
          micros_per_cycle_{1e6 / static_cast<double>(rte_get_tsc_hz())} {}

    std::uint64_t cycles() const noexcept { return rte_get_tsc_cycles() - start_; }
    std::uint64_t micros(std::uint64_t cycles) const noexcept {
        return static_cast<std::uint64_t>(static_cast<double>(cycles) * micros_per_cycle_);
    }
    forwarding::Seconds seconds(std::uint64_t cycles) const noexcept {
        return static_cast<forwarding::Seconds>(micros(cycles) / 1'000'000) + first_second;
    }
    forwarding::Seconds now() const noexcept { return seconds(cycles()); }

    static constexpr forwarding::Seconds first_second = 31 * 24 * 3600;

private:
    std::uint64_t start_;
    double micros_per_cycle_;
};

}  // namespace ikelb::worker
