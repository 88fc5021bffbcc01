// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/netlink_mirror.h"

#include <utility>

#include "controlplane/kernel/netlink_follower.h"

namespace ikelb::control {

KernelResult<NetlinkMirror> NetlinkMirror::start(boost::asio::io_context& io,
                                                 std::function<void()> on_change,
                                                 const MirrorOptions& options) {
    auto neighbours =
        NeighbourRequester::open(options.neighbour_interval, options.neighbour_capacity);
    if (neighbours.has_error()) return std::move(neighbours).error();
    auto follower = std::make_shared<Follower>(io, std::move(on_change), options,
                                               *std::move(neighbours));
    if (auto done = follower->connect(); done.has_error()) return std::move(done).error();
    return NetlinkMirror{std::move(follower)};
}

NetlinkMirror::NetlinkMirror(std::shared_ptr<Follower> follower)
    : follower_{std::move(follower)} {}
NetlinkMirror::NetlinkMirror(NetlinkMirror&&) noexcept = default;
NetlinkMirror& NetlinkMirror::operator=(NetlinkMirror&&) noexcept = default;
NetlinkMirror::~NetlinkMirror() = default;

KernelState NetlinkMirror::snapshot() const { return follower_->tables_.snapshot(); }

bool NetlinkMirror::is_synchronised() const noexcept { return follower_->is_synchronised_; }

KernelResult<bool> NetlinkMirror::request_neighbour(int ifindex, const net::IpAddress& address) {
    auto asked = follower_->neighbours_.request(ifindex, address);
    MirrorCounters& counters = follower_->counters_;
    if (asked.has_value()) ++(*asked ? counters.neighbour_requests : counters.neighbour_limited);
    return asked;
}

KernelResult<void> NetlinkMirror::confirm_neighbour(int ifindex, const net::IpAddress& address) {
    auto asked = follower_->neighbours_.confirm(ifindex, address);
    if (asked.has_value()) ++follower_->counters_.neighbour_requests;
    return asked;
}

MirrorCounters NetlinkMirror::counters() const noexcept { return follower_->counters_; }

std::optional<std::string> NetlinkMirror::last_error() const { return follower_->last_error_; }

}  // namespace ikelb::control
