// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "controlplane/kernel/netlink/kernel_state.h"
#include "controlplane/posix/result.h"

namespace ikelb::netlink {

struct MirrorOptions {
    std::chrono::milliseconds quiet{20};   ///< on_change waits for this long a pause in the changes
    std::chrono::milliseconds limit{100};  ///< and never longer than this after the first
    int receive_buffer = 4 << 20;          ///< bytes of the event socket; the kernel doubles it
    std::chrono::milliseconds neighbour_interval{1000};  ///< between two requests for one address
    std::size_t neighbour_capacity = 4096;  ///< addresses remembered for that
};

struct MirrorCounters {
    std::uint64_t events = 0;        ///< notifications read
    std::uint64_t overruns = 0;      ///< times the event socket overflowed (ENOBUFS)
    std::uint64_t full_dumps = 0;    ///< complete readings of everything, the first included
    std::uint64_t route_dumps = 0;   ///< complete readings of the routes alone
    std::uint64_t neighbour_requests = 0;  ///< resolutions asked of the kernel
    std::uint64_t neighbour_limited = 0;   ///< not asked: too soon after the last
};

/// Follows the kernel's links, addresses, routes (tables main and local) and neighbours, IPv4 and
/// IPv6, in the network namespace in which it was started.
///
/// Theory of operation. One socket is subscribed first and then dumps everything, so no change
/// falls in between; KernelTables merges the two. on_change is called once after the first complete
/// reading, and then after each run of changes. When the socket overruns (ENOBUFS), events are
/// lost: it is closed, a new one is opened after a pause that grows with each failure (20 ms to
/// 1 s), and everything is read anew; until that is complete the last state stands.
///
/// Out of scope: policy rules (`ip rule`), other tables, VRFs, routes by TOS or by source. The
/// fast path knows one table; an operator who needs those for traffic that ikelb forwards can't
/// have it. A rule that comes or goes calls on_change all the same, for whoever has rules there
/// (ForwardGuards). Of a multipath route the first living next hop is mirrored.
///
/// One thread: the io_context's. on_change may destroy the mirror; it must not throw.
class Mirror {
public:
    static posix::Result<Mirror> start(boost::asio::io_context& io, std::function<void()> on_change,
                                       const MirrorOptions& options = {});
    Mirror(Mirror&&) noexcept;
    Mirror& operator=(Mirror&&) noexcept;
    ~Mirror();

    /// A copy of all; empty until the first on_change.
    KernelState snapshot() const;
    /// False before the first complete reading, and from an overrun until the next.
    bool is_synchronised() const noexcept;

    /// Asks the kernel to resolve the address or to confirm what is stale (ARP or NDP, by its own
    /// timers and retries); the answer arrives as a change. An entry that is permanent, or fresh,
    /// or being resolved, is left alone. False: asked for it a moment ago.
    posix::Result<bool> request_neighbour(int ifindex, const net::IpAddress& address);
    /// The same without that limit, for addresses that the kernel's routes name instead of packets.
    posix::Result<void> confirm_neighbour(int ifindex, const net::IpAddress& address);

    MirrorCounters counters() const noexcept;
    /// Why the last attempt to follow the kernel failed; nullopt while all is well.
    std::optional<std::string> last_error() const;

private:
    class Follower;
    explicit Mirror(std::shared_ptr<Follower> follower);

    std::shared_ptr<Follower> follower_;
};

}  // namespace ikelb::netlink
