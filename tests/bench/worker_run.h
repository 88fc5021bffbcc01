// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace ikelb::bench {

struct RunOptions {
    std::string wan, lan;  ///< vdev strings
    std::size_t flows = 4096;
    double warm_up = 0.5, seconds = 1;
    unsigned cpu = 0;  ///< the worker's
    bool has_no_huge_pages = false;
};

/// One worker of the real dataplane forwards what the ports bring. packets and what they cost are
/// those of the measured time:
/// - busy_cycles: TSC cycles of polls that moved packets;
/// - cpu_cycles: TSC cycles that the worker's thread had a CPU, idle polls too;
/// - cycles_per_packet: busy_cycles for each packet.
/// Throws std::runtime_error, also when a packet was not forwarded to a server.
nlohmann::json run_worker(const RunOptions& options);

}  // namespace ikelb::bench
