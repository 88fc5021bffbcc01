// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "config/config.h"

namespace ikelb::control {

/// To standard error, one line a decision; the journal adds its own time.
void start_log(config::LogLevel level);
void set_log_level(config::LogLevel level);

}  // namespace ikelb::control
