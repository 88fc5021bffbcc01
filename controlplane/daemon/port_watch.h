// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "controlplane/kernel/netlink/request.h"
#include "controlplane/kernel/tap/device.h"
#include "controlplane/kernel/tap/driver_sockets.h"
#include "controlplane/lcores/port.h"

namespace ikelb::daemon {

/// A way in which frames are lost below the workers.
struct PortLossInfo {
    std::string_view name;
    std::string_view help;
};

/// In the order of PortView::lost.
std::span<const PortLossInfo> port_losses();

/// Whether a counter of a driver's is of frames that were lost or broken, by its name alone: there
/// are hundreds of names, and each driver has its own.
bool is_loss(std::string_view name);

/// By the driver's name.
using DriverCount = std::pair<std::string, std::uint64_t>;

struct PortView {
    std::string name;
    bool is_up = true;
    std::vector<std::uint64_t> lost;  ///< as in port_losses()
    /// The driver's own counters that are losses, at most PortCounts::most_xstats. Some are parts
    /// of others, or of `lost`.
    std::vector<DriverCount> xstats{};

    /// By the driver and its sockets; no frame is counted twice.
    std::uint64_t lost_in_driver() const;
    /// By the kernel's device below. Some devices count what finds a socket full as well.
    std::uint64_t lost_in_device() const;
};

/// A count whose source may begin anew: a driver that was reset, a device that was made again.
/// What it had counted stays, so that the sum never goes back.
class GrowingCount {
public:
    /// `before`: what the source had counted when nobody looked yet.
    explicit GrowingCount(std::uint64_t before = 0) noexcept : last_{before} {}

    void see(std::uint64_t now) noexcept {
        sum_ += now >= last_ ? now - last_ : now;
        last_ = now;
    }
    std::uint64_t sum() const noexcept { return sum_; }

private:
    std::uint64_t last_;
    std::uint64_t sum_ = 0;
};

/// One look at a port.
struct PortReading {
    bool is_link_up = false;                   ///< as its driver says
    std::span<const DriverCount> driver{};     ///< empty: it did not answer
    tap::SocketLosses socket{};                ///< since the start
    std::optional<tap::DeviceState> device{};  ///< nullopt: there is none, or it is gone
};

/// What is lost at a port, from one look to the next. What does not answer has lost nothing since.
/// Threads: one.
class PortCounts {
public:
    static constexpr std::size_t most_xstats = 128;

    /// `at_start`: of the kernel's device below; nullopt: it is not there.
    PortCounts(std::string name, bool has_device, const std::optional<tap::DeviceState>& at_start);

    /// Adds what is new, and says whether the link has changed; before the first look it counts as
    /// up. A driver on a kernel device always says that its link is up: the carrier counts.
    bool see(const PortReading& reading);
    const PortView& view() const noexcept { return view_; }

private:
    void see_driver(std::span<const DriverCount> counts);

    bool has_device_;
    std::map<std::string, GrowingCount, std::less<>> driver_;  ///< those that are losses
    std::vector<GrowingCount> device_;
    PortView view_;
};

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
