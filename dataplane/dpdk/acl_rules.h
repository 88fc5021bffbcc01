// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <memory>
#include <span>

#include "dataplane/dpdk/result.h"
#include "dataplane/wall/wall.h"

namespace ikelb::dpdk {

/// The rules as a trie of rte_acl for each family: what a packet costs does not grow with their
/// number. EAL must have started. Slow (milliseconds to seconds), and for the control thread.
Result<std::shared_ptr<const wall::AllowRules>> compile_rules(
    std::span<const wall::AllowRule> rules);

}  // namespace ikelb::dpdk
