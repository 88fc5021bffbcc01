// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>

#include "config/config.h"
#include "config/finding.h"

namespace ikelb::config {

/// Whether the parts of a configuration make sense together. Pure: looks at nothing but the
/// value, neither at NICs nor at the kernel. Errors: it must not be used. Warnings: it can be, but
/// probably not as meant. file: the name in the findings. The rules: rules.h.
Findings validate(const Config& config, const std::string& file);

}  // namespace ikelb::config
