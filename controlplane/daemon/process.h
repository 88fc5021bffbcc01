// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>
#include <string>

#include "config/config.h"

namespace ikelb::daemon {

/// Call it once, before the first log line. Logs to standard error from level info on.
void start_log();
void set_log_level(config::LogLevel level);

/// The missing capabilities, as a sentence for the operator; nullopt: none is missing. Checked
/// first, because failures for want of a capability have many confusing messages.
std::optional<std::string> missing_privileges();

}  // namespace ikelb::daemon
