// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>

#include "config/config.h"
#include "config/finding.h"

namespace ikelb::config {

/// Checks the values of a configuration against each other. Pure: reads neither NICs nor the
/// kernel. An error forbids the use; a warning names a likely mistake. file: the name in the
/// findings. The rules: rules.h.
Findings validate(const Config& config, const std::string& file);

}  // namespace ikelb::config
