// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <set>
#include <vector>

namespace ikelb::tap {

struct SocketLosses {
    std::uint64_t full = 0;              ///< frames received with no room for them
    std::uint64_t transmit_refused = 0;  ///< frames that the kernel refused to send
    std::uint64_t buffers_refused = 0;   ///< refused receive buffers, each lost for good
};

/// The sockets of drivers on kernel devices (net_af_xdp, net_af_packet). Only the kernel knows of
/// their overflows, and the drivers do not ask. The drivers hide the sockets: a port's are those
/// that appear while it is opened. One thread.
class DriverSockets {
public:
    DriverSockets();

    /// Call it after each port, in order.
    void port_opened();
    void read();
    /// Since the start; `port`: position in the order of opening.
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
