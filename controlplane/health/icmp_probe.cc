// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/health/icmp_probe.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <exception>
#include <utility>

#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

namespace ikelb::health {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

/// The limit per turn keeps a flood of foreign ICMP from holding the control thread.
constexpr int packets_per_turn = 256;
constexpr std::size_t receive_size = 512;  ///< a valid reply has at most 60 + 16 bytes

/// The kernel drops everything but echo replies: loopback would deliver our own requests, and
/// neighbour discovery never ends.
void accept_only_echo_replies(int fd, IpFamily family) noexcept {
    // Without the filter decode_echo_reply() still rejects all else.
    if (family == IpFamily::v4) {
        icmp_filter filter{};
        filter.data = ~(1U << ICMP_ECHOREPLY);
        (void)setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter));
    } else {
        icmp6_filter filter{};
        ICMP6_FILTER_SETBLOCKALL(&filter);
        ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
        (void)setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
    }
}

void stamp_arrivals(int fd) noexcept {
    // Without stamps arrival_time() returns the time of reading.
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
}

/// The packet's arrival on the steady clock. The kernel stamps by the wall clock, so only the time
/// in the socket is taken from the stamp: a step of the wall clock matters only between arrival and
/// reading, and the code notices a backward step.
SteadyTime arrival_time(const msghdr& message) noexcept {
    const SteadyTime now = steady_clock::now();
    for (const cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(const_cast<msghdr*>(&message), const_cast<cmsghdr*>(part))) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
        timespec stamped{};
        timespec wall{};
        std::memcpy(&stamped, CMSG_DATA(part), sizeof(stamped));
        if (clock_gettime(CLOCK_REALTIME, &wall) != 0) return now;
        const nanoseconds lay = std::chrono::seconds{wall.tv_sec - stamped.tv_sec} +
                                nanoseconds{wall.tv_nsec - stamped.tv_nsec};
        return lay > nanoseconds::zero() ? now - lay : now;
    }
    return now;
}

/// A reply's zone is its input interface, the configured zone is a name for the same: compare
/// addresses without zones.
asio::ip::address without_zone(const asio::ip::address& address) {
    if (!address.is_v6()) return address;
    return asio::ip::address_v6{address.to_v6().to_bytes()};
}

}  // namespace

boost::system::result<std::unique_ptr<IcmpProbe>, ProbeError> IcmpProbe::open(
    asio::any_io_executor executor, IpFamily family, std::optional<asio::ip::address> source) {
    try {
        asio::ip::icmp::socket socket{executor};
        error_code error;
        const auto protocol = family == IpFamily::v4 ? asio::ip::icmp::v4() : asio::ip::icmp::v6();
        if (socket.open(protocol, error))
            return ProbeError{
                fmt::format("can't open a raw {} socket for health checks: {}{}",
                            family == IpFamily::v4 ? "ICMP" : "ICMPv6", error.message(),
                            error == asio::error::access_denied || error.value() == EPERM
                                ? "; ikelbd needs CAP_NET_RAW"
                                : "")};
        if (source && socket.bind({*source, 0}, error))
            return ProbeError{fmt::format("can't send health checks from {}: {}",
                                          source->to_string(), error.message())};
        if (socket.non_blocking(true, error))
            return ProbeError{"can't make the health check socket non-blocking: " +
                              error.message()};
        accept_only_echo_replies(socket.native_handle(), family);
        stamp_arrivals(socket.native_handle());

        std::unique_ptr<IcmpProbe> probe{new IcmpProbe{std::move(socket), family}};
        probe->receive_when_readable();
        return probe;
    } catch (const std::exception& failure) {
        return ProbeError{fmt::format("can't set up health checks: {}", failure.what())};
    }
}

IcmpProbe::IcmpProbe(asio::ip::icmp::socket socket, IpFamily family)
    : socket_{std::move(socket)},
      family_{family},
      random_{(static_cast<std::uint64_t>(std::random_device{}()) << 32) ^ std::random_device{}()},
      id_{static_cast<std::uint16_t>(random_())},
      self_{std::make_shared<IcmpProbe*>(this)} {}

IcmpProbe::~IcmpProbe() {
    *self_ = nullptr;
}

void IcmpProbe::probe(const asio::ip::address& address, std::chrono::milliseconds timeout,
                      Done done) {
    if (address.is_v4() != (family_ == IpFamily::v4))
        return fail_later(std::move(done), "address of the other family");
    const auto sequence = free_sequence();
    if (!sequence) return fail_later(std::move(done), "too many requests wait for an answer");

    const IcmpEcho echo{.id = id_, .sequence = *sequence, .token = random_()};
    const IcmpEchoBytes bytes = encode_echo_request(family_, echo);
    const SteadyTime sent_at = steady_clock::now();
    error_code error;
    socket_.send_to(asio::buffer(bytes), {address, 0}, 0, error);
    if (error) return fail_later(std::move(done), error.message());

    asio::steady_timer timer{socket_.get_executor(), sent_at + timeout};
    auto& waiting = waiting_
                        .emplace(*sequence, Waiting{without_zone(address), echo.token, sent_at,
                                                    timeout, std::move(timer), std::move(done)})
                        .first->second;
    waiting.timer.async_wait(
        [self = self_, sequence = *sequence, token = echo.token](const error_code& cancelled) {
            if (!cancelled && *self != nullptr) (*self)->expire(sequence, token);
        });
}

void IcmpProbe::fail_later(Done done, std::string error) {
    asio::post(socket_.get_executor(),
               [self = self_, done = std::move(done), error = std::move(error)] {
                   if (*self != nullptr) done(ProbeResult{std::nullopt, error});
               });
}

std::optional<std::uint16_t> IcmpProbe::free_sequence() noexcept {
    if (waiting_.size() > 0xffff) return std::nullopt;
    while (waiting_.contains(next_sequence_)) ++next_sequence_;
    return next_sequence_++;
}

void IcmpProbe::receive_when_readable() {
    socket_.async_wait(asio::ip::icmp::socket::wait_read, [self = self_](const error_code& error) {
        if (error || *self == nullptr) return;
        (*self)->drain();
        if (*self != nullptr) (*self)->receive_when_readable();
    });
}

void IcmpProbe::drain() {
    const auto self = self_;  // a Done may destroy the prober
    for (int i = 0; i < packets_per_turn && *self != nullptr; ++i) {
        std::array<std::uint8_t, receive_size> data;
        alignas(cmsghdr) std::array<std::uint8_t, 128> control;
        asio::ip::icmp::endpoint from;
        iovec part{data.data(), data.size()};
        msghdr message{};
        message.msg_name = from.data();
        message.msg_namelen = static_cast<socklen_t>(from.capacity());
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t size = recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (size < 0) continue;  // EINTR or an earlier request's error; its time-out reports it
        take(data.data(), static_cast<std::size_t>(size), without_zone(from.address()),
             arrival_time(message));
    }
}

void IcmpProbe::take(const std::uint8_t* data, std::size_t size, const asio::ip::address& from,
                     SteadyTime received_at) {
    const auto echo = decode_echo_reply(family_, {data, size});
    const auto found = echo && echo->id == id_ ? waiting_.find(echo->sequence) : waiting_.end();
    if (found == waiting_.end() || found->second.token != echo->token ||
        found->second.address != from) {
        ++ignored_;
        return;
    }
    const auto rtt = std::max(received_at - found->second.sent_at, nanoseconds::zero());
    if (rtt > found->second.timeout) {  // late; its timer reports it
        ++ignored_;
        return;
    }
    const Done done = std::move(found->second.done);
    waiting_.erase(found);
    done(ProbeResult{std::chrono::duration_cast<microseconds>(rtt), {}});
}

void IcmpProbe::expire(std::uint16_t sequence, std::uint64_t token) {
    const auto self = self_;
    // The reply may have come in time and lie in the socket, while this thread was busy.
    drain();
    if (*self == nullptr) return;
    const auto found = waiting_.find(sequence);
    if (found == waiting_.end() || found->second.token != token) return;
    const Done done = std::move(found->second.done);
    waiting_.erase(found);
    done(ProbeResult{});
}

}  // namespace ikelb::health
