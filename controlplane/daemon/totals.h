// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "controlplane/inspect/memory.h"
#include "controlplane/metrics/snapshot.h"
#include "dataplane/packet/verdict.h"

namespace ikelb::daemon {

class Daemon;

/// What all workers together have counted, and the last census. Both faces of the daemon, API and
/// metrics, take their figures from here. Threads: the control thread's.

struct BackendTotals {
    std::uint64_t flows = 0;
    std::uint64_t sas = 0;
    std::uint64_t packets_to_server = 0;
    std::uint64_t packets_to_client = 0;
    std::uint64_t bytes_to_server = 0;
    std::uint64_t bytes_to_client = 0;
};

/// Of one backend in all services; zeros for an unknown name.
BackendTotals backend_totals(Daemon& daemon, const std::string& backend);

/// Of one backend in one service.
metrics::TrafficMetrics member_totals(Daemon& daemon, const std::string& service,
                                      const std::string& backend);

/// How many tunnels each backend loses when `next` is loaded; those that stay are left out.
std::map<std::string, std::uint64_t> tunnels_that_end(Daemon& daemon, const config::Config& next);

std::uint64_t verdict_total(Daemon& daemon, pipeline::Verdict verdict);

/// Live records and room of each table.
std::vector<metrics::TableMetrics> table_totals(Daemon& daemon);

/// Of an IPv4 client, from the tables' own sizes.
inspect::ClientMemory client_memory(Daemon& daemon);

}  // namespace ikelb::daemon
