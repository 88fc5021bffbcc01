// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <utility>

#include "controlplane/kernel/netlink/request.h"
#include "controlplane/posix/result.h"
#include "dataplane/net/address.h"

namespace ikelb::netlink {

/// Lets one request per address and `interval` pass, over a bounded number of addresses. Pure: the
/// caller passes the time.
class RequestLimiter {
public:
    using Clock = std::chrono::steady_clock;

    RequestLimiter(Clock::duration interval, std::size_t capacity)
        : interval_{interval}, capacity_{capacity} {}

    /// False also after requests for `capacity` other addresses within the interval: a scan of a
    /// subnet must not grow memory.
    bool allow(int ifindex, const net::IpAddress& address, Clock::time_point now) {
        const std::pair key{ifindex, address};
        const auto found = asked_.find(key);
        if (found != asked_.end()) {
            if (now - found->second < interval_) return false;
            found->second = now;
            return true;
        }
        if (asked_.size() >= capacity_ && !forget_old(now)) return false;
        asked_.emplace(key, now);
        return true;
    }

private:
    /// Linear, but runs at most once per interval: in between, a full table stays full.
    bool forget_old(Clock::time_point now) {
        if (now < next_sweep_) return false;
        next_sweep_ = now + interval_;
        return std::erase_if(
                   asked_, [&](const auto& entry) { return now - entry.second >= interval_; }) != 0;
    }

    Clock::duration interval_;
    std::size_t capacity_;
    std::map<std::pair<int, net::IpAddress>, Clock::time_point> asked_;
    Clock::time_point next_sweep_{};
};

/// Asks the kernel to resolve neighbours, each at most once per interval. Move-only; one thread.
///
/// NTF_USE means "as if a packet were sent": it resolves an unknown entry and confirms a stale one.
/// But since Linux 5.16 it also takes the mark PERMANENT off an entry and resolves it, which would
/// undo the operator's setting. So the requester creates an unknown entry exclusively, and uses a
/// known one only if it is stale or has failed.
class NeighbourRequester {
public:
    static posix::Result<NeighbourRequester> open(std::chrono::milliseconds interval,
                                                  std::size_t capacity);

    /// True: asked. False: asked for this address less than the interval ago, or for too many.
    posix::Result<bool> request(int ifindex, const net::IpAddress& address);
    /// The same without a limit: for addresses that come from no packet.
    posix::Result<void> confirm(int ifindex, const net::IpAddress& address);

private:
    NeighbourRequester(Requester netlink, RequestLimiter limiter)
        : netlink_{std::move(netlink)}, limiter_{std::move(limiter)} {}

    posix::Result<void> use(unsigned flags, int ifindex, const net::IpAddress& address);
    /// Whether NTF_USE helps the entry and does no harm.
    bool needs_use(int ifindex, const net::IpAddress& address);

    Requester netlink_;
    RequestLimiter limiter_;
};

}  // namespace ikelb::netlink
