// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "config/text/address.h"
#include "controlplane/daemon/view.h"

namespace ikelb::daemon::testlib {

/// One of everything that a View shows, without a daemon: an IPv6 service with a backend, a worker,
/// a port and its TAP. What counts has counted a figure of its own.
struct Viewed {
    Viewed() {
        config.ports = {{.name = "wan", .device = "net_null0"}};
        config.interfaces = {{.name = "ext", .port = "wan"}};
        config.pools = {
            {.name = "rras", .backends = {{.name = "rras1", .address = address("2001:db8::11")}}}};
        config.services = {
            {.name = "aovpn", .vip = address("2001:db8::1"), .interface = "ext", .pool = "rras"}};
        config.transit.is_open = true;
        register_names();
        table.frontends.resize(2);
        for (auto& frontend : table.frontends) frontend.is_served = true;
        session_counter.flows = 12;
        pipeline::Counters& counters = stats->pipeline;
        pipeline::MemberCounters& member = counters.members.at(0);
        member.packets_to_server.add(1), member.packets_to_client.add(2);
        member.bytes_to_server.add(3), member.bytes_to_client.add(4);
        of_verdict(pipeline::Verdict::no_backend).add(9);
        counters.sessions_busy.add(19), counters.sessions_full.add(20);
        counters.steered[static_cast<std::size_t>(pipeline::Rule::pair)].add(39);
        stats->busy_micros.add(1'500'000);
    }

    static net::IpAddress address(const char* text) { return *text::parse_address(text); }

    /// After the configuration has got other names.
    void register_names() {
        if (!registry.update(config).has_value()) std::abort();
        auto& member = session_counter.members[{*registry.service(config.services[0].name),
                                                registry.backend("rras1")->index}];
        member = {.flows = 5,
                  .sas = 6,
                  .pairs_half_open = 29,
                  .pairs_answered = 30,
                  .pairs_established = 31};
    }

    SessionCounts::Member& member() { return session_counter.members.begin()->second; }
    pipeline::Counters& counters() { return stats->pipeline; }
    pipeline::Counter& of_verdict(pipeline::Verdict verdict) {
        return counters().verdicts[static_cast<std::size_t>(verdict)];
    }

    View view() const {
        return {.started_at = started_at,
                .uptime = std::chrono::seconds{61},
                .config_file = file,
                .config = config,
                .fallback = fallback,
                .reloads = reloads,
                .restored = restored,
                .saves = saves,
                .remarks = remarks,
                .registry = registry,
                .modes = modes,
                .health = [this](std::string_view, health::IpFamily) { return &health; },
                .table = table,
                .sessions = *sessions,
                .now = 1000,
                .session_counter = session_counter,
                .members = members_of(config, registry, session_counter),
                .workers = {{0, *stats, 3, busy_share}},
                .ports = {{config.ports[0], port_facts, port}},
                .taps = {{config.interfaces[0], tap, true, tap_counters, no_room}},
                .publish_timeouts = publish_timeouts,
                .netlink_overruns = netlink_overruns};
    }

    std::chrono::system_clock::time_point started_at{std::chrono::seconds{1700000000}};
    std::string file = "/etc/ikelb/ikelb.yaml";
    config::Config config;
    std::optional<Fallback> fallback;
    ReloadLog reloads{
        .loaded_at = std::chrono::system_clock::time_point{std::chrono::seconds{1700000001}},
        .last_error = {},
        .failures = 13};
    std::optional<state::Restored> restored;
    state::SaveLog saves{
        .last_success = std::chrono::system_clock::time_point{std::chrono::seconds{1700000002}},
        .failures = 15,
        .error = {}};
    std::set<std::string> remarks;
    table::IndexRegistry registry;
    table::BackendModes modes;
    health::BackendState health{.health = health::Health::up,
                                .reason = "first ICMP echo reply",
                                .last_rtt = std::chrono::microseconds{250},
                                .transitions = 1};
    forwarding::ForwardingTable table;
    std::unique_ptr<sessions::SessionTables> sessions = make_directory(4096);
    SessionCounts session_counter;
    std::unique_ptr<worker::WorkerStats> stats = std::make_unique<worker::WorkerStats>();
    double busy_share = 0.25;
    lcores::PortFacts port_facts{.driver = "net_null", .mac = {}, .queues = 1};
    PortView port{.name = "wan",
                  .lost = std::vector<std::uint64_t>(port_losses().size()),
                  .xstats = {{"rx_crc_errors", 42}}};
    table::InterfaceFacts tap{.name = "ext"};
    tap::TapCounters tap_counters{.sent = 21,
                                  .send_full = 23,
                                  .send_down = 24,
                                  .send_refused = 25,
                                  .received = 22,
                                  .receive_truncated = 26};
    std::uint64_t no_room = 27;
    std::uint64_t publish_timeouts = 14;
    std::uint64_t netlink_overruns = 28;

    static std::unique_ptr<sessions::SessionTables> make_directory(std::size_t flows) {
        return std::make_unique<sessions::SessionTables>(
            sessions::SessionLimits{.flows = flows,
                                    .persistences = 4096,
                                    .ike_sas = 4096,
                                    .esp_spis = 4096,
                                    .half_open = 4096,
                                    .fragments = 4096,
                                    .transit = 4096},
            net::HashKey{.k0 = 1, .k1 = 2});
    }
};

}  // namespace ikelb::daemon::testlib
