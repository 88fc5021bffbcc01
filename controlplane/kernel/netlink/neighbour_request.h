// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <cstddef>

#include "controlplane/kernel/netlink/request.h"
#include "controlplane/kernel/netlink/request_limiter.h"
#include "controlplane/posix/result.h"
#include "dataplane/net/address.h"

namespace ikelb::netlink {

/// Asks the kernel to resolve neighbours, each at most once per interval. Move-only; one thread.
///
/// NTF_USE is the kernel's word for "as if a packet were sent to it": an unknown entry is resolved,
/// a stale one confirmed. But since Linux 5.16 it also takes the mark PERMANENT off an entry and
/// resolves it, which would undo what the operator has set. So an unknown entry is created
/// exclusively, and a known one is looked at first and used only if it is stale or has failed.
class NeighbourRequester {
public:
    static posix::Result<NeighbourRequester> open(std::chrono::milliseconds interval,
                                                  std::size_t capacity);

    /// True: asked. False: asked for this address less than the interval ago, or for too many.
    posix::Result<bool> request(int ifindex, const net::IpAddress& address);
    /// The same without a limit: for addresses that no packet has chosen.
    posix::Result<void> confirm(int ifindex, const net::IpAddress& address);

private:
    NeighbourRequester(Requester netlink, RequestLimiter limiter)
        : netlink_{std::move(netlink)}, limiter_{std::move(limiter)} {}

    posix::Result<void> use(unsigned flags, int ifindex, const net::IpAddress& address);
    /// Whether using the entry is of any use, and harmless.
    bool needs_use(int ifindex, const net::IpAddress& address);

    Requester netlink_;
    RequestLimiter limiter_;
};

}  // namespace ikelb::netlink
