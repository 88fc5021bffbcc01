// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/testlib/table_spec.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/text/address.h"
#include "controlplane/table/fast_table.h"
#include "controlplane/table/routes.h"
#include "controlplane/table/spread.h"

namespace ikelb::testlib {

using namespace forwarding;

namespace {

using table::make_link;

void add_interfaces(ForwardingTable& table, const TableSpec& spec) {
    for (std::size_t i = 0; i < spec.interfaces.size(); ++i) {
        const InterfaceSpec& in = spec.interfaces[i];
        table.interfaces.push_back({.port = in.port,
                                    .vlan = in.vlan,
                                    .mtu = in.mtu,
                                    .is_up = in.is_up,
                                    .faces_clients = in.faces_clients,
                                    .faces_servers = in.faces_servers,
                                    .mac = in.mac,
                                    .address = in.address,
                                    .address6 = in.address6});
        const std::size_t slot = std::size_t{in.port} * 4096 + in.vlan;
        if (table.interface_of.size() <= slot)
            table.interface_of.resize((std::size_t{in.port} + 1) * 4096, no_interface);
        table.interface_of[slot] = static_cast<InterfaceIndex>(i);
    }
}

void add_backends(ForwardingTable& table, const TableSpec& spec) {
    for (const BackendSpec& in : spec.backends) {
        Backend backend;
        const LinkHeader link =
            table::make_link(table.interfaces[in.interface], in.interface, in.mac);
        backend.homes[!in.address.is_v4()] = {{in.address, link}, in.is_up, {}};
        if (!in.address6.is_unspecified())
            backend.homes[1] = {{in.address6, link}, in.is_up6, {}};
        backend.generation = in.generation;
        backend.mode = in.mode;
        backend.is_present = in.is_present;
        backend.flush_on_down = in.flush_on_down;
        backend.label = in.label;
        backend.weight = in.weight;
        if (in.label.is_set())
            table.labelled.push_back(static_cast<BackendIndex>(table.backends.size()));
        table.backends.push_back(backend);
    }
}

void add_schedule(Service& service, const ServiceSpec& in, const ForwardingTable& table,
                  std::size_t maglev_size) {
    std::vector<table::SpreadMember> members;
    for (const BackendIndex member : in.members) {
        const Backend& backend = table.backends[member];
        if (!backend.takes_new_clients(service.is_v6)) continue;
        service.members.push_back(member);
        members.push_back(
            {.value = member, .weight = backend.weight, .identity = std::to_string(member)});
    }
    service.maglev = table::build_maglev(members, maglev_size);
    service.round_robin = table::build_round_robin(members);
}

void add_services(ForwardingTable& table, const TableSpec& spec, const ForwardingTable* previous,
                  Seconds rebuilt_at) {
    std::vector<MemberIndex> members(max_services * max_backends, no_member);
    MemberIndex next_member = 0;
    for (std::size_t s = 0; s < spec.services.size(); ++s) {
        const ServiceSpec& in = spec.services[s];
        Service service;
        service.is_present = true;
        service.is_v6 = !in.vip.is_v4();
        service.scheduler = in.scheduler;
        service.affinity = in.affinity;
        service.prefix_v4 = in.prefix_v4;
        service.prefix_v6 = in.prefix_v6;
        service.ask_all_rate = in.ask_all_rate;
        service.host_ports = in.host_ports;
        add_schedule(service, in, table, spec.maglev_size);
        if (previous != nullptr && s < previous->services.size()) {
            const Service& before = previous->services[s];
            const bool has_changed = !std::ranges::equal(before.maglev, service.maglev);
            service.old_maglev = has_changed ? before.maglev : before.old_maglev;
            service.rebuilt_at = has_changed ? rebuilt_at : before.rebuilt_at;
        }
        table.services.push_back(service);
        for (const BackendIndex member : in.members)
            members[s * max_backends + member] = next_member++;
        for (std::size_t position = 0; position < service_ports; ++position) {
            const auto frontend = static_cast<FrontendIndex>(table.frontends.size());
            table.frontends.push_back(
                {.vip = in.vip,
                 .port = net::be16::from_host(service_port_numbers[position]),
                 .service = static_cast<ServiceIndex>(s),
                 .is_served = in.is_served,
                 .uplink = in.uplink});
            for (const BackendIndex member : in.members)
                if (std::ranges::find(in.aliases, member, &AliasSpec::backend) == in.aliases.end())
                    table.backends[member].homes[!in.vip.is_v4()].frontends[position].push_back(
                        frontend);
        }
    }
    table.members = std::make_shared<const std::vector<MemberIndex>>(std::move(members));
}

void add_aliases(ForwardingTable& table, const TableSpec& spec) {
    std::vector<WordMap<1, Target>::Entry> aliases;
    for (std::size_t s = 0; s < spec.services.size(); ++s)
        for (const AliasSpec& in : spec.services[s].aliases) {
            const InterfaceIndex at = spec.backends[in.backend].interface;
            aliases.push_back({alias_key(static_cast<ServiceIndex>(s), in.backend),
                               {.address = in.address,
                                .link = table::make_link(table.interfaces[at], at, in.mac)}});
        }
    table.aliases = WordMap<1, Target>{aliases, spec.hash_key};
}

void add_addresses(ForwardingTable& table, const TableSpec& spec) {
    std::vector<AddressMap<AddressEntry>::Entry> entries;
    for (const net::IpAddress& one : spec.removed)
        entries.push_back({one, {.role = AddressRole::backend}});
    for (std::size_t i = 0; i < spec.interfaces.size(); ++i)
        for (const net::IpAddress& own : {spec.interfaces[i].address, spec.interfaces[i].address6})
            if (!own.is_unspecified())
                entries.push_back({own, {.interface = static_cast<InterfaceIndex>(i)}});
    for (const net::IpAddress& own : spec.other_addresses) entries.push_back({own, {}});
    for (std::size_t b = 0; b < spec.backends.size(); ++b) {
        for (const Home& home : std::as_const(table.backends)[b].homes) {
            if (home.address.is_unspecified()) continue;  // also a removed server's
            AddressEntry server{.role = AddressRole::backend,
                                .backend = static_cast<BackendIndex>(b)};
            for (std::size_t position = 0; position < service_ports; ++position)
                if (home.frontends[position].size() == 1)
                    server.frontends[position] = home.frontends[position][0];
            entries.push_back({home.address, server});
        }
    }
    for (std::size_t s = 0; s < spec.services.size(); ++s) {
        const std::array own{static_cast<FrontendIndex>(2 * s),
                             static_cast<FrontendIndex>(2 * s + 1)};
        entries.push_back({spec.services[s].vip, {.role = AddressRole::vip, .frontends = own}});
        for (const AliasSpec& in : spec.services[s].aliases)
            entries.push_back({in.address,
                               {.role = AddressRole::backend,
                                .frontends = own,
                                .backend = in.backend}});
    }
    table.addresses = AddressMap<AddressEntry>{entries, spec.hash_key};
}

void add_server_macs(ForwardingTable& table, const TableSpec& spec) {
    std::vector<WordMap<1, bool>::Entry> macs;
    const auto add = [&](InterfaceIndex interface, const net::MacAddress& mac) {
        if (!mac.is_zero()) macs.push_back({gateway_key(interface, mac), true});
    };
    for (const BackendSpec& backend : spec.backends) add(backend.interface, backend.mac);
    for (const ServiceSpec& service : spec.services)
        for (const AliasSpec& in : service.aliases)
            add(spec.backends[in.backend].interface, in.mac);
    for (const NeighbourSpec& gateway : spec.gateways)
        if (gateway.is_of_servers) add(gateway.interface, gateway.mac);
    for (const NeighbourSpec& listed : spec.server_macs) add(listed.interface, listed.mac);
    table.server_macs = WordMap<1, bool>{macs, spec.hash_key};
}

void add_next_hops(ForwardingTable& table, const TableSpec& spec) {
    std::vector<WordMap<3, LinkHeader>::Entry> neighbours;
    for (const NeighbourSpec& in : spec.neighbours)
        neighbours.push_back(
            {neighbour_key(in.interface, in.address),
             table::make_link(table.interfaces[in.interface], in.interface, in.mac)});
    for (const NeighbourSpec& in : spec.gateways)
        if (!in.mac.is_zero())
            neighbours.push_back(
                {neighbour_key(in.interface, in.address),
                 table::make_link(table.interfaces[in.interface], in.interface, in.mac)});
    table.neighbours = WordMap<3, LinkHeader>{neighbours, spec.hash_key};
    table.gateways.push_back({});
    std::vector<WordMap<1, GatewayIndex>::Entry> by_mac;
    for (const NeighbourSpec& in : spec.gateways) {
        const auto index = static_cast<GatewayIndex>(table.gateways.size());
        const bool is_v6 = !in.address.is_v4();
        const auto is_known = [&](const auto& entry) {
            return entry.key == gateway_key(in.interface, in.mac, !is_v6);
        };
        if (!in.mac.is_zero()) {
            if (std::ranges::none_of(by_mac, is_known))
                by_mac.push_back({gateway_key(in.interface, in.mac, !is_v6), index});
            by_mac.push_back({gateway_key(in.interface, in.mac, is_v6), index});
        }
        table.gateways.push_back(
            {.interface = in.interface,
             .address = in.address,
             .link = table::make_link(table.interfaces[in.interface], in.interface, in.mac),
             .faces_clients = table.interfaces[in.interface].faces_clients && !in.is_of_servers});
    }
    table.gateway_of_mac = WordMap<1, GatewayIndex>{by_mac, spec.hash_key};
    std::vector<table::RouteOption> routes;
    for (const RouteSpec& in : spec.routes)
        routes.push_back({in.prefix,
                          {.kind = in.kind, .interface = in.interface, .gateway = in.gateway}});
    std::ranges::reverse(routes);
    table::choose_routes(std::move(routes), table);
    add_server_macs(table, spec);
}

void add_wall(ForwardingTable& table, const TableSpec& spec) {
    table.wall = spec.wall;
    for (const RouteSpec& route : spec.routes) {
        if (route.kind != RouteKind::on_link) continue;
        const net::IpPrefix& net = route.prefix;
        if (!spec.interfaces[route.interface].faces_clients)
            table.wall.server_prefixes.push_back(net);
        if (net.address.is_v4() && net.length < 31)
            table.wall.broadcasts.push_back(net::IpAddress::from_v4_host(
                net.address.v4_host() | ~std::uint32_t{0} >> net.length));
    }
}

}  // namespace

ForwardingTable build_table(const TableSpec& spec, const ForwardingTable* previous,
                            Seconds rebuilt_at) {
    ForwardingTable table;
    table.version = previous == nullptr ? 1 : previous->version + 1;
    table.hash_key = spec.hash_key;
    table.timeouts = spec.timeouts;
    table.limits = spec.limits;
    table.inside_prefixes = spec.inside_prefixes;
    add_interfaces(table, spec);
    add_backends(table, spec);
    add_services(table, spec, previous, rebuilt_at);
    add_aliases(table, spec);
    add_addresses(table, spec);
    add_next_hops(table, spec);
    add_wall(table, spec);
    table::prepare_fast_table(table);
    return table;
}

net::IpAddress address(const char* text) { return text::parse_address(text).value(); }
net::IpPrefix prefix(const char* text) { return text::parse_prefix(text).value(); }
net::MacAddress mac(const char* text) { return text::parse_mac(text).value(); }

namespace place {
net::MacAddress ext_mac() { return mac("02:00:00:00:00:01"); }
net::MacAddress srv_mac() { return mac("02:00:00:00:00:02"); }
net::MacAddress first_gateway_mac() { return mac("02:00:00:00:01:fe"); }
net::MacAddress second_gateway_mac() { return mac("02:00:00:00:01:fd"); }
net::MacAddress server_mac(BackendIndex backend) {
    net::MacAddress server = mac("02:00:00:00:02:0b");
    server.bytes[5] = static_cast<std::uint8_t>(server.bytes[5] + backend);
    return server;
}
std::string server(BackendIndex backend) {
    return (backend < first_v6_server ? "10.20.0." : "fd00:20::") + std::to_string(11 + backend);
}
std::string server_alias(BackendIndex backend) {
    return "10.20.0." + std::to_string(111 + backend);
}
std::string server_address6(BackendIndex backend) {
    return "fd00:20::" + std::to_string(21 + backend);
}
}  // namespace place

TableSpec two_armed_farm() {
    using namespace place;
    TableSpec spec;
    spec.interfaces = {{.port = wan, .mac = ext_mac(), .address = address(own_wan),
                        .faces_clients = true},
                       {.port = lan, .mac = srv_mac(), .address = address(own_lan),
                        .faces_servers = true}};
    for (BackendIndex b = 0; b < 3; ++b)
        spec.backends.push_back(
            {.address = address(server(b).c_str()), .mac = server_mac(b), .interface = srv});
    spec.services = {{.vip = address(vip), .members = {rras1, rras2, rras3}}};
    spec.routes = {{.prefix = prefix("198.51.100.0/24"), .interface = ext},
                   {.prefix = prefix("10.20.0.0/24"), .interface = srv},
                   {.prefix = prefix("0.0.0.0/0"), .kind = RouteKind::gateway, .interface = ext,
                    .gateway = second_gateway},
                   {.prefix = prefix("0.0.0.0/0"), .kind = RouteKind::gateway, .interface = ext,
                    .gateway = first_gateway},
                   {.prefix = prefix("100.64.0.0/16"), .kind = RouteKind::blackhole},
                   {.prefix = prefix("100.65.0.0/16"), .kind = RouteKind::unreachable},
                   {.prefix = prefix("100.66.0.1/32"), .kind = RouteKind::local}};
    for (BackendIndex b = 0; b < 3; ++b)
        spec.neighbours.push_back(
            {.interface = srv, .address = address(server(b).c_str()), .mac = server_mac(b)});
    spec.neighbours.push_back({.interface = ext, .address = address("198.51.100.50"),
                               .mac = mac("02:00:00:00:01:32")});
    spec.gateways = {
        {.interface = ext, .address = address("198.51.100.254"), .mac = first_gateway_mac()},
        {.interface = ext, .address = address("198.51.100.253"), .mac = second_gateway_mac()}};
    spec.inside_prefixes = {prefix("10.0.0.0/8")};
    return spec;
}

TableSpec farm_with_two_vips() {
    TableSpec spec = two_armed_farm();
    spec.services.push_back({.vip = address(place::second_vip), .members = {0, 1, 2}});
    return spec;
}

TableSpec farm_with_aliases() {
    TableSpec spec = farm_with_two_vips();
    for (const BackendIndex b : spec.services[1].members) {
        const net::IpAddress alias = address(place::server_alias(b).c_str());
        spec.services[1].aliases.push_back(
            {.backend = b, .address = alias, .mac = place::server_mac(b)});
        spec.neighbours.push_back(
            {.interface = place::srv, .address = alias, .mac = place::server_mac(b)});
    }
    return spec;
}

TableSpec dual_stack_farm() {
    using namespace place;
    TableSpec spec = two_armed_farm();
    spec.interfaces[ext].address6 = address(own_wan6);
    spec.interfaces[srv].address6 = address(own_lan6);
    spec.services.push_back({.vip = address(vip6), .members = {}, .uplink = v6_gateway});
    for (BackendIndex b = first_v6_server; b < first_v6_server + 3; ++b) {
        const net::IpAddress own = address(server(b).c_str());
        spec.backends.push_back({.address = own, .mac = server_mac(b), .interface = srv});
        spec.neighbours.push_back({.interface = srv, .address = own, .mac = server_mac(b)});
        spec.services[1].members.push_back(b);
    }
    spec.routes.push_back({.prefix = prefix("2001:db8:198::/64"), .interface = ext});
    spec.routes.push_back({.prefix = prefix("fd00:20::/64"), .interface = srv});
    spec.routes.push_back({.prefix = prefix("::/0"), .kind = RouteKind::gateway, .interface = ext,
                           .gateway = v6_gateway});
    spec.neighbours.push_back({.interface = ext, .address = address("2001:db8:198::50"),
                               .mac = mac("02:00:00:00:01:32")});
    spec.gateways.push_back(
        {.interface = ext, .address = address("fe80::254"), .mac = first_gateway_mac()});
    spec.inside_prefixes.push_back(prefix("fd00::/8"));
    return spec;
}

TableSpec farm_of_both_families() {
    using namespace place;
    TableSpec spec = dual_stack_farm();
    spec.backends.resize(first_v6_server);
    spec.services[1].members = spec.services[0].members;
    for (BackendIndex b = 0; b < first_v6_server; ++b) {
        spec.backends[b].address6 = address(server_address6(b).c_str());
        spec.neighbours.push_back(
            {.interface = srv, .address = spec.backends[b].address6, .mac = server_mac(b)});
    }
    return spec;
}

TableSpec flat_farm() {
    using namespace place;
    TableSpec spec = two_armed_farm();
    spec.interfaces = {{.port = wan, .mac = ext_mac(), .address = address(own_lan),
                        .faces_clients = true, .faces_servers = true}};
    for (BackendSpec& backend : spec.backends) backend.interface = ext;
    for (NeighbourSpec& neighbour : spec.neighbours) neighbour.interface = ext;
    spec.gateways = {
        {.interface = ext, .address = address("10.20.0.254"), .mac = first_gateway_mac()}};
    spec.routes = {{.prefix = prefix("10.20.0.0/24"), .interface = ext},
                   {.prefix = prefix("0.0.0.0/0"), .kind = RouteKind::gateway, .interface = ext,
                    .gateway = first_gateway}};
    return spec;
}

TableSpec one_port_farm() {
    TableSpec spec = two_armed_farm();
    spec.interfaces[place::srv].port = place::wan;
    spec.interfaces[place::srv].vlan = 20;
    return spec;
}

}  // namespace ikelb::testlib
