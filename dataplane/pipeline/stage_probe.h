// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>

namespace ikelb::pipeline {

/// Where a burst's cycles go, for a benchmark; the daemon gives none. Summed over bursts.
struct StageProbe {
    std::uint64_t (*clock)() noexcept;  ///< TSC cycles
    std::uint64_t glance = 0;           ///< express: headers read, look-ups started
    std::uint64_t look_up = 0;          ///< express: flows found
    std::uint64_t finish = 0;           ///< express: records read, packets rewritten
    std::uint64_t steps = 0;            ///< everything that express has left
};

/// Adds the time since it was made, or since its last lap, to a field of the probe, if there is
/// one.
class StageTimer {
public:
    explicit StageTimer(StageProbe* probe) noexcept
        : probe_{probe}, since_{probe == nullptr ? 0 : probe->clock()} {}

    void lap(std::uint64_t StageProbe::*field) noexcept {
        if (probe_ == nullptr) [[likely]]
            return;
        const std::uint64_t now = probe_->clock();
        probe_->*field += now - since_;
        since_ = now;
    }

private:
    StageProbe* probe_;
    std::uint64_t since_;
};

}  // namespace ikelb::pipeline
