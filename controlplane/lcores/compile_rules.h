// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <memory>
#include <span>

#include "dataplane/dpdk/result.h"
#include "dataplane/wall/wall.h"

namespace ikelb::lcores {

/// The rules in the form that workers ask, see dpdk::AclRules. EAL must have started. Slow:
/// milliseconds to seconds.
dpdk::Result<std::shared_ptr<const wall::AllowRules>> compile_rules(
    std::span<const wall::AllowRule> rules);

}  // namespace ikelb::lcores
