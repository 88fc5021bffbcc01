// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/metrics/definitions.h"

#include <array>
#include <utility>

namespace ikelb::metrics {
namespace {

using Labels = std::span<const std::string_view>;

constexpr std::array<std::string_view, 2> build_labels{"version", "dpdk_version"};
constexpr std::array<std::string_view, 1> service_labels{"service"};
constexpr std::array<std::string_view, 2> traffic_labels{"service", "backend"};
constexpr std::array<std::string_view, 3> direction_labels{"service", "backend", "direction"};
constexpr std::array<std::string_view, 2> backend_labels{"pool", "backend"};
constexpr std::array<std::string_view, 3> health_labels{"pool", "backend", "family"};
constexpr std::array<std::string_view, 3> mode_labels{"pool", "backend", "mode"};
constexpr std::array<std::string_view, 1> worker_labels{"worker"};
constexpr std::array<std::string_view, 3> state_labels{"service", "backend", "state"};
constexpr std::array<std::string_view, 2> rule_labels{"worker", "rule"};
constexpr std::array<std::string_view, 2> drop_labels{"worker", "reason"};
constexpr std::array<std::string_view, 2> deferred_labels{"worker", "reason"};
constexpr std::array<std::string_view, 1> punt_labels{"class"};
constexpr std::array<std::string_view, 2> frame_labels{"interface", "direction"};
constexpr std::array<std::string_view, 2> lost_labels{"interface", "reason"};
constexpr std::array<std::string_view, 1> port_labels{"port"};
constexpr std::array<std::string_view, 2> port_lost_labels{"port", "reason"};
constexpr std::array<std::string_view, 2> port_xstat_labels{"port", "name"};
constexpr std::array<std::string_view, 1> table_labels{"table"};
constexpr Labels no_labels{};

constexpr std::array<std::pair<BackendMode, const char*>, 4> mode_names{{
    {BackendMode::enabled, "enabled"},
    {BackendMode::drain_keep, "drain_keep"},
    {BackendMode::drain_refuse, "drain_refuse"},
    {BackendMode::disabled, "disabled"},
}};

/// Prometheus knows doubles only; counts above 2^53 lose their last digits.
double number(std::uint64_t value) {
    return static_cast<double>(value);
}
double truth(bool value) {
    return value ? 1 : 0;
}

template <class Duration>
double seconds(Duration value) {
    return std::chrono::duration<double>(value).count();
}

MetricSamples timestamp(const std::optional<std::chrono::system_clock::time_point>& time) {
    if (!time) return {};
    return {{{}, seconds(time->time_since_epoch())}};
}

template <auto Field>
MetricSamples read_service(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& service : snapshot.services)
        samples.push_back({{service.service}, truth(service.*Field)});
    return samples;
}

template <auto Field>
MetricSamples read_traffic(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& pair : snapshot.traffic)
        samples.push_back({{pair.service, pair.backend}, number(pair.*Field)});
    return samples;
}

template <auto ToServer, auto ToClient>
MetricSamples read_directions(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& pair : snapshot.traffic) {
        samples.push_back({{pair.service, pair.backend, "to_server"}, number(pair.*ToServer)});
        samples.push_back({{pair.service, pair.backend, "to_client"}, number(pair.*ToClient)});
    }
    return samples;
}

MetricSamples read_pairs(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& pair : snapshot.traffic) {
        samples.push_back(
            {{pair.service, pair.backend, "half_open"}, number(pair.pairs_half_open)});
        samples.push_back({{pair.service, pair.backend, "answered"}, number(pair.pairs_answered)});
        samples.push_back(
            {{pair.service, pair.backend, "established"}, number(pair.pairs_established)});
    }
    return samples;
}

template <auto Field>
MetricSamples read_backend(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& backend : snapshot.backends)
        samples.push_back({{backend.pool, backend.backend}, static_cast<double>(backend.*Field)});
    return samples;
}

template <auto Field>
MetricSamples read_health(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& health : snapshot.health)
        samples.push_back({{health.pool, health.backend, health.family},
                           static_cast<double>(health.*Field)});
    return samples;
}

MetricSamples read_mode(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& backend : snapshot.backends)
        for (const auto& [mode, name] : mode_names)
            samples.push_back({{backend.pool, backend.backend, name}, truth(backend.mode == mode)});
    return samples;
}

MetricSamples read_rtt(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& health : snapshot.health)
        if (health.rtt)
            samples.push_back(
                {{health.pool, health.backend, health.family}, seconds(*health.rtt)});
    return samples;
}

template <auto Field>
MetricSamples read_worker(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& worker : snapshot.workers)
        samples.push_back({{worker.worker}, static_cast<double>(worker.*Field)});
    return samples;
}

MetricSamples read_busy_seconds(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& worker : snapshot.workers)
        samples.push_back({{worker.worker}, seconds(worker.busy)});
    return samples;
}

MetricSamples read_drops(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& worker : snapshot.workers)
        for (const auto& drop : worker.drops)
            samples.push_back({{worker.worker, drop.reason}, number(drop.packets)});
    return samples;
}

MetricSamples read_steered(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& worker : snapshot.workers)
        for (const auto& steered : worker.steered)
            samples.push_back({{worker.worker, steered.rule}, number(steered.packets)});
    return samples;
}

template <auto Field>
MetricSamples read_punt(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& punt : snapshot.punts)
        samples.push_back({{punt.punt_class}, number(punt.*Field)});
    return samples;
}

MetricSamples read_deferred_writes(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& worker : snapshot.workers) {
        samples.push_back({{worker.worker, "busy"}, number(worker.directory_busy)});
        samples.push_back({{worker.worker, "full"}, number(worker.directory_full)});
    }
    return samples;
}

MetricSamples read_kernel_frames(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& twin : snapshot.twins) {
        samples.push_back({{twin.interface, "to_kernel"}, number(twin.to_kernel)});
        samples.push_back({{twin.interface, "from_kernel"}, number(twin.from_kernel)});
    }
    return samples;
}

MetricSamples read_kernel_lost(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& twin : snapshot.twins) {
        samples.push_back({{twin.interface, "send_full"}, number(twin.send_full)});
        samples.push_back({{twin.interface, "send_down"}, number(twin.send_down)});
        samples.push_back({{twin.interface, "send_refused"}, number(twin.send_refused)});
        samples.push_back({{twin.interface, "receive_truncated"}, number(twin.receive_truncated)});
        samples.push_back({{twin.interface, "no_room"}, number(twin.no_room)});
    }
    return samples;
}

MetricSamples read_port_up(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& port : snapshot.ports) samples.push_back({{port.port}, truth(port.up)});
    return samples;
}

template <auto counts>
MetricSamples read_port(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& port : snapshot.ports)
        for (const auto& lost : port.*counts)
            samples.push_back({{port.port, lost.reason}, number(lost.packets)});
    return samples;
}

template <auto Field>
MetricSamples read_table(const MetricsSnapshot& snapshot) {
    MetricSamples samples;
    for (const auto& table : snapshot.tables)
        samples.push_back({{table.table}, number(table.*Field)});
    return samples;
}

MetricSamples read_build(const MetricsSnapshot& snapshot) {
    return {{{snapshot.version, snapshot.dpdk_version}, 1}};
}
MetricSamples read_started(const MetricsSnapshot& snapshot) {
    return timestamp(snapshot.started);
}
MetricSamples read_reload_ok(const MetricsSnapshot& snapshot) {
    return {{{}, truth(snapshot.config.last_reload_ok)}};
}
MetricSamples read_fallback(const MetricsSnapshot& snapshot) {
    return {{{}, truth(snapshot.config.is_fallback)}};
}
MetricSamples read_reload_time(const MetricsSnapshot& snapshot) {
    return timestamp(snapshot.config.last_success);
}
MetricSamples read_reload_failures(const MetricsSnapshot& snapshot) {
    return {{{}, number(snapshot.config.failures)}};
}
MetricSamples read_last_save(const MetricsSnapshot& snapshot) {
    return timestamp(snapshot.state.last_save);
}
MetricSamples read_save_failures(const MetricsSnapshot& snapshot) {
    return {{{}, number(snapshot.state.save_failures)}};
}
MetricSamples read_transit_open(const MetricsSnapshot& snapshot) {
    return {{{}, truth(snapshot.is_transit_open)}};
}
MetricSamples read_publish_timeouts(const MetricsSnapshot& snapshot) {
    return {{{}, number(snapshot.publish_timeouts)}};
}
MetricSamples read_netlink_overruns(const MetricsSnapshot& snapshot) {
    return {{{}, number(snapshot.netlink_overruns)}};
}

constexpr auto counter = MetricType::counter;
constexpr auto gauge = MetricType::gauge;

constexpr std::array definitions{
    MetricDefinition{"ikelb_build_info", gauge, "1", build_labels,
                     "Always 1; the labels tell the versions of ikelb and of DPDK", read_build},
    MetricDefinition{"ikelb_start_time_seconds", gauge, "seconds since 1970", no_labels,
                     "When the daemon was started", read_started},

    MetricDefinition{"ikelb_service_served", gauge, "0 or 1", service_labels,
                     "Whether the VIP of the service is being served",
                     read_service<&ServiceMetrics::served>},

    MetricDefinition{
        "ikelb_backend_packets_total", counter, "packets", direction_labels,
        "Packets forwarded between a service and a backend; direction is to_server or "
        "to_client",
        read_directions<&TrafficMetrics::packets_to_server, &TrafficMetrics::packets_to_client>},
    MetricDefinition{
        "ikelb_backend_bytes_total", counter, "bytes", direction_labels,
        "Bytes of IP packets forwarded between a service and a backend; direction is "
        "to_server or to_client",
        read_directions<&TrafficMetrics::bytes_to_server, &TrafficMetrics::bytes_to_client>},
    MetricDefinition{"ikelb_backend_flows", gauge, "flows", traffic_labels,
                     "Flows (client address, client port, VIP port) recorded on a backend",
                     read_traffic<&TrafficMetrics::flows>},
    MetricDefinition{"ikelb_backend_sas", gauge, "SAs", traffic_labels,
                     "Tunnels on a backend, by their flows to port 4500 where it has spoken",
                     read_traffic<&TrafficMetrics::sas>},
    MetricDefinition{"ikelb_backend_ike_sas", gauge, "SAs", state_labels,
                     "IKE SAs recorded on a backend, by their pairs of SPIs; state is half_open "
                     "(IKE_SA_INIT answered), answered (login under way) or established; a tunnel "
                     "has two while it rekeys",
                     read_pairs},
    MetricDefinition{"ikelb_backend_ike_requests_total", counter, "datagrams", traffic_labels,
                     "IKE requests of clients forwarded to a backend, repeated ones included; "
                     "those without an answer are the only sign that requests went to the wrong "
                     "server, since it stays silent",
                     read_traffic<&TrafficMetrics::ike_requests>},
    MetricDefinition{"ikelb_backend_ike_answers_total", counter, "datagrams", traffic_labels,
                     "IKE answers of a backend to clients",
                     read_traffic<&TrafficMetrics::ike_answers>},

    MetricDefinition{"ikelb_backend_up", gauge, "0 or 1", health_labels,
                     "Whether the health check finds the backend up at its address of the family, "
                     "ipv4 or ipv6; 1 without a health check",
                     read_health<&HealthMetrics::up>},
    MetricDefinition{"ikelb_backend_checking", gauge, "0 or 1", health_labels,
                     "Whether no probe has decided yet if the backend is up or down",
                     read_health<&HealthMetrics::checking>},
    MetricDefinition{"ikelb_backend_mode", gauge, "0 or 1", mode_labels,
                     "1 for the mode the backend is in: enabled, drain_keep, drain_refuse or "
                     "disabled; 0 for the others",
                     read_mode},
    MetricDefinition{"ikelb_backend_weight", gauge, "1", backend_labels,
                     "Configured weight; 0 gets no new clients",
                     read_backend<&BackendMetrics::weight>},
    MetricDefinition{"ikelb_backend_probe_rtt_seconds", gauge, "seconds", health_labels,
                     "Round-trip time of the last answered probe; absent before the first answer",
                     read_rtt},
    MetricDefinition{"ikelb_backend_health_transitions_total", counter, "changes", health_labels,
                     "Changes of health between checking, up and down",
                     read_health<&HealthMetrics::transitions>},

    MetricDefinition{"ikelb_worker_busy_seconds_total", counter, "seconds", worker_labels,
                     "Time the worker spent on bursts that held packets", read_busy_seconds},
    MetricDefinition{"ikelb_worker_busy_ratio", gauge, "0 to 1", worker_labels,
                     "Share of the last second that the worker spent on bursts that held packets",
                     read_worker<&WorkerMetrics::busy_share>},
    MetricDefinition{"ikelb_worker_bursts_total", counter, "bursts", worker_labels,
                     "Bursts that held packets", read_worker<&WorkerMetrics::bursts>},
    MetricDefinition{"ikelb_worker_packets_total", counter, "packets", worker_labels,
                     "Packets received", read_worker<&WorkerMetrics::packets>},
    MetricDefinition{"ikelb_dropped_packets_total", counter, "packets", drop_labels,
                     "Packets dropped, by the reason's name", read_drops},

    MetricDefinition{"ikelb_steered_datagrams_total", counter, "datagrams", rule_labels,
                     "Client datagrams by the rule that named their backend, but for "
                     "backend_limited; see ikelbctl explain",
                     read_steered},
    MetricDefinition{"ikelb_scheduler_spread_total", counter, "SAs", worker_labels,
                     "New SAs, of services with affinity: sa, placed elsewhere than their "
                     "client's address alone would be; retries count again",
                     read_worker<&WorkerMetrics::spread>},
    MetricDefinition{"ikelb_ike_asked_all_total", counter, "requests", worker_labels,
                     "Repeated IKE requests of unknown SAs of which every backend got a copy that "
                     "is up, or down and keeps its tunnels (on_down: keep)",
                     read_worker<&WorkerMetrics::asked_all>},
    MetricDefinition{"ikelb_copied_datagrams_total", counter, "datagrams", worker_labels,
                     "Copies of client datagrams to further backends: of IKE requests that all "
                     "get, and of ESP whose backend is not certain",
                     read_worker<&WorkerMetrics::copies>},
    MetricDefinition{"ikelb_scheduler_fallbacks_total", counter, "choices", worker_labels,
                     "Choices left to the hash because the table of half-open exchanges is "
                     "crowded or fills too fast",
                     read_worker<&WorkerMetrics::scheduler_fallbacks>},

    MetricDefinition{"ikelb_flows_committed_total", counter, "flows", worker_labels,
                     "Flows recorded for the first time; a backend had answered or spoken",
                     read_worker<&WorkerMetrics::flows_committed>},
    MetricDefinition{"ikelb_flows_moved_total", counter, "flows", worker_labels,
                     "Flows recorded on another backend than before",
                     read_worker<&WorkerMetrics::flows_moved>},
    MetricDefinition{"ikelb_pending_limited_total", counter, "requests", worker_labels,
                     "Requests of roaming clients that were forwarded but not remembered: over "
                     "the rate of their source",
                     read_worker<&WorkerMetrics::pending_limited>},
    MetricDefinition{"ikelb_pairs_learned_total", counter, "SPI pairs", worker_labels,
                     "IKE SPI pairs recorded for the first time",
                     read_worker<&WorkerMetrics::pairs_learned>},
    MetricDefinition{"ikelb_udp6_without_checksum_total", counter, "packets", worker_labels,
                     "Service datagrams forwarded over IPv6 with a UDP checksum of zero",
                     read_worker<&WorkerMetrics::udp6_without_checksum>},
    MetricDefinition{"ikelb_esp_spis_learned_total", counter, "SPIs", worker_labels,
                     "ESP SPIs of clients recorded for the first time",
                     read_worker<&WorkerMetrics::spis_learned>},
    MetricDefinition{"ikelb_esp_spi_collisions_total", counter, "packets", worker_labels,
                     "ESP packets whose SPI several backends claim and nothing else was known of",
                     read_worker<&WorkerMetrics::spi_collisions>},
    MetricDefinition{"ikelb_directory_deferred_writes_total", counter, "writes", deferred_labels,
                     "Records not written and left to a later packet; reason is busy (another "
                     "worker held the place) or full (no room)",
                     read_deferred_writes},

    MetricDefinition{"ikelb_port_up", gauge, "0 or 1", port_labels,
                     "Whether the port's link is up; on a kernel device, whether that has carrier",
                     read_port_up},
    MetricDefinition{
        "ikelb_port_lost_frames_total", counter, "frames", port_lost_labels,
        "Frames lost below the workers; reason is missed, receive_errors, no_buffer or "
        "transmit_errors (counted by the driver), ring_full, transmit_refused or buffers_refused "
        "(by the kernel's sockets of net_af_xdp and net_af_packet; the last are buffers, not "
        "frames), or device_* (by the kernel's device below those; some devices count ring_full "
        "again)",
        read_port<&PortMetrics::lost>},
    MetricDefinition{
        "ikelb_port_xstats_total", counter, "as the driver counts", port_xstat_labels,
        "The driver's own counters (DPDK's xstats) that are of losses by their names: error, drop, "
        "discard, miss, crc and the like; at most 128 for a port. Some are parts of others, or of "
        "ikelb_port_lost_frames_total",
        read_port<&PortMetrics::xstats>},

    MetricDefinition{"ikelb_punted_packets_total", counter, "packets", punt_labels,
                     "Packets handed to the kernel, by class", read_punt<&PuntMetrics::packets>},
    MetricDefinition{"ikelb_punt_limited_packets_total", counter, "packets", punt_labels,
                     "Packets for the kernel that the rate limit of their class dropped",
                     read_punt<&PuntMetrics::limited>},

    MetricDefinition{"ikelb_kernel_frames_total", counter, "frames", frame_labels,
                     "Frames between the workers and the kernel's interface; direction is "
                     "to_kernel (taken by the kernel) or from_kernel (sent by it)",
                     read_kernel_frames},
    MetricDefinition{
        "ikelb_kernel_lost_frames_total", counter, "frames", lost_labels,
        "Frames lost there; reason is send_full (the kernel's queue was full), send_down (the "
        "interface is down), send_refused (by the kernel, for another reason), receive_truncated "
        "(larger than the buffer) or no_room (sent by the kernel: no buffer, or the worker's "
        "queue was full)",
        read_kernel_lost},
    MetricDefinition{"ikelb_netlink_overruns_total", counter, "times", no_labels,
                     "Times the kernel's events came faster than they were read; everything was "
                     "read anew after each",
                     read_netlink_overruns},

    MetricDefinition{"ikelb_table_entries", gauge, "records", table_labels, "Records in a table",
                     read_table<&TableMetrics::used>},
    MetricDefinition{"ikelb_table_capacity_entries", gauge, "records", table_labels,
                     "Slots of a table: a third more than limits says, and a share for what no "
                     "server has confirmed yet",
                     read_table<&TableMetrics::capacity>},

    MetricDefinition{"ikelb_transit_grace_packets_total", counter, "packets", worker_labels,
                     "TCP segments let in without a record of their connection, soon after a start "
                     "or a takeover (timeouts.transit_grace)",
                     read_worker<&WorkerMetrics::transit_grace>},
    MetricDefinition{"ikelb_transit_untracked_packets_total", counter, "packets", worker_labels,
                     "Packets of the servers' side whose conversation could not be recorded, so "
                     "that its answers are dropped: ikelb_table_entries tells which share of "
                     "limits.transit is full",
                     read_worker<&WorkerMetrics::transit_untracked>},
    MetricDefinition{"ikelb_transit_open", gauge, "0 or 1", no_labels,
                     "Whether whatever clients begin is routed (transit: open)",
                     read_transit_open},

    MetricDefinition{"ikelb_config_last_reload_successful", gauge, "0 or 1", no_labels,
                     "Whether the last attempt to load the configuration succeeded",
                     read_reload_ok},
    MetricDefinition{"ikelb_config_fallback", gauge, "0 or 1", no_labels,
                     "Whether the last good configuration runs, because ikelbd found a broken file "
                     "when it was started",
                     read_fallback},
    MetricDefinition{"ikelb_config_last_reload_success_timestamp_seconds", gauge,
                     "seconds since 1970", no_labels, "When the running configuration was loaded",
                     read_reload_time},
    MetricDefinition{"ikelb_config_reload_failures_total", counter, "attempts", no_labels,
                     "Attempts to load a configuration that failed and left the old one running, "
                     "or had the last good one started",
                     read_reload_failures},
    MetricDefinition{"ikelb_state_last_save_timestamp_seconds", gauge, "seconds since 1970",
                     no_labels,
                     "When the state file was last saved; absent before the first time and with "
                     "state: none",
                     read_last_save},
    MetricDefinition{"ikelb_state_save_failures_total", counter, "attempts", no_labels,
                     "Attempts to save the state file that failed; a crash meanwhile loses what "
                     "was learned since the last good one",
                     read_save_failures},
    MetricDefinition{
        "ikelb_publish_timeouts_total", counter, "tables", no_labels,
        "Forwarding tables that a worker kept from being freed for more than 100 ms after others "
        "had taken their place",
        read_publish_timeouts},
};

}  // namespace

std::span<const MetricDefinition> metric_definitions() noexcept {
    return definitions;
}

std::string metrics_document() {
    std::string text =
        "# Metrics\n\n"
        "ikelb answers Prometheus at `http://LISTEN/metrics`, where `LISTEN` is "
        "`metrics.listen` in the\nconfiguration (default `127.0.0.1:9465`). Values are at most a "
        "second old, but for\nflows, SAs and records in tables: walks over the tables count "
        "these, one walk after the other, each of\nabout 3 s with the default `limits` and of 2 "
        "minutes with 16 million of each, and what one has counted\nstands until the next is "
        "through. Counters start at 0 with the daemon; base units are seconds and bytes.\n\n"
        "This page is generated from the list the daemon itself uses; a test compares the two.\n\n"
        "| metric | type | unit | labels | meaning |\n"
        "|---|---|---|---|---|\n";
    for (const MetricDefinition& definition : definitions) {
        std::string labels;
        for (const std::string_view label : definition.labels) {
            labels += labels.empty() ? "`" : ", `";
            labels += label;
            labels += '`';
        }
        text += "| `";
        text += definition.name;
        text += definition.type == MetricType::counter ? "` | counter | " : "` | gauge | ";
        text += definition.unit;
        text += " | ";
        text += labels.empty() ? "none" : labels;
        text += " | ";
        text += definition.help;
        text += " |\n";
    }
    text +=
        "\nThe exporter adds `exposer_transferred_bytes_total`, `exposer_scrapes_total` and "
        "`exposer_request_latencies`\nabout its own HTTP server.\n";
    return text;
}

}  // namespace ikelb::metrics
