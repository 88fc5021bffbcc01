// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/express.h"

#include <algorithm>
#include <span>
#include <utility>

#include "dataplane/net/checksum.h"

namespace ikelb::control {

namespace {

using forwarding::ExpressTable, forwarding::ForwardingTable;

std::uint64_t number_of(const net::MacAddress& mac) {
    std::array<std::uint8_t, 8> bytes{};
    std::ranges::copy(mac.bytes, bytes.begin());
    return ExpressTable::load_mac(bytes.data());
}

ExpressTable::Address address_of(const net::IpAddress& address) {
    const std::span bytes = std::span{address.bytes()}.last(address.is_v4() ? 4 : 16);
    ExpressTable::Address packed;
    std::ranges::copy(bytes, packed.value.begin());
    packed.plus = net::fold(net::sum_bytes(bytes));
    packed.minus = static_cast<std::uint16_t>(~packed.plus);
    return packed;
}

ExpressTable::Exit exit_by(const forwarding::LinkHeader& link, const ForwardingTable& table) {
    ExpressTable::Exit exit;
    exit.length = link.length;
    exit.port = link.port;
    std::copy_n(link.bytes.begin(), exit.link.size(), exit.link.begin());
    const bool is_up =
        link.interface >= table.interfaces.size() || table.interfaces[link.interface].is_up;
    exit.mtu = link.is_resolved && is_up ? link.mtu : std::uint16_t{0};
    return exit;
}

ExpressTable::Exit exit_to(const forwarding::Backend& backend, const forwarding::Target& target,
                           bool is_v6, const ForwardingTable& table) {
    ExpressTable::Exit exit = exit_by(target.link, table);
    exit.address = address_of(target.address);
    exit.generation = backend.generation;
    if (!backend.is_present || target.address.is_unspecified() ||
        target.address.is_v4() == is_v6 || backend.is_flushed(is_v6))
        exit.mtu = 0;
    return exit;
}

}  // namespace

void prepare_express(ForwardingTable& table) {
    constexpr std::size_t nat_t = 1;
    ExpressTable prepared;
    for (const forwarding::Interface& interface : table.interfaces)
        prepared.interfaces.push_back(
            {.mac = number_of(interface.mac),
             .index = static_cast<forwarding::InterfaceIndex>(prepared.interfaces.size()),
             .faces_servers = interface.faces_servers,
             .faces_clients = interface.faces_clients});
    for (std::size_t slot = 0; slot < table.interface_of.size(); slot += 4096)
        prepared.untagged.push_back(table.interface_of[slot] == forwarding::no_interface
                                        ? ExpressTable::Interface{}
                                        : prepared.interfaces[table.interface_of[slot]]);
    const auto& backends = std::as_const(table.backends);
    for (forwarding::ServiceIndex service = 0; service < table.services.size(); ++service)
        for (forwarding::BackendIndex backend = 0; backend < backends.size(); ++backend)
            if (const auto at = table.member(service, backend))
                prepared.members[*at] =
                    exit_to(backends[backend], table.target(service, backend),
                            table.services[service].is_v6, table);
    for (std::size_t i = forwarding::no_gateway + 1; i < table.gateways.size(); ++i)
        if (const forwarding::Gateway& gateway = table.gateways[i];
            gateway.interface != forwarding::no_interface) {
            prepared.gateways[i] = exit_by(gateway.link, table);
            prepared.gateways[i].is_for_some = {!gateway.is_default[true],
                                                !gateway.is_default[false]};
        }
    for (const forwarding::Frontend& frontend : table.frontends)
        prepared.frontends.push_back(
            {.vip = address_of(frontend.vip),
             .service = frontend.is_present() ? frontend.service : forwarding::ServiceIndex{0},
             .is_usable = frontend.is_served && frontend.is_present() &&
                          forwarding::service_port_position(frontend.port) == nat_t});
    table.express = std::move(prepared);
    table.wall.prepare(table.inside_prefixes);
}

}  // namespace ikelb::control
