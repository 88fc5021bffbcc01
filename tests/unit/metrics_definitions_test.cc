// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/metrics/definitions.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include "controlplane/metrics/collector.h"

namespace ikelb::metrics {
namespace {

using namespace std::chrono_literals;
using Change = std::function<void(MetricsSnapshot&)>;

MetricsSnapshot sample() {
    MetricsSnapshot snapshot;
    snapshot.version = "1.2.3";
    snapshot.dpdk_version = "DPDK 22.11.11";
    snapshot.started = std::chrono::system_clock::time_point{1700000000s};
    snapshot.services = {{.service = "aovpn", .served = true}};
    snapshot.traffic = {{"aovpn", "rras1", 1, 2, 3, 4, 5, 6, 29, 30, 31, 32, 33}};
    snapshot.backends = {{.pool = "rras",
                          .backend = "rras1",
                          .mode = BackendMode::enabled,
                          .weight = 100}};
    snapshot.health = {{.pool = "rras",
                        .backend = "rras1",
                        .family = "ipv6",
                        .up = true,
                        .checking = false,
                        .rtt = 250us,
                        .transitions = 1}};
    snapshot.workers = {{.worker = "0",
                         .busy = 1500ms,
                         .busy_share = 0.25,
                         .bursts = 7,
                         .packets = 8,
                         .flows_committed = 16,
                         .flows_moved = 17,
                         .pending_limited = 39,
                         .pairs_learned = 18,
                         .spis_learned = 35,
                         .spi_collisions = 36,
                         .spread = 37,
                         .asked_all = 40,
                         .copies = 34,
                         .scheduler_fallbacks = 38,
                         .directory_busy = 19,
                         .directory_full = 20,
                         .udp6_without_checksum = 21,
                         .transit_grace = 41,
                         .transit_untracked = 42,
                         .drops = {{"no_backend", 9}},
                         .steered = {{"pair", 39}}}};
    snapshot.ports = {{.port = "wan", .up = true, .lost = {{"missed", 40}, {"ring_full", 41}},
                       .xstats = {{"rx_crc_errors", 42}}}};
    snapshot.punts = {{"arp", 10, 11}};
    snapshot.twins = {{.interface = "ext",
                       .to_kernel = 21,
                       .from_kernel = 22,
                       .send_full = 23,
                       .send_down = 24,
                       .send_refused = 25,
                       .receive_truncated = 26,
                       .no_room = 27}};
    snapshot.tables = {{"flows", 12, 262144}};
    snapshot.config = {.last_reload_ok = true,
                       .last_success = std::chrono::system_clock::time_point{1700000001s},
                       .failures = 13};
    snapshot.state = {.last_save = std::chrono::system_clock::time_point{1700000002s},
                      .save_failures = 15};
    snapshot.state = {.last_save = std::chrono::system_clock::time_point{1700000002s},
                      .save_failures = 15};
    snapshot.publish_timeouts = 14;
    snapshot.netlink_overruns = 28;
    snapshot.is_transit_open = true;
    return snapshot;
}

std::map<std::string, std::string> text_by_family(const MetricsSnapshot& snapshot) {
    std::map<std::string, std::string> texts;
    for (const auto& family : collect(snapshot))
        texts[family.name] = prometheus::TextSerializer{}.Serialize({family});
    return texts;
}

std::string text_of(const MetricsSnapshot& snapshot) {
    return prometheus::TextSerializer{}.Serialize(collect(snapshot));
}

/// For each metric the field that it shows.
const std::map<std::string, Change>& changes() {
    static const std::map<std::string, Change> all{
        {"ikelb_build_info", [](auto& s) { s.version = "1.2.4"; }},
        {"ikelb_start_time_seconds", [](auto& s) { *s.started += 1s; }},
        {"ikelb_service_served", [](auto& s) { s.services[0].served = false; }},
        {"ikelb_backend_packets_total", [](auto& s) { ++s.traffic[0].packets_to_server; }},
        {"ikelb_backend_bytes_total", [](auto& s) { ++s.traffic[0].bytes_to_client; }},
        {"ikelb_backend_flows", [](auto& s) { ++s.traffic[0].flows; }},
        {"ikelb_backend_sas", [](auto& s) { ++s.traffic[0].sas; }},
        {"ikelb_backend_ike_sas", [](auto& s) { ++s.traffic[0].pairs_established; }},
        {"ikelb_backend_ike_requests_total", [](auto& s) { ++s.traffic[0].ike_requests; }},
        {"ikelb_backend_ike_answers_total", [](auto& s) { ++s.traffic[0].ike_answers; }},
        {"ikelb_steered_datagrams_total", [](auto& s) { ++s.workers[0].steered[0].packets; }},
        {"ikelb_scheduler_spread_total", [](auto& s) { ++s.workers[0].spread; }},
        {"ikelb_ike_asked_all_total", [](auto& s) { ++s.workers[0].asked_all; }},
        {"ikelb_scheduler_fallbacks_total",
         [](auto& s) { ++s.workers[0].scheduler_fallbacks; }},
        {"ikelb_copied_datagrams_total", [](auto& s) { ++s.workers[0].copies; }},
        {"ikelb_pending_limited_total", [](auto& s) { ++s.workers[0].pending_limited; }},
        {"ikelb_esp_spis_learned_total", [](auto& s) { ++s.workers[0].spis_learned; }},
        {"ikelb_esp_spi_collisions_total", [](auto& s) { ++s.workers[0].spi_collisions; }},
        {"ikelb_backend_up", [](auto& s) { s.health[0].up = false; }},
        {"ikelb_backend_checking", [](auto& s) { s.health[0].checking = true; }},
        {"ikelb_backend_mode", [](auto& s) { s.backends[0].mode = BackendMode::drain_keep; }},
        {"ikelb_backend_weight", [](auto& s) { s.backends[0].weight = 0; }},
        {"ikelb_backend_probe_rtt_seconds", [](auto& s) { s.health[0].rtt = 251us; }},
        {"ikelb_backend_health_transitions_total", [](auto& s) { ++s.health[0].transitions; }},
        {"ikelb_worker_busy_seconds_total", [](auto& s) { s.workers[0].busy += 1ms; }},
        {"ikelb_worker_busy_ratio", [](auto& s) { s.workers[0].busy_share = 0.5; }},
        {"ikelb_worker_bursts_total", [](auto& s) { ++s.workers[0].bursts; }},
        {"ikelb_worker_packets_total", [](auto& s) { ++s.workers[0].packets; }},
        {"ikelb_dropped_packets_total", [](auto& s) { ++s.workers[0].drops[0].packets; }},
        {"ikelb_flows_committed_total", [](auto& s) { ++s.workers[0].flows_committed; }},
        {"ikelb_flows_moved_total", [](auto& s) { ++s.workers[0].flows_moved; }},
        {"ikelb_pairs_learned_total", [](auto& s) { ++s.workers[0].pairs_learned; }},
        {"ikelb_udp6_without_checksum_total",
         [](auto& s) { ++s.workers[0].udp6_without_checksum; }},
        {"ikelb_directory_deferred_writes_total", [](auto& s) { ++s.workers[0].directory_busy; }},
        {"ikelb_port_up", [](auto& s) { s.ports[0].up = false; }},
        {"ikelb_port_lost_frames_total", [](auto& s) { ++s.ports[0].lost[1].packets; }},
        {"ikelb_port_xstats_total", [](auto& s) { ++s.ports[0].xstats[0].packets; }},
        {"ikelb_punted_packets_total", [](auto& s) { ++s.punts[0].packets; }},
        {"ikelb_punt_limited_packets_total", [](auto& s) { ++s.punts[0].limited; }},
        {"ikelb_kernel_frames_total", [](auto& s) { ++s.twins[0].to_kernel; }},
        {"ikelb_kernel_lost_frames_total", [](auto& s) { ++s.twins[0].no_room; }},
        {"ikelb_transit_grace_packets_total", [](auto& s) { ++s.workers[0].transit_grace; }},
        {"ikelb_transit_untracked_packets_total",
         [](auto& s) { ++s.workers[0].transit_untracked; }},
        {"ikelb_transit_open", [](auto& s) { s.is_transit_open = false; }},
        {"ikelb_netlink_overruns_total", [](auto& s) { ++s.netlink_overruns; }},
        {"ikelb_table_entries", [](auto& s) { ++s.tables[0].used; }},
        {"ikelb_table_capacity_entries", [](auto& s) { ++s.tables[0].capacity; }},
        {"ikelb_config_last_reload_successful", [](auto& s) { s.config.last_reload_ok = false; }},
        {"ikelb_config_fallback", [](auto& s) { s.config.is_fallback = true; }},
        {"ikelb_config_last_reload_success_timestamp_seconds",
         [](auto& s) { *s.config.last_success += 1s; }},
        {"ikelb_config_reload_failures_total", [](auto& s) { ++s.config.failures; }},
        {"ikelb_state_last_save_timestamp_seconds", [](auto& s) { *s.state.last_save += 1s; }},
        {"ikelb_state_save_failures_total", [](auto& s) { ++s.state.save_failures; }},
        {"ikelb_state_last_save_timestamp_seconds", [](auto& s) { *s.state.last_save += 1s; }},
        {"ikelb_state_save_failures_total", [](auto& s) { ++s.state.save_failures; }},
        {"ikelb_publish_timeouts_total", [](auto& s) { ++s.publish_timeouts; }},
    };
    return all;
}

TEST(MetricDefinitions, EachMetricShowsItsFieldAndNoOther) {
    ASSERT_EQ(changes().size(), metric_definitions().size());
    const auto before = text_by_family(sample());
    for (const MetricDefinition& definition : metric_definitions()) {
        const std::string name{definition.name};
        ASSERT_TRUE(changes().contains(name)) << name << " has no row in changes()";
        MetricsSnapshot changed = sample();
        changes().at(name)(changed);
        for (const auto& [family, text] : text_by_family(changed))
            EXPECT_EQ(text != before.at(family), family == name) << name << " in " << family;
    }
}

TEST(MetricDefinitions, DirectionsAndReasonsAreNotMixedUp) {
    const std::string text = text_of(sample());
    for (
        const char* line : {
            R"(ikelb_backend_packets_total{service="aovpn",backend="rras1",)"
            R"(direction="to_server"} 1)",
            R"(ikelb_backend_packets_total{service="aovpn",backend="rras1",)"
            R"(direction="to_client"} 2)",
            R"(ikelb_backend_bytes_total{service="aovpn",backend="rras1",direction="to_server"} 3)",
            R"(ikelb_backend_bytes_total{service="aovpn",backend="rras1",direction="to_client"} 4)",
            R"(ikelb_backend_ike_sas{service="aovpn",backend="rras1",state="half_open"} 29)",
            R"(ikelb_backend_ike_sas{service="aovpn",backend="rras1",state="answered"} 30)",
            R"(ikelb_backend_ike_sas{service="aovpn",backend="rras1",state="established"} 31)",
            R"(ikelb_steered_datagrams_total{worker="0",rule="pair"} 39)",
            R"(ikelb_backend_mode{pool="rras",backend="rras1",mode="enabled"} 1)",
            R"(ikelb_backend_mode{pool="rras",backend="rras1",mode="disabled"} 0)",
            R"(ikelb_worker_busy_seconds_total{worker="0"} 1.5)",
            R"(ikelb_dropped_packets_total{worker="0",reason="no_backend"} 9)",
            R"(ikelb_directory_deferred_writes_total{worker="0",reason="busy"} 19)",
            R"(ikelb_directory_deferred_writes_total{worker="0",reason="full"} 20)",
            R"(ikelb_kernel_frames_total{interface="ext",direction="to_kernel"} 21)",
            R"(ikelb_kernel_frames_total{interface="ext",direction="from_kernel"} 22)",
            R"(ikelb_kernel_lost_frames_total{interface="ext",reason="send_full"} 23)",
            R"(ikelb_kernel_lost_frames_total{interface="ext",reason="send_down"} 24)",
            R"(ikelb_kernel_lost_frames_total{interface="ext",reason="send_refused"} 25)",
            R"(ikelb_kernel_lost_frames_total{interface="ext",reason="receive_truncated"} 26)",
            R"(ikelb_kernel_lost_frames_total{interface="ext",reason="no_room"} 27)",
            R"(ikelb_port_up{port="wan"} 1)",
            R"(ikelb_port_lost_frames_total{port="wan",reason="missed"} 40)",
            R"(ikelb_port_lost_frames_total{port="wan",reason="ring_full"} 41)",
            R"(ikelb_start_time_seconds 1700000000)",
            R"(ikelb_build_info{version="1.2.3",dpdk_version="DPDK 22.11.11"} 1)",
        })
        EXPECT_NE(text.find(std::string{line} + "\n"), std::string::npos) << line << "\n" << text;
}

TEST(MetricDefinitions, UnknownTimesAreAbsent) {
    MetricsSnapshot snapshot = sample();
    snapshot.health[0].rtt.reset();
    snapshot.started.reset();
    snapshot.config.last_success.reset();
    snapshot.state.last_save.reset();
    const std::string text = text_of(snapshot);
    EXPECT_EQ(text.find("ikelb_backend_probe_rtt_seconds{"), std::string::npos);
    EXPECT_EQ(text.find("\nikelb_start_time_seconds "), std::string::npos);
    EXPECT_EQ(text.find("\nikelb_state_last_save_timestamp_seconds "), std::string::npos);
    EXPECT_EQ(text.find("\nikelb_config_last_reload_success_timestamp_seconds "),
              std::string::npos);
}

TEST(MetricDefinitions, LabelValuesAreEscaped) {
    MetricsSnapshot snapshot = sample();
    snapshot.services[0].service = "a\"b\\c\nd";
    EXPECT_NE(text_of(snapshot).find(R"(ikelb_service_served{service="a\"b\\c\nd"} 1)"),
              std::string::npos)
        << text_of(snapshot);
}

TEST(MetricDefinitions, NamesFollowTheConventions) {
    std::set<std::string_view> seen;
    for (const MetricDefinition& definition : metric_definitions()) {
        SCOPED_TRACE(definition.name);
        EXPECT_TRUE(seen.insert(definition.name).second) << "twice";
        EXPECT_TRUE(definition.name.starts_with("ikelb_"));
        EXPECT_EQ(definition.name.ends_with("_total"), definition.type == MetricType::counter);
        EXPECT_FALSE(definition.help.empty());
        EXPECT_FALSE(definition.help.ends_with('.'));
        EXPECT_EQ(definition.help.find('|'), std::string_view::npos) << "breaks the table";
        for (const MetricSample& one : definition.read(sample()))
            EXPECT_EQ(one.label_values.size(), definition.labels.size());
    }
}

TEST(MetricDefinitions, PassPromtool) {
    ASSERT_EQ(std::system("promtool --version >/dev/null 2>&1"), 0)
        << "promtool is not installed: it is in Debian's package prometheus";
    const auto file = std::filesystem::temp_directory_path() /
                      ("ikelb-metrics-" + std::to_string(getpid()) + ".prom");
    std::ofstream{file} << text_of(sample());
    const std::string command = "promtool check metrics <" + file.string() + " 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0);
    std::filesystem::remove(file);
}

TEST(MetricsDocument, IsTheOneInTheRepository) {
    std::ifstream file{IKELB_SOURCE_ROOT "/docs/metrics.md"};
    const std::string committed{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_EQ(metrics_document(), committed)
        << "run metrics-document > docs/metrics.md in the build folder's controlplane/metrics";
}

}  // namespace
}  // namespace ikelb::metrics
