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

/// Set-up calls on one kernel network device (ioctl), in the calling thread's network namespace.
/// Each reports a missing device by name.

/// Whether the kernel takes the name and has no other use for its sysctl folder: 1..15 characters,
/// no '/', ':', '%' or blank, not ".", "..", "all" or "default".
bool is_device_name(std::string_view name) noexcept;

posix::Result<int> device_index(const std::string& name);
posix::Result<void> set_device_mac(const std::string& name, const net::MacAddress& mac);
posix::Result<void> set_device_mtu(const std::string& name, std::uint32_t mtu);

/// IFF_* flags, from <net/if.h>.
posix::Result<unsigned> device_flags(const std::string& name);
/// Sets the flags in `set` and clears the flags in `clear`; leaves the others.
posix::Result<void> change_device_flags(const std::string& name, unsigned set, unsigned clear);

/// The device's addresses in both families, without IPv6 link-local ones (every device has one).
posix::Result<std::vector<net::IpAddress>> device_addresses(const std::string& name);

/// A kernel device's link state and its lost frames.
struct DeviceState {
    bool is_up = false;
    std::uint64_t receive_dropped = 0;
    std::uint64_t receive_missed = 0;  ///< by the hardware, without room
    std::uint64_t receive_errors = 0;
    std::uint64_t transmit_dropped = 0;
    std::uint64_t transmit_errors = 0;
};

/// ENODEV: no such device.
posix::Result<DeviceState> read_device_state(netlink::Requester& netlink, const std::string& name);

}  // namespace ikelb::tap
