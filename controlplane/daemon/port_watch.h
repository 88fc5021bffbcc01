// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "controlplane/daemon/port_counts.h"
#include "controlplane/kernel/netlink/request.h"
#include "controlplane/kernel/tap/driver_sockets.h"
#include "controlplane/lcores/port.h"

namespace ikelb::daemon {

/// The ports as they are below the workers: their links, and what is lost there.
/// Threads: the control thread's.
class PortWatch {
public:
    static posix::Result<std::unique_ptr<PortWatch>> make(const config::Config& config);

    /// After each port, in the configuration's order.
    void port_opened() { sockets_.port_opened(); }
    /// Reads everything. Returns the positions of the ports whose links have changed.
    std::vector<std::size_t> look(std::span<const lcores::Port> ports);

    std::size_t size() const noexcept { return counts_.size(); }
    const PortView& view(std::size_t port) const noexcept { return counts_[port].view(); }

private:
    explicit PortWatch(netlink::Requester netlink) : netlink_{std::move(netlink)} {}
    /// nullopt: the port has no device, or it is gone.
    std::optional<tap::DeviceState> device_of(std::size_t port);

    netlink::Requester netlink_;
    tap::DriverSockets sockets_;
    std::vector<std::string> lower_;  ///< the kernel's device below each port; empty: none
    std::vector<PortCounts> counts_;
};

}  // namespace ikelb::daemon
