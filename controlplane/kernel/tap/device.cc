// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/device.h"

#include <ifaddrs.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

#include "controlplane/posix/file_descriptor.h"

namespace ikelb::tap {
namespace {

/// One SIOC* request on the device; `request` gets the answer.
posix::Result<void> device_ioctl(const std::string& name, unsigned long number, ifreq& request,
                                 const std::string& what) {
    if (!is_device_name(name))
        return posix::Error{EINVAL, "'" + name + "' can't be a network device's name"};
    const posix::FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (!socket.is_open()) return posix::make_error(errno, "socket for " + name);
    name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    if (::ioctl(socket.get(), number, &request) == 0) return {};
    if (errno == ENODEV)
        return posix::Error{ENODEV, "there is no network device '" + name +
                                        "' in this network namespace (see: ip link)"};
    if (errno == EPERM)
        return posix::Error{EPERM, what + " of " + name +
                                       " needs CAP_NET_ADMIN: run as root or give the service "
                                       "AmbientCapabilities=CAP_NET_ADMIN"};
    return posix::make_error(errno, what + " of " + name);
}

}  // namespace

bool is_device_name(std::string_view name) noexcept {
    if (name.empty() || name.size() >= IFNAMSIZ) return false;
    if (name == "." || name == ".." || name == "all" || name == "default") return false;
    return std::none_of(name.begin(), name.end(), [](char c) {
        return c == '/' || c == ':' || c == '%' || c <= ' ' || c == 0x7f;
    });
}

posix::Result<int> device_index(const std::string& name) {
    ifreq request{};
    if (auto done = device_ioctl(name, SIOCGIFINDEX, request, "the index"); done.has_error())
        return std::move(done).error();
    return static_cast<int>(request.ifr_ifindex);
}

posix::Result<void> set_device_mac(const std::string& name, const net::MacAddress& mac) {
    ifreq request{};
    request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    std::memcpy(request.ifr_hwaddr.sa_data, mac.bytes.data(), mac.bytes.size());
    return device_ioctl(name, SIOCSIFHWADDR, request, "setting the MAC address");
}

posix::Result<void> set_device_mtu(const std::string& name, std::uint32_t mtu) {
    ifreq request{};
    request.ifr_mtu = static_cast<int>(mtu);
    return device_ioctl(name, SIOCSIFMTU, request, "setting MTU " + std::to_string(mtu));
}

posix::Result<unsigned> device_flags(const std::string& name) {
    ifreq request{};
    if (auto done = device_ioctl(name, SIOCGIFFLAGS, request, "reading the flags");
        done.has_error())
        return std::move(done).error();
    return static_cast<unsigned>(static_cast<unsigned short>(request.ifr_flags));
}

posix::Result<void> change_device_flags(const std::string& name, unsigned set, unsigned clear) {
    const auto before = device_flags(name);
    if (before.has_error()) return before.error();
    const unsigned after = (*before | set) & ~clear;
    if (after == *before) return {};
    ifreq request{};
    request.ifr_flags = static_cast<short>(after);
    return device_ioctl(name, SIOCSIFFLAGS, request, "changing the flags");
}

posix::Result<std::vector<net::IpAddress>> device_addresses(const std::string& name) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0)
        return posix::make_error(errno, "listing the addresses of " + name);
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner{list, &::freeifaddrs};
    std::vector<net::IpAddress> addresses;
    for (const ifaddrs* item = list; item != nullptr; item = item->ifa_next) {
        if (item->ifa_addr == nullptr || name != item->ifa_name) continue;
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(item->ifa_addr);
        const bool is_v4 = item->ifa_addr->sa_family == AF_INET;
        const auto address = netlink::address_from_wire(
            item->ifa_addr->sa_family,
            is_v4 ? std::span{bytes + offsetof(sockaddr_in, sin_addr), 4}
                  : std::span{bytes + offsetof(sockaddr_in6, sin6_addr), 16});
        if (address && !address->is_ipv6_link_local()) addresses.push_back(*address);
    }
    return addresses;
}

posix::Result<DeviceState> read_device_state(netlink::Requester& netlink, const std::string& name) {
    const auto index = device_index(name);
    if (index.has_error()) return index.error();
    ifinfomsg question{};
    question.ifi_index = *index;
    DeviceState state;
    const auto asked =
        netlink.query(netlink::Message{RTM_GETLINK, 0, question}, [&](nlmsghdr* message) {
            const auto* header = static_cast<const ifinfomsg*>(nlmsg_data(message));
            constexpr unsigned working = IFF_UP | IFF_RUNNING;
            state.is_up = (header->ifi_flags & working) == working;
            const netlink::Attributes<IFLA_MAX> attributes{message, sizeof *header};
            const auto bytes = attributes.bytes(IFLA_STATS64);
            rtnl_link_stats64 counted{};
            std::memcpy(&counted, bytes.data(), std::min(bytes.size(), sizeof counted));
            state.receive_dropped = counted.rx_dropped;
            state.receive_missed = counted.rx_missed_errors;
            state.receive_errors = counted.rx_errors;
            state.transmit_dropped = counted.tx_dropped;
            state.transmit_errors = counted.tx_errors;
        });
    if (asked.has_error()) return asked.error();
    return state;
}

}  // namespace ikelb::tap
