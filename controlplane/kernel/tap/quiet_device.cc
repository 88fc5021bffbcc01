// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/quiet_device.h"

#include <net/if.h>

#include <algorithm>
#include <utility>

#include "config/text/address.h"
#include "controlplane/kernel/tap/device.h"

namespace ikelb::tap {

posix::Result<std::optional<std::string>> lower_device_address_warning(const std::string& name) {
    const auto addresses = device_addresses(name);
    if (addresses.has_error()) return addresses.error();
    if (addresses->empty()) return std::optional<std::string>{};
    std::string list;
    for (const net::IpAddress& address : *addresses)
        list += (list.empty() ? "" : ", ") + text::to_text(address);
    return std::optional{"the device " + name + " below a port has addresses of its own (" + list +
                         "): the kernel answers on it beside ikelb; type ip address flush dev " +
                         name + ", and put them on the logical interface"};
}

posix::Result<QuietDevice> QuietDevice::quiet(const std::string& name) {
    const auto flags = device_flags(name);
    if (flags.has_error()) return flags.error();
    auto warning = lower_device_address_warning(name);
    if (warning.has_error()) return std::move(warning).error();

    QuietDevice device{name};
    device.address_warning_ = *std::move(warning);
    if ((*flags & IFF_NOARP) == 0) {
        if (auto done = change_device_flags(name, IFF_NOARP, 0); done.has_error())
            return std::move(done).error();
        device.restore_arp_ = true;
    }
    const std::string v4 = "net/ipv4/conf/" + name + "/";
    device.settings_.set(v4 + "arp_ignore", "8");
    device.settings_.set(v4 + "drop_unicast_in_l2_multicast", "1");
    const std::string disable_ipv6 = "net/ipv6/conf/" + name + "/disable_ipv6";
    // Without the file the device has no IPv6 that could answer.
    if (!device.address_warning_ && read_sysctl(disable_ipv6).has_value())
        device.settings_.set(disable_ipv6, "1");
    return device;
}

QuietDevice::QuietDevice(QuietDevice&& other) noexcept
    : name_{std::move(other.name_)},
      restore_arp_{std::exchange(other.restore_arp_, false)},
      settings_{std::move(other.settings_)},
      address_warning_{std::move(other.address_warning_)} {}

QuietDevice::~QuietDevice() {
    if (!restore_arp_) return;
    try {
        (void)change_device_flags(name_, 0, IFF_NOARP);
    } catch (...) {  // out of memory in a destructor: the device stays without ARP
    }
}

}  // namespace ikelb::tap
