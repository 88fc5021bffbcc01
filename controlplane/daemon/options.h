// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <memory>
#include <vector>

#include "config/config.h"
#include "controlplane/health/checker.h"
#include "controlplane/lcores/dataplane.h"
#include "dataplane/dpdk/result.h"
#include "dataplane/wall/wall.h"

namespace ikelb::daemon {

// What the configuration means for the parts that know nothing of it.

sessions::DirectoryLimits directory_limits(const config::Limits& limits);

/// Memory, ports and workers; on_port_open is left to the caller.
lcores::DataplaneOptions dataplane_options(const config::Config& config, net::HashKey hash_key);

/// What transit.allow names, compiled for the workers to ask; nullptr if it names nothing. Costs up
/// to seconds.
dpdk::Result<std::shared_ptr<const wall::AllowRules>> allow_rules(const config::Transit& transit);

/// The backends to be checked, in the order of their names, at each of their own addresses: as long
/// as their pool serves something.
std::vector<health::Target> health_targets(const config::Config& config);

}  // namespace ikelb::daemon
