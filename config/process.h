// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The daemon itself, with its keys (key.h).

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/key.h"

namespace ikelb::config {

struct Workers {
    std::uint16_t count = 1;
    std::vector<std::uint16_t> cpus{};  ///< empty: not pinned; else as many as `count`
    Idle idle = Idle::sleep;
    SourceLine line{};
    friend bool operator==(const Workers&, const Workers&) = default;

    static void rows(auto& keys) {
        keys.add("count", &Workers::count, {.range = {1, 64}, .unit = "threads"},
            "Threads that forward packets. Each polls one queue of every port and keeps one CPU "
            "busy while there is traffic.");
        keys.add("cpus", &Workers::cpus, {.range = {0, 64}, .example = "[1]"},
            "The CPU of each worker, as many as count. Without them the kernel chooses.");
        keys.add("idle", &Workers::idle, {},
            "A worker that finds no packet. sleep: it sleeps for a sixteenth of the time that it "
            "has found none, 50 us to 1 ms, and leaves its CPU to others; above some 250,000 "
            "packets a second it stays awake. poll: it never sleeps, which saves a packet after a "
            "pause the wait and costs a whole CPU.");
    }
};

struct Dpdk {
    std::uint32_t memory_mib = 256;  ///< YAML: memory; used without huge pages
    HugePages huge_pages = HugePages::auto_;
    std::vector<std::string> eal_args{};  ///< appended to EAL's command line as they are
    SourceLine line{};
    friend bool operator==(const Dpdk&, const Dpdk&) = default;

    static void rows(auto& keys) {
        keys.add("memory", &Dpdk::memory_mib, {.range = {64, 1048576}, .unit = "MiB"},
            "Memory for packet buffers where there are no huge pages.");
        keys.add("huge_pages", &Dpdk::huge_pages, {},
            "Huge pages, which save TLB misses and which NICs without an IOMMU need. auto: use "
            "them if there are any. on: refuse to start without. off: ordinary memory.");
        keys.add("eal_args", &Dpdk::eal_args,
            {.range = {0, 64}, .example = "[\"--log-level=lib.eal:debug\"]"},
            "Further arguments of DPDK's EAL, appended as they are.");
    }
};

/// The file that keeps tunnels through a restart.
struct State {
    bool is_off = false;                ///< YAML: `state: none`; nothing is saved
    std::optional<std::string> file{};  ///< absent: the daemon looks for its state directory
    std::chrono::milliseconds interval{std::chrono::seconds{10}};
    SourceLine line{};
    friend bool operator==(const State&, const State&) = default;

    static void rows(auto& keys) {
        keys.add("file", &State::file, {.example = "/var/lib/ikelb/state"},
            "The file's absolute path. Without it, the file state in the directory that systemd "
            "gives to the service (STATE_DIRECTORY), else /var/lib/ikelb/state. It tells which "
            "clients are connected to which servers: only root can read it.",
            "The restart finds no tunnels in a new file; move the old one there meanwhile.");
        keys.add("interval", &State::interval, {.apply = live, .range = {second, hour}},
            "The time between two savings; each stop saves as well. A crash loses the records "
            "since then; ikelb learns most of them again from the servers' next packets.",
            no_effect);
    }
};

struct Admin {
    std::string socket = "/run/ikelb/admin.sock";  ///< path of the UNIX socket
    SourceLine line{};
    friend bool operator==(const Admin&, const Admin&) = default;

    static void rows(auto& keys) {
        keys.add("socket", &Admin::socket, {},
            "The path of the UNIX socket, absolute, at most 107 bytes.");
    }
};

struct Metrics {
    bool is_off = false;  ///< YAML: `metrics: none`; no metrics server
    Endpoint listen{.address = net::IpAddress::from_v4({net::be32::from_host(0x7f000001)}),
                    .port = 9465};
    SourceLine line{};
    friend bool operator==(const Metrics&, const Metrics&) = default;

    static void rows(auto& keys) {
        keys.add("listen", &Metrics::listen, {},
            "The server's address and port. It asks for no password: keep it off the clients' "
            "side. IPv6 ([::1]:9465) needs a libcivetweb built with it; Debian 12's is not.");
    }
};

struct Log {
    LogLevel level = LogLevel::info;
    SourceLine line{};
    friend bool operator==(const Log&, const Log&) = default;

    static void rows(auto& keys) {
        keys.add("level", &Log::level, {},
            "The least important level that is written. No packet is logged.");
    }
};

}  // namespace ikelb::config
