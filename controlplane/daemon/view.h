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
#include "controlplane/daemon/census.h"
#include "controlplane/daemon/port_watch.h"
#include "controlplane/daemon/start_config.h"
#include "controlplane/health/checker.h"
#include "controlplane/kernel/tap/twin.h"
#include "controlplane/lcores/port.h"
#include "controlplane/state/restore.h"
#include "controlplane/state/saver.h"
#include "controlplane/table/backend_modes.h"
#include "controlplane/table/index_registry.h"
#include "controlplane/table/table_builder.h"
#include "dataplane/worker/worker.h"

namespace ikelb::daemon {

/// What became of the last attempts to load the configuration.
struct ReloadLog {
    std::chrono::system_clock::time_point loaded_at;
    bool last_ok = true;
    std::string last_error;
    std::uint64_t failures = 0;
    std::map<std::string, std::uint64_t> ended{};  ///< tunnels by backend, of the last good one
};

/// What a daemon lets the admin API and the metrics see: its parts, and figures of this moment.
/// Threads: the control thread's, until it changes something.
struct View {
    /// A backend in a service.
    struct Member {
        std::string_view service;
        std::string_view backend;
        forwarding::MemberIndex index;
        CensusCounts::Member counted;
    };
    struct Worker {
        unsigned id = 0;
        const worker::WorkerStats& stats;
        int cpu = -1;           ///< negative: on none of its own
        double busy_share = 0;  ///< of the last second, 0..1
    };
    struct PortRef {
        const config::Port& config;
        const lcores::PortFacts& facts;
        const PortView& seen;
    };
    struct TwinRef {
        const config::Interface& config;
        const table::InterfaceFacts& facts;
        bool is_up = false;  ///< as the table has it
        tap::TwinCounters counters;
        std::uint64_t no_room = 0;  ///< sent by the kernel: no buffer, or the worker's queue full
    };

    std::chrono::system_clock::time_point started_at;
    std::chrono::steady_clock::duration uptime;
    const std::string& config_file;
    const config::Config& config;
    /// Why another configuration than the file's runs; nullopt: the file's, as it once was.
    const std::optional<Fallback>& fallback;
    const ReloadLog& reloads;
    const std::optional<state::Restored>& restored;
    state::SaveLog saves;
    /// What the operator should know about the table, a sentence each.
    const std::set<std::string>& remarks;
    const table::IndexRegistry& registry;
    const table::BackendModes& modes;
    /// nullptr: it is not watched there.
    std::function<const health::BackendState*(std::string_view backend, health::IpFamily)> health;
    const forwarding::ForwardingTable& table;
    sessions::Directory& directory;  ///< who explains needs it to be no const one
    forwarding::Seconds now;         ///< by the workers' clock
    const CensusCounts& census;
    std::vector<Member> members;  ///< in the configuration's order, by services
    std::vector<Worker> workers{};
    std::vector<PortRef> ports{};  ///< in the configuration's order
    std::vector<TwinRef> twins{};  ///< in that of the interfaces
    bool uses_huge_pages = false;
    std::uint64_t publish_timeouts = 0;  ///< new tables not taken up in time
    std::uint64_t netlink_overruns = 0;  ///< times that events of the kernel were lost

    bool is_served(const config::Service& service) const;

    /// Of all workers together: what `read` finds among a worker's counters.
    template <class Read>
    std::uint64_t sum(Read read) const {
        std::uint64_t sum = 0;
        for (const Worker& worker : workers) sum += read(worker.stats.pipeline).read();
        return sum;
    }
    std::uint64_t sum(pipeline::Verdict verdict) const;
    // Of a member, wherever it is counted.
    std::uint64_t sum(const Member& member, pipeline::Counter pipeline::MemberCounters::*) const;
    std::uint64_t sum(const Member& member, pipeline::Counter pipeline::IkeCounters::*) const;
    std::uint64_t sum(const Member& member, std::uint64_t CensusCounts::Member::*count) const {
        return member.counted.*count;
    }
};

std::vector<View::Member> members_of(const config::Config& config,
                                     const table::IndexRegistry& registry,
                                     const CensusCounts& census);

/// Live records and room of a table.
struct TableFill {
    std::string_view table;
    std::uint64_t used = 0;
    std::uint64_t capacity = 0;
};
std::vector<TableFill> table_fills(const CensusCounts& census,
                                   const sessions::Directory& directory);

/// How many tunnels each backend loses when `next` is loaded; those that stay are left out.
std::map<std::string, std::uint64_t> tunnels_that_end(const View& view, const config::Config& next);

}  // namespace ikelb::daemon
