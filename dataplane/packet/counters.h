// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/forwarding/ids.h"
#include "dataplane/packet/verdict.h"

namespace ikelb::pipeline {

/// A counter with one writer. Any thread may read; no locked instruction is ever needed.
class Counter {
public:
    void add(std::uint64_t amount) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    std::uint64_t read() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// Traffic of one (service, backend): half a cache line.
struct alignas(32) MemberCounters {
    Counter packets_to_server;
    Counter bytes_to_server;
    Counter packets_to_client;
    Counter bytes_to_client;

    void count_to_server(std::uint64_t bytes) noexcept {
        packets_to_server.add(1), bytes_to_server.add(bytes);
    }
    void count_to_client(std::uint64_t bytes) noexcept {
        packets_to_client.add(1), bytes_to_client.add(bytes);
    }
};

/// IKE of one (service, backend). A server is silent on what it does not know: requests that stay
/// without an answer are the only sign that they went to the wrong one.
struct IkeCounters {
    Counter requests;  ///< of clients, forwarded; repeated ones count again
    Counter answers;   ///< of the backend
};

/// What one worker counts. Written by that worker, read by the control thread.
struct alignas(64) Counters {
    std::array<Counter, verdict_count> verdicts;
    std::array<Counter, verdict_count> punts_limited;  ///< by the verdict that was limited
    Counter flows_committed;
    Counter flows_moved;
    Counter pairs_learned;
    Counter spis_learned;
    Counter spi_collisions;  ///< ESP SPIs that two backends claim, met by themselves
    Counter spread;          ///< new SAs placed elsewhere than their client's address would be
    Counter asked_all;       ///< requests of which every backend got a copy
    Counter copies;          ///< of clients' datagrams, to further backends
    Counter scheduler_fallbacks;  ///< choices left to the hash: the half-open region is crowded
    Counter pending_limited;  ///< requests not remembered: over the rate of their source
    std::array<Counter, rule_count> steered;  ///< client datagrams by the rule that decided
    Counter directory_busy;  ///< a write left to a later packet: another worker has its place
    Counter directory_full;
    Counter transit_grace;      ///< let in without a record, soon after a start or a takeover
    Counter transit_untracked;  ///< left for the clients' side without a record: no room for it
    Counter udp6_without_checksum;  ///< translated over IPv6 with a UDP checksum of zero
    forwarding::PerId<MemberCounters, forwarding::max_members> members;
    std::array<IkeCounters, forwarding::max_members> ike;
};

}  // namespace ikelb::pipeline
