// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/netlink/mirror.h"

#include <utility>

#include "controlplane/kernel/netlink/follower.h"

namespace ikelb::netlink {

posix::Result<Mirror> Mirror::start(boost::asio::io_context& io, std::function<void()> on_change,
                                    const MirrorOptions& options) {
    auto neighbours =
        NeighbourRequester::open(options.neighbour_interval, options.neighbour_capacity);
    if (neighbours.has_error()) return std::move(neighbours).error();
    auto follower = std::make_shared<Follower>(io, std::move(on_change), options,
                                               *std::move(neighbours));
    if (auto done = follower->connect(); done.has_error()) return std::move(done).error();
    return Mirror{std::move(follower)};
}

Mirror::Mirror(std::shared_ptr<Follower> follower) : follower_{std::move(follower)} {}
Mirror::Mirror(Mirror&&) noexcept = default;
Mirror& Mirror::operator=(Mirror&&) noexcept = default;
Mirror::~Mirror() = default;

KernelState Mirror::snapshot() const {
    return follower_->tables_.snapshot();
}

bool Mirror::is_synchronised() const noexcept {
    return follower_->is_synchronised_;
}

posix::Result<bool> Mirror::request_neighbour(int ifindex, const net::IpAddress& address) {
    auto asked = follower_->neighbours_.request(ifindex, address);
    MirrorCounters& counters = follower_->counters_;
    if (asked.has_value()) ++(*asked ? counters.neighbour_requests : counters.neighbour_limited);
    return asked;
}

posix::Result<void> Mirror::confirm_neighbour(int ifindex, const net::IpAddress& address) {
    auto asked = follower_->neighbours_.confirm(ifindex, address);
    if (asked.has_value()) ++follower_->counters_.neighbour_requests;
    return asked;
}

MirrorCounters Mirror::counters() const noexcept {
    return follower_->counters_;
}

std::optional<std::string> Mirror::last_error() const {
    return follower_->last_error_;
}

}  // namespace ikelb::netlink
