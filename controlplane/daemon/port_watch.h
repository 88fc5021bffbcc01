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

struct PortLossInfo {
    std::string_view name;
    std::string_view help;
};

/// In the order of PortView::lost.
std::span<const PortLossInfo> port_losses();

/// Whether a driver's counter counts lost or broken frames, by its name alone: each driver has its
/// own names, hundreds in all.
bool is_loss(std::string_view name);

using DriverCount = std::pair<std::string, std::uint64_t>;

struct PortView {
    std::string name;
    bool is_up = true;
    std::vector<std::uint64_t> lost;  ///< as in port_losses()
    /// The driver's own loss counters, at most PortCounts::most_xstats. Some are parts of others,
    /// or of `lost`.
    std::vector<DriverCount> xstats{};

    /// Lost in the driver and its sockets; no frame counts twice.
    std::uint64_t lost_in_driver() const;
    /// Lost in the kernel's device below. Some devices also count frames that found a socket full.
    std::uint64_t lost_in_device() const;
};

/// A count whose source may restart at 0: a driver after a reset, a device made again. The sum
/// keeps the earlier counts and never goes back.
class GrowingCount {
public:
    /// `before`: the source's count before the first look.
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

struct PortReading {
    bool is_link_up = false;                   ///< as its driver says
    std::span<const DriverCount> driver{};     ///< empty: the driver did not answer
    tap::SocketLosses socket{};                ///< since the start
    std::optional<tap::DeviceState> device{};  ///< nullopt: absent or gone
};

/// The losses of a port, from one look to the next. A silent source adds none. One thread.
class PortCounts {
public:
    static constexpr std::size_t most_xstats = 128;

    /// `at_start`: the state of the kernel's device below; nullopt: absent.
    PortCounts(std::string name, bool has_device, const std::optional<tap::DeviceState>& at_start);

    /// Adds the new losses and says whether the link has changed; it counts as up at first. A
    /// driver on a kernel device always says that its link is up: the carrier counts.
    bool see(const PortReading& reading);
    const PortView& view() const noexcept { return view_; }

private:
    void see_driver(std::span<const DriverCount> counts);

    bool has_device_;
    std::map<std::string, GrowingCount, std::less<>> driver_;  ///< the loss counters
    std::vector<GrowingCount> device_;
    PortView view_;
};

/// The links and losses of all ports below the workers. Control thread only.
class PortWatch {
public:
    static posix::Result<std::unique_ptr<PortWatch>> make(const config::Config& config);

    /// Call it after each port, in the configuration's order.
    void port_opened() { sockets_.port_opened(); }
    /// Reads all ports. Returns the positions of ports whose links have changed.
    std::vector<std::size_t> look(std::span<const lcores::Port> ports);

    std::size_t size() const noexcept { return counts_.size(); }
    const PortView& view(std::size_t port) const noexcept { return counts_[port].view(); }

private:
    explicit PortWatch(netlink::Requester netlink) : netlink_{std::move(netlink)} {}
    /// nullopt: absent or gone.
    std::optional<tap::DeviceState> device_of(std::size_t port);

    netlink::Requester netlink_;
    tap::DriverSockets sockets_;
    std::vector<std::string> lower_;  ///< the kernel's device below each port; empty: none
    std::vector<PortCounts> counts_;
};

}  // namespace ikelb::daemon
