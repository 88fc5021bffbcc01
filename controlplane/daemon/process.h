// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>
#include <string>

#include "config/config.h"

namespace ikelb::daemon {

/// Once in a process, before anything is logged. To standard error, one line a decision, from level
/// info on.
void start_log();
void set_log_level(config::LogLevel level);

/// What this process may not do and has to, as a sentence for the operator; nullopt: it may all.
/// Asked first, because what fails without a capability says so in many confusing ways.
std::optional<std::string> missing_privileges();

}  // namespace ikelb::daemon
