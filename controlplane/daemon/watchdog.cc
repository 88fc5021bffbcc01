// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/watchdog.h"

#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

namespace ikelb::daemon {
namespace {

// A worker that loses its CPU for a moment is no news.
constexpr unsigned silence_to_report = 3;

}  // namespace

bool WorkerPulse::look(std::span<const std::uint64_t> turns) {
    bool all = true;
    for (std::size_t i = 0; i < seen_.size(); ++i) {
        silent_[i] = turns[i] == seen_[i] ? silent_[i] + 1 : 0;
        seen_[i] = turns[i];
        all = all && silent_[i] == 0;
    }
    return all;
}

Watchdog::Watchdog(unsigned workers)
    : pulse_{workers}, is_watched_{sd_watchdog_enabled(0, nullptr) > 0} {}

void Watchdog::tick(std::span<const std::uint64_t> turns) {
    const bool all_turn = pulse_.look(turns);
    for (unsigned i = 0; i < pulse_.workers(); ++i)
        if (pulse_.silent_looks(i) == silence_to_report)
            spdlog::error("worker {} hangs: nothing moved in it for {} s{}", i, silence_to_report,
                          is_watched_ ? "; unless it goes on, the service manager's watchdog will "
                                        "end ikelbd and start it again"
                                      : "");
    if (is_watched_ && all_turn) sd_notify(0, "WATCHDOG=1");
}

}  // namespace ikelb::daemon
