// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <utility>

#include "config/prefix.h"
#include "config/text/address.h"
#include "controlplane/table/table_parts.h"

namespace ikelb::table {
namespace {

wall::OpenPort make_open_port(const config::OpenPort& port) noexcept {
    return {
        .protocol = port.protocol, .first_port = port.ports.first, .last_port = port.ports.last};
}

template <class T>
void sort_unique(std::vector<T>& list) {
    std::ranges::sort(list);
    list.erase(std::unique(list.begin(), list.end()), list.end());
}

/// On-link networks of interfaces that face servers only, from the kernel's addresses.
std::vector<net::IpPrefix> server_prefixes_of(const BuilderInput& input,
                                              const InterfaceNames& names,
                                              const forwarding::ForwardingTable& table) {
    std::vector<net::IpPrefix> prefixes;
    for (const netlink::Route& route : input.kernel.routes) {
        if (route.type != netlink::RouteType::unicast || route.gateway || route.dst.length == 0 ||
            is_of_each_link(route.dst))
            continue;
        const auto interface = names.by_tap(route.ifindex);
        if (interface && !table.interfaces[*interface].faces_clients)
            prefixes.push_back(route.dst);
    }
    sort_unique(prefixes);
    return prefixes;
}

std::vector<net::IpAddress> broadcasts_of(const BuilderInput& input,
                                          const InterfaceNames& names) {
    std::vector<net::IpAddress> broadcasts;
    for (const netlink::Address& address : input.kernel.addresses) {
        const net::IpPrefix& own = address.prefix;
        // A /31 has none (RFC 3021).
        if (!own.address.is_v4() || own.length > 30 || !names.by_tap(address.ifindex)) continue;
        const auto hosts = static_cast<std::uint32_t>((std::uint64_t{1} << (32 - own.length)) - 1);
        broadcasts.push_back(net::IpAddress::from_v4_host(own.address.v4_host() | hosts));
    }
    sort_unique(broadcasts);
    return broadcasts;
}

/// Whether a route leads to the servers' side alone: into inside_prefixes, or to a backend behind
/// this gateway.
bool leads_to_servers(const netlink::Route& route, forwarding::GatewayIndex gateway,
                      const config::Config& config, const forwarding::ForwardingTable& table) {
    if (route.dst.length == 0) return false;
    if (std::ranges::any_of(config.inside_prefixes, [&](const net::IpPrefix& inside) {
            return config::covers(inside, route.dst);
        }))
        return true;
    const auto is_behind = [&](const config::Backend& backend) {
        return std::ranges::any_of(backend.addresses(), [&](const net::IpAddress& address) {
            if (!route.dst.contains(address)) return false;
            const auto index = table.route_table.lookup(address);
            return index && table.routes[*index].kind == forwarding::RouteKind::gateway &&
                   table.routes[*index].gateway == gateway;
        });
    };
    return std::ranges::any_of(config.pools, [&](const config::Pool& pool) {
        return std::ranges::any_of(pool.backends, is_behind);
    });
}

bool is_one_router(const forwarding::Gateway& a, const forwarding::Gateway& b) noexcept {
    return a.interface == b.interface && a.link.is_resolved && b.link.is_resolved &&
           std::equal(a.link.bytes.begin(), a.link.bytes.begin() + 6, b.link.bytes.begin());
}

void tell_routers_of_clients(const BuilderInput& input, const InterfaceNames& names,
                             forwarding::ForwardingTable& table) {
    for (const netlink::Route& route : input.kernel.routes) {
        const auto interface = names.by_tap(route.ifindex);
        if (route.type != netlink::RouteType::unicast || !route.gateway || !interface) continue;
        const auto index = input.registry.gateway({*interface, *route.gateway});
        // Without the test a router of the whole Internet would take long; its first route decides.
        if (!index || table.gateways[*index].faces_clients) continue;
        table.gateways[*index].faces_clients =
            !leads_to_servers(route, *index, input.config, table);
    }
    // A router is known by its MAC, whatever address its routes name.
    for (forwarding::Gateway& gateway : table.gateways)
        gateway.faces_clients |=
            std::ranges::any_of(table.gateways, [&](const forwarding::Gateway& other) {
                return other.faces_clients && is_one_router(gateway, other);
            });
}

void remark_on_rules(const BuilderInput& input, const forwarding::ForwardingTable& table,
                     Remarks& remarks) {
    if (input.config.transit.is_open) return;
    std::vector<config::AllowRule> to_the_kernel;
    std::ranges::copy_if(input.config.transit.allow, std::back_inserter(to_the_kernel),
                         [&](const config::AllowRule& rule) {
                             const auto index = table.route_table.lookup(rule.to.address);
                             return index &&
                                    table.routes[*index].kind == forwarding::RouteKind::local;
                         });
    std::ranges::move(remarks_on_rules(to_the_kernel, input.config, input.kernel),
                      std::back_inserter(remarks));
}

/// A MAC address that routers share (VRRP, CARP, HSRP, GLBP): they send from others.
bool is_virtual_mac(const net::MacAddress& mac) noexcept {
    const auto& bytes = mac.bytes;
    const auto starts = [&](std::initializer_list<std::uint8_t> with) {
        return std::equal(with.begin(), with.end(), bytes.begin());
    };
    const int high_digit = bytes[4] >> 4;
    return starts({0x00, 0x00, 0x5e, 0x00, 0x01}) ||                   // VRRP of IPv4, CARP
           starts({0x00, 0x00, 0x5e, 0x00, 0x02}) ||                   // VRRP of IPv6
           starts({0x00, 0x00, 0x0c, 0x07, 0xac}) ||                   // HSRP
           (starts({0x00, 0x00, 0x0c, 0x9f}) && high_digit == 0xf) ||  // HSRP 2 of IPv4
           (starts({0x00, 0x05, 0x73, 0xa0}) && high_digit == 0x0) ||  // HSRP 2 of IPv6
           starts({0x00, 0x07, 0xb4});                                 // GLBP
}

/// The remedy for a router of the servers with a virtual MAC, on an interface that faces both
/// sides.
std::string virtual_router_remark(const std::string& interface, const net::IpAddress& router,
                                  const net::MacAddress& mac) {
    return "interface " + interface + ": " + text::to_text(mac) + " of " + text::to_text(router) +
           ", a router of the servers, is a virtual address, and its routers send from their own: "
           "what they bring from the servers' side is dropped as spoofed; list those in "
           "server_macs of the interface";
}

/// Skips clients' routers: packets from an unknown MAC count as a client's anyway.
void remark_on_routers(const BuilderInput& input, const forwarding::ForwardingTable& table,
                       Remarks& remarks) {
    for (const forwarding::Gateway& gateway : table.gateways) {
        if (gateway.faces_clients || !gateway.link.is_resolved) continue;
        const config::Interface& interface = input.config.interfaces[gateway.interface];
        const net::MacAddress mac = destination_of(gateway.link);
        if (interface.side == config::Side::both && interface.server_macs.empty() &&
            is_virtual_mac(mac))
            remarks.push_back(virtual_router_remark(interface.name, gateway.address, mac));
    }
}

/// After tell_routers_of_clients(): a router of both sides is not the servers'.
void list_server_macs(const BuilderInput& input, const InterfaceNames& names,
                      forwarding::ForwardingTable& table) {
    using ServerMacs = decltype(table.server_macs);
    std::vector<ServerMacs::Entry> entries;
    const auto add = [&](forwarding::InterfaceIndex interface, const net::MacAddress& mac) {
        const auto key = forwarding::gateway_key(interface, mac);
        const auto* gateway = table.gateway_of_mac.find(key);
        if (gateway == nullptr || !table.gateways[*gateway].faces_clients)
            entries.push_back({.key = key, .value = true});
    };
    const auto add_target = [&](const forwarding::Target& target) {
        if (target.link.is_resolved) add(target.link.interface, destination_of(target.link));
    };
    for (const forwarding::Backend& backend : table.backends)
        for (const forwarding::Home& home : backend.homes) add_target(home);
    for_each_used_alias(input, [&](const UsedAlias& alias) {
        add_target(table.target(alias.service, alias.backend));
    });
    for (const forwarding::Gateway& gateway : table.gateways)
        if (gateway.link.is_resolved) add(gateway.interface, destination_of(gateway.link));
    for (const config::Interface& configured : input.config.interfaces)
        if (const auto interface = names.by_name(configured.name))
            for (const net::MacAddress& mac : configured.server_macs) add(*interface, mac);
    table.server_macs = ServerMacs{entries, input.hash_key};
}

constexpr std::size_t most_in_vain = 8;

/// The kernel's route to the whole prefix: the longest, and of those the preferred one. Looks up by
/// length in the routes' order, as there may be 100,000 routes and 1,024 rules.
const netlink::Route* route_to(const net::IpPrefix& destination,
                               const netlink::KernelState& kernel) {
    net::IpPrefix dst = destination;
    for (int length = destination.length; length >= 0; --length) {
        dst.length = static_cast<std::uint8_t>(length);
        dst = dst.network();
        const auto route = std::ranges::lower_bound(kernel.routes, dst, {}, &netlink::Route::dst);
        if (route != kernel.routes.end() && route->dst == dst) return &*route;
    }
    return nullptr;
}

/// Before ikelbd runs, only the configuration has its interfaces and their routes.
bool is_configured(const net::IpPrefix& destination, const netlink::Route& instead,
                   const config::Config& config) {
    const auto leads_there = [&](const net::IpPrefix& network) {
        return network.length >= instead.dst.length && config::covers(network, destination);
    };
    return std::ranges::any_of(config.routes, leads_there, &config::Route::to) ||
           std::ranges::any_of(config.interfaces, [&](const config::Interface& interface) {
               return std::ranges::any_of(interface.addresses, leads_there);
           });
}

/// The reason why the rule lets nothing pass on this machine; nullopt: no reason is known.
std::optional<std::string> why_in_vain(const config::AllowRule& rule, const config::Config& config,
                                       const netlink::KernelState& kernel) {
    const netlink::Route* const route = route_to(rule.to, kernel);
    if (route == nullptr || route->type != netlink::RouteType::unicast) return std::nullopt;
    const auto link = std::ranges::find(kernel.links, route->ifindex, &netlink::Link::ifindex);
    if (link == kernel.links.end() ||
        std::ranges::count(config.interfaces, link->name, &config::Interface::name) > 0 ||
        is_configured(rule.to, *route, config))
        return std::nullopt;
    return "transit.allow: " + text::to_text(rule.to) + " is behind " + link->name +
           ", an interface of the kernel's, which forwards nothing that clients begin: the rule "
           "of line " +
           std::to_string(rule.line.number) +
           " lets nothing pass; reach that network by an interface of ikelb's, or by a proxy on "
           "this host";
}

}  // namespace

std::vector<wall::OpenPort> make_open_ports(const std::vector<config::OpenPort>& ports) {
    std::vector<wall::OpenPort> made;
    for (const config::OpenPort& port : ports) made.push_back(make_open_port(port));
    return made;
}

std::vector<wall::AllowRule> make_allow_rules(const config::Transit& transit) {
    std::vector<wall::AllowRule> rules;
    for (const config::AllowRule& rule : transit.allow)
        rules.push_back({.from = rule.from,
                         .to = rule.to,
                         .protocol = rule.port.protocol,
                         .first_port = rule.port.ports.first,
                         .last_port = rule.port.ports.last,
                         .is_established = rule.is_established});
    return rules;
}

void build_wall(const BuilderInput& input, const InterfaceNames& names,
                forwarding::ForwardingTable& table, Remarks& remarks) {
    wall::Wall& wall = table.wall;
    wall.is_open = input.config.transit.is_open;
    wall.allow = input.allow_rules;
    for (const config::OwnService& own : input.config.own_services)
        wall.own_services.push_back(
            {.address = own.address, .from = own.from, .port = make_open_port(own.port)});
    wall.server_prefixes = server_prefixes_of(input, names, table);
    wall.broadcasts = broadcasts_of(input, names);
    wall.timeouts = make_transit_timeouts(input.config.timeouts);
    wall.grace_until = input.grace_until;
    tell_routers_of_clients(input, names, table);
    remark_on_rules(input, table, remarks);
    remark_on_routers(input, table, remarks);
    list_server_macs(input, names, table);
}

std::vector<std::string> remarks_on_rules(std::span<const config::AllowRule> rules,
                                          const config::Config& config,
                                          const netlink::KernelState& kernel) {
    std::vector<std::string> remarks;
    std::size_t in_vain = 0;
    for (const config::AllowRule& rule : rules)
        if (auto why = why_in_vain(rule, config, kernel); why && ++in_vain <= most_in_vain)
            remarks.push_back(*std::move(why));
    if (in_vain > most_in_vain)
        remarks.push_back("transit.allow: and " + std::to_string(in_vain - most_in_vain) +
                          " rules more");
    return remarks;
}

}  // namespace ikelb::table
