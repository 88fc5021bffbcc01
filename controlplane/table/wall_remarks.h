// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "controlplane/kernel/kernel_state.h"

namespace ikelb::control {

/// Why a rule of transit.allow lets nothing pass on this machine, a sentence without a full stop;
/// nullopt: no reason is known. Reads all routes: not for each of many rules at each change.
std::optional<std::string> why_in_vain(const config::AllowRule& rule, const config::Config& config,
                                       const KernelState& kernel);

}  // namespace ikelb::control
