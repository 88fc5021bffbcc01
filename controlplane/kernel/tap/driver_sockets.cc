// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/driver_sockets.h"

#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <sys/socket.h>

#include <charconv>
#include <filesystem>
#include <string>
#include <utility>

namespace ikelb::tap {
namespace {

template <class Value>
bool ask(int socket, int level, int option, Value& value) {
    socklen_t size = sizeof value;
    return getsockopt(socket, level, option, &value, &size) == 0;
}

/// {descriptor, family} of this process's sockets of the drivers' families.
std::vector<std::pair<int, int>> driver_sockets() {
    std::vector<std::pair<int, int>> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd", error}) {
        const std::string name = entry.path().filename().string();
        int fd = -1, family = 0;
        std::from_chars(name.data(), name.data() + name.size(), fd);
        if (ask(fd, SOL_SOCKET, SO_DOMAIN, family) && (family == AF_XDP || family == AF_PACKET))
            found.emplace_back(fd, family);
    }
    return found;
}

/// Counts since the opening of the socket.
SocketLosses losses_of_xdp(int socket) {
    xdp_statistics counted{};
    ask(socket, SOL_XDP, XDP_STATISTICS, counted);
    return {.full = counted.rx_ring_full,
            .transmit_refused = counted.tx_invalid_descs,
            .buffers_refused = counted.rx_invalid_descs};
}

}  // namespace

DriverSockets::DriverSockets() {
    for (const auto& [fd, family] : driver_sockets()) known_.insert(fd);
}

void DriverSockets::port_opened() {
    std::vector<Socket>& port = ports_.emplace_back();
    for (const auto& [fd, family] : driver_sockets())
        if (known_.insert(fd).second) port.push_back({.fd = fd, .family = family, .losses = {}});
}

void DriverSockets::read() {
    for (std::vector<Socket>& port : ports_) {
        for (Socket& socket : port) {
            tpacket_stats counted{};
            if (socket.family == AF_XDP)
                socket.losses = losses_of_xdp(socket.fd);
            else if (ask(socket.fd, SOL_PACKET, PACKET_STATISTICS, counted))
                socket.losses.full += counted.tp_drops;  // the kernel's count restarts at each read
        }
    }
}

SocketLosses DriverSockets::losses(std::size_t port) const {
    SocketLosses sum;
    for (const Socket& socket : ports_.at(port)) {
        sum.full += socket.losses.full;
        sum.transmit_refused += socket.losses.transmit_refused;
        sum.buffers_refused += socket.losses.buffers_refused;
    }
    return sum;
}

}  // namespace ikelb::tap
