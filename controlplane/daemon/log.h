// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "config/config.h"

namespace ikelb::daemon {

/// Once in a process, before anything is logged. To standard error, one line a decision, from level
/// info on.
void start_log();
void set_log_level(config::LogLevel level);

}  // namespace ikelb::daemon
