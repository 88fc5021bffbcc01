// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <map>

#include "config/rules.h"
#include "config/scalar.h"
#include "config/text/address.h"

namespace ikelb::config::rules {
namespace {

constexpr std::string_view link_local =
    " is link-local: it names another machine on each link, and is never routed (RFC 4291 2.5.6); "
    "write a global or a unique local (fd00::/8) address";

const Interface* owner_of(const Config& config, const net::IpAddress& address) {
    for (const Interface& interface : config.interfaces)
        for (const net::IpPrefix& own : interface.addresses)
            if (own.address == address) return &interface;
    return nullptr;
}

void pools_have_backends(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.pools.size(); ++i)
        if (config.pools[i].backends.empty())
            out.error(config.pools[i].line.number, item_path("pools", i) + ".backends",
                      "the pool " + in_quotes(config.pools[i].name) +
                          " has no backends; write at least one, or remove the pool");
}

void pools_have_weight(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.pools.size(); ++i) {
        const Pool& pool = config.pools[i];
        const bool is_all_zero =
            std::all_of(pool.backends.begin(), pool.backends.end(),
                        [](const Backend& backend) { return backend.weight == 0; });
        if (!pool.backends.empty() && is_all_zero)
            out.error(pool.line.number, item_path("pools", i) + ".backends",
                      "all backends of the pool " + in_quotes(pool.name) +
                          " have weight 0: no new client gets in; write a weight above 0 on one");
    }
}

void pools_are_used(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.pools.size(); ++i) {
        const Pool& pool = config.pools[i];
        const bool is_used =
            std::any_of(config.services.begin(), config.services.end(),
                        [&](const Service& service) { return service.pool == pool.name; });
        if (!is_used)
            out.warning(pool.line.number, item_path("pools", i),
                        "no service uses the pool " + in_quotes(pool.name) +
                            "; write its name into a service, or remove it");
    }
}

void backend_addresses_are_usable(const Config& config, FindingList& out) {
    for_each_address(config, [&](const ServerAddress& of) {
        const std::string address = text::to_text(of.address);
        if (!is_host_address(of.address))
            out.error(of.line, of.path,
                      address + " is no address a server can have; write the server's own");
        else if (is_link_local(of.address))
            out.error(of.line, of.path, address + std::string{link_local});
        else if (const Interface* owner = owner_of(config, of.address))
            out.error(of.line, of.path,
                      address + " is ikelb's own address on " + in_quotes(owner->name) +
                          "; write the server's");
    });
}

void backend_addresses_are_unique(const Config& config, FindingList& out) {
    std::map<net::IpAddress, const Backend*> owners;
    for_each_address(config, [&](const ServerAddress& of) {
        const auto [owner, is_new] = owners.try_emplace(of.address, &of.backend);
        if (is_new) return;
        const std::string address = text::to_text(of.address);
        if (owner->second == &of.backend)
            out.error(of.line, of.path,
                      "the backend " + in_quotes(of.backend.name) + " has " + address +
                          " already; write another address of the server, or leave the alias out "
                          "of the one service that goes to the backend's own");
        else
            out.error(of.line, of.path,
                      address + " is an address of the backend " + in_quotes(owner->second->name) +
                          "; a server stands in one pool once (several services may use a pool)");
    });
}

void backends_are_reached_on_the_servers_side(const Config& config, FindingList& out) {
    for_each_address(config, [&](const ServerAddress& of) {
        const std::string address = text::to_text(of.address);
        if (const Interface* on_link = on_link_interface(config, of.address)) {
            if (on_link->side == Side::clients)
                out.error(of.line, of.path,
                          address + " is in the subnet of " + in_quotes(on_link->name) +
                              ", which leads to the clients: its answers would not be "
                              "translated; move it, or write side: both on the interface");
            return;
        }
        const Route* route = route_to(config, of.address);
        if (!route) {
            out.warning(of.line, of.path,
                        address + " is in no subnet of an interface and no route leads there; "
                                  "add one to routes, unless ip route or FRR brings it");
            return;
        }
        const Interface* via = interface_of(config, *route);
        if (via && via->side == Side::clients)
            out.warning(of.line, of.path,
                        address + " is reached by the route to " + text::to_text(route->to) +
                            " through " + in_quotes(via->name) +
                            ", which leads to the clients; add a route on the servers' side");
    });
}

void health_times_fit(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.pools.size(); ++i) {
        const IcmpHealth& icmp = config.pools[i].health.icmp;
        if (icmp.timeout <= icmp.interval) continue;
        out.error(icmp.line.number, item_path("pools", i) + ".health.icmp.timeout",
                  to_string(icmp.timeout) + " is longer than the interval of " +
                      to_string(icmp.interval) + "; write at most " + to_string(icmp.interval));
    }
}

void services_exist(const Config& config, FindingList& out) {
    if (config.services.empty())
        out.warning(0, "services", "there is no service: ikelb only routes; add one to balance");
}

void vips_are_usable(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.services.size(); ++i) {
        const Service& service = config.services[i];
        const std::string path = item_path("services", i) + ".vip";
        const std::string vip = text::to_text(service.vip);
        if (!is_host_address(service.vip))
            out.error(service.line.number, path,
                      vip + " is no address clients can connect to; write a unicast address");
        else if (is_link_local(service.vip))
            out.error(service.line.number, path, vip + std::string{link_local});
        else if (const Interface* owner = owner_of(config, service.vip))
            out.error(service.line.number, path,
                      vip + " is the address of the interface " + in_quotes(owner->name) +
                          "; a VIP needs an address of its own (ikelb adds it to the interface)");
        for (const Route& route : config.routes)
            if (route.via == service.vip)
                out.error(service.line.number, path,
                          vip + " is the gateway of the route to " + text::to_text(route.to) +
                              "; a VIP needs an address of its own");
    }
}

void vips_are_unique(const Config& config, FindingList& out) {
    std::map<net::IpAddress, std::string_view> owners;
    for (std::size_t i = 0; i < config.services.size(); ++i) {
        const Service& service = config.services[i];
        const auto [owner, is_new] = owners.try_emplace(service.vip, service.name);
        if (!is_new)
            out.error(service.line.number, item_path("services", i) + ".vip",
                      text::to_text(service.vip) + " is the VIP of the service " +
                          in_quotes(owner->second) + "; every service needs its own");
    }
}

void vips_are_no_backends(const Config& config, FindingList& out) {
    for_each_address(config, [&](const ServerAddress& of) {
        for (const Service& service : config.services)
            if (service.vip == of.address)
                out.error(of.line, of.path,
                          text::to_text(of.address) + " is the VIP of the service " +
                              in_quotes(service.name) + "; write the server's own address");
    });
}

void service_interfaces_face_clients(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.services.size(); ++i) {
        const Service& service = config.services[i];
        for (const Interface& interface : config.interfaces)
            if (interface.name == service.interface && interface.side == Side::servers)
                out.error(service.line.number, item_path("services", i) + ".interface",
                          in_quotes(interface.name) +
                              " leads to the servers; write an interface with side: clients "
                              "or both");
    }
}

}  // namespace

const Interface* on_link_interface(const Config& config, const net::IpAddress& address) {
    const Interface* best = nullptr;
    int best_length = -1;
    for (const Interface& interface : config.interfaces)
        for (const net::IpPrefix& own : interface.addresses)
            if (own.contains(address) && own.length > best_length) {
                best = &interface;
                best_length = own.length;
            }
    return best;
}

const Route* route_to(const Config& config, const net::IpAddress& address) {
    const Route* best = nullptr;
    for (const Route& route : config.routes)
        if (route.to.contains(address) && (!best || route.to.length > best->to.length))
            best = &route;
    return best;
}

const Interface* interface_of(const Config& config, const Route& route) {
    if (!route.dev) return on_link_interface(config, route.via);
    for (const Interface& interface : config.interfaces)
        if (interface.name == *route.dev) return &interface;
    return nullptr;
}

void services(const Config& config, FindingList& out) {
    for (const Rule rule :
         {pools_have_backends, pools_have_weight, pools_are_used, backend_addresses_are_usable,
          backend_addresses_are_unique, backends_are_reached_on_the_servers_side, health_times_fit,
          services_exist, vips_are_usable, vips_are_unique, vips_are_no_backends,
          service_interfaces_face_clients})
        rule(config, out);
}

}  // namespace ikelb::config::rules
