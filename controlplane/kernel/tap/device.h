// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/kernel/netlink/request.h"
#include "controlplane/posix/result.h"
#include "dataplane/net/address.h"

namespace ikelb::tap {

/// Simple set-up calls on one kernel network device (ioctl), in the calling thread's network
/// namespace. Each reports a missing device by name.

/// Whether the kernel takes the name and its sysctl folder is its own: 1..15 characters, no '/',
/// ':', '%' or blank, not ".", "..", "all" or "default".
bool is_device_name(std::string_view name) noexcept;

posix::Result<int> device_index(const std::string& name);
posix::Result<void> set_device_mac(const std::string& name, const net::MacAddress& mac);
posix::Result<void> set_device_mtu(const std::string& name, std::uint32_t mtu);

/// IFF_* flags, from <net/if.h>.
posix::Result<unsigned> device_flags(const std::string& name);
/// Sets the flags in `set` and clears those in `clear`; leaves the others.
posix::Result<void> change_device_flags(const std::string& name, unsigned set, unsigned clear);

/// The device's addresses in both families, without IPv6 link-local ones (every device has one).
posix::Result<std::vector<net::IpAddress>> device_addresses(const std::string& name);

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
