// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "controlplane/kernel/netlink/kernel_tables.h"
#include "controlplane/kernel/netlink/neighbour_request.h"

namespace ikelb::netlink {

/// Reports a run of changes after a pause of `quiet`, at the latest `limit` after the first change.
/// Pure: the caller passes the time.
class ChangeDebounce {
public:
    using Clock = std::chrono::steady_clock;

    ChangeDebounce(Clock::duration quiet, Clock::duration limit) : quiet_{quiet}, limit_{limit} {}

    void note_change(Clock::time_point now) {
        if (!first_) first_ = now;
        last_ = now;
    }
    /// nullopt: nothing to report.
    std::optional<Clock::time_point> due() const {
        if (!first_) return std::nullopt;
        return std::min(last_ + quiet_, *first_ + limit_);
    }
    void told() { first_.reset(); }

private:
    Clock::duration quiet_, limit_;
    std::optional<Clock::time_point> first_;
    Clock::time_point last_;
};

struct MirrorOptions {
    std::chrono::milliseconds quiet{20};   ///< a pause in the changes before on_change
    std::chrono::milliseconds limit{100};  ///< the latest on_change after the first change
    int receive_buffer = 4 << 20;          ///< bytes of the event socket; the kernel doubles it
    std::chrono::milliseconds neighbour_interval{1000};  ///< between two requests for one address
    std::size_t neighbour_capacity = 4096;               ///< addresses in the limiter's memory
};

struct MirrorCounters {
    std::uint64_t events = 0;        ///< notifications read
    std::uint64_t overruns = 0;      ///< times the event socket overflowed (ENOBUFS)
    std::uint64_t full_dumps = 0;    ///< complete readings of everything, the first included
    std::uint64_t route_dumps = 0;   ///< complete readings of the routes alone
    std::uint64_t neighbour_requests = 0;  ///< resolutions asked of the kernel
    std::uint64_t neighbour_limited = 0;   ///< not asked, as too soon after the last
};

/// Follows the kernel's links, addresses, routes (tables main and local) and neighbours, IPv4 and
/// IPv6, in the network namespace of its start.
///
/// Theory of operation. One socket subscribes first and then dumps everything, so no change falls
/// in between; KernelTables merges events and dump. on_change is called after the first complete
/// dump, and then after each run of changes. An overrun of the socket (ENOBUFS) loses events: the
/// mirror closes the socket, opens a new one after a pause that grows with each failure (20 ms to 1
/// s), and dumps everything anew; until then the last state stands.
///
/// Out of scope: policy rules (`ip rule`), other tables, VRFs, routes by TOS or by source. The
/// dataplane knows one table, so traffic that ikelb forwards can't use them. A rule that comes or
/// goes calls on_change all the same: ForwardGuards has rules there. Of a multipath route the
/// mirror shows the first living next hop.
///
/// One thread: the io_context's. Handlers hold the mirror weakly: its owner may drop it at any
/// moment, also in on_change, which must not throw.
class Mirror : public std::enable_shared_from_this<Mirror> {
public:
    static posix::Result<std::shared_ptr<Mirror>> start(boost::asio::io_context& io,
                                                        std::function<void()> on_change,
                                                        const MirrorOptions& options = {});

    /// A copy; empty until the first on_change.
    KernelState snapshot() const { return tables_.snapshot(); }
    /// False before the first complete reading, and from an overrun until the next.
    bool is_synchronised() const noexcept { return is_synchronised_; }

    /// Asks the kernel to resolve the address or to confirm a stale entry (ARP or NDP, by the
    /// kernel's timers and retries); a change brings the answer. A permanent or fresh entry, or one
    /// under resolution, stays as it is. False: asked a moment ago.
    posix::Result<bool> request_neighbour(int ifindex, const net::IpAddress& address);
    /// The same without that limit, for addresses from the kernel's routes instead of packets.
    posix::Result<void> confirm_neighbour(int ifindex, const net::IpAddress& address);

    const MirrorCounters& counters() const noexcept { return counters_; }
    /// Why the mirror can't follow the kernel; nullopt while it can.
    const std::optional<std::string>& last_error() const noexcept { return last_error_; }

private:
    using Clock = std::chrono::steady_clock;
    using Error = boost::system::error_code;

    struct DumpStep {
        std::uint16_t type;
        std::uint8_t family;
        std::size_t header_size;
    };
    static const DumpStep full_plan[5];
    static const std::span<const DumpStep> route_plan;

    Mirror(boost::asio::io_context& io, std::function<void()> on_change,
           const MirrorOptions& options, NeighbourRequester neighbours);
    /// A handler that does nothing on an error or once the mirror is gone.
    template <class Then>
    auto while_alive(Then then) {
        return [weak = weak_from_this(), then](const Error& error) {
            if (const auto self = weak.lock(); self && !error) then(*self);
        };
    }
    posix::Result<posix::FileDescriptor> open_socket() const;
    posix::Result<void> connect();
    void wait_for_events();
    void read_events();
    bool receive_some();
    bool handle(std::span<char> datagram);
    bool handle_dump_reply(nlmsghdr* message);
    void handle_event(nlmsghdr* message);

    void begin_dump(std::span<const DumpStep> plan);
    bool ask_next();
    bool finish_dump();
    void plan_route_dump();
    void reconnect_later(std::string why);
    void plan_callback();
    void call_back_when_due();

    KernelTables tables_;
    MirrorCounters counters_;
    NeighbourRequester neighbours_;
    std::optional<std::string> last_error_;
    bool is_synchronised_ = false;
    std::function<void()> on_change_;
    MirrorOptions options_;
    ChangeDebounce debounce_;
    boost::asio::posix::stream_descriptor socket_;
    boost::asio::steady_timer change_timer_, dump_timer_;
    bool change_timer_is_set_ = false, dump_timer_is_set_ = false;

    std::span<const DumpStep> plan_;  ///< the general path of the running dump; empty: none
    std::size_t step_ = 0;            ///< the step that waits for its answer
    bool was_interrupted_ = false;    ///< the kernel's table changed under the dump
    bool routes_are_stale_ = false;
    unsigned interruptions_ = 0, failures_ = 0;
    Clock::time_point dump_began_;
    Clock::duration last_dump_{};
    std::uint32_t port_id_ = 0, sequence_ = 0;
};

/// Reads the kernel's state once. Blocks, up to a second with a million routes; any thread, no
/// privileges.
posix::Result<KernelState> read_kernel_state();

}  // namespace ikelb::netlink
