// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "config/device.h"
#include "config/rules.h"
#include "config/scalar.h"
#include "config/text/address.h"

namespace ikelb::config::rules {
namespace {

std::string_view device_without_arguments(std::string_view device) {
    return device.substr(0, device.find(','));
}

/// The first or the last address of an IPv4 subnet: no machine can have them; or the first of an
/// IPv6 subnet: all its routers have it (RFC 4291 2.6.1). An IPv4 /31 (RFC 3021) and an IPv6 /127
/// (RFC 6164) have no such addresses.
bool is_subnet_or_broadcast_address(const net::IpPrefix& prefix) {
    if (!prefix.address.is_v4())
        return prefix.length < 127 && prefix.address == prefix.network().address;
    if (prefix.length >= 31) return false;
    const std::uint32_t host_bits =
        static_cast<std::uint32_t>((std::uint64_t{1} << (32 - prefix.length)) - 1);
    const std::uint32_t host = prefix.address.v4().value.to_host() & host_bits;
    return host == 0 || host == host_bits;
}

bool is_on_link(const Interface& interface, const net::IpAddress& address) {
    return std::any_of(interface.addresses.begin(), interface.addresses.end(),
                       [&](const net::IpPrefix& own) { return own.contains(address); });
}

/// An address of each interface; the subnets of the two overlap.
struct Overlap {
    net::IpPrefix own;
    net::IpPrefix other;
};

std::optional<Overlap> first_overlap(const Interface& interface, const Interface& before) {
    for (const net::IpPrefix& own : interface.addresses)
        for (const net::IpPrefix& other : before.addresses)
            if (own.address != other.address && !is_link_local(own.address) &&
                (own.contains(other.address) || other.contains(own.address)))
                return Overlap{.own = own, .other = other};
    return std::nullopt;
}

void port_devices_are_unique(const Config& config, FindingList& out) {
    std::map<std::string_view, std::string_view> owners;
    for (std::size_t i = 0; i < config.ports.size(); ++i) {
        const Port& port = config.ports[i];
        const std::string_view device = device_without_arguments(port.device);
        const auto [owner, is_new] = owners.try_emplace(device, port.name);
        if (!is_new)
            out.error(port.line.number, item_path("ports", i) + ".device",
                      in_quotes(device) + " is the device of the port " + in_quotes(owner->second) +
                          "; every port needs its own, such as net_af_xdp1 after "
                          "net_af_xdp0");
    }
}

void port_devices_are_dpdk_devices(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.ports.size(); ++i) {
        const Port& port = config.ports[i];
        const std::string_view device = device_without_arguments(port.device);
        const bool is_virtual = device.starts_with("net_") || device.starts_with("eth_");
        if (is_virtual || is_pci_address(device)) continue;
        out.warning(port.line.number, item_path("ports", i) + ".device",
                    in_quotes(device) + " looks like neither a PCI address (0000:03:00.0) nor a "
                                     "vdev; for a device of the kernel write "
                                     "net_af_xdp0,iface=NAME");
    }
}

void port_drivers_hand_over_fragments(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.ports.size(); ++i) {
        const Port& port = config.ports[i];
        const std::string_view driver = port.device;
        // The driver's socket joins a fanout group that has the kernel reassemble datagrams first.
        if (!driver.starts_with("net_af_packet") && !driver.starts_with("eth_af_packet")) continue;
        out.warning(port.line.number, item_path("ports", i) + ".device",
                    "net_af_packet loses fragmented datagrams, such as an IKE_AUTH with "
                    "certificates, where they are longer than a frame; write "
                    "net_af_xdp0,iface=NAME");
    }
}

void port_macs_are_usable(const Config& config, FindingList& out) {
    std::set<net::MacAddress> seen;
    for (std::size_t i = 0; i < config.ports.size(); ++i) {
        const Port& port = config.ports[i];
        if (!port.mac) continue;
        const std::string path = item_path("ports", i) + ".mac";
        if (port.mac->is_zero() || port.mac->is_multicast())
            out.error(port.line.number, path,
                      text::to_text(*port.mac) + " is no address of one station; write one such as "
                                                 "02:00:00:00:00:01, or leave it out");
        else if (!seen.insert(*port.mac).second)
            out.error(port.line.number, path,
                      text::to_text(*port.mac) + " is the MAC address of another port; every port "
                                                 "needs its own");
    }
}

void server_macs_are_usable(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.interfaces.size(); ++i) {
        const Interface& interface = config.interfaces[i];
        const std::string path = item_path("interfaces", i) + ".server_macs";
        for (const net::MacAddress& mac : interface.server_macs)
            if (mac.is_zero() || mac.is_multicast())
                out.error(interface.line.number, path,
                          text::to_text(mac) + " is no address of one station; write those that "
                                               "servers send from, or leave it out");
        if (!interface.server_macs.empty() && interface.side != Side::both)
            out.warning(interface.line.number, path,
                        "has no effect: " + interface.name + " is no interface of side both, "
                        "where servers are told from clients by it");
    }
}

void ports_are_used(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.ports.size(); ++i) {
        const Port& port = config.ports[i];
        const bool is_used =
            std::any_of(config.interfaces.begin(), config.interfaces.end(),
                        [&](const Interface& interface) { return interface.port == port.name; });
        if (!is_used)
            out.warning(port.line.number, item_path("ports", i),
                        "no interface is on the port " + in_quotes(port.name) +
                            ": what it receives is dropped; add an interface or remove the port");
    }
}

void vlans_are_unique_per_port(const Config& config, FindingList& out) {
    std::map<std::pair<std::string_view, std::uint16_t>, std::string_view> owners;
    for (std::size_t i = 0; i < config.interfaces.size(); ++i) {
        const Interface& interface = config.interfaces[i];
        const auto [owner, is_new] =
            owners.try_emplace({interface.port, interface.vlan}, interface.name);
        if (is_new) continue;
        const std::string what = interface.vlan == 0
                                     ? std::string{"takes what comes untagged"}
                                     : "is VLAN " + std::to_string(interface.vlan);
        out.error(interface.line.number, item_path("interfaces", i) + ".vlan",
                  "the interface " + in_quotes(owner->second) + " already " + what +
                      " on the port " + in_quotes(interface.port) +
                      "; give this one a VLAN of its own");
    }
}

void both_sides_have_an_interface(const Config& config, FindingList& out) {
    const auto has = [&config](Side side) {
        return std::any_of(config.interfaces.begin(), config.interfaces.end(),
                           [side](const Interface& interface) {
                               return interface.side == side || interface.side == Side::both;
                           });
    };
    if (!has(Side::clients))
        out.error(0, "interfaces",
                  "no interface leads to the clients; write side: clients (or both) on one");
    if (!has(Side::servers))
        out.error(0, "interfaces",
                  "no interface leads to the servers; write side: servers (or both) on one");
}

void interface_addresses_are_usable(const Config& config, FindingList& out) {
    std::map<net::IpAddress, std::string_view> owners;
    for (std::size_t i = 0; i < config.interfaces.size(); ++i) {
        const Interface& interface = config.interfaces[i];
        for (std::size_t j = 0; j < interface.addresses.size(); ++j) {
            const net::IpPrefix& own = interface.addresses[j];
            const std::string path = item_path("interfaces", i) + item_path(".addresses", j);
            const int line = interface.line.number;
            if (!is_host_address(own.address))
                out.error(line, path, text::to_text(own) + " is no address a machine can have; "
                                                           "write one of its subnet's hosts");
            else if (is_subnet_or_broadcast_address(own))
                out.error(line, path, text::to_text(own) + " is the first or last address of its "
                                                           "subnet; write one of its hosts");
            if (is_link_local(own.address)) continue;  // each interface may have fe80::1
            const auto [owner, is_new] = owners.try_emplace(own.address, interface.name);
            if (!is_new)
                out.error(line, path,
                          text::to_text(own.address) + " is on the interface " +
                              in_quotes(owner->second) + " already; remove one of them");
        }
    }
}

void interface_subnets_are_apart(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.interfaces.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const Interface& interface = config.interfaces[i];
            const auto overlap = first_overlap(interface, config.interfaces[j]);
            if (overlap)
                out.warning(interface.line.number, item_path("interfaces", i) + ".addresses",
                            text::to_text(overlap->own) + " overlaps with " +
                                text::to_text(overlap->other) + " on " +
                                in_quotes(config.interfaces[j].name) +
                                ": the kernel reaches a host on one of them only; give each "
                                "interface a subnet of its own");
        }
    }
}

void routes_are_usable(const Config& config, FindingList& out) {
    std::set<net::IpPrefix> seen;
    for (std::size_t i = 0; i < config.routes.size(); ++i) {
        const Route& route = config.routes[i];
        const std::string path = item_path("routes", i);
        const int line = route.line.number;
        check_network(out, line, path + ".to", route.to);
        if (!seen.insert(route.to.network()).second)
            out.error(line, path + ".to",
                      "there is a route to " + text::to_text(route.to) +
                          " already; keep one (several gateways: use ip route or FRR)");
        if (route.to.address.is_v4() != route.via.is_v4())
            out.error(line, path + ".via",
                      text::to_text(route.via) + " is not of the family of " +
                          text::to_text(route.to) + "; write a gateway of the same family");
        else if (!is_host_address(route.via))
            out.error(line, path + ".via",
                      text::to_text(route.via) + " is no address a gateway can have; write the "
                                                 "address of the next router");
    }
}

void route_gateways_are_on_link(const Config& config, FindingList& out) {
    for (std::size_t i = 0; i < config.routes.size(); ++i) {
        const Route& route = config.routes[i];
        const std::string path = item_path("routes", i) + ".via";
        if (is_link_local(route.via) && !route.dev)
            out.error(route.line.number, path,
                      text::to_text(route.via) + " is link-local and can be on any interface; "
                                                 "write dev with the name of the gateway's");
        bool is_reached = is_link_local(route.via);
        for (const Interface& interface : config.interfaces) {
            for (const net::IpPrefix& own : interface.addresses)
                if (own.address == route.via && (!route.dev || *route.dev == interface.name))
                    out.error(route.line.number, path,
                              text::to_text(route.via) + " is ikelb's own address on " +
                                  in_quotes(interface.name) + "; write the next router's");
            if (!route.dev || *route.dev == interface.name)
                is_reached |= is_on_link(interface, route.via);
        }
        if (!is_reached)
            out.warning(route.line.number, path,
                        text::to_text(route.via) + " is in no subnet of " +
                            (route.dev ? in_quotes(*route.dev) : std::string{"any interface"}) +
                            ": the kernel will refuse the route unless the interface gets a "
                            "fitting address from elsewhere; correct it or add the address");
    }
}

void inside_prefixes_are_usable(const Config& config, FindingList& out) {
    const int line = config.inside_prefixes_line.number;
    for (std::size_t i = 0; i < config.inside_prefixes.size(); ++i) {
        const net::IpPrefix& inside = config.inside_prefixes[i];
        const std::string path = item_path("inside_prefixes", i);
        check_network(out, line, path, inside);
        if (inside.length == 0)
            out.error(line, path, text::to_text(inside) + " holds all clients: no answer would be "
                                                          "translated; write the inner networks");
        for (const Interface& interface : config.interfaces)
            for (const net::IpPrefix& own : interface.addresses)
                if (interface.side == Side::clients && inside.length > 0 &&
                    (inside.contains(own.address) || own.contains(inside.address)))
                    out.warning(line, path,
                                text::to_text(inside) +
                                    (inside.contains(own.address) ? " holds" : " lies in") +
                                    " the clients' side subnet " + text::to_text(own) + " of " +
                                    in_quotes(interface.name) +
                                    ": what comes from there is dropped as spoofed_source; write "
                                    "prefixes of the servers' side alone");
    }
}

void ports_below_ipv6_have_its_mtu(const Config& config, FindingList& out) {
    constexpr std::uint16_t smallest = 1280;  // RFC 8200 section 5
    const auto needs_ipv6 = [&config](const Interface& interface) {
        return std::ranges::any_of(interface.addresses,
                                   [](const auto& own) { return !own.address.is_v4(); }) ||
               std::ranges::any_of(config.services, [&](const Service& service) {
                   return service.interface == interface.name && !service.vip.is_v4();
               });
    };
    for (std::size_t i = 0; i < config.ports.size(); ++i) {
        const Port& port = config.ports[i];
        const auto interface =
            std::ranges::find_if(config.interfaces, [&](const Interface& candidate) {
                return candidate.port == port.name && needs_ipv6(candidate);
            });
        if (port.mtu >= smallest || interface == config.interfaces.end()) continue;
        out.error(port.line.number, item_path("ports", i) + ".mtu",
                  std::to_string(port.mtu) + " is too little for the IPv6 addresses of " +
                      in_quotes(interface->name) + "; write at least " + std::to_string(smallest));
    }
}

void mtus_fit_the_buffers_of_af_xdp(const Config& config, FindingList& out) {
    // A buffer of the kernel is at most a page, 4,096 bytes. DPDK takes 576 of them for the head
    // room and its data before that, the Ethernet header with a tag takes 18.
    constexpr std::uint16_t largest = 4096 - 576 - 18;
    const bool has_af_xdp = std::ranges::any_of(config.ports, [](const Port& port) {
        return port.device.starts_with("net_af_xdp");
    });
    for (std::size_t i = 0; has_af_xdp && i < config.ports.size(); ++i)
        if (const Port& port = config.ports[i]; port.mtu > largest)
            out.error(port.line.number, item_path("ports", i) + ".mtu",
                      std::to_string(port.mtu) + " is too much for the packet buffers of "
                      "net_af_xdp, which all ports share; write at most " +
                          std::to_string(largest));
}

}  // namespace

void check_network(FindingList& out, int line, std::string path, const net::IpPrefix& prefix) {
    if (prefix != prefix.network())
        out.error(line, std::move(path),
                  text::to_text(prefix) + " has bits set behind its length; write " +
                      text::to_text(prefix.network()));
}

bool is_host_address(const net::IpAddress& address) {
    return !address.is_unspecified() && !address.is_multicast_or_broadcast() &&
           !address.is_loopback();
}

bool is_link_local(const net::IpAddress& address) {
    return address.high() >> 54 == 0xfe80 >> 6;
}

void network(const Config& config, FindingList& out) {
    for (const Rule rule :
         {port_devices_are_unique, port_devices_are_dpdk_devices, port_drivers_hand_over_fragments,
          port_macs_are_usable, server_macs_are_usable, ports_are_used, vlans_are_unique_per_port,
          both_sides_have_an_interface, interface_addresses_are_usable, interface_subnets_are_apart,
          routes_are_usable, route_gateways_are_on_link, inside_prefixes_are_usable,
          ports_below_ipv6_have_its_mtu, mtus_fit_the_buffers_of_af_xdp})
        rule(config, out);
}

}  // namespace ikelb::config::rules
