// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "controlplane/lcores/eal.h"
#include "controlplane/lcores/port.h"
#include "controlplane/posix/file_descriptor.h"
#include "dataplane/worker/worker.h"

namespace ikelb::lcores {

struct DataplaneOptions {
    EalOptions eal;
    std::vector<PortOptions> ports;  ///< open() sets their queues to the number of workers
    sessions::SessionLimits limits;
    net::HashKey hash_key;
    bool may_sleep = true;                       ///< false: workers without packets poll on
    std::function<void()> on_port_open = [] {};  ///< called after each port, in their order
};

/// Compiles rules for the workers, see dpdk::AclRules. EAL must have started. Takes milliseconds to
/// seconds.
dpdk::Result<std::shared_ptr<const wall::AllowRules>> compile_rules(
    std::span<const wall::AllowRule> rules);

/// Ports, workers, the shared session tables, and the control thread's ends of the rings. One in a
/// process. Control thread only.
class Dataplane {
public:
    /// Opens the ports; starts no worker.
    static dpdk::Result<std::unique_ptr<Dataplane>> open(DataplaneOptions options);
    ~Dataplane();
    Dataplane(const Dataplane&) = delete;
    Dataplane& operator=(const Dataplane&) = delete;

    /// Starts the workers. Publish a table first.
    dpdk::Result<void> start();
    /// Ends the workers and waits for them. The ports stay open.
    void stop() noexcept;

    std::span<const Port> ports() const noexcept { return ports_; }
    unsigned workers() const noexcept { return static_cast<unsigned>(workers_.size()); }
    const worker::WorkerStats& stats(unsigned worker) const noexcept {
        return workers_[worker]->stats();
    }
    int cpu_of(unsigned worker) const noexcept;
    sessions::SessionTables& sessions() noexcept { return sessions_; }
    worker::Published& published() noexcept { return published_; }
    const worker::Clock& clock() const noexcept { return clock_; }
    net::HashKey hash_key() const noexcept { return options_.hash_key; }
    bool uses_huge_pages() const noexcept { return eal_.uses_huge_pages(); }

    /// Readable when take_punts() or take_neighbour_requests() has an item.
    int event_fd() const noexcept { return event_fd_.get(); }
    void clear_event() noexcept;
    using PuntHandler =
        std::function<void(forwarding::InterfaceIndex, std::span<const std::uint8_t>)>;
    /// Takes a limited number, so that a flood does not keep the thread from its other work; if
    /// more are left, event_fd() is readable at once.
    void take_punts(const PuntHandler& handle);
    using NeighbourHandler = std::function<void(forwarding::InterfaceIndex, const net::IpAddress&)>;
    void take_neighbour_requests(const NeighbourHandler& handle);

    /// Sends a kernel's frame out of a port; vlan 0: untagged. False: no buffer or no room.
    bool inject(forwarding::PortIndex port, std::uint16_t vlan,
                std::span<const std::uint8_t> frame);

private:
    Dataplane(Eal eal, DataplaneOptions options);
    dpdk::Result<void> make_rings();
    void make_workers();

    // Destroyed in reverse: workers before rings, ports before the pool.
    Eal eal_;
    DataplaneOptions options_;
    worker::Clock clock_;
    sessions::SessionTables sessions_;
    worker::Published published_;
    Mempool pool_;
    std::vector<Port> ports_;
    std::vector<dpdk::Ring<worker::PuntMessage>> punts_;
    std::vector<dpdk::Ring<worker::NeighbourMessage>> neighbours_;
    std::vector<dpdk::Ring<worker::InjectMessage>> injections_;
    std::vector<std::unique_ptr<worker::Worker>> workers_;
    posix::FileDescriptor event_fd_;
    std::atomic<bool> stop_{false};
    bool is_running_ = false;
};

}  // namespace ikelb::lcores
