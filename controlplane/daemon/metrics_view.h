// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <memory>

#include "controlplane/metrics/snapshot.h"

namespace ikelb::daemon {

class Daemon;

/// All that the metrics say, at this moment. Threads: the control thread's.
std::shared_ptr<const metrics::MetricsSnapshot> make_metrics(Daemon& daemon);

}  // namespace ikelb::daemon
