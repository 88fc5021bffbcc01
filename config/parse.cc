// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/parse.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "config/document.h"
#include "config/map_reader.h"

namespace ikelb::config {
namespace {

/// One struct of each item of a list of maps.
template <class T>
std::vector<T> read_list(const std::vector<MapReader>& maps, T (*read)(const MapReader&)) {
    std::vector<T> list;
    for (const MapReader& map : maps) list.push_back(read(map));
    return list;
}

Port read_port(const MapReader& map) {
    return {.name = map.text("name"),
            .device = map.text("device"),
            .mtu = map.integer("mtu", Port{}.mtu),
            .mac = map.mac("mac"),
            .line = map.line()};
}

Interface read_interface(const MapReader& map) {
    return {.name = map.text("name"),
            .port = map.text("port"),
            .vlan = map.integer("vlan", Interface{}.vlan),
            .addresses = map.prefixes("addresses"),
            .side = map.choice("side", Interface{}.side),
            .server_macs = map.macs("server_macs"),
            .line = map.line()};
}

Route read_route(const MapReader& map) {
    return {.to = map.prefix("to"),
            .via = map.address("via"),
            .dev = map.optional_text("dev"),
            .line = map.line()};
}

SpiLabel read_spi_label(const MapReader& map) {
    return {.ike_mask = map.hexadecimal("ike_mask", SpiLabel{}.ike_mask),
            .ike_value = map.hexadecimal("ike_value", SpiLabel{}.ike_value),
            .esp_first = map.hexadecimal("esp_first", SpiLabel{}.esp_first),
            .esp_last = map.hexadecimal("esp_last", SpiLabel{}.esp_last),
            .line = map.line()};
}

Alias read_alias(const MapReader& map) {
    return {.service = map.text("service"),
            .address = map.address("address"),
            .line = map.line()};
}

Backend read_backend(const MapReader& map) {
    return {.name = map.text("name"),
            .address = map.address("address"),
            .address6 = map.optional_address("address6"),
            .weight = map.integer("weight", Backend{}.weight),
            .aliases = read_list(map.maps("aliases"), read_alias),
            .spi_label = read_spi_label(map.map("spi_label")),
            .line = map.line()};
}

IcmpHealth read_icmp(const MapReader& map) {
    const IcmpHealth initial;
    return {.interval = map.duration("interval", initial.interval),
            .timeout = map.duration("timeout", initial.timeout),
            .fall = map.integer("fall", initial.fall),
            .rise = map.integer("rise", initial.rise),
            .line = map.line()};
}

Health read_health(const MapReader& pool) {
    if (pool.is_none("health")) return {.icmp = std::nullopt, .line = pool.line_of("health")};
    return {.icmp = read_icmp(pool.map("health").map("icmp")), .line = pool.line_of("health")};
}

OpenPort read_open_port(const MapReader& map) {
    const PortRange range = map.port_range("ports");
    return {.protocol = map.protocol("protocol"), .first = range.first, .last = range.last};
}

AllowRule read_allow_rule(const MapReader& map) {
    return {.from = map.prefix("from"),
            .to = map.prefix("to"),
            .port = read_open_port(map),
            .is_established = map.flag("established"),
            .line = map.line()};
}

Transit read_transit(const MapReader& top) {
    return {.is_open = top.is_word("transit", "open"),
            .allow = read_list(top.map("transit").maps("allow"), read_allow_rule),
            .line = top.line_of("transit")};
}

OwnService read_own_service(const MapReader& map) {
    return {.address = map.address("address"),
            .from = map.prefix("from"),
            .port = read_open_port(map),
            .line = map.line()};
}

Pool read_pool(const MapReader& map) {
    return {.name = map.text("name"),
            .backends = read_list(map.maps("backends"), read_backend),
            .on_down = map.choice("on_down", Pool{}.on_down),
            .health = read_health(map),
            .line = map.line()};
}

Service read_service(const MapReader& map) {
    const Service initial;
    return {.name = map.text("name"),
            .vip = map.address("vip"),
            .announce = map.choice("announce", initial.announce),
            .interface = map.text("interface"),
            .pool = map.text("pool"),
            .scheduler = map.choice("scheduler", initial.scheduler),
            .affinity = map.choice("affinity", initial.affinity),
            .affinity_prefix_v4 = map.integer("affinity_prefix_v4", initial.affinity_prefix_v4),
            .affinity_prefix_v6 = map.integer("affinity_prefix_v6", initial.affinity_prefix_v6),
            .ask_all_per_second = map.integer("ask_all_per_second", initial.ask_all_per_second),
            .host_ports = map.open_ports("host_ports"),
            .line = map.line()};
}

Workers read_workers(const MapReader& map) {
    return {.count = map.integer("count", Workers{}.count),
            .cpus = map.cpus("cpus"),
            .idle = map.choice("idle", Workers{}.idle),
            .line = map.line()};
}

Dpdk read_dpdk(const MapReader& map) {
    const Dpdk initial;
    return {.memory_mib = map.integer("memory", initial.memory_mib),
            .huge_pages = map.choice("huge_pages", initial.huge_pages),
            .eal_args = map.texts("eal_args"),
            .line = map.line()};
}

Limits read_limits(const MapReader& map) {
    const Limits initial;
    return {.flows = map.integer("flows", initial.flows),
            .bindings = map.integer("bindings", initial.bindings),
            .pairs = map.integer("pairs", initial.pairs),
            .esp_spis = map.integer("esp_spis", initial.esp_spis),
            .half_open = map.integer("half_open", initial.half_open),
            .fragments = map.integer("fragments", initial.fragments),
            .transit = map.integer("transit", initial.transit),
            .line = map.line()};
}

Timeouts read_timeouts(const MapReader& map) {
    const Timeouts initial;
    return {.flow = map.duration("flow", initial.flow),
            .half_open = map.duration("half_open", initial.half_open),
            .half_open_answered = map.duration("half_open_answered", initial.half_open_answered),
            .answered = map.duration("answered", initial.answered),
            .pair = map.duration("pair", initial.pair),
            .pending = map.duration("pending", initial.pending),
            .fragment = map.duration("fragment", initial.fragment),
            .delete_hint = map.duration("delete_hint", initial.delete_hint),
            .transit_tcp = map.duration("transit_tcp", initial.transit_tcp),
            .transit_tcp_opening =
                map.duration("transit_tcp_opening", initial.transit_tcp_opening),
            .transit_udp = map.duration("transit_udp", initial.transit_udp),
            .transit_icmp = map.duration("transit_icmp", initial.transit_icmp),
            .transit_other = map.duration("transit_other", initial.transit_other),
            .transit_grace = map.duration("transit_grace", initial.transit_grace),
            .line = map.line()};
}

Rate read_rate(const MapReader& map, const Rate& initial) {
    return {.per_second = map.integer("per_second", initial.per_second),
            .burst = map.integer("burst", initial.burst)};
}

Abuse read_abuse(const MapReader& map) {
    const Abuse initial;
    const auto rate = [&map](std::string_view name, const Rate& otherwise) {
        return read_rate(map.map(name), otherwise);
    };
    return {.requests_per_source = rate("requests_per_source", initial.requests_per_source),
            .requests_per_backend = rate("requests_per_backend", initial.requests_per_backend),
            .logins_per_source = rate("logins_per_source", initial.logins_per_source),
            .unknown_pairs_per_backend =
                rate("unknown_pairs_per_backend", initial.unknown_pairs_per_backend),
            .opened_by_backends = rate("opened_by_backends", initial.opened_by_backends),
            .half_open_inserts = rate("half_open_inserts", initial.half_open_inserts),
            .fragments_per_source = rate("fragments_per_source", initial.fragments_per_source),
            .pending_per_source = rate("pending_per_source", initial.pending_per_source)};
}

State read_state(const MapReader& top) {
    if (top.is_none("state")) return {.is_kept = false, .line = top.line_of("state")};
    const MapReader map = top.map("state");
    return {.file = map.optional_text("file"),
            .interval = map.duration("interval", State{}.interval),
            .line = map.line()};
}

Metrics read_metrics(const MapReader& top) {
    if (top.is_none("metrics")) return {.listen = std::nullopt, .line = top.line_of("metrics")};
    const MapReader map = top.map("metrics");
    return {.listen = map.endpoint("listen", Metrics{}.listen), .line = map.line()};
}

Admin read_admin(const MapReader& map) {
    return {.socket = map.text("socket", Admin{}.socket), .line = map.line()};
}

Log read_log(const MapReader& map) {
    return {.level = map.choice("level", Log{}.level), .line = map.line()};
}

Config read_config(const MapReader& top) {
    const Config defaults;
    return {.ports = read_list(top.maps("ports"), read_port),
            .interfaces = read_list(top.maps("interfaces"), read_interface),
            .routes = read_list(top.maps("routes"), read_route),
            .inside_prefixes = top.prefixes("inside_prefixes"),
            .transit = read_transit(top),
            .own_services = read_list(top.maps("own_services"), read_own_service),
            .pools = read_list(top.maps("pools"), read_pool),
            .services = read_list(top.maps("services"), read_service),
            .workers = read_workers(top.map("workers")),
            .dpdk = read_dpdk(top.map("dpdk")),
            .limits = read_limits(top.map("limits")),
            .timeouts = read_timeouts(top.map("timeouts")),
            .abuse = read_abuse(top.map("abuse")),
            .state = read_state(top),
            .admin = read_admin(top.map("admin")),
            .metrics = read_metrics(top),
            .log = read_log(top.map("log")),
            .maglev_table_size = top.integer("maglev_table_size", defaults.maglev_table_size),
            .inside_prefixes_line = top.line_of("inside_prefixes"),
            .maglev_table_size_line = top.line_of("maglev_table_size")};
}

Findings cannot_read(const std::string& file, int error) {
    return {{{.severity = Severity::error,
              .file = file,
              .message = "cannot read the file: " + std::generic_category().message(error)}}};
}

}  // namespace

ConfigResult<Config> parse_text(std::string_view yaml, const std::string& file) {
    const ConfigResult<Document> document = read_document(yaml, file);
    if (!document) return document.error();
    FindingList errors{file};
    for (const Finding& duplicate : document->duplicate_keys)
        errors.error(duplicate.line, duplicate.path, duplicate.message);
    const Node& root = document->root;
    if (root.kind != NodeKind::map) {
        errors.error(root.line, "",
                     "the file holds no keys; start it with ports:, as config/reference.yaml does");
        return errors.take();
    }
    Config config = read_config(MapReader{errors, &root, "", ""});
    if (!errors.is_empty()) return errors.take();
    return config;
}

ConfigResult<std::string> read_file(const std::filesystem::path& file) {
    const std::string name = file.string();
    if (name.find('\0') != std::string::npos) return cannot_read(name, EINVAL);
    // Without O_NONBLOCK the opening of a FIFO waits for a writer, for ever.
    const int descriptor = ::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return cannot_read(name, errno);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream{::fdopen(descriptor, "r"),
                                                                 std::fclose};
    if (!stream) return cannot_read(name, errno);
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return cannot_read(name, errno);
    if (S_ISDIR(status.st_mode)) return cannot_read(name, EISDIR);
    if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode)) return cannot_read(name, EINVAL);
    // One byte more than is allowed, so that the reader of the document sees that it is too much.
    std::string text(max_document_bytes + 1, '\0');
    errno = 0;
    text.resize(std::fread(text.data(), 1, text.size(), stream.get()));
    if (std::ferror(stream.get())) return cannot_read(name, errno);
    return text;
}

ConfigResult<Config> parse_file(const std::filesystem::path& file) {
    const ConfigResult<std::string> text = read_file(file);
    if (!text) return text.error();
    return parse_text(*text, file.string());
}

}  // namespace ikelb::config
