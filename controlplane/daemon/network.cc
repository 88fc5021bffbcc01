// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/network.h"

#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "config/device.h"
#include "config/text/address.h"
#include "controlplane/kernel/tap/frames.h"

namespace ikelb::daemon {
namespace {

// Frames read from one TAP before the other handlers of the thread run.
constexpr int frames_per_turn = 64;

}  // namespace

net::MacAddress port_mac(const config::Port& port, const net::MacAddress& device) {
    if (port.mac) return *port.mac;
    if (config::lower_device(port.device).empty()) return device;
    net::MacAddress mac = device;
    mac.bytes[0] = static_cast<std::uint8_t>((mac.bytes[0] | 0x02) & ~0x01);
    mac.bytes[3] ^= 0x80;  // differs from the device's MAC, and is the same after each restart
    return mac;
}

tap::AddressPlan plan_addresses(const config::Config& config) {
    tap::AddressPlan plan;
    for (const config::Interface& interface : config.interfaces)
        for (const net::IpPrefix& address : interface.addresses)
            plan.addresses.push_back({.interface = interface.name, .prefix = address});
    for (const config::Service& service : config.services) {
        if (service.announce != config::Announce::address) continue;
        const auto length = static_cast<std::uint8_t>(service.vip.is_v4() ? 32 : 128);
        plan.addresses.push_back({.interface = service.interface,
                                  .prefix = {.address = service.vip, .length = length},
                                  .role = tap::AddressRole::vip});
    }
    for (const config::Route& route : config.routes)
        plan.routes.push_back(
            {.to = route.to, .via = route.via, .dev = route.dev.value_or(std::string{})});
    return plan;
}

std::vector<tap::ForwardGuard> plan_guards(const config::Config& config,
                                           const std::vector<table::InterfaceFacts>& facts,
                                           const netlink::KernelState& kernel) {
    std::vector<tap::ForwardGuard> guards;
    if (config.transit.is_open) return guards;
    for (const config::Interface& interface : config.interfaces) {
        if (interface.side == config::Side::servers) continue;
        tap::ForwardGuard& guard = guards.emplace_back(tap::ForwardGuard{.tap = interface.name});
        if (interface.side == config::Side::clients) continue;
        guard.except = config.inside_prefixes;
        for (const config::Pool& pool : config.pools)
            for (const config::Backend& backend : pool.backends)
                for (const net::IpAddress& address : backend.addresses())
                    guard.except.push_back(
                        {.address = address,
                         .length = static_cast<std::uint8_t>(address.is_v4() ? 32 : 128)});
        const auto tap = std::ranges::find(facts, interface.name, &table::InterfaceFacts::name);
        for (const netlink::Address& address : kernel.addresses)
            if (tap != facts.end() && address.ifindex == tap->ifindex)
                guard.except.push_back(address.prefix.network());
        std::ranges::sort(guard.except);
        guard.except.erase(std::unique(guard.except.begin(), guard.except.end()),
                           guard.except.end());
    }
    return guards;
}

posix::Result<std::unique_ptr<Network>> Network::create(boost::asio::io_context& io,
                                                        const config::Config& config,
                                                        lcores::Dataplane& dataplane) {
    auto addresses = tap::AddressConfig::open();
    if (!addresses) return addresses.error();
    std::vector<std::string> taps;
    for (const config::Interface& interface : config.interfaces) taps.push_back(interface.name);
    auto guards = tap::ForwardGuards::open(std::move(taps));
    if (!guards) return guards.error();
    std::unique_ptr<Network> self{
        new Network{dataplane, std::move(*addresses), std::move(*guards)}};
    self->warnings_ = self->host_.warnings();
    if (auto quieted = self->quiet_lower_devices(config); !quieted) return quieted.error();
    for (const config::Interface& interface : config.interfaces)
        if (auto made = self->make_tap(io, config, interface); !made) return made.error();
    return self;
}

std::optional<std::string> Network::objection(const config::Config& config) {
    for (const config::Port& port : config.ports) {
        const std::string lower = config::lower_device(port.device);
        if (lower.empty()) continue;
        if (if_nametoindex(lower.c_str()) == 0)
            return "port " + port.name + " (" + port.device + "): there is no network device " +
                   lower + "; `ip link` lists them";
        const auto warning = tap::lower_device_address_warning(lower);
        if (!warning) return warning.error().message;
        if (*warning) return "port " + port.name + ": " + **warning;
    }
    return std::nullopt;
}

Network::~Network() = default;

posix::Result<void> Network::quiet_lower_devices(const config::Config& config) {
    for (const config::Port& port : config.ports) {
        const std::string lower = config::lower_device(port.device);
        if (lower.empty()) continue;
        auto quiet = tap::QuietDevice::quiet(lower);
        if (!quiet) return quiet.error();
        warnings_.insert(warnings_.end(), quiet->warnings().begin(), quiet->warnings().end());
        quiet_.push_back(std::move(*quiet));
    }
    return {};
}

posix::Result<void> Network::make_tap(boost::asio::io_context& io, const config::Config& config,
                                      const config::Interface& interface) {
    const std::size_t position = table::port_position(config, interface.port);
    const config::Port& port = config.ports[position];
    const lcores::Port& device = dataplane_.ports()[position];
    const net::MacAddress mac = port_mac(port, device.facts().mac);
    if (mac != device.facts().mac && !device.facts().is_promiscuous)
        warnings_.push_back("port " + port.name + " is not promiscuous and " + text::to_text(mac) +
                            " is not its own address: it will receive broadcasts alone; leave out "
                            "ports[].mac, or set " + text::to_text(device.facts().mac));
    auto tap = tap::Tap::create({.name = interface.name, .mac = mac, .mtu = port.mtu}, host_);
    if (!tap) return tap.error();
    const int descriptor = dup((*tap)->fd());
    if (descriptor < 0) return posix::make_error(errno, "TAP " + interface.name);
    warnings_.insert(warnings_.end(), (*tap)->warnings().begin(), (*tap)->warnings().end());
    facts_.push_back(
        {.name = interface.name, .port = device.id(), .mac = mac, .ifindex = (*tap)->ifindex()});
    links_.push_back(std::make_unique<TapLink>(
        TapLink{.tap = std::move(*tap),
                .readable = boost::asio::posix::stream_descriptor{io, descriptor},
                .port = device.id(),
                .vlan = interface.vlan}));
    wait_for(*links_.back());
    return {};
}

void Network::wait_for(TapLink& link) {
    link.readable.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                             [this, &link](const boost::system::error_code& error) {
                                 if (error) return;  // closed: the daemon stops
                                 forward_from(link);
                                 wait_for(link);
                             });
}

void Network::forward_from(TapLink& link) {
    std::array<std::byte, tap::Tap::receive_buffer_size> buffer;
    for (int i = 0; i < frames_per_turn; ++i) {
        const auto length = link.tap->receive(buffer);
        if (!length) return;
        const std::span frame{reinterpret_cast<const std::uint8_t*>(buffer.data()), *length};
        if (tap::is_icmpv6_redirect(frame)) continue;
        if (!dataplane_.inject(link.port, link.vlan, frame)) ++link.inject_failures;
    }
}

std::vector<std::string> Network::apply(const config::Config& config) {
    return addresses_.apply(plan_addresses(config));
}

std::vector<std::string> Network::guard(const config::Config& config,
                                        const netlink::KernelState& kernel) {
    return guards_.apply(plan_guards(config, facts_, kernel));
}

void Network::announce_new_vips() {
    std::set<std::pair<std::string, net::IpAddress>> present;
    for (const tap::TapAddress& address : addresses_.owned().addresses) {
        if (address.role != tap::AddressRole::vip) continue;
        std::pair vip{address.interface, address.prefix.address};
        const auto at = std::ranges::find(facts_, address.interface, &table::InterfaceFacts::name);
        if (!announced_.contains(vip) && at != facts_.end()) {
            const TapLink& link = *links_[static_cast<std::size_t>(at - facts_.begin())];
            // A full queue of the worker loses the frame: neighbours then find out later.
            static_cast<void>(dataplane_.inject(link.port, link.vlan,
                                                tap::make_announcement(vip.second, at->mac)));
        }
        present.insert(std::move(vip));
    }
    announced_ = std::move(present);
}

void Network::deliver(forwarding::InterfaceIndex interface, std::span<const std::uint8_t> frame) {
    if (interface < links_.size()) links_[interface]->tap->send(std::as_bytes(frame));
}

}  // namespace ikelb::daemon
