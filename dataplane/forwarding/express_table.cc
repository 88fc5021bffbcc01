// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/forwarding/express_table.h"

#include <algorithm>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/net/checksum.h"

namespace ikelb::forwarding {

namespace {

static_assert(sizeof(ExpressTable::Exit) == 32);

std::uint64_t number_of(const net::MacAddress& mac) {
    std::array<std::uint8_t, 8> bytes{};
    std::ranges::copy(mac.bytes, bytes.begin());
    return ExpressTable::load_mac(bytes.data());
}

ExpressTable::Exit exit_by(const LinkHeader& link, const ForwardingTable& table) {
    ExpressTable::Exit exit;
    exit.length = link.length;
    exit.port = link.port;
    std::copy_n(link.bytes.begin(), exit.link.size(), exit.link.begin());
    const bool is_up =
        link.interface >= table.interfaces.size() || table.interfaces[link.interface].is_up;
    exit.mtu = link.is_resolved && is_up ? link.mtu : std::uint16_t{0};
    return exit;
}

ExpressTable::Exit exit_to(const Backend& backend, const ForwardingTable& table) {
    ExpressTable::Exit exit = exit_by(backend.link, table);
    exit.address = ExpressTable::Address{backend.address};
    exit.generation = backend.generation;
    if (!backend.is_present || !backend.address.is_v4() ||
        (!backend.is_up && backend.flush_on_down))
        exit.mtu = 0;
    return exit;
}

}  // namespace

ExpressTable::Address::Address(const net::IpAddress& address) noexcept
    : value{address.v4()},
      plus{net::fold(value.value.wire())},
      minus{net::fold(~value.value.wire())} {}

void ForwardingTable::prepare_express() {
    constexpr std::size_t nat_t = 1;
    ExpressTable prepared;
    for (const Interface& interface : interfaces)
        prepared.interfaces.push_back(
            {.mac = number_of(interface.mac),
             .index = static_cast<InterfaceIndex>(prepared.interfaces.size()),
             .faces_servers = interface.faces_servers,
             .faces_clients = interface.faces_clients});
    for (std::size_t slot = 0; slot < interface_of.size(); slot += 4096)
        prepared.untagged.push_back(interface_of[slot] == no_interface
                                        ? ExpressTable::Interface{}
                                        : prepared.interfaces[interface_of[slot]]);
    for (const Backend& backend : backends) {
        prepared.backends[prepared.reply_frontends.size()] = exit_to(backend, *this);
        prepared.reply_frontends.push_back(backend.reply_frontend[nat_t]);
    }
    for (std::size_t i = no_gateway + 1; i < gateways.size(); ++i)
        if (gateways[i].interface != no_interface)
            prepared.gateways[i] = exit_by(gateways[i].link, *this);
    for (const Frontend& frontend : frontends)
        prepared.frontends.push_back(
            {.vip = ExpressTable::Address{frontend.vip},
             .service = frontend.is_present() ? frontend.service : ServiceIndex{0},
             .is_usable = frontend.is_served && frontend.vip.is_v4() &&
                          frontend.port == net::be16::from_host(service_port_numbers[nat_t])});
    for (const net::IpPrefix& prefix : inside_prefixes) {
        if (!prefix.address.is_v4()) continue;
        const std::uint32_t mask = prefix.length == 0 ? 0 : ~0U << (32 - prefix.length);
        prepared.inside.push_back(
            {.value = prefix.address.v4().value.to_host() & mask, .mask = mask});
    }
    express = std::move(prepared);
    wall.prepare(inside_prefixes);
}

}  // namespace ikelb::forwarding
