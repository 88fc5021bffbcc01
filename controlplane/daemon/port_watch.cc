// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/port_watch.h"

#include "config/device.h"

namespace ikelb::daemon {

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
