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

sessions::SessionLimits session_limits(const config::Limits& limits);

/// Memory, ports and workers; the caller sets on_port_open.
lcores::DataplaneOptions dataplane_options(const config::Config& config, net::HashKey hash_key);

/// Compiles the rules of transit.allow; nullptr if there are none. Takes up to seconds.
dpdk::Result<std::shared_ptr<const wall::AllowRules>> allow_rules(const config::Transit& transit);

/// The backends to check, by name, at each of their own addresses, of pools that a service uses.
std::vector<health::Target> health_targets(const config::Config& config);

}  // namespace ikelb::daemon
