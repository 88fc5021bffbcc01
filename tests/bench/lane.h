// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker_stats.h"
#include "tests/bench/town.h"

namespace ikelb::bench {

/// What a lane did since the last clear().
struct Deliveries {
    std::uint64_t offered = 0;
    std::uint64_t to_server = 0;
    std::uint64_t to_client = 0;
    std::uint64_t not_forwarded = 0;
};

/// Cycles of the two parts of the packet path.
struct Parts {
    std::uint64_t express = 0;
    std::uint64_t steps = 0;  ///< of what express has left
};

/// A worker that is fed from memory: what worker::Worker does with a burst between the driver's
/// receive and transmit functions, on packet buffers of its own. Put frames in, run, look at what
/// has become of them, put the next ones in: only run() is timed.
/// Threads: one at a time; several lanes may share a town.
class Lane {
public:
    /// packets: buffers, of so many bytes for a frame. clock_stands: each burst is at the town's
    /// time, so that a run takes the same instructions whenever it is made.
    Lane(Town& town, rte_mempool& pool, std::size_t packets, bool clock_stands = false);
    ~Lane();
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    std::size_t capacity() const noexcept { return packets_.size(); }

    /// Resets buffer i for a frame of so many bytes from one side; returns where to write it.
    std::uint8_t* put(std::size_t i, std::size_t length, Towards towards) noexcept;
    /// The frame in buffer i as it is now.
    std::span<const std::uint8_t> frame(std::size_t i) const noexcept;

    /// Takes buffers [first, first + count) through the packet path; returns TSC cycles. The fences
    /// at both ends cost some ten cycles: time as many bursts at once as there are.
    std::uint64_t run(std::size_t first, std::size_t count, std::size_t burst) noexcept;
    /// The same, neither timed nor in measured_bursts().
    void warm_up(std::size_t first, std::size_t count, std::size_t burst) noexcept;

    /// Adds the cycles of both parts there from now on; nullptr: nowhere.
    void time_parts(Parts* parts) noexcept { parts_ = parts; }
    /// It is the town's time again: what has passed since would make records old that are to be
    /// fresh.
    void restart_clock() noexcept { restarted_ = clock_stands_ ? 0 : clock_.cycles(); }
    /// Every packet takes all steps, as if there were no path for ESP alone.
    void take_steps_only() noexcept { takes_express_ = false; }
    /// Of this lane; the worker's own counters go on.
    Deliveries deliveries() const noexcept;
    void clear() noexcept;
    const pipeline::Counters& counters() const noexcept { return stats_->pipeline; }

private:
    struct Outgoing {
        std::array<rte_mbuf*, pipeline::max_burst> packets;
        std::uint16_t count = 0;
    };

    void process_all(std::size_t first, std::size_t count, std::size_t burst) noexcept;
    void process(std::span<rte_mbuf*> packets) noexcept;
    void run_in_parts(pipeline::Context& context) noexcept;
    void finish(rte_mbuf* packet, const pipeline::Packet& decided) noexcept;
    std::uint64_t forwarded(pipeline::Verdict verdict) const noexcept {
        return stats_->pipeline.verdicts[static_cast<std::size_t>(verdict)].read();
    }
    friend void measured_bursts(Lane& lane, std::size_t first, std::size_t count,
                                std::size_t burst) noexcept;

    Town& town_;
    std::vector<rte_mbuf*> packets_;
    std::unique_ptr<worker::WorkerStats> stats_ = std::make_unique<worker::WorkerStats>();
    std::unique_ptr<pipeline::WorkerMemory> memory_ = std::make_unique<pipeline::WorkerMemory>();
    std::unique_ptr<pipeline::Batch> batch_ = std::make_unique<pipeline::Batch>();
    std::array<Outgoing, 2> outgoing_;
    worker::Clock clock_;
    bool clock_stands_;
    std::uint64_t restarted_ = 0;
    Deliveries at_clear_;
    std::uint64_t offered_ = 0, not_forwarded_ = 0;
    Parts* parts_ = nullptr;
    bool takes_express_ = true;
};

/// All that run() times, by a name that callgrind can be told: nothing else is called by it.
void measured_bursts(Lane& lane, std::size_t first, std::size_t count, std::size_t burst) noexcept;

/// TSC cycles, no earlier than what stands before and no later than what stands behind.
std::uint64_t fenced_cycles() noexcept;

}  // namespace ikelb::bench
