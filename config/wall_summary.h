// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>

#include "config/config.h"

namespace ikelb::config {

/// The traffic that the clients' side may begin besides the services, in one line without a full
/// stop, for the operator.
std::string wall_summary(const Config& config);

}  // namespace ikelb::config
