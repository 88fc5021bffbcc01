// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <optional>

#include "config/prefix.h"
#include "config/rules.h"
#include "config/scalar.h"
#include "config/text/address.h"

namespace ikelb::config::rules {
namespace {

constexpr std::uint8_t icmp = 1, tcp = 6, udp = 17, esp = 50, icmpv6 = 58;
constexpr std::uint16_t ike = 500, nat_t = 4500;

bool is_one_address(const net::IpPrefix& prefix) { return prefix.mapped_length() == 128; }

std::string_view family_of(const net::IpAddress& address) {
    return address.is_v4() ? "IPv4" : "IPv6";
}

void check_port(FindingList& out, int line, const std::string& path, const OpenPort& port,
                const net::IpAddress& address) {
    if (!has_ports(port.protocol) && port.ports != PortRange{})
        out.error(line, path + ".ports",
                  "only tcp and udp have ports, and the protocol is " +
                      protocol_to_string(port.protocol) +
                      "; write protocol: tcp or udp, or leave ports out");
    const std::uint8_t of_other_family = address.is_v4() ? icmpv6 : icmp;
    if (port.protocol == of_other_family)
        out.error(line, path + ".protocol",
                  protocol_to_string(port.protocol) + " is not of the family of " +
                      text::to_text(address) + "; write " +
                      protocol_to_string(address.is_v4() ? icmp : icmpv6));
}

void check_families(FindingList& out, int line, const std::string& path,
                    const net::IpAddress& from, const net::IpAddress& to) {
    if (from.is_v4() != to.is_v4())
        out.error(line, path + ".from",
                  text::to_text(from) + " is " + std::string{family_of(from)} + " and " +
                      text::to_text(to) + " is " + std::string{family_of(to)} +
                      "; write a rule for each family");
}

const Service* service_of(const Config& config, const net::IpAddress& vip) {
    const auto service = std::ranges::find(config.services, vip, &Service::vip);
    return service == config.services.end() ? nullptr : &*service;
}

bool is_own(const Config& config, const net::IpAddress& address) {
    return std::ranges::any_of(config.interfaces, [&](const Interface& interface) {
        return std::ranges::count(interface.addresses, address, &net::IpPrefix::address) > 0;
    });
}

bool is_backend(const Config& config, const net::IpAddress& address) {
    return std::ranges::any_of(config.pools, [&](const Pool& pool) {
        return std::ranges::any_of(pool.backends, [&](const Backend& backend) {
            return std::ranges::count(backend.addresses(), address) > 0;
        });
    });
}

/// The network on the servers' side that holds all of these sources, if one does: the dataplane
/// drops packets from there on the clients' side before it asks any rule.
std::optional<net::IpPrefix> servers_network_of(const Config& config,
                                                const net::IpPrefix& sources) {
    for (const net::IpPrefix& inside : config.inside_prefixes)
        if (covers(inside, sources)) return inside;
    for (const Interface& interface : config.interfaces)
        for (const net::IpPrefix& own : interface.addresses)
            if (interface.side == Side::servers && covers(own, sources)) return own.network();
    return std::nullopt;
}

/// ESP, or only the service's UDP ports.
bool is_service_traffic(const OpenPort& port) {
    if (port.protocol == esp) return true;
    return port.protocol == udp && port.ports.first == port.ports.last &&
           (port.ports.first == ike || port.ports.first == nat_t);
}

void transit_is_closed(const Config& config, FindingList& out) {
    if (config.transit.is_open)
        out.warning(config.transit.line.number, "transit",
                    "whatever has a route passes from the clients' side, to the servers' RDP and "
                    "SMB as well, and this host's firewall does not see it; unless a router before "
                    "it filters, write closed, or the rules of what may pass");
}

void allow_rules_are_well_formed(const Config& config, FindingList& out) {
    const auto& rules = config.transit.allow;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const AllowRule& rule = rules[i];
        const std::string path = item_path("transit.allow", i);
        const int line = rule.line.number;
        check_network(out, line, path + ".from", rule.from);
        check_network(out, line, path + ".to", rule.to);
        check_families(out, line, path, rule.from.address, rule.to.address);
        check_port(out, line, path, rule.port, rule.to.address);
        if (rule.is_established && rule.port.protocol != tcp)
            out.error(line, path + ".established",
                      "only tcp has segments that begin nothing, and the protocol is " +
                          protocol_to_string(rule.port.protocol) +
                          "; write protocol: tcp, or leave established out");
        const auto before = rules.begin() + static_cast<std::ptrdiff_t>(i);
        const auto same = std::find(rules.begin(), before, rule);
        if (same != before)
            out.warning(line, path,
                        "the rule of line " + std::to_string(same->line.number) +
                            " says the same; remove one of them");
    }
}

void allow_rules_can_match(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.transit.allow.size(); ++i) {
        const AllowRule& rule = config.transit.allow[i];
        const std::string path = item_path("transit.allow", i);
        const int line = rule.line.number;
        const net::IpAddress& to = rule.to.address;
        if (const auto network = servers_network_of(config, rule.from))
            out.warning(line, path + ".from",
                        text::to_text(rule.from) + " lies in " + text::to_text(*network) +
                            ", on the servers' side, and what comes from there on the clients' "
                            "side is dropped as spoofed_source: the rule never matches; write "
                            "sources of the clients' side");
        if (!is_one_address(rule.to)) continue;
        if (const Service* service = service_of(config, to))
            out.warning(line, path + ".to",
                        text::to_text(to) + " is the VIP of " + in_quotes(service->name) +
                            ", and no transit: the rule never matches; write "
                            "services[].host_ports");
        else if (is_own(config, to))
            out.warning(line, path + ".to",
                        text::to_text(to) + " is this host's own address, and no transit: the rule "
                                            "never matches; write own_services");
        else if (is_backend(config, to) && is_service_traffic(rule.port))
            out.warning(line, path,
                        "clients' " + to_string(rule.port) + " straight to the backend " +
                            text::to_text(to) +
                            " is dropped as direct_to_backend whatever the rules say; remove the "
                            "rule, clients use the VIP");
    }
}

void own_services_are_usable(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.own_services.size(); ++i) {
        const OwnService& own = config.own_services[i];
        const std::string path = item_path("own_services", i);
        const int line = own.line.number;
        check_network(out, line, path + ".from", own.from);
        check_families(out, line, path, own.from.address, own.address);
        check_port(out, line, path, own.port, own.address);
        if (!is_host_address(own.address))
            out.error(line, path + ".address",
                      text::to_text(own.address) + " is no address that packets come to; write one "
                                                   "of this host's");
        else if (const Service* service = service_of(config, own.address))
            out.error(line, path + ".address",
                      text::to_text(own.address) + " is the VIP of " + in_quotes(service->name) +
                          "; write services[].host_ports there");
        else if (is_backend(config, own.address))
            out.error(line, path + ".address",
                      text::to_text(own.address) + " is a backend's; write one of this host's, or "
                                                   "a rule in transit.allow");
    }
}

void host_ports_are_no_service_ports(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.services.size(); ++i) {
        const Service& service = config.services[i];
        for (std::size_t j = 0; j < service.host_ports.size(); ++j) {
            const OpenPort& port = service.host_ports[j];
            for (const std::uint16_t taken : {ike, nat_t})
                if (port.protocol == udp && port.ports.first <= taken && taken <= port.ports.last)
                    out.error(service.line.number,
                              item_path("services", i) + item_path(".host_ports", j),
                              to_string(port) + " holds udp/" + std::to_string(taken) +
                                  ", which is the service's; write the ports around it");
        }
    }
}

void interfaces_with_vips_have_addresses(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.interfaces.size(); ++i) {
        const Interface& interface = config.interfaces[i];
        const bool has_vip = std::ranges::any_of(config.services, [&](const Service& service) {
            return service.interface == interface.name;
        });
        if (!has_vip || interface.side == Side::servers || !interface.addresses.empty()) continue;
        out.warning(interface.line.number, item_path("interfaces", i) + ".addresses",
                    in_quotes(interface.name) +
                        " has VIPs but no address of its own: at a VIP this host answers ping and "
                        "nothing else, so that BGP or ssh find none to go to; write one, unless "
                        "keepalived or ip address brings it");
    }
}

void servers_are_not_behind_the_clients_router(const Config& config, FindingList& out) {
    const auto is_servers = [&](const Route& route) {
        if (route.to.length == 0) return false;
        if (std::ranges::any_of(config.inside_prefixes, [&](const net::IpPrefix& inside) {
                return covers(inside, route.to);
            }))
            return true;
        return std::ranges::any_of(config.pools, [&](const Pool& pool) {
            return std::ranges::any_of(pool.backends, [&](const Backend& backend) {
                return std::ranges::any_of(
                    backend.addresses(),
                    [&](const net::IpAddress& address) { return route.to.contains(address); });
            });
        });
    };
    for_each_address(config, [&](const ServerAddress& of) {
        const Route* route = route_to(config, of.address);
        if (on_link_interface(config, of.address) || !route) return;
        const Interface* interface = interface_of(config, *route);
        if (!interface || interface->side != Side::both) return;
        const bool is_clients_router =
            std::ranges::any_of(config.routes, [&](const Route& other) {
                return other.via == route->via && !is_servers(other);
            });
        if (is_clients_router)
            out.warning(of.line, of.path,
                        text::to_text(of.address) + " is reached through " +
                            text::to_text(route->via) +
                            ", which leads to clients as well: what has its source and comes "
                            "from there may be a client's, and is dropped as spoofed_backend; "
                            "give the servers a router or an interface of their own");
    });
}

}  // namespace

void wall(const Config& config, FindingList& out) {
    for (const Rule rule :
         {transit_is_closed, allow_rules_are_well_formed, allow_rules_can_match,
          own_services_are_usable, host_ports_are_no_service_ports,
          interfaces_with_vips_have_addresses, servers_are_not_behind_the_clients_router})
        rule(config, out);
}

}  // namespace ikelb::config::rules
