// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/validate.h"

#include <array>

#include "config/rules.h"

namespace ikelb::config {
namespace {

using Rule = void (*)(const Config&, FindingList&);

constexpr auto all_rules = std::to_array<Rule>({
    rules::names_are_well_formed,
    rules::names_are_unique,
    rules::references_are_defined,
    rules::interface_names_are_free_in_the_kernel,

    rules::port_devices_are_unique,
    rules::port_devices_are_dpdk_devices,
    rules::port_drivers_hand_over_fragments,
    rules::port_macs_are_usable,
    rules::server_macs_are_usable,
    rules::ports_are_used,
    rules::vlans_are_unique_per_port,
    rules::both_sides_have_an_interface,
    rules::interface_addresses_are_usable,
    rules::interface_subnets_are_apart,
    rules::routes_are_usable,
    rules::route_gateways_are_on_link,
    rules::inside_prefixes_are_usable,
    rules::ports_below_ipv6_have_its_mtu,
    rules::mtus_fit_the_buffers_of_af_xdp,

    rules::pools_have_backends,
    rules::pools_have_weight,
    rules::pools_are_used,
    rules::backend_addresses_are_usable,
    rules::backend_addresses_are_unique,
    rules::backends_are_reached_on_the_servers_side,
    rules::health_times_fit,
    rules::spi_labels_are_well_formed,
    rules::spi_labels_are_apart,
    rules::services_exist,
    rules::vips_are_usable,
    rules::vips_are_unique,
    rules::vips_are_no_backends,
    rules::service_interfaces_face_clients,
    rules::backends_have_one_address_of_each_family,
    rules::backends_have_the_family_of_the_vip,
    rules::aliases_fit_their_services,
    rules::backends_tell_vips_apart,

    rules::transit_is_closed,
    rules::allow_rules_are_well_formed,
    rules::allow_rules_can_match,
    rules::own_services_are_usable,
    rules::host_ports_are_no_service_ports,
    rules::interfaces_with_vips_have_addresses,
    rules::servers_are_not_behind_the_clients_router,

    rules::worker_cpus_fit,
    rules::eal_args_leave_ours_alone,
    rules::limits_are_powers_of_two,
    rules::timeouts_fit,
    rules::state_file_is_usable,
    rules::admin_socket_is_usable,
    rules::maglev_table_size_is_prime,
    rules::maglev_tables_are_built_in_time,
    rules::maglev_table_is_large_enough,
});

}  // namespace

Findings validate(const Config& config, const std::string& file) {
    FindingList findings{file};
    for (const Rule rule : all_rules) rule(config, findings);
    return findings.take();
}

}  // namespace ikelb::config
