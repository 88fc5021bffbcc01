// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/port_watch.h"

#include <array>
#include <numeric>
#include <utility>

#include "config/device.h"

namespace ikelb::control {

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
// A refused buffer is no frame.
constexpr std::size_t first_without_frame = 6, first_of_device = 7;
static_assert(losses[first_without_frame].name == "buffers_refused");
static_assert(losses[first_of_device].name == "device_receive_dropped");

std::uint64_t sum(std::span<const std::uint64_t> counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

/// One that is gone has no link and no counts.
DeviceState state_of(NetlinkRequester& netlink, const std::string& device) {
    if (device.empty()) return {.is_up = true};
    const auto state = read_device_state(netlink, device);
    return state ? *state : DeviceState{};
}

/// A device that was made anew counts anew.
std::uint64_t since(std::uint64_t before, std::uint64_t now) {
    return now >= before ? now - before : now;
}

}  // namespace

std::span<const PortLossInfo> port_losses() {
    return losses;
}

std::uint64_t PortView::lost_in_driver() const {
    return sum(std::span{lost}.first(first_without_frame));
}

std::uint64_t PortView::lost_in_device() const {
    return sum(std::span{lost}.subspan(first_of_device));
}

KernelResult<std::unique_ptr<PortWatch>> PortWatch::make(const config::Config& config) {
    auto netlink = NetlinkRequester::open();
    if (netlink.has_error()) return std::move(netlink).error();
    std::unique_ptr<PortWatch> self{new PortWatch{*std::move(netlink)}};
    for (const config::Port& port : config.ports) {
        self->lower_.push_back(config::lower_device(port.device));
        self->at_start_.push_back(state_of(self->netlink_, self->lower_.back()));
        self->views_.push_back(
            {.name = port.name, .lost = std::vector<std::uint64_t>(losses.size())});
    }
    return self;
}

std::vector<std::size_t> PortWatch::look(std::span<const dpdk::Port> ports) {
    sockets_.read();
    std::vector<std::size_t> changed;
    for (std::size_t i = 0; i < ports.size(); ++i)
        if (look_at(i, ports[i])) changed.push_back(i);
    return changed;
}

/// Whether its link has changed.
bool PortWatch::look_at(std::size_t position, const dpdk::Port& port) {
    PortView& view = views_[position];
    const DeviceState device = state_of(netlink_, lower_[position]);
    const DeviceState& before = at_start_[position];
    const bool is_up = port.is_link_up() && device.is_up;
    const dpdk::PortLosses driver = port.losses();
    const SocketLosses socket = sockets_.losses(position);
    view.lost = {driver.missed,
                 driver.errors,
                 driver.no_buffer,
                 driver.transmit_errors,
                 socket.full,
                 socket.transmit_refused,
                 socket.buffers_refused,
                 since(before.receive_dropped, device.receive_dropped),
                 since(before.receive_missed, device.receive_missed),
                 since(before.receive_errors, device.receive_errors),
                 since(before.transmit_dropped, device.transmit_dropped),
                 since(before.transmit_errors, device.transmit_errors)};
    return std::exchange(view.is_up, is_up) != is_up;
}

}  // namespace ikelb::control
