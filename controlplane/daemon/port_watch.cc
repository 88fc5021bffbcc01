// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/port_watch.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include "config/device.h"

namespace ikelb::daemon {
namespace {

constexpr std::array losses{
    PortLossInfo{"missed", "received with no room for it, as the driver counts"},
    PortLossInfo{"receive_errors", "received broken, as the driver counts"},
    PortLossInfo{"no_buffer", "received when all packet buffers were in use"},
    PortLossInfo{"transmit_errors", "not sent by the driver; tx_full drops are among them"},
    PortLossInfo{"ring_full", "received by the kernel's socket when the workers lagged behind"},
    PortLossInfo{"transmit_refused", "given to the kernel's socket, which would not send it"},
    PortLossInfo{"buffers_refused", "receive buffers that the kernel's socket would not fill"},
    PortLossInfo{"device_receive_dropped", "received and dropped by the kernel's device"},
    PortLossInfo{"device_receive_missed", "received by the kernel's device with no room for it"},
    PortLossInfo{"device_receive_errors", "received broken by the kernel's device"},
    PortLossInfo{"device_transmit_dropped", "dropped by the kernel's device instead of sent"},
    PortLossInfo{"device_transmit_errors", "not sent by the kernel's device for an error"},
};
// DPDK's names for the first losses, with any driver.
constexpr std::array<std::string_view, 4> generic{"rx_missed_errors", "rx_errors",
                                                  "rx_mbuf_allocation_errors", "tx_errors"};
constexpr std::size_t first_of_socket = generic.size();
// A refused buffer is no lost frame.
constexpr std::size_t first_without_frame = 6, first_of_device = 7;
static_assert(losses[first_of_socket].name == "ring_full");
static_assert(losses[first_without_frame].name == "buffers_refused");
static_assert(losses[first_of_device].name == "device_receive_dropped");

std::uint64_t sum(std::span<const std::uint64_t> counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::array<std::uint64_t, losses.size() - first_of_device> counts_of(
    const tap::DeviceState& device) {
    return {device.receive_dropped, device.receive_missed, device.receive_errors,
            device.transmit_dropped, device.transmit_errors};
}

}  // namespace

std::span<const PortLossInfo> port_losses() {
    return losses;
}

bool is_loss(std::string_view name) {
    static constexpr std::array<std::string_view, 15> words{
        "error", "drop",     "discard",  "miss", "nombuf", "no_mbuf",       "no_buf", "alloc_fail",
        "full",  "oversize", "overflow", "crc",  "jabber", "out_of_buffer", "truncat"};
    // A packet without a matching filter is not lost.
    if (name.starts_with("flow_director") || name.starts_with("fdir")) return false;
    return std::ranges::any_of(
        words, [&](std::string_view word) { return name.find(word) != std::string_view::npos; });
}

std::uint64_t PortView::lost_in_driver() const {
    return sum(std::span{lost}.first(first_without_frame));
}

std::uint64_t PortView::lost_in_device() const {
    return sum(std::span{lost}.subspan(first_of_device));
}

PortCounts::PortCounts(std::string name, bool has_device,
                       const std::optional<tap::DeviceState>& at_start)
    : has_device_{has_device},
      view_{.name = std::move(name), .lost = std::vector<std::uint64_t>(losses.size())} {
    for (const std::uint64_t before : counts_of(at_start.value_or(tap::DeviceState{})))
        device_.emplace_back(before);
}

bool PortCounts::see(const PortReading& reading) {
    see_driver(reading.driver);
    const auto lost = view_.lost.begin();
    std::ranges::copy(std::array{reading.socket.full, reading.socket.transmit_refused,
                                 reading.socket.buffers_refused},
                      lost + first_of_socket);
    if (reading.device) {
        const auto counts = counts_of(*reading.device);
        for (std::size_t i = 0; i < counts.size(); ++i) device_[i].see(counts[i]);
    }
    std::ranges::transform(device_, lost + first_of_device, &GrowingCount::sum);
    const bool is_up =
        reading.is_link_up && (!has_device_ || (reading.device && reading.device->is_up));
    return std::exchange(view_.is_up, is_up) != is_up;
}

void PortCounts::see_driver(std::span<const DriverCount> counts) {
    if (counts.empty()) return;
    view_.xstats.clear();
    // A driver's own counter may have a name of DPDK's generic counters, as on Hyper-V.
    std::set<std::string_view> told;
    for (const auto& [name, now] : counts) {
        if (!is_loss(name) || !told.insert(name).second) continue;
        const auto known = std::ranges::find(generic, name);
        if (known == generic.end() && view_.xstats.size() == most_xstats) continue;
        GrowingCount& count = driver_[name];
        count.see(now);
        if (known != generic.end())
            view_.lost[static_cast<std::size_t>(known - generic.begin())] = count.sum();
        else
            view_.xstats.emplace_back(name, count.sum());
    }
}

posix::Result<std::unique_ptr<PortWatch>> PortWatch::make(const config::Config& config) {
    auto netlink = netlink::Requester::open();
    if (netlink.has_error()) return std::move(netlink).error();
    std::unique_ptr<PortWatch> self{new PortWatch{*std::move(netlink)}};
    for (const config::Port& port : config.ports) {
        self->lower_.push_back(config::lower_device(port.device));
        self->counts_.emplace_back(port.name, !self->lower_.back().empty(),
                                   self->device_of(self->counts_.size()));
    }
    return self;
}

std::optional<tap::DeviceState> PortWatch::device_of(std::size_t port) {
    if (lower_[port].empty()) return std::nullopt;
    const auto state = tap::read_device_state(netlink_, lower_[port]);
    return state ? std::optional{*state} : std::nullopt;
}

std::vector<std::size_t> PortWatch::look(std::span<const lcores::Port> ports) {
    sockets_.read();
    std::vector<std::size_t> changed;
    for (std::size_t i = 0; i < ports.size(); ++i)
        if (counts_[i].see({.is_link_up = ports[i].is_link_up(),
                            .driver = ports[i].counts(),
                            .socket = sockets_.losses(i),
                            .device = device_of(i)}))
            changed.push_back(i);
    return changed;
}

}  // namespace ikelb::daemon
