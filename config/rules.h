// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The rules of validate(), each one function that looks at the whole configuration and reports
// what breaks it. A new rule: a function here, a line in validate.cc, a case in the tests.

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/finding.h"

namespace ikelb::config::rules {

// Names: rules_names.cc
void names_are_well_formed(const Config& config, FindingList& out);
void names_are_unique(const Config& config, FindingList& out);
void references_are_defined(const Config& config, FindingList& out);
void interface_names_are_free_in_the_kernel(const Config& config, FindingList& out);

// Ports, interfaces, routes: rules_network.cc
void port_devices_are_unique(const Config& config, FindingList& out);
void port_devices_are_dpdk_devices(const Config& config, FindingList& out);
void port_drivers_hand_over_fragments(const Config& config, FindingList& out);
void port_macs_are_usable(const Config& config, FindingList& out);
void server_macs_are_usable(const Config& config, FindingList& out);
void ports_are_used(const Config& config, FindingList& out);
void vlans_are_unique_per_port(const Config& config, FindingList& out);
void both_sides_have_an_interface(const Config& config, FindingList& out);
void interface_addresses_are_usable(const Config& config, FindingList& out);
void interface_subnets_are_apart(const Config& config, FindingList& out);
void routes_are_usable(const Config& config, FindingList& out);
void route_gateways_are_on_link(const Config& config, FindingList& out);
void inside_prefixes_are_usable(const Config& config, FindingList& out);
void ports_below_ipv6_have_its_mtu(const Config& config, FindingList& out);
void mtus_fit_the_buffers_of_af_xdp(const Config& config, FindingList& out);

// Pools and services: rules_service.cc
void pools_have_backends(const Config& config, FindingList& out);
void pools_have_weight(const Config& config, FindingList& out);
void pools_are_used(const Config& config, FindingList& out);
void backend_addresses_are_usable(const Config& config, FindingList& out);
void backend_addresses_are_unique(const Config& config, FindingList& out);
void backends_are_reached_on_the_servers_side(const Config& config, FindingList& out);
void health_times_fit(const Config& config, FindingList& out);
void spi_labels_are_well_formed(const Config& config, FindingList& out);
void spi_labels_are_apart(const Config& config, FindingList& out);
void services_exist(const Config& config, FindingList& out);
void vips_are_usable(const Config& config, FindingList& out);
void vips_are_unique(const Config& config, FindingList& out);
void vips_are_no_backends(const Config& config, FindingList& out);
void service_interfaces_face_clients(const Config& config, FindingList& out);

// Servers of both families: rules_family.cc
void backends_have_one_address_of_each_family(const Config& config, FindingList& out);
void backends_have_the_family_of_the_vip(const Config& config, FindingList& out);

// One server behind several VIPs: rules_alias.cc
void aliases_fit_their_services(const Config& config, FindingList& out);
void backends_tell_vips_apart(const Config& config, FindingList& out);

// What may pass that is no service's: rules_wall.cc
void transit_is_closed(const Config& config, FindingList& out);
void allow_rules_are_well_formed(const Config& config, FindingList& out);
void allow_rules_can_match(const Config& config, FindingList& out);
void own_services_are_usable(const Config& config, FindingList& out);
void host_ports_are_no_service_ports(const Config& config, FindingList& out);
void interfaces_with_vips_have_addresses(const Config& config, FindingList& out);
void servers_are_not_behind_the_clients_router(const Config& config, FindingList& out);

// The daemon itself: rules_system.cc
void worker_cpus_fit(const Config& config, FindingList& out);
void eal_args_leave_ours_alone(const Config& config, FindingList& out);
void limits_are_powers_of_two(const Config& config, FindingList& out);
void timeouts_fit(const Config& config, FindingList& out);
void state_file_is_usable(const Config& config, FindingList& out);
void admin_socket_is_usable(const Config& config, FindingList& out);
void maglev_table_size_is_prime(const Config& config, FindingList& out);
void maglev_tables_are_built_in_time(const Config& config, FindingList& out);
void maglev_table_is_large_enough(const Config& config, FindingList& out);

/// An address that one machine can have: unicast, not loopback, not 0.0.0.0.
bool is_host_address(const net::IpAddress& address);
/// fe80::/10: another machine on each interface (RFC 4291 2.5.6).
bool is_link_local(const net::IpAddress& address);

/// Reports host bits set in what is to be a network.
void check_network(FindingList& out, int line, std::string path, const net::IpPrefix& prefix);

// How the configuration's own routes and subnets lead to an address; nullptr: not at all.

/// The interface in whose subnet an address is: the one with the longest prefix.
const Interface* on_link_interface(const Config& config, const net::IpAddress& address);
const Route* route_to(const Config& config, const net::IpAddress& address);
const Interface* interface_of(const Config& config, const Route& route);

/// IPv4 or IPv6.
inline std::string name_of_family(const net::IpAddress& address) {
    return address.is_v4() ? "IPv4" : "IPv6";
}

/// pools[3]
std::string item_path(std::string_view list, std::size_t index);
/// pools[3].backends[1]
std::string backend_path(std::size_t pool, std::size_t backend);
/// pools[3].backends[1].aliases[0]
std::string alias_path(std::size_t pool, std::size_t backend, std::size_t alias);

/// One address of a server: its own, or an alias.
struct ServerAddress {
    const Backend& backend;
    const net::IpAddress& address;
    std::string path;
    int line;
};

/// Calls visit(ServerAddress) for each address of each backend of each pool.
template <class Visit>
void for_each_address(const Config& config, Visit visit) {
    for (std::size_t i = 0; i < config.pools.size(); ++i)
        for (std::size_t j = 0; j < config.pools[i].backends.size(); ++j) {
            const Backend& backend = config.pools[i].backends[j];
            visit(ServerAddress{backend, backend.address, backend_path(i, j) + ".address",
                                backend.line.number});
            if (backend.address6)
                visit(ServerAddress{backend, *backend.address6, backend_path(i, j) + ".address6",
                                    backend.line.number});
            for (std::size_t k = 0; k < backend.aliases.size(); ++k)
                visit(ServerAddress{backend, backend.aliases[k].address,
                                    alias_path(i, j, k) + ".address",
                                    backend.aliases[k].line.number});
        }
}

}  // namespace ikelb::config::rules
