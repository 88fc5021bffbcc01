// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <set>
#include <vector>

namespace ikelb::tap {

/// What the kernel could not pass on at the sockets of one port.
struct SocketLosses {
    std::uint64_t full = 0;              ///< frames received with no room for them
    std::uint64_t transmit_refused = 0;  ///< frames it would not send
    std::uint64_t buffers_refused = 0;   ///< receive buffers it would not fill, each lost for good
};

/// The sockets that the drivers of kernel devices (net_af_xdp, net_af_packet) receive and send by.
/// Where they overflow, only the kernel knows, and the drivers do not ask. They keep the sockets to
/// themselves as well, so a port's are those that came to be while it was opened.
/// Threads: one.
class DriverSockets {
public:
    DriverSockets();

    /// After each port, in their order.
    void port_opened();
    /// Asks the kernel for what happened since.
    void read();
    /// Since the start; `port` by the order in which they were opened.
    SocketLosses losses(std::size_t port) const;

private:
    struct Socket {
        int fd = -1;
        int family = 0;
        SocketLosses losses;
    };

    std::set<int> known_;
    std::vector<std::vector<Socket>> ports_;
};

}  // namespace ikelb::tap
