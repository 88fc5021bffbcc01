// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// A small site to build forwarding tables of: two providers on one port, a farm on the other.
//
//   198.51.100.254 --- ext  .1  \                /-- rras1 10.20.0.11
//                                ikelb --- farm .1 - rras2 10.20.0.12
//   192.0.2.254 ------ ext2 .1  /                \-- rras3 10.20.0.13

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "config/text/address.h"
#include "controlplane/table/backend_modes.h"
#include "controlplane/table/table_builder.h"

namespace ikelb::table::testlib {

inline net::IpAddress ip(const std::string& text) { return *text::parse_address(text); }
inline net::IpPrefix prefix(const std::string& text) { return *text::parse_prefix(text); }
inline net::MacAddress mac(std::uint8_t last) { return {{0x02, 0, 0, 0, 0, last}}; }

/// Whether this is the very same list, not just an equal one.
inline bool is_shared(const forwarding::BackendList& one, const forwarding::BackendList& other) {
    return one.begin() == other.begin();
}

constexpr int lo = 1, eth0 = 2, ext = 10, ext2 = 11, farm = 12;  // as the kernel counts them
constexpr forwarding::InterfaceIndex ext_index = 0, ext2_index = 1, farm_index = 2;

inline config::Service make_service(const std::string& name, const std::string& vip,
                                    const std::string& pool) {
    return {.name = name, .vip = ip(vip), .interface = "ext", .pool = pool};
}

inline config::Config make_config() {
    config::Config config;
    config.ports = {{.name = "wan", .device = "net_null0"}, {.name = "lan", .device = "net_null1"}};
    config.interfaces = {{.name = "ext", .port = "wan", .addresses = {prefix("198.51.100.1/24")}},
                         {.name = "ext2",
                          .port = "wan",
                          .vlan = 20,
                          .addresses = {prefix("192.0.2.1/24")}},
                         {.name = "farm",
                          .port = "lan",
                          .addresses = {prefix("10.20.0.1/24")},
                          .side = config::Side::servers}};
    config.inside_prefixes = {prefix("10.0.0.0/8")};
    config::Pool pool{.name = "rras"};
    for (int i = 1; i <= 3; ++i)
        pool.backends.push_back({.name = "rras" + std::to_string(i),
                                 .address = ip("10.20.0.1" + std::to_string(i))});
    config.pools = {pool};
    config.services = {make_service("aovpn", "203.0.113.10", "rras")};
    config.maglev_table_size = 4099;
    return config;
}

/// The order that KernelState promises: by destination, the local table first, then by metric.
inline void add_route(netlink::KernelState& kernel, netlink::Route route) {
    kernel.routes.push_back(std::move(route));
    std::ranges::stable_sort(kernel.routes, {}, [](const netlink::Route& r) {
        return std::tuple{r.dst, r.type != netlink::RouteType::local, r.metric};
    });
}

inline void add_route(netlink::KernelState& kernel, const std::string& dst, const std::string& via,
                      int ifindex, std::uint32_t metric = 0) {
    add_route(kernel, {.dst = prefix(dst),
                       .gateway = text::parse_address(via),
                       .ifindex = ifindex,
                       .type = netlink::RouteType::unicast,
                       .metric = metric});
}

/// A route that has no gateway.
inline void add_route(netlink::KernelState& kernel, const std::string& dst, int ifindex,
                      netlink::RouteType type = netlink::RouteType::unicast) {
    add_route(kernel, {.dst = prefix(dst),
                       .gateway = std::nullopt,
                       .ifindex = ifindex,
                       .type = type});
}

inline void add_address(netlink::KernelState& kernel, const std::string& text, int ifindex) {
    const net::IpPrefix address = prefix(text);
    kernel.addresses.push_back({.ifindex = ifindex, .prefix = address});
    std::ranges::sort(kernel.addresses, {}, [](const netlink::Address& a) {
        return std::pair{a.ifindex, a.prefix};
    });
    const auto all_bits = static_cast<std::uint8_t>(address.address.is_v4() ? 32 : 128);
    const net::IpPrefix host{.address = address.address, .length = all_bits};
    add_route(kernel, text::to_text(host), ifindex, netlink::RouteType::local);
    if (address.length < all_bits) add_route(kernel, text::to_text(address.network()), ifindex);
}

inline void add_neighbour(netlink::KernelState& kernel, const std::string& address, int ifindex,
                          std::uint8_t last_of_mac,
                          netlink::NeighbourState state = netlink::NeighbourState::reachable) {
    kernel.neighbours.push_back(
        {.ifindex = ifindex, .address = ip(address), .mac = mac(last_of_mac), .state = state});
}

inline netlink::KernelState make_kernel() {
    netlink::KernelState kernel;
    const auto link = [&](int ifindex, const char* name) {
        kernel.links.push_back(
            {.ifindex = ifindex, .name = name, .mac = {}, .mtu = 1500, .up = true});
    };
    link(lo, "lo");
    link(eth0, "eth0");
    link(ext, "ext");
    link(ext2, "ext2");
    link(farm, "farm");
    add_address(kernel, "192.168.7.2/24", eth0);
    add_address(kernel, "198.51.100.1/24", ext);
    add_address(kernel, "203.0.113.10/32", ext);
    add_address(kernel, "192.0.2.1/24", ext2);
    add_address(kernel, "10.20.0.1/24", farm);
    add_route(kernel, "0.0.0.0/0", "198.51.100.254", ext, 100);
    add_route(kernel, "0.0.0.0/0", "192.0.2.254", ext2, 200);
    add_neighbour(kernel, "198.51.100.254", ext, 0xfe);
    add_neighbour(kernel, "192.0.2.254", ext2, 0xfd);
    for (std::uint8_t i = 1; i <= 3; ++i)
        add_neighbour(kernel, "10.20.0.1" + std::to_string(i), farm, i);
    return kernel;
}

/// All that a table is built from, and the table before.
struct Site {
    config::Config config = make_config();
    std::vector<InterfaceFacts> interfaces{
        {.name = "ext", .port = 0, .mac = mac(0xa0), .ifindex = ext},
        {.name = "ext2", .port = 0, .mac = mac(0xa0), .ifindex = ext2},
        {.name = "farm", .port = 1, .mac = mac(0xa1), .ifindex = farm}};
    netlink::KernelState kernel = make_kernel();
    std::map<std::string, bool> down{};   ///< backends whose health check fails
    std::map<std::string, bool> down6{};  ///< those that fail at their IPv6 address alone
    BackendModes modes{};
    IndexRegistry registry{};
    forwarding::Seconds now = 1000;
    forwarding::Seconds grace_until = 0;
    std::shared_ptr<const wall::AllowRules> allow_rules{};
    RemovedBackends removed{};
    std::unique_ptr<forwarding::ForwardingTable> table{};
    std::vector<std::string> remarks{};

    /// Takes up the configuration and builds the next table.
    const forwarding::ForwardingTable& build() {
        registry.update(config).value();
        modes.retain(config);
        std::map<std::string, BackendFacts, std::less<>> backends;
        for (const config::Pool& pool : config.pools)
            for (const config::Backend& backend : pool.backends)
                backends[backend.name] = {.is_up = {!down.contains(backend.name),
                                                    !down.contains(backend.name) &&
                                                        !down6.contains(backend.name)},
                                          .mode = modes.mode(backend.name)};
        BuiltTable built = build_table({.config = config,
                                        .interfaces = interfaces,
                                        .kernel = kernel,
                                        .backends = backends,
                                        .registry = registry,
                                        .hash_key = {.k0 = 1, .k1 = 2},
                                        .now = now,
                                        .previous = table.get(),
                                        .allow_rules = allow_rules,
                                        .grace_until = grace_until,
                                        .removed = removed.all()});
        table = std::move(built.table);
        remarks = std::move(built.remarks);
        return *table;
    }

    bool has_remark(const std::string& text) const {
        return std::ranges::find(remarks, text) != remarks.end();
    }
    const forwarding::Backend& backend(const std::string& name) const {
        return table->backends[registry.backend(name)->index];
    }
    forwarding::Service& service(const std::string& name) const {
        return table->services[*registry.service(name)];
    }
    const forwarding::Frontend& frontend(const std::string& vip, std::uint16_t port) const {
        return table->frontends[*registry.frontend(ip(vip), port)];
    }
    /// Whose VIP replies from a server's address take.
    forwarding::FrontendIndex reply_frontend(const std::string& address,
                                             std::size_t position) const {
        return table->addresses.find(ip(address))->frontends[position];
    }
    std::optional<forwarding::Route> route(const std::string& destination) const {
        const auto index = table->route_table.lookup(ip(destination));
        return index ? std::optional{table->routes[*index]} : std::nullopt;
    }
    forwarding::GatewayIndex gateway(forwarding::InterfaceIndex interface,
                                     const std::string& address) const {
        return registry.gateway({interface, ip(address)}).value_or(forwarding::no_gateway);
    }
};

/// A second service, in IPv6: on ext and farm, one server, the provider's router by its link-local
/// address.
inline void add_ipv6(Site& site) {
    site.config.pools.push_back(
        {.name = "rras-v6", .backends = {{.name = "rras1-v6", .address = ip("fd00:20::11")}}});
    site.config.services.push_back(make_service("aovpn-v6", "2001:db8:200::10", "rras-v6"));
    site.config.interfaces[0].addresses.push_back(prefix("2001:db8:100::1/64"));
    for (const int tap : {ext, ext2, farm}) add_address(site.kernel, "fe80::1/64", tap);
    add_address(site.kernel, "2001:db8:100::1/64", ext);
    add_address(site.kernel, "2001:db8:200::10/128", ext);
    add_address(site.kernel, "fd00:20::1/64", farm);
    add_route(site.kernel, "::/0", "fe80::fe", ext, 1024);
    add_neighbour(site.kernel, "fe80::fe", ext, 0xfe);
    add_neighbour(site.kernel, "fd00:20::11", farm, 1);
}

/// A second VIP over the same pool.
inline void add_second_vip(Site& site) {
    site.config.services.push_back(make_service("legacy", "203.0.113.20", "rras"));
    add_address(site.kernel, "203.0.113.20/32", ext);
}

/// A second pool, which nobody uses yet.
inline void add_second_pool(Site& site) {
    site.config.pools.push_back(
        {.name = "other", .backends = {{.name = "other1", .address = ip("10.20.0.21")},
                                       {.name = "other2", .address = ip("10.20.0.22")}}});
}

}  // namespace ikelb::table::testlib
