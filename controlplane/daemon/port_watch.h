// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "controlplane/kernel/device_state.h"
#include "controlplane/kernel/driver_sockets.h"
#include "controlplane/kernel/netlink_request.h"
#include "dataplane/dpdk/port.h"

namespace ikelb::control {

/// A way in which frames are lost below the workers.
struct PortLossInfo {
    std::string_view name;
    std::string_view help;
};

/// In the order of PortView::lost.
std::span<const PortLossInfo> port_losses();

struct PortView {
    std::string name;
    bool is_up = true;
    std::vector<std::uint64_t> lost;  ///< as in port_losses()

    /// By the driver and its sockets; no frame is counted twice.
    std::uint64_t lost_in_driver() const;
    /// By the kernel's device below. Some devices count what finds a socket full as well.
    std::uint64_t lost_in_device() const;
};

/// The ports as they are below the workers: their links, and what is lost there. A driver on a
/// kernel device always says that its link is up: the device's carrier counts.
/// Threads: the control thread's.
class PortWatch {
public:
    static KernelResult<std::unique_ptr<PortWatch>> make(const config::Config& config);

    /// After each port, in the configuration's order.
    void port_opened() { sockets_.port_opened(); }
    /// Reads everything. Returns the positions of the ports whose links have changed; before the
    /// first look they count as up.
    std::vector<std::size_t> look(std::span<const dpdk::Port> ports);

    const std::vector<PortView>& views() const noexcept { return views_; }

private:
    explicit PortWatch(NetlinkRequester netlink) : netlink_{std::move(netlink)} {}
    bool look_at(std::size_t position, const dpdk::Port& port);

    NetlinkRequester netlink_;
    DriverSockets sockets_;
    std::vector<std::string> lower_;      ///< the kernel's device below each port; empty: none
    std::vector<DeviceState> at_start_;  ///< what those had lost before
    std::vector<PortView> views_;
};

}  // namespace ikelb::control
