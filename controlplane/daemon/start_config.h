// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "config/load.h"
#include "controlplane/state/last_good.h"

namespace ikelb::daemon {

/// The configuration file could not be used at the start; the last good one runs.
struct Fallback {
    std::filesystem::path file;  ///< the last good one
    std::chrono::system_clock::time_point saved_at;
    config::Findings why;  ///< findings in the configuration file
};

struct StartConfig {
    config::Loaded loaded;
    std::optional<Fallback> fallback;
};

struct NoConfig {
    std::string last_good;  ///< faults of the last good one, in a line or more
    config::Findings why;   ///< findings in the configuration file
};

/// The file, else the last good one.
boost::system::result<StartConfig, NoConfig> choose_configuration(const std::filesystem::path& file,
                                                                  const state::LastGood& last_good);

/// The operator's notice of a fallback with the commands to type, a line each.
std::vector<std::string> describe(const Fallback& fallback, const std::filesystem::path& file);

}  // namespace ikelb::daemon
