// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// What the metrics are made from: plain values, filled in on the control thread and never changed
// once published. Counters count since the start of the process.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ikelb::metrics {

/// Traffic between one service and one backend.
struct TrafficMetrics {
    std::string service;
    std::string backend;
    std::uint64_t packets_to_server = 0;
    std::uint64_t packets_to_client = 0;
    std::uint64_t bytes_to_server = 0;  ///< of IP packets, as they leave
    std::uint64_t bytes_to_client = 0;
    std::uint64_t flows = 0;
    std::uint64_t sas = 0;  ///< established flows to port 4500: one for each tunnel
    // IKE SAs by what is known of them, each by its pair of SPIs.
    std::uint64_t pairs_half_open = 0;
    std::uint64_t pairs_answered = 0;
    std::uint64_t pairs_established = 0;
    std::uint64_t ike_requests = 0;  ///< of clients, forwarded
    std::uint64_t ike_answers = 0;
};

/// How the operator wants a backend used.
enum class BackendMode : std::uint8_t { enabled, drain_keep, drain_refuse, disabled };

struct BackendMetrics {
    std::string pool;
    std::string backend;
    BackendMode mode = BackendMode::enabled;
    std::uint32_t weight = 0;
};

/// Of a backend at its address of one family.
struct HealthMetrics {
    std::string pool;
    std::string backend;
    std::string family;     ///< ipv4 or ipv6
    bool up = false;        ///< the health check found it up, or there is none
    bool checking = false;  ///< no probe has decided yet
    std::optional<std::chrono::microseconds> rtt;  ///< of the last answered probe
    std::uint64_t transitions = 0;                 ///< changes of health
};

struct ServiceMetrics {
    std::string service;
    bool served = false;
};

struct DropMetrics {
    std::string reason;  ///< the verdict's name
    std::uint64_t packets = 0;
};

/// Client datagrams that a rule has steered.
struct RuleMetrics {
    std::string rule;
    std::uint64_t packets = 0;
};

struct WorkerMetrics {
    std::string worker;               ///< "0"
    std::chrono::nanoseconds busy{};  ///< time spent on bursts that held packets
    double busy_share = 0;            ///< of the last second, 0..1
    std::uint64_t bursts = 0;
    std::uint64_t packets = 0;
    std::uint64_t flows_committed = 0;  ///< recorded for the first time
    std::uint64_t flows_moved = 0;      ///< recorded on another backend than before
    std::uint64_t pending_limited = 0;  ///< requests not remembered
    std::uint64_t pairs_learned = 0;
    std::uint64_t spis_learned = 0;
    std::uint64_t spi_collisions = 0;
    std::uint64_t spread = 0;
    std::uint64_t asked_all = 0;
    std::uint64_t copies = 0;
    std::uint64_t scheduler_fallbacks = 0;
    std::uint64_t directory_busy = 0;  ///< writes left out: another worker held the place
    std::uint64_t directory_full = 0;  ///< writes left out: no room
    std::uint64_t udp6_without_checksum = 0;
    std::uint64_t transit_grace = 0;
    std::uint64_t transit_untracked = 0;
    std::vector<DropMetrics> drops;
    std::vector<RuleMetrics> steered;
};

/// A port below the workers.
struct PortMetrics {
    std::string port;
    bool up = false;
    std::vector<DropMetrics> lost;    ///< frames
    std::vector<DropMetrics> xstats;  ///< by the driver's own names
};

/// Frames between the workers and an interface's twin in the kernel.
struct TwinMetrics {
    std::string interface;
    std::uint64_t to_kernel = 0;    ///< that the kernel took
    std::uint64_t from_kernel = 0;  ///< that it sent, those of no_room included
    std::uint64_t send_full = 0;
    std::uint64_t send_down = 0;
    std::uint64_t send_refused = 0;
    std::uint64_t receive_truncated = 0;
    std::uint64_t no_room = 0;  ///< sent by the kernel: no buffer, or the worker's queue was full
};

struct PuntMetrics {
    std::string punt_class;
    std::uint64_t packets = 0;  ///< handed to the kernel
    std::uint64_t limited = 0;  ///< dropped by the class's rate limit
};

struct TableMetrics {
    std::string table;
    std::uint64_t used = 0;
    std::uint64_t capacity = 0;
};

/// Where the time is absent there was no such event.
struct ConfigMetrics {
    bool last_reload_ok = true;
    bool is_fallback = false;
    std::optional<std::chrono::system_clock::time_point> last_success;
    std::uint64_t failures = 0;
};

/// Of the file that brings tunnels through a restart.
struct StateMetrics {
    std::optional<std::chrono::system_clock::time_point> last_save;
    std::uint64_t save_failures = 0;
};

struct MetricsSnapshot {
    std::string version;
    std::string dpdk_version;
    std::optional<std::chrono::system_clock::time_point> started;
    std::vector<ServiceMetrics> services;
    std::vector<TrafficMetrics> traffic;
    std::vector<BackendMetrics> backends;
    std::vector<HealthMetrics> health;
    std::vector<WorkerMetrics> workers;
    std::vector<PortMetrics> ports;
    std::vector<PuntMetrics> punts;
    std::vector<TwinMetrics> twins;
    std::vector<TableMetrics> tables;
    ConfigMetrics config;
    StateMetrics state;
    bool is_transit_open = false;
    std::uint64_t publish_timeouts = 0;  ///< new tables not taken up in time
    std::uint64_t netlink_overruns = 0;  ///< times that events of the kernel were lost
};

}  // namespace ikelb::metrics
