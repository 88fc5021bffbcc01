// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/netlink/mirror.h"

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "controlplane/kernel/netlink/message.h"

namespace ikelb::netlink {
namespace {

using namespace std::chrono_literals;

/// After so many datagrams other handlers of the thread run.
constexpr int datagrams_per_turn = 64;
/// The kernel marks a dump as inconsistent: so often the mirror repeats it, then takes it as it is;
/// the next dump brings the rest.
constexpr unsigned interruptions_limit = 5;
constexpr auto shortest_pause = 10ms;
constexpr auto longest_pause = 1000ms;

/// A dump takes at most a fifth of the thread's time, however fast the routes change.
constexpr int pause_per_dump = 4;

void subscribe(int socket, int group) noexcept {
    // A kernel without a group (RTNLGRP_NEXTHOP came in 5.3) has no events for it either.
    (void)::setsockopt(socket, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group);
}

std::uint8_t family_in(nlmsghdr* message) noexcept {
    // The first byte of every rtnetlink family header.
    return nlmsg_datalen(message) > 0 ? *static_cast<std::uint8_t*>(nlmsg_data(message))
                                      : std::uint8_t{AF_UNSPEC};
}

bool is_about_rule(const nlmsghdr* message) noexcept {
    return message->nlmsg_type == RTM_NEWRULE || message->nlmsg_type == RTM_DELRULE;
}

/// 0, or the kernel's errno for a dump.
int dump_error(nlmsghdr* message) noexcept {
    if (nlmsg_datalen(message) < static_cast<int>(sizeof(int))) return 0;
    return -net::load<int>(static_cast<const std::uint8_t*>(nlmsg_data(message)));
}

}  // namespace

const Mirror::DumpStep Mirror::full_plan[5] = {
    {.type = RTM_GETLINK, .family = AF_UNSPEC, .header_size = sizeof(ifinfomsg)},
    {.type = RTM_GETADDR, .family = AF_UNSPEC, .header_size = sizeof(ifaddrmsg)},
    {.type = RTM_GETNEIGH, .family = AF_UNSPEC, .header_size = sizeof(ndmsg)},
    {.type = RTM_GETROUTE, .family = AF_INET, .header_size = sizeof(rtmsg)},
    {.type = RTM_GETROUTE, .family = AF_INET6, .header_size = sizeof(rtmsg)},
};
const std::span<const Mirror::DumpStep> Mirror::route_plan = std::span{full_plan}.subspan(3);

Mirror::Mirror(boost::asio::io_context& io, std::function<void()> on_change,
               const MirrorOptions& options, NeighbourRequester neighbours)
    : neighbours_{std::move(neighbours)},
      on_change_{std::move(on_change)},
      options_{options},
      debounce_{options.quiet, options.limit},
      socket_{io},
      change_timer_{io},
      dump_timer_{io} {}

posix::Result<std::shared_ptr<Mirror>> Mirror::start(boost::asio::io_context& io,
                                                     std::function<void()> on_change,
                                                     const MirrorOptions& options) {
    auto neighbours =
        NeighbourRequester::open(options.neighbour_interval, options.neighbour_capacity);
    if (neighbours.has_error()) return std::move(neighbours).error();
    std::shared_ptr<Mirror> mirror{
        new Mirror{io, std::move(on_change), options, *std::move(neighbours)}};
    if (auto done = mirror->connect(); done.has_error()) return std::move(done).error();
    return mirror;
}

posix::Result<bool> Mirror::request_neighbour(int ifindex, const net::IpAddress& address) {
    auto asked = neighbours_.request(ifindex, address);
    if (asked.has_value()) ++(*asked ? counters_.neighbour_requests : counters_.neighbour_limited);
    return asked;
}

posix::Result<void> Mirror::confirm_neighbour(int ifindex, const net::IpAddress& address) {
    auto asked = neighbours_.confirm(ifindex, address);
    if (asked.has_value()) ++counters_.neighbour_requests;
    return asked;
}

posix::Result<posix::FileDescriptor> Mirror::open_socket() const {
    auto socket = open_route_socket();
    if (socket.has_error()) return socket;
    // FORCE passes net.core.rmem_max, with CAP_NET_ADMIN.
    const int size = options_.receive_buffer;
    if (::setsockopt(socket->get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        (void)::setsockopt(socket->get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    for (const int group :
         {RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
          RTNLGRP_IPV6_ROUTE, RTNLGRP_NEXTHOP, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE})
        subscribe(socket->get(), group);
    return socket;
}

posix::Result<void> Mirror::connect() {
    auto socket = open_socket();
    if (socket.has_error()) return std::move(socket).error();
    sockaddr_nl self{};
    socklen_t length = sizeof self;
    if (::getsockname(socket->get(), reinterpret_cast<sockaddr*>(&self), &length) != 0)
        return posix::make_error(errno, "reading the netlink socket's address");
    port_id_ = self.nl_pid;
    Error error;
    socket_.assign(socket->get(), error);
    if (error)
        return posix::Error{error.value(), "watching the netlink socket: " + error.message()};
    socket->release();
    begin_dump(full_plan);
    return {};
}

void Mirror::wait_for_events() {
    socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       while_alive([](Mirror& self) { self.read_events(); }));
}

void Mirror::read_events() {
    if (!socket_.is_open()) return;
    for (int i = 0; i < datagrams_per_turn; ++i)
        if (!receive_some()) break;
    plan_callback();
    if (socket_.is_open()) wait_for_events();
}

/// Reads a datagram; false when there is none or the socket was given up.
bool Mirror::receive_some() {
    alignas(nlmsghdr) std::array<char, 64 * 1024> buffer;
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    const ssize_t size = ::recvfrom(socket_.native_handle(), buffer.data(), buffer.size(),
                                    MSG_TRUNC, reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (size < 0) {
        if (errno == EINTR) return true;
        if (errno == EAGAIN) return false;
        if (errno == ENOBUFS) ++counters_.overruns;
        reconnect_later(errno == ENOBUFS
                            ? "the kernel's events came faster than they were read"
                            : posix::make_error(errno, "reading netlink events").message);
        return false;
    }
    if (static_cast<std::size_t>(size) > buffer.size()) {
        reconnect_later("a netlink message was larger than " + std::to_string(buffer.size()));
        return false;
    }
    if (sender.nl_pid != 0) return true;  // any process may write to it; only 0 is the kernel
    return handle(std::span{buffer}.first(static_cast<std::size_t>(size)));
}

bool Mirror::handle(std::span<char> datagram) {
    int left = static_cast<int>(datagram.size());
    for (auto* message = reinterpret_cast<nlmsghdr*>(datagram.data()); nlmsg_ok(message, left);
         message = nlmsg_next(message, &left)) {
        const bool is_reply =
            !plan_.empty() && message->nlmsg_pid == port_id_ && message->nlmsg_seq == sequence_;
        if (!is_reply)
            handle_event(message);
        else if (!handle_dump_reply(message))
            return false;
    }
    return true;
}

void Mirror::handle_event(nlmsghdr* message) {
    ++counters_.events;
    const auto effect = tables_.apply_event(message);
    if (effect.changed || is_about_rule(message)) debounce_.note_change(Clock::now());
    if (!effect.routes_are_stale) return;
    routes_are_stale_ = true;
    plan_route_dump();
}

bool Mirror::handle_dump_reply(nlmsghdr* message) {
    if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) was_interrupted_ = true;
    if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
        const int code = dump_error(message);
        if (code != 0) {
            reconnect_later(posix::make_error(code, "reading the kernel's tables").message);
            return false;
        }
        ++step_;
        return step_ < plan_.size() ? ask_next() : finish_dump();
    }
    // For a family that it doesn't have, the kernel dumps all others.
    const std::uint8_t family = plan_[step_].family;
    if (family == AF_UNSPEC || family == family_in(message)) tables_.apply_dump(message);
    return true;
}

void Mirror::begin_dump(std::span<const DumpStep> plan) {
    const bool is_full = plan.size() == std::size(full_plan);
    is_full ? tables_.begin_full_dump() : tables_.begin_route_dump();
    plan_ = plan;
    step_ = 0;
    was_interrupted_ = routes_are_stale_ = false;
    dump_began_ = Clock::now();
    if (ask_next() && is_full) wait_for_events();
}

bool Mirror::ask_next() {
    const auto [type, family, header_size] = plan_[step_];
    ifinfomsg header{};  // the largest header; each begins with the family, and the rest is zero
    header.ifi_family = family;
    Message message{type, NLM_F_DUMP, &header, header_size};
    message.header()->nlmsg_seq = ++sequence_;
    const auto size = message.header()->nlmsg_len;
    if (::send(socket_.native_handle(), message.header(), size, 0) >= 0) return true;
    reconnect_later(posix::make_error(errno, "asking for the kernel's tables").message);
    return false;
}

/// Ends the last step of a dump. False only when the socket was given up.
bool Mirror::finish_dump() {
    const bool is_full = plan_.size() == std::size(full_plan);
    if (was_interrupted_ && ++interruptions_ < interruptions_limit) {
        is_full ? tables_.begin_full_dump() : tables_.begin_route_dump();
        step_ = 0;
        was_interrupted_ = false;
        return ask_next();
    }
    const bool changed = tables_.finish_dump();
    const bool is_first = counters_.full_dumps == 0;
    ++(is_full ? counters_.full_dumps : counters_.route_dumps);
    if (changed || is_first) debounce_.note_change(Clock::now());
    plan_ = {};
    routes_are_stale_ = routes_are_stale_ || was_interrupted_;
    interruptions_ = failures_ = 0;
    last_dump_ = Clock::now() - dump_began_;
    last_error_.reset();
    is_synchronised_ = true;
    if (routes_are_stale_) plan_route_dump();
    return true;
}

void Mirror::plan_route_dump() {
    if (!plan_.empty() || dump_timer_is_set_ || !socket_.is_open()) return;
    dump_timer_is_set_ = true;
    dump_timer_.expires_after(
        std::clamp<Clock::duration>(pause_per_dump * last_dump_, shortest_pause, longest_pause));
    dump_timer_.async_wait(while_alive([](Mirror& self) {
        // The socket was given up after the timer ran out; now the reconnection uses the timer.
        if (!self.socket_.is_open()) return;
        self.dump_timer_is_set_ = false;
        self.begin_dump(route_plan);
    }));
}

void Mirror::reconnect_later(std::string why) {
    Error ignored;
    socket_.close(ignored);
    plan_ = {};
    is_synchronised_ = false;
    last_error_ = std::move(why);
    const auto growing = 2 * shortest_pause * (1 << std::min(failures_, 6U));
    const auto pause = std::min<Clock::duration>(growing, longest_pause);
    ++failures_;
    dump_timer_is_set_ = true;  // replaces a planned route dump
    dump_timer_.expires_after(pause);
    dump_timer_.async_wait(while_alive([](Mirror& self) {
        self.dump_timer_is_set_ = false;
        if (auto done = self.connect(); done.has_error())
            self.reconnect_later(std::move(done).error().message);
    }));
}

void Mirror::plan_callback() {
    const auto due = debounce_.due();
    if (!due || change_timer_is_set_ || counters_.full_dumps == 0) return;
    change_timer_is_set_ = true;
    change_timer_.expires_at(*due);
    change_timer_.async_wait(while_alive([](Mirror& self) {
        self.change_timer_is_set_ = false;
        self.call_back_when_due();
    }));
}

void Mirror::call_back_when_due() {
    const auto due = debounce_.due();
    if (!due) return;
    if (Clock::now() < *due) {
        plan_callback();  // more changes came since the timer was set
        return;
    }
    debounce_.told();
    on_change_();
}

posix::Result<KernelState> read_kernel_state() {
    auto netlink = Requester::open();
    if (netlink.has_error()) return std::move(netlink).error();
    KernelTables tables;
    tables.begin_full_dump();
    // The header of each request begins with the family; the rest is zero.
    for (const std::uint16_t type : {RTM_GETLINK, RTM_GETADDR, RTM_GETNEIGH, RTM_GETROUTE}) {
        const auto done = netlink->dump({type, 0, rtmsg{}},
                                        [&](nlmsghdr* message) { tables.apply_dump(message); });
        if (done.has_error()) return done.error();
    }
    tables.finish_dump();
    return tables.snapshot();
}

}  // namespace ikelb::netlink
