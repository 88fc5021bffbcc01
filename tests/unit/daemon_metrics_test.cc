// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/metrics.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include "tests/unit/daemon_view.h"

namespace ikelb::daemon {
namespace {

using namespace std::chrono_literals;
using pipeline::Rule, pipeline::Verdict;
using testlib::Viewed;
using Change = std::function<void(Viewed&)>;

std::map<std::string, std::string> text_by_family(const Viewed& viewed) {
    std::map<std::string, std::string> texts;
    for (const auto& family : read_metrics(viewed.view()))
        texts[family.name] = prometheus::TextSerializer{}.Serialize({family});
    return texts;
}

std::string text_of(const Viewed& viewed) {
    return prometheus::TextSerializer{}.Serialize(read_metrics(viewed.view()));
}

/// For each metric what it shows; but for those that no test can change alone.
const std::map<std::string, Change>& changes() {
    static const std::map<std::string, Change> all{
        {"ikelb_start_time_seconds", [](auto& v) { v.started_at += 1s; }},
        {"ikelb_service_served", [](auto& v) { v.table.frontends[0].is_served = false; }},
        {"ikelb_backend_packets_total",
         [](auto& v) { v.counters().members.at(0).packets_to_server.add(1); }},
        {"ikelb_backend_bytes_total",
         [](auto& v) { v.counters().members.at(0).bytes_to_client.add(1); }},
        {"ikelb_backend_flows", [](auto& v) { ++v.member().flows; }},
        {"ikelb_backend_sas", [](auto& v) { ++v.member().sas; }},
        {"ikelb_backend_ike_sas", [](auto& v) { ++v.member().pairs_established; }},
        {"ikelb_backend_ike_requests_total", [](auto& v) { v.counters().ike[0].requests.add(1); }},
        {"ikelb_backend_ike_answers_total", [](auto& v) { v.counters().ike[0].answers.add(1); }},
        {"ikelb_steered_datagrams_total", [](auto& v) { v.counters().steered[0].add(1); }},
        {"ikelb_scheduler_spread_total", [](auto& v) { v.counters().spread.add(1); }},
        {"ikelb_ike_asked_all_total", [](auto& v) { v.counters().asked_all.add(1); }},
        {"ikelb_scheduler_fallbacks_total",
         [](auto& v) { v.counters().scheduler_fallbacks.add(1); }},
        {"ikelb_copied_datagrams_total", [](auto& v) { v.counters().copies.add(1); }},
        {"ikelb_pending_limited_total", [](auto& v) { v.counters().pending_limited.add(1); }},
        {"ikelb_esp_spis_learned_total", [](auto& v) { v.counters().spis_learned.add(1); }},
        {"ikelb_esp_spi_collisions_total", [](auto& v) { v.counters().spi_collisions.add(1); }},
        {"ikelb_backend_up", [](auto& v) { v.health.health = health::Health::down; }},
        {"ikelb_backend_mode",
         [](auto& v) { v.modes.set("rras1", forwarding::Mode::drain_keep, v.registry); }},
        {"ikelb_backend_weight", [](auto& v) { v.config.pools[0].backends[0].weight = 0; }},
        {"ikelb_backend_probe_rtt_seconds", [](auto& v) { v.health.last_rtt = 251us; }},
        {"ikelb_backend_health_transitions_total", [](auto& v) { ++v.health.transitions; }},
        {"ikelb_worker_busy_seconds_total", [](auto& v) { v.stats->busy_micros.add(1000); }},
        {"ikelb_worker_busy_ratio", [](auto& v) { v.busy_share = 0.5; }},
        {"ikelb_worker_bursts_total", [](auto& v) { v.stats->bursts.add(1); }},
        {"ikelb_worker_packets_total", [](auto& v) { v.stats->packets.add(1); }},
        {"ikelb_dropped_packets_total", [](auto& v) { v.of_verdict(Verdict::no_backend).add(1); }},
        {"ikelb_flows_committed_total", [](auto& v) { v.counters().flows_committed.add(1); }},
        {"ikelb_flows_moved_total", [](auto& v) { v.counters().flows_moved.add(1); }},
        {"ikelb_pairs_learned_total", [](auto& v) { v.counters().pairs_learned.add(1); }},
        {"ikelb_udp6_without_checksum_total",
         [](auto& v) { v.counters().udp6_without_checksum.add(1); }},
        {"ikelb_directory_deferred_writes_total",
         [](auto& v) { v.counters().sessions_busy.add(1); }},
        {"ikelb_port_up", [](auto& v) { v.port.is_up = false; }},
        {"ikelb_port_lost_frames_total", [](auto& v) { ++v.port.lost[1]; }},
        {"ikelb_port_xstats_total", [](auto& v) { ++v.port.xstats[0].second; }},
        {"ikelb_punted_packets_total", [](auto& v) { v.of_verdict(Verdict::punt_arp).add(1); }},
        {"ikelb_punt_limited_packets_total",
         [](auto& v) {
             v.counters().punts_limited[static_cast<std::size_t>(Verdict::punt_arp)].add(1);
         }},
        {"ikelb_kernel_frames_total", [](auto& v) { ++v.tap_counters.sent; }},
        {"ikelb_kernel_lost_frames_total", [](auto& v) { ++v.no_room; }},
        {"ikelb_transit_grace_packets_total", [](auto& v) { v.counters().transit_grace.add(1); }},
        {"ikelb_transit_untracked_packets_total",
         [](auto& v) { v.counters().transit_untracked.add(1); }},
        {"ikelb_transit_open", [](auto& v) { v.config.transit.is_open = false; }},
        {"ikelb_netlink_overruns_total", [](auto& v) { ++v.netlink_overruns; }},
        {"ikelb_table_entries", [](auto& v) { ++v.session_counter.flows; }},
        {"ikelb_table_capacity_entries",
         [](auto& v) { v.sessions = Viewed::make_directory(65536); }},
        {"ikelb_config_last_reload_successful", [](auto& v) { v.reloads.last_ok = false; }},
        {"ikelb_config_fallback", [](auto& v) { v.fallback.emplace(); }},
        {"ikelb_config_last_reload_success_timestamp_seconds",
         [](auto& v) { v.reloads.loaded_at += 1s; }},
        {"ikelb_config_reload_failures_total", [](auto& v) { ++v.reloads.failures; }},
        {"ikelb_state_last_save_timestamp_seconds", [](auto& v) { *v.saves.last_success += 1s; }},
        {"ikelb_state_save_failures_total", [](auto& v) { ++v.saves.failures; }},
        {"ikelb_publish_timeouts_total", [](auto& v) { ++v.publish_timeouts; }},
    };
    return all;
}

TEST(Metrics, EachShowsItsFigureAndNoOther) {
    const std::set<std::string> others{"ikelb_build_info", "ikelb_backend_checking"};
    ASSERT_EQ(changes().size() + others.size(), all_metrics().size());
    const auto before = text_by_family(Viewed{});
    for (const Metric& metric : all_metrics()) {
        const std::string name{metric.name};
        if (others.contains(name)) continue;
        ASSERT_TRUE(changes().contains(name)) << name << " has no row in changes()";
        Viewed changed;
        changes().at(name)(changed);
        for (const auto& [family, text] : text_by_family(changed))
            EXPECT_EQ(text != before.at(family), family == name) << name << " in " << family;
    }
}

TEST(Metrics, ABackendThatNoProbeHasJudgedIsNeitherUpNorDown) {
    Viewed viewed;
    viewed.health.health = health::Health::checking;
    const std::string labels = R"({pool="rras",backend="rras1",family="ipv6"})";
    const std::string text = text_of(viewed);
    EXPECT_NE(text.find("ikelb_backend_up" + labels + " 0\n"), std::string::npos) << text;
    EXPECT_NE(text.find("ikelb_backend_checking" + labels + " 1\n"), std::string::npos) << text;
}

TEST(Metrics, DirectionsAndReasonsAreNotMixedUp) {
    const std::string text = text_of(Viewed{});
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
            R"(ikelb_port_lost_frames_total{port="wan",reason="missed"} 0)",
            R"(ikelb_port_lost_frames_total{port="wan",reason="ring_full"} 0)",
            R"(ikelb_start_time_seconds 1700000000)",
        })
        EXPECT_NE(text.find(std::string{line} + "\n"), std::string::npos) << line << "\n" << text;
}

TEST(Metrics, UnknownTimesAreAbsent) {
    Viewed viewed;
    viewed.health.last_rtt.reset();
    viewed.saves.last_success.reset();
    const std::string text = text_of(viewed);
    EXPECT_EQ(text.find("ikelb_backend_probe_rtt_seconds{"), std::string::npos);
    EXPECT_EQ(text.find("\nikelb_state_last_save_timestamp_seconds "), std::string::npos);
}

TEST(Metrics, LabelValuesAreEscaped) {
    Viewed viewed;
    viewed.config.services[0].name = "a\"b\\c\nd";
    viewed.register_names();
    EXPECT_NE(text_of(viewed).find(R"(ikelb_service_served{service="a\"b\\c\nd"} 1)"),
              std::string::npos)
        << text_of(viewed);
}

TEST(Metrics, NamesFollowTheConventions) {
    std::set<std::string_view> seen;
    for (const Metric& metric : all_metrics()) {
        SCOPED_TRACE(metric.name);
        EXPECT_TRUE(seen.insert(metric.name).second) << "twice";
        EXPECT_TRUE(metric.name.starts_with("ikelb_"));
        EXPECT_EQ(metric.name.ends_with("_total"), metric.type == prometheus::MetricType::Counter);
        EXPECT_FALSE(metric.help.empty());
        EXPECT_FALSE(metric.help.ends_with('.'));
        EXPECT_EQ(metric.help.find('|'), std::string_view::npos) << "breaks the table";
    }
}

TEST(Metrics, HaveAValueForEachLabel) {
    const Viewed viewed;
    for (const Metric& metric : all_metrics()) {
        Samples samples{metric};
        metric.read(viewed.view(), samples);
        const auto blanks = std::ranges::count(metric.labels, ' ');
        const auto labels = metric.labels.empty() ? 0 : static_cast<std::size_t>(blanks) + 1;
        const prometheus::MetricFamily family = samples.take();
        EXPECT_FALSE(family.metric.empty()) << metric.name;
        for (const prometheus::ClientMetric& one : family.metric)
            EXPECT_EQ(one.label.size(), labels) << metric.name;
    }
}

TEST(Metrics, PassPromtool) {
    ASSERT_EQ(std::system("promtool --version >/dev/null 2>&1"), 0)
        << "promtool is not installed: it is in Debian's package prometheus";
    const auto file = std::filesystem::temp_directory_path() /
                      ("ikelb-metrics-" + std::to_string(getpid()) + ".prom");
    std::ofstream{file} << text_of(Viewed{});
    const std::string command = "promtool check metrics <" + file.string() + " 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0);
    std::filesystem::remove(file);
}

TEST(MetricsDocument, IsTheOneInTheRepository) {
    std::ifstream file{IKELB_SOURCE_ROOT "/docs/metrics.md"};
    const std::string committed{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_EQ(metrics_document(), committed)
        << "run metrics-document > docs/metrics.md in the build folder's controlplane/daemon";
}

}  // namespace
}  // namespace ikelb::daemon
