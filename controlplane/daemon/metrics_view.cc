// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/metrics_view.h"

#include <algorithm>

#include "controlplane/daemon/build_info.h"
#include "controlplane/daemon/daemon.h"
#include "controlplane/daemon/totals.h"

namespace ikelb::daemon {
namespace {

metrics::BackendMode to_metrics(forwarding::Mode mode) {
    switch (mode) {
        case forwarding::Mode::enabled: return metrics::BackendMode::enabled;
        case forwarding::Mode::drain_keep: return metrics::BackendMode::drain_keep;
        case forwarding::Mode::drain_refuse: return metrics::BackendMode::drain_refuse;
        case forwarding::Mode::disabled: return metrics::BackendMode::disabled;
    }
    return metrics::BackendMode::disabled;
}

metrics::BackendMetrics backend_metrics(Daemon& daemon, const config::Pool& pool,
                                        const config::Backend& backend) {
    return {.pool = pool.name,
            .backend = backend.name,
            .mode = to_metrics(daemon.modes().mode(backend.name)),
            .weight = backend.weight};
}

metrics::HealthMetrics health_metrics(Daemon& daemon, const config::Pool& pool,
                                      const config::Backend& backend, health::IpFamily family) {
    metrics::HealthMetrics metrics{.pool = pool.name,
                                   .backend = backend.name,
                                   .family = family == health::IpFamily::v4 ? "ipv4" : "ipv6",
                                   .rtt = {}};
    if (const health::BackendState* state = daemon.checker().find(backend.name, family)) {
        metrics.up = state->health == health::Health::up;
        metrics.checking = state->health == health::Health::checking;
        metrics.rtt = state->last_rtt;
        metrics.transitions = state->transitions;
    }
    return metrics;
}

metrics::WorkerMetrics worker_metrics(Daemon& daemon, unsigned id) {
    const worker::WorkerStats& stats = daemon.dataplane().stats(id);
    metrics::WorkerMetrics metrics{
        .worker = std::to_string(id),
        .busy = std::chrono::microseconds{stats.busy_micros.read()},
        .busy_share = daemon.busy_share(id),
        .bursts = stats.bursts.read(),
        .packets = stats.packets.read(),
        .flows_committed = stats.pipeline.flows_committed.read(),
        .flows_moved = stats.pipeline.flows_moved.read(),
        .pending_limited = stats.pipeline.pending_limited.read(),
        .pairs_learned = stats.pipeline.pairs_learned.read(),
        .spis_learned = stats.pipeline.spis_learned.read(),
        .spi_collisions = stats.pipeline.spi_collisions.read(),
        .spread = stats.pipeline.spread.read(),
        .asked_all = stats.pipeline.asked_all.read(),
        .copies = stats.pipeline.copies.read(),
        .scheduler_fallbacks = stats.pipeline.scheduler_fallbacks.read(),
        .directory_busy = stats.pipeline.directory_busy.read(),
        .directory_full = stats.pipeline.directory_full.read(),
        .udp6_without_checksum = stats.pipeline.udp6_without_checksum.read(),
        .transit_grace = stats.pipeline.transit_grace.read(),
        .transit_untracked = stats.pipeline.transit_untracked.read(),
        .drops = {},
        .steered = {}};
    for (std::size_t i = 0; i < pipeline::verdict_count; ++i)
        if (pipeline::verdict_infos[i].fate == pipeline::Fate::drop)
            metrics.drops.push_back({.reason = std::string{pipeline::verdict_infos[i].name},
                                     .packets = stats.pipeline.verdicts[i].read()});
    for (std::size_t i = 0; i < pipeline::rule_count; ++i)
        metrics.steered.push_back({.rule = std::string{pipeline::rule_infos[i].name},
                                   .packets = stats.pipeline.steered[i].read()});
    return metrics;
}

std::vector<metrics::PuntMetrics> punt_metrics(Daemon& daemon) {
    constexpr std::string_view prefix = "punt_";
    std::vector<metrics::PuntMetrics> punts;
    for (std::size_t i = 0; i < pipeline::verdict_count; ++i) {
        const pipeline::VerdictInfo& verdict = pipeline::verdict_infos[i];
        if (verdict.fate != pipeline::Fate::punt) continue;
        metrics::PuntMetrics metrics{.punt_class = std::string{verdict.name.substr(prefix.size())}};
        for (unsigned id = 0; id < daemon.dataplane().workers(); ++id) {
            const pipeline::Counters& counters = daemon.dataplane().stats(id).pipeline;
            metrics.packets += counters.verdicts[i].read();
            metrics.limited += counters.punts_limited[i].read();
        }
        punts.push_back(std::move(metrics));
    }
    return punts;
}

std::vector<metrics::TwinMetrics> twin_metrics(const Network& network) {
    std::vector<metrics::TwinMetrics> twins;
    for (std::size_t i = 0; i < network.facts().size(); ++i) {
        const tap::TwinCounters counters = network.twin(i).counters();
        twins.push_back({.interface = network.facts()[i].name,
                         .to_kernel = counters.sent,
                         .from_kernel = counters.received,
                         .send_full = counters.send_full,
                         .send_down = counters.send_down,
                         .send_refused = counters.send_refused,
                         .receive_truncated = counters.receive_truncated,
                         .no_room = network.inject_failures(i)});
    }
    return twins;
}

std::vector<metrics::PortMetrics> port_metrics(const PortWatch& watch) {
    std::vector<metrics::PortMetrics> ports;
    for (std::size_t port = 0; port < watch.size(); ++port) {
        const PortView& view = watch.view(port);
        metrics::PortMetrics metrics{.port = view.name, .up = view.is_up, .lost = {}, .xstats = {}};
        for (std::size_t i = 0; i < view.lost.size(); ++i)
            metrics.lost.push_back(
                {.reason = std::string{port_losses()[i].name}, .packets = view.lost[i]});
        for (const auto& [name, count] : view.xstats)
            metrics.xstats.push_back({.reason = name, .packets = count});
        ports.push_back(std::move(metrics));
    }
    return ports;
}

}  // namespace

std::shared_ptr<const metrics::MetricsSnapshot> make_metrics(Daemon& daemon) {
    auto snapshot = std::make_shared<metrics::MetricsSnapshot>();
    snapshot->version = build_version;
    snapshot->dpdk_version = build_dpdk;
    snapshot->started = daemon.started_at();
    for (const config::Service& service : daemon.config().services) {
        const auto frontend = daemon.registry().frontend(service.vip, net::port_ike);
        snapshot->services.push_back(
            {.service = service.name,
             .served = frontend && daemon.table().frontends[*frontend].is_served});
        for (const config::Pool& pool : daemon.config().pools)
            if (pool.name == service.pool)
                for (const config::Backend& backend : pool.backends)
                    if (backend.own_address(service.vip.is_v4()) != nullptr)
                        snapshot->traffic.push_back(
                            member_totals(daemon, service.name, backend.name));
    }
    for (const config::Pool& pool : daemon.config().pools)
        for (const config::Backend& backend : pool.backends) {
            snapshot->backends.push_back(backend_metrics(daemon, pool, backend));
            for (const health::IpFamily family : {health::IpFamily::v4, health::IpFamily::v6})
                if (backend.own_address(family == health::IpFamily::v4) != nullptr)
                    snapshot->health.push_back(health_metrics(daemon, pool, backend, family));
        }
    for (unsigned i = 0; i < daemon.dataplane().workers(); ++i)
        snapshot->workers.push_back(worker_metrics(daemon, i));
    snapshot->ports = port_metrics(daemon.port_watch());
    snapshot->punts = punt_metrics(daemon);
    snapshot->twins = twin_metrics(daemon.network());
    snapshot->tables = table_totals(daemon);
    const ReloadLog& reloads = daemon.reloads();
    snapshot->config = {.last_reload_ok = reloads.last_ok,
                        .is_fallback = daemon.fallback().has_value(),
                        .last_success = reloads.loaded_at,
                        .failures = reloads.failures};
    if (const SavedState* state = daemon.saved_state()) {
        const state::SaveLog log = state->log();
        snapshot->state = {.last_save = log.last_success, .save_failures = log.failures};
    }
    snapshot->is_transit_open = daemon.config().transit.is_open;
    snapshot->publish_timeouts = daemon.publish_timeouts();
    snapshot->netlink_overruns = daemon.netlink_overruns();
    return snapshot;
}

}  // namespace ikelb::daemon
