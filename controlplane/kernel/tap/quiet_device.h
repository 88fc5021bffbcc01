// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controlplane/kernel/tap/sysctl.h"
#include "controlplane/posix/result.h"

namespace ikelb::tap {

/// Silences the kernel on the device below a port whose driver leaves the device to the kernel
/// (net_af_packet, net_af_xdp): the kernel sees each frame as well and must answer none. ARP is off
/// (IFF_NOARP, and arp_ignore=8 should somebody turn it on again), IPv6 is off, and an IP packet
/// for a host's address in a broadcast frame is not delivered. The kernel ignores frames to the
/// port's MAC address, as it differs from the device's. The destructor undoes all. Move-only; one
/// thread.
class QuietDevice {
public:
    static posix::Result<QuietDevice> quiet(const std::string& name);

    QuietDevice(QuietDevice&& other) noexcept;
    QuietDevice& operator=(QuietDevice&&) = delete;
    ~QuietDevice();

    /// Set if the device holds an IP address: the kernel would answer traffic, and the operator's
    /// own connections over the device may just have been cut. The caller decides; the destructor
    /// undoes everything. IPv6 then stays on, for turning it off deletes addresses.
    const std::optional<std::string>& address_warning() const noexcept { return address_warning_; }
    /// Failed settings, one sentence each.
    const std::vector<std::string>& warnings() const noexcept { return settings_.warnings(); }

private:
    explicit QuietDevice(std::string name) : name_{std::move(name)} {}

    std::string name_;
    bool restore_arp_ = false;
    SysctlScope settings_;
    std::optional<std::string> address_warning_;
};

/// The sentence of QuietDevice::address_warning() without a change of the device; nullopt when it
/// has no address besides IPv6 link-local ones.
posix::Result<std::optional<std::string>> lower_device_address_warning(const std::string& name);

}  // namespace ikelb::tap
