// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "controlplane/daemon/port_watch.h"
#include "controlplane/daemon/session_counter.h"
#include "controlplane/daemon/start_config.h"
#include "controlplane/health/checker.h"
#include "controlplane/kernel/tap/tap.h"
#include "controlplane/lcores/port.h"
#include "controlplane/state/restore.h"
#include "controlplane/state/saver.h"
#include "controlplane/table/backend_modes.h"
#include "controlplane/table/index_registry.h"
#include "controlplane/table/table_builder.h"
#include "dataplane/worker/worker.h"

namespace ikelb::daemon {

struct ReloadLog {
    std::chrono::system_clock::time_point loaded_at;
    bool last_ok = true;
    std::string last_error;
    std::uint64_t failures = 0;
    std::map<std::string, std::uint64_t> ended{};  ///< tunnels by backend, of the last good reload
};

/// The parts of a daemon as the admin API and the metrics see them, and figures of this moment.
/// Threads: the control thread's; valid until the daemon changes something.
struct View {
    struct Member {
        std::string_view service;
        std::string_view backend;
        forwarding::MemberIndex index;
        SessionCounts::Member counted;
    };
    struct Worker {
        unsigned id = 0;
        const worker::WorkerStats& stats;
        int cpu = -1;           ///< negative: the worker has no CPU of its own
        double busy_share = 0;  ///< of the last second, 0..1
    };
    struct PortRef {
        const config::Port& config;
        const lcores::PortFacts& facts;
        const PortView& seen;
    };
    struct TapRef {
        const config::Interface& config;
        const table::InterfaceFacts& facts;
        bool is_up = false;  ///< as the table has it
        tap::TapCounters counters;
        std::uint64_t no_room = 0;  ///< the kernel's frames: no buffer, or the worker's queue full
    };

    std::chrono::system_clock::time_point started_at;
    std::chrono::steady_clock::duration uptime;
    const std::string& config_file;
    const config::Config& config;
    /// nullopt: the file's configuration runs, in the version last read.
    const std::optional<Fallback>& fallback;
    const ReloadLog& reloads;
    const std::optional<state::Restored>& restored;
    state::SaveLog saves;
    /// Remarks on the table for the operator, a sentence each.
    const std::set<std::string>& remarks;
    const table::IndexRegistry& registry;
    const table::BackendModes& modes;
    /// nullptr: the address has no health check.
    std::function<const health::BackendState*(std::string_view backend, health::IpFamily)> health;
    const forwarding::ForwardingTable& table;
    sessions::SessionTables& sessions;  ///< not const: explain needs it
    forwarding::Seconds now;            ///< by the workers' clock
    const SessionCounts& session_counter;
    std::vector<Member> members;  ///< in the configuration's order, by services
    std::vector<Worker> workers{};
    std::vector<PortRef> ports{};  ///< in the configuration's order
    std::vector<TapRef> taps{};    ///< in the interfaces' order
    bool uses_huge_pages = false;
    std::uint64_t publish_timeouts = 0;  ///< new tables not taken up in time
    std::uint64_t netlink_overruns = 0;  ///< times that events of the kernel were lost

    bool is_served(const config::Service& service) const;

    /// The sum of `read` over the counters of all workers.
    template <class Read>
    std::uint64_t sum(Read read) const {
        std::uint64_t sum = 0;
        for (const Worker& worker : workers) sum += read(worker.stats.pipeline).read();
        return sum;
    }
    std::uint64_t sum(pipeline::Verdict verdict) const;
    // The sum of a member's counter over all workers.
    std::uint64_t sum(const Member& member, pipeline::Counter pipeline::MemberCounters::*) const;
    std::uint64_t sum(const Member& member, pipeline::Counter pipeline::IkeCounters::*) const;
    std::uint64_t sum(const Member& member, std::uint64_t SessionCounts::Member::*count) const {
        return member.counted.*count;
    }
};

std::vector<View::Member> members_of(const config::Config& config,
                                     const table::IndexRegistry& registry,
                                     const SessionCounts& session_counter);

struct TableFill {
    std::string_view table;
    std::uint64_t used = 0;
    std::uint64_t capacity = 0;
};
std::vector<TableFill> table_fills(const SessionCounts& session_counter,
                                   const sessions::SessionTables& sessions);

/// Tunnels that end when `next` is loaded, by backend; without backends that lose none.
std::map<std::string, std::uint64_t> tunnels_that_end(const View& view, const config::Config& next);

}  // namespace ikelb::daemon
