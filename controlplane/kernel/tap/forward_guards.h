// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Theory of operation. The kernel is a router behind the twins: what it gets that is not addressed
// to it, it routes, past everything that the fast path has to say about transit. A guard is a
// routing rule right behind that of the local table: what came in by this twin and is no local
// address's finds a blackhole, in both families.
//
//   0: from all lookup local
//   0: from 10.20.0.0/24 iif farm goto 1     of a twin that faces both sides: the servers' own
//   0: from all iif farm blackhole
//   1: from all iif farm nop
//
// The local table's rule is the first that takes every packet there. ip rule flush keeps the rules
// of priority 0. networkd removes the rules of others when it starts; apply() puts back what is
// missing, and moves a guard that the local table's rule has come behind. The rules outlive a crash
// without doing harm: without its device a rule matches nothing. They are known as ours by their
// protocol number. Proxy ARP on such a twin ends, for the kernel proxies only what it would
// forward.

#include <string>
#include <utility>
#include <vector>

#include "controlplane/kernel/netlink/request.h"
#include "dataplane/net/address.h"

namespace ikelb::tap {

/// A twin from which the kernel forwards nothing, or nothing but what has one of these sources.
struct ForwardGuard {
    std::string twin;
    std::vector<net::IpPrefix> except{};
    friend bool operator==(const ForwardGuard&, const ForwardGuard&) = default;
};

/// The guards in the kernel, in the network namespace in which it was opened.
/// Threads: one.
class ForwardGuards {
public:
    /// `twins`: all of ours; what others have is theirs.
    static posix::Result<ForwardGuards> open(std::vector<std::string> twins);
    ForwardGuards(ForwardGuards&&) = default;
    ForwardGuards& operator=(ForwardGuards&&) = delete;
    /// Removes them. They hurt nobody without their twins, so a failure is not told.
    ~ForwardGuards();

    /// Brings the kernel to these guards, and puts back what somebody removed; the same may be
    /// applied at any time. Returns what failed, one sentence each.
    std::vector<std::string> apply(const std::vector<ForwardGuard>& guards);

private:
    ForwardGuards(netlink::Requester netlink, std::vector<std::string> twins)
        : netlink_{std::move(netlink)}, twins_{std::move(twins)} {}

    posix::Result<void> apply(int family, const std::vector<ForwardGuard>& guards);

    netlink::Requester netlink_;
    std::vector<std::string> twins_;  ///< empty: moved from
};

}  // namespace ikelb::tap
