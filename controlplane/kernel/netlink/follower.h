// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "controlplane/kernel/netlink/change_debounce.h"
#include "controlplane/kernel/netlink/kernel_tables.h"
#include "controlplane/kernel/netlink/mirror.h"
#include "controlplane/kernel/netlink/neighbour_request.h"

namespace ikelb::netlink {

/// The moving part of Mirror: the event socket, the order of the dumps, the timers. Held by
/// a shared_ptr of which handlers have weak copies, so that it may be destroyed at any moment.
class Mirror::Follower : public std::enable_shared_from_this<Follower> {
public:
    Follower(boost::asio::io_context& io, std::function<void()> on_change,
             const MirrorOptions& options, NeighbourRequester neighbours);

    /// Opens the socket and asks for the first dump. Needs the shared_ptr to exist.
    posix::Result<void> connect();

    KernelTables tables_;
    MirrorCounters counters_;
    NeighbourRequester neighbours_;
    std::optional<std::string> last_error_;
    bool is_synchronised_ = false;

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

    posix::Result<posix::FileDescriptor> open_socket() const;
    void wait_for_events();
    void read_events(const Error& error);
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

    std::function<void()> on_change_;
    MirrorOptions options_;
    ChangeDebounce debounce_;
    boost::asio::posix::stream_descriptor socket_;
    boost::asio::steady_timer change_timer_, dump_timer_;
    bool change_timer_is_set_ = false, dump_timer_is_set_ = false;

    std::span<const DumpStep> plan_;       ///< the steps of the dump that runs; empty: none
    std::size_t step_ = 0;                 ///< the one that is being answered
    bool was_interrupted_ = false;         ///< the kernel's table changed under the dump
    bool routes_are_stale_ = false;
    unsigned interruptions_ = 0, failures_ = 0;
    Clock::time_point dump_began_;
    Clock::duration last_dump_{};
    std::uint32_t port_id_ = 0, sequence_ = 0;
};

}  // namespace ikelb::netlink
