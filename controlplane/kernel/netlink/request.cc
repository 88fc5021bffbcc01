// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/netlink/request.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace ikelb::netlink {
namespace {

constexpr int answer_timeout_ms = 2000;

/// The result in an NLMSG_ERROR message; errno 0 is success.
posix::Result<void> read_answer(nlmsghdr* header) {
    nlmsgerr verdict{};
    if (nlmsg_datalen(header) < static_cast<int>(sizeof verdict))
        return posix::Error{EBADMSG, "rtnetlink answered with a truncated message"};
    std::memcpy(&verdict, nlmsg_data(header), sizeof verdict);
    if (verdict.error == 0) return {};
    const int code = -verdict.error;
    std::string message = std::generic_category().message(code);
    // NETLINK_CAP_ACK is set: attributes follow the error without a copy of the request.
    const Attributes<NLMSGERR_ATTR_MAX> attributes{header, sizeof verdict};
    if (attributes.is_valid() && (header->nlmsg_flags & NLM_F_ACK_TLVS) != 0) {
        const auto text = attributes.bytes(NLMSGERR_ATTR_MSG);
        if (!text.empty() && text.back() == 0)
            message += std::string(" (") + reinterpret_cast<const char*>(text.data()) + ")";
    }
    return posix::Error{code, message};
}

}  // namespace

posix::Result<posix::FileDescriptor> open_route_socket() {
    posix::FileDescriptor socket{
        ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)};
    if (!socket.is_open()) return posix::make_error(errno, "opening a netlink socket");
    sockaddr_nl self{};
    self.nl_family = AF_NETLINK;
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&self), sizeof self) != 0)
        return posix::make_error(errno, "binding a netlink socket");
    return socket;
}

posix::Result<Requester> Requester::open() {
    auto socket = open_route_socket();
    if (socket.has_error()) return std::move(socket).error();
    const int on = 1;
    // Both only improve the error text; NETLINK_EXT_ACK without NETLINK_CAP_ACK would put a copy of
    // the request in front.
    if (::setsockopt(socket->get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) == 0)
        (void)::setsockopt(socket->get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    return Requester{*std::move(socket)};
}

posix::Result<void> Requester::execute(Message message) {
    return query(std::move(message), [](nlmsghdr*) {});
}

posix::Result<void> Requester::query(Message message, const std::function<void(nlmsghdr*)>& visit) {
    if (auto sent = send(std::move(message), NLM_F_ACK); sent.has_error()) return sent;
    return receive(visit);
}

posix::Result<void> Requester::dump(Message message, const std::function<void(nlmsghdr*)>& visit) {
    if (auto sent = send(std::move(message), NLM_F_DUMP); sent.has_error()) return sent;
    return receive(visit);
}

posix::Result<void> Requester::send(Message message, unsigned flags) {
    nlmsghdr* header = message.header();
    header->nlmsg_seq = ++sequence_;
    header->nlmsg_flags = static_cast<std::uint16_t>(header->nlmsg_flags | flags);
    if (::send(socket_.get(), header, header->nlmsg_len, 0) < 0)
        return posix::make_error(errno, "sending to rtnetlink");
    return {};
}

posix::Result<void> Requester::receive(const std::function<void(nlmsghdr*)>& visit) {
    alignas(nlmsghdr) std::array<char, 32 * 1024> buffer;
    for (;;) {
        pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
        const int ready = ::poll(&wait, 1, answer_timeout_ms);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return posix::Error{ETIMEDOUT, "rtnetlink did not answer"};
        const ssize_t received = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (received < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (received < 0) return posix::make_error(errno, "receiving from rtnetlink");
        int left = static_cast<int>(received);
        for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(header, left);
             header = nlmsg_next(header, &left)) {
            if (header->nlmsg_seq != sequence_) continue;  // of a request that timed out
            if (header->nlmsg_type == NLMSG_ERROR) return read_answer(header);
            if (header->nlmsg_type == NLMSG_DONE) return {};
            visit(header);
        }
    }
}

}  // namespace ikelb::netlink
