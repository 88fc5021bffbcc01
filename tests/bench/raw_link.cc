// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/raw_link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace ikelb::bench {

namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

/// The calling thread is in that namespace as long as this lives.
class InNamespace {
public:
    explicit InNamespace(const std::string& name)
        : home_{open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)} {
        const std::string path = "/run/netns/" + name;
        const int there = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (home_ < 0 || there < 0) fail(path);
        const int result = setns(there, CLONE_NEWNET);
        close(there);
        if (result != 0) fail("setns " + path);
    }
    ~InNamespace() {
        [[maybe_unused]] const int result = setns(home_, CLONE_NEWNET);
        close(home_);
    }
    InNamespace(const InNamespace&) = delete;
    InNamespace& operator=(const InNamespace&) = delete;

private:
    int home_;
};

}  // namespace

RawLink::RawLink(const LinkOptions& options) {
    const InNamespace inside{options.netns};
    const unsigned index = if_nametoindex(options.device.c_str());
    if (index == 0) fail(options.netns + ": no device " + options.device);
    socket_ = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_ < 0) fail("packet socket");
    const int on = 1, room = 4 << 20;
    if (setsockopt(socket_, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) != 0 ||
        setsockopt(socket_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0 ||
        setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
        fail("packet socket options");
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    // Of all protocols: such a socket sees a frame before an ingress hook can drop it.
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(index);
    if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        fail("bind to " + options.device);
}

RawLink::~RawLink() { close(socket_); }

std::size_t RawLink::send(std::span<const Bytes* const> frames) {
    constexpr std::size_t most = 64;
    std::array<mmsghdr, most> messages{};
    std::array<iovec, most> parts;
    const std::size_t count = std::min(frames.size(), most);
    for (std::size_t i = 0; i < count; ++i) {
        parts[i] = {.iov_base = const_cast<std::uint8_t*>(frames[i]->data()),
                    .iov_len = frames[i]->size()};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent = sendmmsg(socket_, messages.data(), static_cast<unsigned>(count), 0);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

void RawLink::receive(const Handler& handle) {
    std::array<std::uint8_t, 2048> frame;
    for (;;) {
        const ssize_t length = recv(socket_, frame.data(), frame.size(), MSG_DONTWAIT);
        if (length <= 0) return;
        handle({frame.data(), static_cast<std::size_t>(length)});
    }
}

bool RawLink::wait(int milliseconds) const {
    pollfd event{.fd = socket_, .events = POLLIN, .revents = 0};
    return poll(&event, 1, milliseconds) > 0;
}

}  // namespace ikelb::bench
