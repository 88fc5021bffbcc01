// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/listing.h"

#include <concepts>
#include <string_view>
#include <utility>

#include "config/names.h"
#include "config/protocol_port.h"
#include "config/scalar.h"
#include "config/text/address.h"

namespace ikelb::config {
namespace {

std::string text_of(const std::string& value) { return value; }
std::string text_of(std::unsigned_integral auto value) { return std::to_string(value); }
std::string text_of(std::chrono::milliseconds value) { return to_string(value); }
std::string text_of(Named auto value) { return std::string{to_string(value)}; }
std::string text_of(const Endpoint& value) { return to_string(value); }
std::string text_of(const OpenPort& value) { return to_string(value); }
std::string text_of(const PortRange& value) { return to_string(value); }
std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(const net::IpAddress& value) { return text::to_text(value); }
std::string text_of(const net::IpPrefix& value) { return text::to_text(value); }
std::string text_of(const net::MacAddress& value) { return text::to_text(value); }

/// Numbers that the YAML writes as 0x...
struct Hexadecimal {
    std::uint64_t number;
};
std::string text_of(Hexadecimal value) { return to_hexadecimal(value.number); }

template <class T>
std::string text_of(const std::optional<T>& value) {
    return value ? text_of(*value) : std::string{};
}

template <class T>
std::string text_of(const std::vector<T>& values) {
    std::string text;
    for (const T& value : values) text += (text.empty() ? "" : ", ") + text_of(value);
    return "[" + text + "]";
}

/// A value within a map; parent: the map's path in the schema.
template <class T>
ListedValue value(std::string_view parent, std::string_view name, const T& value) {
    const std::string path =
        parent.empty() ? std::string{name} : std::string{parent} + "." + std::string{name};
    return {.key = find_key(path), .text = text_of(value)};
}

ListedMap item(std::string_view list, std::string_view name, std::vector<ListedValue> values) {
    return {.path = std::string{list} + "[" + std::string{name} + "]",
            .key = find_key(list),
            .values = std::move(values)};
}

ListedMap map(std::string_view path, std::vector<ListedValue> values) {
    return {.path = std::string{path}, .key = find_key(path), .values = std::move(values)};
}

ListedMap list_port(const Port& port) {
    constexpr std::string_view in = "ports[]";
    return item("ports", port.name,
                {value(in, "name", port.name), value(in, "device", port.device),
                 value(in, "mtu", port.mtu), value(in, "mac", port.mac)});
}

ListedMap list_interface(const Interface& interface) {
    constexpr std::string_view in = "interfaces[]";
    return item("interfaces", interface.name,
                {value(in, "name", interface.name), value(in, "port", interface.port),
                 value(in, "vlan", interface.vlan), value(in, "addresses", interface.addresses),
                 value(in, "side", interface.side),
                 value(in, "server_macs", interface.server_macs)});
}

ListedMap list_route(const Route& route) {
    constexpr std::string_view in = "routes[]";
    return item("routes", text::to_text(route.to),
                {value(in, "to", route.to), value(in, "via", route.via),
                 value(in, "dev", route.dev)});
}

/// The word that stands for the whole; its rules follow as items of their own.
std::string word_of(const Transit& transit) { return transit.is_open ? "open" : "closed"; }

PortRange range_of(const OpenPort& port) { return {.first = port.first, .last = port.last}; }

ListedMap list_allow_rule(const AllowRule& rule) {
    constexpr std::string_view in = "transit.allow[]";
    const std::string name = text::to_text(rule.from) + " to " + text::to_text(rule.to) + " " +
                             to_string(rule.port) + (rule.is_established ? " established" : "");
    return item("transit.allow", name,
                {value(in, "from", rule.from), value(in, "to", rule.to),
                 value(in, "protocol", protocol_to_string(rule.port.protocol)),
                 value(in, "ports", range_of(rule.port)),
                 value(in, "established", rule.is_established)});
}

ListedMap list_own_service(const OwnService& service) {
    constexpr std::string_view in = "own_services[]";
    const std::string name = text::to_text(service.from) + " to " + text::to_text(service.address) +
                             " " + to_string(service.port);
    return item("own_services", name,
                {value(in, "address", service.address), value(in, "from", service.from),
                 value(in, "protocol", protocol_to_string(service.port.protocol)),
                 value(in, "ports", range_of(service.port))});
}

void list_backend(const Backend& backend, const std::string& path,
                  std::vector<ListedMap>& maps) {
    constexpr std::string_view in = "pools[].backends[]";
    maps.push_back({.path = path,
                    .key = find_key("pools[].backends"),
                    .values = {value(in, "name", backend.name),
                               value(in, "address", backend.address),
                               value(in, "address6", backend.address6),
                               value(in, "weight", backend.weight)}});
    constexpr std::string_view in_alias = "pools[].backends[].aliases[]";
    for (const Alias& alias : backend.aliases)
        maps.push_back({.path = path + ".aliases[" + alias.service + "]",
                        .key = find_key("pools[].backends[].aliases"),
                        .values = {value(in_alias, "service", alias.service),
                                   value(in_alias, "address", alias.address)}});
    if (!backend.spi_label.is_set()) return;
    const auto& label = backend.spi_label;
    constexpr std::string_view in_label = "pools[].backends[].spi_label";
    maps.push_back({.path = path + ".spi_label",
                    .key = find_key(in_label),
                    .values = {value(in_label, "ike_mask", Hexadecimal{label.ike_mask}),
                               value(in_label, "ike_value", Hexadecimal{label.ike_value}),
                               value(in_label, "esp_first", Hexadecimal{label.esp_first}),
                               value(in_label, "esp_last", Hexadecimal{label.esp_last})}});
}

void list_pool(const Pool& pool, std::vector<ListedMap>& maps) {
    constexpr std::string_view in = "pools[]";
    ListedMap listed = item("pools", pool.name,
                            {value(in, "name", pool.name), value(in, "on_down", pool.on_down)});
    const std::string path = listed.path;
    maps.push_back(std::move(listed));
    if (const auto& icmp = pool.health.icmp) {
        constexpr std::string_view in_icmp = "pools[].health.icmp";
        maps.push_back({.path = path + ".health.icmp",
                        .key = find_key(in_icmp),
                        .values = {value(in_icmp, "interval", icmp->interval),
                                   value(in_icmp, "timeout", icmp->timeout),
                                   value(in_icmp, "fall", icmp->fall),
                                   value(in_icmp, "rise", icmp->rise)}});
    }
    for (const Backend& backend : pool.backends)
        list_backend(backend, path + ".backends[" + backend.name + "]", maps);
}

ListedMap list_service(const Service& service) {
    constexpr std::string_view in = "services[]";
    return item("services", service.name,
                {value(in, "name", service.name), value(in, "vip", service.vip),
                 value(in, "announce", service.announce),
                 value(in, "interface", service.interface), value(in, "pool", service.pool),
                 value(in, "scheduler", service.scheduler),
                 value(in, "affinity", service.affinity),
                 value(in, "affinity_prefix_v4", service.affinity_prefix_v4),
                 value(in, "affinity_prefix_v6", service.affinity_prefix_v6),
                 value(in, "ask_all_per_second", service.ask_all_per_second),
                 value(in, "host_ports", service.host_ports)});
}

ListedMap list_limits(const Limits& limits) {
    constexpr std::string_view in = "limits";
    return map(in, {value(in, "flows", limits.flows), value(in, "bindings", limits.bindings),
                    value(in, "pairs", limits.pairs),
                    value(in, "esp_spis", limits.esp_spis),
                    value(in, "half_open", limits.half_open),
                    value(in, "fragments", limits.fragments),
                    value(in, "transit", limits.transit)});
}

ListedMap list_timeouts(const Timeouts& timeouts) {
    constexpr std::string_view in = "timeouts";
    return map(in, {value(in, "flow", timeouts.flow), value(in, "half_open", timeouts.half_open),
                    value(in, "half_open_answered", timeouts.half_open_answered),
                    value(in, "answered", timeouts.answered), value(in, "pair", timeouts.pair),
                    value(in, "pending", timeouts.pending),
                    value(in, "fragment", timeouts.fragment),
                    value(in, "delete_hint", timeouts.delete_hint),
                    value(in, "transit_tcp", timeouts.transit_tcp),
                    value(in, "transit_tcp_opening", timeouts.transit_tcp_opening),
                    value(in, "transit_udp", timeouts.transit_udp),
                    value(in, "transit_icmp", timeouts.transit_icmp),
                    value(in, "transit_other", timeouts.transit_other),
                    value(in, "transit_grace", timeouts.transit_grace)});
}

void list_abuse(const Abuse& abuse, std::vector<ListedMap>& maps) {
    const auto add = [&maps](std::string_view path, const Rate& rate) {
        maps.push_back(map(path, {value(path, "per_second", rate.per_second),
                                  value(path, "burst", rate.burst)}));
    };
    add("abuse.requests_per_source", abuse.requests_per_source);
    add("abuse.requests_per_backend", abuse.requests_per_backend);
    add("abuse.logins_per_source", abuse.logins_per_source);
    add("abuse.unknown_pairs_per_backend", abuse.unknown_pairs_per_backend);
    add("abuse.opened_by_backends", abuse.opened_by_backends);
    add("abuse.half_open_inserts", abuse.half_open_inserts);
    add("abuse.fragments_per_source", abuse.fragments_per_source);
    add("abuse.pending_per_source", abuse.pending_per_source);
}

}  // namespace

std::vector<ListedMap> list_values(const Config& config) {
    std::vector<ListedMap> maps;
    maps.push_back({.values = {value("", "inside_prefixes", config.inside_prefixes),
                               value("", "transit", word_of(config.transit)),
                               value("", "maglev_table_size", config.maglev_table_size)}});
    for (const Port& port : config.ports) maps.push_back(list_port(port));
    for (const Interface& interface : config.interfaces)
        maps.push_back(list_interface(interface));
    for (const Route& route : config.routes) maps.push_back(list_route(route));
    for (const AllowRule& rule : config.transit.allow) maps.push_back(list_allow_rule(rule));
    for (const OwnService& service : config.own_services)
        maps.push_back(list_own_service(service));
    for (const Pool& pool : config.pools) list_pool(pool, maps);
    for (const Service& service : config.services) maps.push_back(list_service(service));
    maps.push_back(map("workers", {value("workers", "count", config.workers.count),
                                   value("workers", "cpus", config.workers.cpus),
                                   value("workers", "idle", config.workers.idle)}));
    maps.push_back(map("dpdk", {value("dpdk", "memory", config.dpdk.memory_mib),
                                value("dpdk", "huge_pages", config.dpdk.huge_pages),
                                value("dpdk", "eal_args", config.dpdk.eal_args)}));
    maps.push_back(list_limits(config.limits));
    maps.push_back(list_timeouts(config.timeouts));
    list_abuse(config.abuse, maps);
    if (config.state.is_kept)
        maps.push_back(map("state", {value("state", "file", config.state.file),
                                     value("state", "interval", config.state.interval)}));
    maps.push_back(map("admin", {value("admin", "socket", config.admin.socket)}));
    if (config.metrics.listen)
        maps.push_back(map("metrics", {value("metrics", "listen", config.metrics.listen)}));
    maps.push_back(map("log", {value("log", "level", config.log.level)}));
    return maps;
}

}  // namespace ikelb::config
