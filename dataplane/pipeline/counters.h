// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/pipeline/verdict.h"
#include "dataplane/tables/ids.h"

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
};

/// What one worker counts. Written by that worker, read by the control thread.
struct alignas(64) Counters {
    std::array<Counter, verdict_count> verdicts;
    std::array<Counter, verdict_count> punts_limited;  ///< by the verdict that was limited
    Counter flows_committed;
    Counter flows_moved;
    Counter pairs_learned;
    Counter directory_busy;  ///< a write was left to a later packet: another worker held the shard
    Counter directory_full;
    std::array<MemberCounters, tables::max_members> members;
};

}  // namespace ikelb::pipeline
