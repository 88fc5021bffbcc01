// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/replay/assumed_network.h"

#include <algorithm>

#include "config/text/address.h"

namespace ikelb::replay {
namespace {

/// Interface indexes of the assumed TAPs: their positions from 1 on.
int ifindex_of(std::size_t position) { return static_cast<int>(position) + 1; }

net::MacAddress port_mac(const config::Config& config, std::size_t position) {
    if (config.ports[position].mac) return *config.ports[position].mac;
    return {.bytes = {0x02, 0, 0, 0, 0, static_cast<std::uint8_t>(position + 1)}};
}

net::MacAddress invented_mac(const net::IpAddress& address) {
    const auto& bytes = address.bytes();
    return {.bytes = {0x02, 0, bytes[12], bytes[13], bytes[14], bytes[15]}};
}

/// The interface of a next hop: the named one, else the one with its subnet; 0: none.
int ifindex_towards(const config::Config& config, const net::IpAddress& hop,
                    const std::optional<std::string>& name) {
    for (std::size_t i = 0; i < config.interfaces.size(); ++i) {
        const config::Interface& interface = config.interfaces[i];
        if (name ? interface.name == *name
                 : std::ranges::any_of(interface.addresses, [&](const net::IpPrefix& prefix) {
                       return prefix.contains(hop);
                   }))
            return ifindex_of(i);
    }
    return 0;
}

void add_address(netlink::KernelState& kernel, int ifindex, const net::IpPrefix& prefix) {
    const auto host = static_cast<std::uint8_t>(prefix.address.is_v4() ? 32 : 128);
    kernel.addresses.push_back({.ifindex = ifindex, .prefix = prefix});
    kernel.routes.push_back({.dst = {.address = prefix.address, .length = host},
                             .gateway = std::nullopt,
                             .ifindex = ifindex,
                             .type = netlink::RouteType::local});
    if (prefix.length < host)
        kernel.routes.push_back(
            {.dst = prefix.network(), .gateway = std::nullopt, .ifindex = ifindex});
}

void add_interfaces(const config::Config& config, AssumedNetwork& network) {
    for (std::size_t i = 0; i < config.interfaces.size(); ++i) {
        const config::Interface& interface = config.interfaces[i];
        const std::size_t port = table::port_position(config, interface.port);
        const net::MacAddress mac = port_mac(config, port);
        network.interfaces.push_back({.name = interface.name,
                                      .port = static_cast<forwarding::PortIndex>(port),
                                      .mac = mac,
                                      .ifindex = ifindex_of(i)});
        network.kernel.links.push_back({.ifindex = ifindex_of(i),
                                        .name = interface.name,
                                        .mac = mac,
                                        .mtu = config.ports[port].mtu,
                                        .up = true});
        for (const net::IpPrefix& address : interface.addresses)
            add_address(network.kernel, ifindex_of(i), address);
        for (const config::Service& service : config.services)
            if (service.announce == config::Announce::address &&
                service.interface == interface.name)
                add_address(
                    network.kernel, ifindex_of(i),
                    {.address = service.vip,
                     .length = static_cast<std::uint8_t>(service.vip.is_v4() ? 32 : 128)});
    }
}

void add_neighbour(netlink::KernelState& kernel, int ifindex, const net::IpAddress& address,
                   const net::MacAddress& mac) {
    const bool is_known =
        std::ranges::any_of(kernel.neighbours, [&](const netlink::Neighbour& neighbour) {
            return neighbour.ifindex == ifindex && neighbour.address == address;
        });
    if (ifindex == 0 || is_known) return;
    kernel.neighbours.push_back({.ifindex = ifindex,
                                 .address = address,
                                 .mac = mac,
                                 .state = netlink::NeighbourState::permanent});
}

void add_neighbours(const config::Config& config, const std::vector<KnownNeighbour>& known,
                    netlink::KernelState& kernel) {
    for (const KnownNeighbour& neighbour : known)
        add_neighbour(kernel, ifindex_towards(config, neighbour.address, neighbour.interface),
                      neighbour.address, neighbour.mac);
    for (const config::Route& route : config.routes)
        add_neighbour(kernel, ifindex_towards(config, route.via, route.dev), route.via,
                      invented_mac(route.via));
    for (const config::Pool& pool : config.pools)
        for (const config::Backend& backend : pool.backends)
            for (const net::IpAddress& address : backend.addresses())
                add_neighbour(kernel, ifindex_towards(config, address, std::nullopt), address,
                              invented_mac(backend.address));
}

}  // namespace

std::optional<KnownNeighbour> KnownNeighbour::parse(std::string_view text) {
    const std::size_t first = text.find(',');
    const std::size_t second = text.find(',', first == text.npos ? text.npos : first + 1);
    if (first == 0 || second == text.npos) return std::nullopt;
    const auto address = text::parse_address(text.substr(first + 1, second - first - 1));
    const auto mac = text::parse_mac(text.substr(second + 1));
    if (!address || !mac) return std::nullopt;
    return KnownNeighbour{
        .interface = std::string{text.substr(0, first)}, .address = *address, .mac = *mac};
}

AssumedNetwork assume_network(const config::Config& config,
                              const std::vector<KnownNeighbour>& known) {
    AssumedNetwork network;
    add_interfaces(config, network);
    for (const config::Route& route : config.routes)
        network.kernel.routes.push_back(
            {.dst = route.to.network(),
             .gateway = route.via,
             .ifindex = ifindex_towards(config, route.via, route.dev)});
    add_neighbours(config, known, network.kernel);
    return network;
}

}  // namespace ikelb::replay
