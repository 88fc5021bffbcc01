// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// The kernel's network state for the dataplane. Routes out of other interfaces (lo, a management
// NIC) become RouteKind::local: workers punt such packets, and the kernel sends them as before.

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "config/text/address.h"
#include "controlplane/table/routes.h"
#include "controlplane/table/table_parts.h"

namespace ikelb::table {
namespace {

using forwarding::InterfaceIndex;
using forwarding::LinkHeader;
using forwarding::RouteKind;

constexpr std::size_t vlans_per_port = 4096;

const netlink::Link* find_link(const netlink::KernelState& kernel, int ifindex) {
    const auto link = std::ranges::find(kernel.links, ifindex, &netlink::Link::ifindex);
    return link == kernel.links.end() ? nullptr : &*link;
}

bool is_vip(const config::Config& config, const net::IpAddress& address) {
    return std::ranges::any_of(config.services, [&](const config::Service& service) {
        return service.vip == address;
    });
}

enum class Family : std::uint8_t { v4, v6 };

/// The source address of ICMP errors: a configured address that the kernel has, else the kernel's
/// first. Never a VIP, which may move to another node, and never a link-local one, which means
/// nothing behind the next router.
net::IpAddress address_of(const config::Interface& interface, int ifindex, Family family,
                          const BuilderInput& input) {
    std::vector<net::IpAddress> present;
    for (const netlink::Address& address : input.kernel.addresses)
        if (const net::IpAddress& own = address.prefix.address;
            address.ifindex == ifindex && own.is_v4() == (family == Family::v4) &&
            !own.is_ipv6_link_local() && !is_vip(input.config, own))
            present.push_back(own);
    for (const net::IpPrefix& configured : interface.addresses)
        if (std::ranges::find(present, configured.address) != present.end())
            return configured.address;
    return present.empty() ? net::IpAddress{} : present.front();
}

/// The smaller of the port's configured MTU and the TAP's MTU in the kernel.
std::uint16_t mtu_of(const config::Interface& interface, const netlink::Link* link,
                     const config::Config& config) {
    const std::size_t port = port_position(config, interface.port);
    const std::uint16_t mtu =
        port == config.ports.size() ? std::uint16_t{1500} : config.ports[port].mtu;
    if (link == nullptr || link->mtu == 0 || link->mtu > mtu) return mtu;
    return static_cast<std::uint16_t>(link->mtu);
}

forwarding::Interface make_interface(const config::Interface& configured,
                                     const InterfaceFacts* facts, const BuilderInput& input) {
    using config::Side;
    forwarding::Interface interface{.vlan = configured.vlan,
                                    .faces_clients = configured.side != Side::servers,
                                    .faces_servers = configured.side != Side::clients,
                                    .mac = {},
                                    .address = {},
                                    .address6 = {}};
    if (facts == nullptr) return interface;
    const netlink::Link* link = find_link(input.kernel, facts->ifindex);
    interface.port = facts->port;
    interface.mac = facts->mac;
    interface.mtu = mtu_of(configured, link, input.config);
    interface.is_up = link != nullptr && link->up;
    interface.address = address_of(configured, facts->ifindex, Family::v4, input);
    interface.address6 = address_of(configured, facts->ifindex, Family::v6, input);
    return interface;
}

void build_interfaces(const BuilderInput& input, const InterfaceNames& names,
                      forwarding::ForwardingTable& table, Remarks& remarks) {
    const auto& configured = input.config.interfaces;
    for (std::size_t i = 0; i < configured.size(); ++i) {
        const InterfaceFacts* facts = names.facts(i);
        table.interfaces.push_back(make_interface(configured[i], facts, input));
        const std::string prefix = "interface " + configured[i].name + ": ";
        if (facts == nullptr) {
            remarks.push_back(prefix + "it has no port, nothing is forwarded there");
            continue;
        }
        if (!table.interfaces.back().is_up)
            remarks.push_back(prefix + "its link is down, nothing is sent there");
        const std::size_t first = facts->port * vlans_per_port;
        if (table.interface_of.size() < first + vlans_per_port)
            table.interface_of.resize(first + vlans_per_port, forwarding::no_interface);
        table.interface_of[first + configured[i].vlan] = static_cast<InterfaceIndex>(i);
    }
}

/// An interface with only a link-local IPv6 address, as uplinks often have, borrows an address for
/// its errors: any unicast address of the node will do (RFC 4443 section 2.2).
void borrow_addresses(forwarding::ById<forwarding::Interface>& interfaces) {
    const auto owner = std::ranges::find_if(interfaces, [](const forwarding::Interface& interface) {
        return !interface.address6.is_unspecified();
    });
    if (owner == interfaces.end()) return;
    for (forwarding::Interface& interface : interfaces)
        if (interface.address6.is_unspecified()) interface.address6 = owner->address6;
}

void build_neighbours(const BuilderInput& input, const InterfaceNames& names,
                      forwarding::ForwardingTable& table) {
    using Neighbours = decltype(table.neighbours);
    std::vector<Neighbours::Entry> entries;
    entries.reserve(input.kernel.neighbours.size());
    for (const netlink::Neighbour& neighbour : input.kernel.neighbours) {
        const auto interface = names.by_tap(neighbour.ifindex);
        if (!interface || !netlink::is_usable(neighbour.state) || neighbour.mac.is_zero()) continue;
        entries.push_back({.key = forwarding::neighbour_key(*interface, neighbour.address),
                           .value = make_link(table.interfaces[*interface], *interface,
                                              neighbour.mac)});
    }
    table.neighbours = Neighbours{entries, input.hash_key};
}

/// The gateways of all routes, also of less preferred ones: a service's uplink may be the
/// second-best default route. In the order of the routes, each once.
std::vector<GatewayName> gateways_of(const netlink::KernelState& kernel,
                                     const InterfaceNames& names) {
    std::vector<GatewayName> gateways;
    std::set<GatewayName> seen;
    for (const netlink::Route& route : kernel.routes) {
        if (route.type != netlink::RouteType::unicast || !route.gateway) continue;
        const auto interface = names.by_tap(route.ifindex);
        if (!interface) continue;
        GatewayName name{*interface, *route.gateway};
        if (seen.insert(name).second) gateways.push_back(std::move(name));
    }
    return gateways;
}

struct GatewayMac {
    forwarding::GatewayIndex index;
    std::array<bool, 2> is_default;  ///< of a default route over IPv4, over IPv6
    net::MacAddress mac;
};

/// Of a router's several addresses on one MAC, the next hop of replies wins, for each family: IPv4
/// may have a next hop of IPv6 (RFC 8950).
bool is_less_useful(const GatewayMac& a, const GatewayMac& b, bool is_v6,
                    const forwarding::ById<forwarding::Gateway>& gateways) {
    const auto rank = [&](const GatewayMac& entry) {
        return std::tuple{entry.is_default[is_v6],
                          gateways[entry.index].address.is_v4() != is_v6, -entry.index};
    };
    return rank(a) < rank(b);
}

void build_gateway_macs(std::vector<GatewayMac> macs, const BuilderInput& input,
                        forwarding::ForwardingTable& table) {
    using GatewayOfMac = decltype(table.gateway_of_mac);
    std::vector<GatewayOfMac::Entry> entries;  // of equal keys the last one wins
    for (const bool is_v6 : {false, true}) {
        std::ranges::sort(macs, [&](const GatewayMac& a, const GatewayMac& b) {
            return is_less_useful(a, b, is_v6, table.gateways);
        });
        for (const GatewayMac& entry : macs)
            entries.push_back(
                {.key = forwarding::gateway_key(table.gateways[entry.index].interface, entry.mac,
                                                is_v6),
                 .value = entry.index});
    }
    table.gateway_of_mac = GatewayOfMac{entries, input.hash_key};
}

void build_gateways(const BuilderInput& input, const InterfaceNames& names,
                    forwarding::ForwardingTable& table, Remarks& remarks) {
    const auto known = gateways_of(input.kernel, names);
    if (!input.registry.update_gateways(known))
        remarks.push_back("the kernel has " + std::to_string(known.size()) +
                          " gateways, and this version is made for " +
                          std::to_string(forwarding::max_gateways) +
                          ": routes by the others are left to the kernel, which is slow");
    std::array<std::set<GatewayName>, 2> of_default_routes;
    for (const netlink::Route& route : input.kernel.routes)
        if (const auto interface = names.by_tap(route.ifindex);
            interface && route.gateway && route.dst.length == 0)
            of_default_routes[!route.dst.address.is_v4()].emplace(*interface, *route.gateway);
    table.gateways.resize(input.registry.gateway_count());
    std::vector<GatewayMac> macs;
    for (const GatewayName& name : known) {
        const auto index = input.registry.gateway(name);
        if (!index) continue;
        const auto& [interface, address] = name;
        forwarding::Gateway& gateway = table.gateways[*index];
        gateway.interface = interface;
        gateway.address = address;
        const auto* link = table.neighbours.find(forwarding::neighbour_key(interface, address));
        if (link == nullptr) continue;
        gateway.link = *link;
        macs.push_back({.index = *index,
                        .is_default = {of_default_routes[0].contains(name),
                                       of_default_routes[1].contains(name)},
                        .mac = destination_of(*link)});
    }
    build_gateway_macs(std::move(macs), input, table);
}

forwarding::Route make_route(const netlink::Route& route, const InterfaceNames& names,
                             const IndexRegistry& registry) {
    switch (route.type) {
        case netlink::RouteType::blackhole: return {.kind = RouteKind::blackhole};
        case netlink::RouteType::unreachable: return {.kind = RouteKind::unreachable};
        case netlink::RouteType::local: return {.kind = RouteKind::local};
        case netlink::RouteType::unicast: break;
    }
    const auto interface = names.by_tap(route.ifindex);
    if (!interface) return {.kind = RouteKind::local};
    if (!route.gateway) return {.kind = RouteKind::on_link, .interface = *interface};
    const auto gateway = registry.gateway({*interface, *route.gateway});
    if (!gateway) return {.kind = RouteKind::local};
    return {.kind = RouteKind::gateway, .interface = *interface, .gateway = *gateway};
}

constexpr std::array<const char*, 2> of_each_link{"fe80::/10", "ff00::/8"};

void build_routes(const BuilderInput& input, const InterfaceNames& names,
                  forwarding::ForwardingTable& table) {
    std::vector<RouteOption> options;
    options.reserve(input.kernel.routes.size());
    for (const netlink::Route& route : input.kernel.routes)
        if (!is_of_each_link(route.dst))
            options.push_back({route.dst, make_route(route, names, input.registry)});
    for (const char* prefix : of_each_link)
        options.push_back({*text::parse_prefix(prefix), {.kind = RouteKind::local}});
    choose_routes(std::move(options), table);
}

}  // namespace

net::MacAddress destination_of(const forwarding::LinkHeader& link) {
    net::MacAddress mac;
    std::copy_n(link.bytes.begin(), mac.bytes.size(), mac.bytes.begin());
    return mac;
}

bool is_of_each_link(const net::IpPrefix& destination) {
    return destination.address.is_ipv6_link_local() ||
           (!destination.address.is_v4() && destination.address.is_multicast_or_broadcast());
}

void build_network(const BuilderInput& input, const InterfaceNames& names,
                   forwarding::ForwardingTable& table, Remarks& remarks) {
    build_interfaces(input, names, table, remarks);
    borrow_addresses(table.interfaces);
    build_neighbours(input, names, table);
    build_gateways(input, names, table, remarks);
    build_routes(input, names, table);
}

}  // namespace ikelb::table
