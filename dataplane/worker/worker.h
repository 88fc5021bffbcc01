// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "dataplane/dpdk/ring.h"
#include "dataplane/pipeline/pipeline.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/held_frames.h"
#include "dataplane/worker/published.h"

namespace ikelb::worker {

// Messages between a worker and the control thread, through one bounded ring each way.

/// A frame for the kernel, untagged. The receiver owns the buffer.
struct PuntMessage {
    rte_mbuf* packet = nullptr;
    std::uint64_t interface = forwarding::no_interface;
};

/// A frame from the kernel for a port, tag included. The receiver owns the buffer.
struct InjectMessage {
    rte_mbuf* packet = nullptr;
    std::uint64_t port = 0;
};

/// A neighbour that the kernel should resolve.
struct NeighbourMessage {
    std::array<std::uint8_t, 16> address{};
    std::uint32_t interface = forwarding::no_interface;
};

/// A port's queue; one worker owns it.
struct Queue {
    std::uint16_t port = 0;
    std::uint16_t queue = 0;
};

/// A worker's own queues on every port, and the shared state.
struct WorkerParts {
    unsigned id = 0;  ///< from 0; also its QSBR thread id
    std::vector<Queue> receive;
    std::vector<Queue> transmit;  ///< by port id
    dpdk::Ring<PuntMessage>* punts = nullptr;
    dpdk::Ring<InjectMessage>* injections = nullptr;  ///< worker 0 only
    dpdk::Ring<NeighbourMessage>* neighbours = nullptr;
    int wake_control = -1;  ///< eventfd of the control thread
    Published* published = nullptr;
    sessions::SessionTables* sessions = nullptr;
    const std::atomic<bool>* stop = nullptr;  ///< run() returns once it is set
    Clock clock;
    bool may_sleep = true;  ///< false: polls on without packets
};

/// Counters of one worker. That worker alone writes; the control thread reads.
struct alignas(64) WorkerStats {
    pipeline::Counters pipeline;
    alignas(64) pipeline::Counter busy_micros;  ///< in iterations that moved a packet
    pipeline::Counter bursts;                   ///< received, not empty
    pipeline::Counter packets;                  ///< received
    pipeline::Counter sleeps;
    pipeline::Counter turns;     ///< of the loop, also without packets
    pipeline::Counter injected;  ///< from the kernel to a port
};

/// One lcore: receives, runs the pipeline, and carries out each packet's disposition. Threads:
/// run() on its lcore; stats() from any.
class Worker {
public:
    explicit Worker(WorkerParts parts) : parts_{std::move(parts)} {}

    /// Runs until stop is set. Sleeps without work, if it may.
    void run() noexcept;
    /// One turn of the loop at this time of the clock; returns the number of packets moved.
    std::uint64_t poll(std::uint64_t cycles) noexcept;

    const WorkerStats& stats() const noexcept { return stats_; }

private:
    static constexpr std::uint16_t burst = 32;

    struct alignas(64) Outgoing {
        std::array<rte_mbuf*, pipeline::max_burst> packets;
        std::uint16_t count = 0;
    };

    std::uint64_t take_injections() noexcept;
    void retry_held(std::uint64_t cycles) noexcept;
    void process(std::span<rte_mbuf*> packets, std::uint64_t cycles,
                 const std::uint64_t* held_since) noexcept;
    void finish(rte_mbuf* packet, const pipeline::Packet& decided,
                std::uint64_t held_since) noexcept;
    void send_copy(rte_mbuf* packet, const pipeline::Packet& decided, forwarding::BackendIndex to,
                   pipeline::Context& context) noexcept;
    void send(rte_mbuf* packet, forwarding::PortIndex port) noexcept;
    void send(rte_mbuf* packet, const pipeline::Packet& decided) noexcept;
    void flush() noexcept;
    void pass_neighbour_requests() noexcept;
    void drop(rte_mbuf* packet, pipeline::Verdict verdict) noexcept;

    WorkerParts parts_;
    WorkerStats stats_;
    pipeline::WorkerMemory memory_;
    pipeline::Batch batch_;
    std::vector<Outgoing> outgoing_ = std::vector<Outgoing>(parts_.transmit.size());
    HeldFrames held_;
    std::uint64_t next_retry_micros_ = 0;
    bool must_wake_control_ = false;
};

}  // namespace ikelb::worker
