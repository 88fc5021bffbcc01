// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/forwarding/ids.h"
#include "dataplane/packet/verdict.h"

namespace ikelb::pipeline {

/// A counter with one writer; any thread may read. Needs no locked instruction.
class Counter {
public:
    void add(std::uint64_t amount) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    std::uint64_t read() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// Traffic of a (service, backend): half a cache line.
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

/// IKE of a (service, backend). A server ignores unknown SAs: unanswered requests are the only sign
/// that they went to the wrong server.
struct IkeCounters {
    Counter requests;  ///< clients' requests forwarded, repeated ones included
    Counter answers;   ///< the backend's answers
};

/// Counters of one worker. That worker writes, the control thread reads.
struct alignas(64) Counters {
    std::array<Counter, verdict_count> verdicts;
    std::array<Counter, verdict_count> punts_limited;  ///< by the verdict that was limited
    Counter flows_committed;
    Counter flows_moved;
    Counter pairs_learned;
    Counter spis_learned;
    Counter spi_collisions;       ///< ESP SPIs that two backends claim, found in the packet path
    Counter spread;               ///< new SAs placed elsewhere than by their client's address
    Counter asked_all;            ///< requests that were copied to every backend
    Counter copies;               ///< copies of clients' datagrams to further backends
    Counter scheduler_fallbacks;  ///< choices left to the hash: the half-open region is crowded
    Counter pending_limited;      ///< requests not remembered: over their source's rate
    std::array<Counter, rule_count> steered;  ///< client datagrams by the rule that decided
    Counter sessions_busy;  ///< writes left to a later packet: another worker holds the place
    Counter sessions_full;
    Counter transit_grace;      ///< admitted without a record, soon after a start or a takeover
    Counter transit_untracked;  ///< sent to the clients' side without a record, for want of room
    Counter udp6_without_checksum;  ///< translated over IPv6 with a UDP checksum of zero
    forwarding::PerId<MemberCounters, forwarding::max_members> members;
    std::array<IkeCounters, forwarding::max_members> ike;
};

}  // namespace ikelb::pipeline
