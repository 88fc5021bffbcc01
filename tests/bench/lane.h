// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "dataplane/worker/worker.h"
#include "tests/bench/town.h"

namespace ikelb::bench {

/// What a lane did since the last clear(): what it was given, and what of it left by each port.
struct Deliveries {
    std::uint64_t offered = 0;
    std::uint64_t to_server = 0;
    std::uint64_t to_client = 0;
};

/// A worker that is fed from memory: worker::Worker, turn by turn, between two ports that give it
/// packet buffers of the lane and take them back. Put frames in, run, look at what has become of
/// them, put the next ones in: only run() is timed.
/// Threads: one at a time; several lanes may share a town. Made and destroyed on one thread.
class Lane {
public:
    /// packets: buffers, of so many bytes for a frame. clock_stands: each burst is at the town's
    /// time, so that a run takes the same instructions whenever it is made.
    Lane(Town& town, rte_mempool& pool, std::size_t packets, bool clock_stands = false);
    ~Lane();
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    std::size_t capacity() const noexcept { return packets_.size(); }

    /// Resets buffer i for a frame of so many bytes from one side, the same for all of a run;
    /// returns where to write it.
    std::uint8_t* put(std::size_t i, std::size_t length, Towards towards) noexcept;
    /// The frame in buffer i as it is now; empty if it was not sent.
    std::span<const std::uint8_t> frame(std::size_t i) const noexcept;

    /// Takes buffers [first, first + count) through the packet path; returns TSC cycles. The fences
    /// at both ends cost some ten cycles: time as many bursts at once as there are. burst: as many
    /// as a worker receives at once, at most.
    std::uint64_t run(std::size_t first, std::size_t count, std::size_t burst);
    /// The same, neither timed nor in measured_bursts().
    void warm_up(std::size_t first, std::size_t count, std::size_t burst);

    /// Another worker begins at the town's time: what has passed since would make records old that
    /// are to be fresh, and no worker's clock goes back.
    void restart();
    const Deliveries& deliveries() const noexcept { return deliveries_; }
    void clear() noexcept { deliveries_ = {}; }
    /// The worker's.
    const pipeline::Counters& counters() const noexcept { return worker_->stats().pipeline; }

private:
    /// A port as the worker knows it: what waits there, and what has been sent by it.
    struct Side {
        std::span<rte_mbuf*> waiting;
        std::vector<rte_mbuf*> sent;
        std::size_t sent_count = 0;
    };

    static std::uint16_t receive(void* side, rte_mbuf** room, std::uint16_t count) noexcept;
    static std::uint16_t transmit(void* side, rte_mbuf** packets, std::uint16_t count) noexcept;
    void process(std::size_t first, std::size_t count, std::size_t burst) noexcept;
    void take_back(std::size_t first, std::size_t count);
    friend void measured_bursts(Lane& lane, std::size_t first, std::size_t count,
                                std::size_t burst) noexcept;

    Town& town_;
    rte_mempool& pool_;
    std::vector<rte_mbuf*> packets_;
    bool clock_stands_;
    std::uint16_t queue_;
    dpdk::Ring<worker::PuntMessage> punts_;
    dpdk::Ring<worker::NeighbourMessage> neighbours_;
    worker::Published published_{1};
    std::array<Side, 2> sides_;
    Side* from_ = nullptr;
    std::unique_ptr<worker::Worker> worker_;
    std::uint64_t restarted_ = 0;
    Deliveries deliveries_;
};

/// All that run() times, by a name that callgrind can be told: nothing else is called by it.
void measured_bursts(Lane& lane, std::size_t first, std::size_t count, std::size_t burst) noexcept;

/// TSC cycles, no earlier than what stands before and no later than what stands behind.
std::uint64_t fenced_cycles() noexcept;

}  // namespace ikelb::bench
