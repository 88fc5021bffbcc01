// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <array>
#include <utility>

#include "config/text/address.h"
#include "controlplane/kernel/tap/device.h"
#include "controlplane/kernel/tap/sysctl.h"

namespace ikelb::tap {
namespace {

/// Below this MTU a device has no IPv6 and no settings for it (RFC 8200, 5).
constexpr std::uint32_t ipv6_minimum_mtu = 1280;

void count(std::atomic<std::uint64_t>& counter) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

posix::Error open_error(int code) {
    const std::string text = std::generic_category().message(code);
    if (code == ENOENT || code == ENODEV || code == ENXIO)
        return {code, "/dev/net/tun is missing (" + text +
                          "): type modprobe tun, or start the container with "
                          "--device /dev/net/tun"};
    if (code == EACCES || code == EPERM)
        return {code, "/dev/net/tun can't be opened (" + text +
                          "): run as root, or allow the device (systemd: DeviceAllow=/dev/net/tun "
                          "rw)"};
    return {code, "/dev/net/tun can't be opened: " + text};
}

posix::Error create_error(int code, const std::string& name) {
    if (code == EPERM)
        return {code, "the TAP device " + name +
                          " needs CAP_NET_ADMIN: run as root, give the service "
                          "AmbientCapabilities=CAP_NET_ADMIN, or the container "
                          "--cap-add NET_ADMIN"};
    if (code == EBUSY || code == EEXIST)
        return {code, "there is a network device '" + name +
                          "' already: stop the other ikelbd, choose another interface name, or "
                          "type ip link delete dev " +
                          name};
    return posix::make_error(code, "creating the TAP device " + name);
}

posix::Result<posix::FileDescriptor> open_tap(const std::string& name) {
    if (!is_device_name(name))
        return posix::Error{EINVAL, "'" + name +
                                        "' can't be a network device's name: 1 to 15 characters "
                                        "without blank, '/', ':' and '%'"};
    posix::FileDescriptor fd{::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)};
    if (!fd.is_open()) return open_error(errno);
    ifreq request{};
    name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    // IFF_TUN_EXCL: without it the kernel returns a persistent TAP of the same name, with its
    // owner's settings. No IFF_VNET_HDR: the kernel can't ask for offloads.
    constexpr unsigned flags = IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL;
    request.ifr_flags = static_cast<short>(flags);
    if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) return create_error(errno, name);
    if (::ioctl(fd.get(), TUNSETOFFLOAD, 0UL) != 0)
        return posix::make_error(errno, "turning off the offloads of " + name);
    return fd;
}

}  // namespace

posix::Result<std::unique_ptr<Tap>> Tap::create(const TapOptions& options, const HostSettings&) {
    if (options.mac.is_multicast() || options.mac.is_zero())
        return posix::Error{EINVAL, text::to_text(options.mac) + " can't be the MAC address of " +
                                        options.name + ": it must be a unicast address"};
    auto fd = open_tap(options.name);
    if (fd.has_error()) return std::move(fd).error();
    std::unique_ptr<Tap> tap{new Tap{*std::move(fd), options.name}};
    if (auto done = tap->configure(options); done.has_error()) return std::move(done).error();
    return tap;
}

posix::Result<void> Tap::configure(const TapOptions& options) {
    const auto index = device_index(name_);
    if (index.has_error()) return index.error();
    ifindex_ = *index;
    if (auto done = set_device_mac(name_, options.mac); done.has_error()) return done;
    if (auto done = set_device_mtu(name_, options.mtu); done.has_error()) return done;
    apply_settings(options.mtu);  // before the device is up: no router advertisement slips in
    return change_device_flags(name_, IFF_UP, 0);
}

void Tap::apply_settings(std::uint32_t mtu) {
    const auto set = [this](const std::string& path, const char* value) {
        if (auto done = write_sysctl(path, value); done.has_error())
            warnings_.push_back(std::move(done).error().message);
    };
    const std::string v4 = "net/ipv4/conf/" + name_ + "/";
    // First, for on a forwarding device accept_redirects is all AND device.
    set(v4 + "forwarding", "1");
    set(v4 + "accept_redirects", "0");
    set(v4 + "send_redirects", "0");
    set(v4 + "rp_filter", "0");
    set(v4 + "promote_secondaries", "1");
    if (mtu < ipv6_minimum_mtu || read_sysctl("net/ipv6/conf/all/forwarding").has_error()) return;
    const std::string v6 = "net/ipv6/conf/" + name_ + "/";
    set(v6 + "forwarding", "1");
    set(v6 + "accept_ra", "0");
    set(v6 + "accept_redirects", "0");
    // During duplicate detection of the link-local address (RFC 4862, 5.4), one to two seconds
    // after each start, the kernel sends no solicitation for a neighbour that the workers need.
    set(v6 + "dad_transmits", "0");
    set(v6 + "router_solicitation_delay", "0");
    // Since Linux 6.17; HostSettings warns where it is missing and needed.
    if (read_sysctl(v6 + "force_forwarding").has_value()) set(v6 + "force_forwarding", "1");
}

bool Tap::send(std::span<const std::byte> frame) noexcept {
    ssize_t written;
    do {
        written = ::write(fd_.get(), frame.data(), frame.size());
    } while (written < 0 && errno == EINTR);
    if (written == static_cast<ssize_t>(frame.size())) {
        count(sent_);
        return true;
    }
    if (written < 0 && errno == EAGAIN)
        count(send_full_);
    else if (written < 0 && errno == EIO)
        count(send_down_);  // the tun driver's errno for a device that is down
    else
        count(send_refused_);
    return false;
}

std::optional<std::size_t> Tap::receive(std::span<std::byte> buffer) noexcept {
    for (;;) {
        const ssize_t length = ::read(fd_.get(), buffer.data(), buffer.size());
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) return std::nullopt;
        if (static_cast<std::size_t>(length) < buffer.size()) {
            count(received_);
            return static_cast<std::size_t>(length);
        }
        count(receive_truncated_);
    }
}

TapCounters Tap::counters() const noexcept {
    const auto read = [](const Counter& c) { return c.load(std::memory_order_relaxed); };
    return {.sent = read(sent_),
            .send_full = read(send_full_),
            .send_down = read(send_down_),
            .send_refused = read(send_refused_),
            .received = read(received_),
            .receive_truncated = read(receive_truncated_)};
}

}  // namespace ikelb::tap
