// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <string>

#include "controlplane/kernel/netlink/request.h"
#include "controlplane/posix/result.h"

namespace ikelb::tap {

/// What the kernel says of one of its devices: whether it is up with carrier, and which frames were
/// lost there.
struct DeviceState {
    bool is_up = false;
    std::uint64_t receive_dropped = 0;
    std::uint64_t receive_missed = 0;  ///< by the hardware, for want of room
    std::uint64_t receive_errors = 0;
    std::uint64_t transmit_dropped = 0;
    std::uint64_t transmit_errors = 0;
};

/// ENODEV: there is no such device.
posix::Result<DeviceState> read_device_state(netlink::Requester& netlink, const std::string& name);

}  // namespace ikelb::tap
