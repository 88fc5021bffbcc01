// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Theory of operation. The kernel is a router behind the TAPs: it routes packets that are not
// addressed to it, past the dataplane's decisions about transit. A guard is a routing rule right
// behind the local table's rule: packets that came in by the TAP and are for no local address get a
// blackhole, in both families.
//
//   0: from all lookup local
//   0: from 10.20.0.0/24 iif farm goto 1     of a TAP that faces both sides: the servers' own
//   0: from all iif farm blackhole
//   1: from all iif farm nop
//
// The local table's rule is the first rule that takes every packet there. ip rule flush keeps the
// rules of priority 0. networkd removes foreign rules when it starts; apply() restores missing
// rules, and moves a guard that the local table's rule has come behind. The rules outlive a crash
// without harm: without its device a rule matches nothing. Their protocol number marks them as
// ikelb's. Proxy ARP on a guarded TAP ends: the kernel proxies only what it would forward.

#include <string>
#include <utility>
#include <vector>

#include "controlplane/kernel/netlink/request.h"
#include "dataplane/net/address.h"

namespace ikelb::tap {

/// A TAP from which the kernel forwards nothing, or only packets from these sources.
struct ForwardGuard {
    std::string tap;
    std::vector<net::IpPrefix> except{};
    friend bool operator==(const ForwardGuard&, const ForwardGuard&) = default;
};

/// The guards in the kernel, in the network namespace of its opening. One thread.
class ForwardGuards {
public:
    /// `TAPs`: all TAPs of ikelb; rules of other devices stay.
    static posix::Result<ForwardGuards> open(std::vector<std::string> taps);
    ForwardGuards(ForwardGuards&&) = default;
    ForwardGuards& operator=(ForwardGuards&&) = delete;
    /// Removes the guards. Without their TAPs they do no harm, so a failure is not reported.
    ~ForwardGuards();

    /// Brings the kernel to these guards and restores removed rules, so the same guards may be
    /// applied at any time. Returns the failures, one sentence each.
    std::vector<std::string> apply(const std::vector<ForwardGuard>& guards);

private:
    ForwardGuards(netlink::Requester netlink, std::vector<std::string> taps)
        : netlink_{std::move(netlink)}, taps_{std::move(taps)} {}

    posix::Result<void> apply(int family, const std::vector<ForwardGuard>& guards);

    netlink::Requester netlink_;
    std::vector<std::string> taps_;  ///< empty: moved from
};

}  // namespace ikelb::tap
