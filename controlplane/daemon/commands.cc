// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/commands.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "config/diff.h"
#include "config/load.h"
#include "config/names.h"
#include "config/nearest.h"
#include "config/text/address.h"
#include "config/wall_summary.h"
#include "controlplane/daemon/build_info.h"
#include "controlplane/daemon/daemon.h"
#include "controlplane/daemon/totals.h"
#include "controlplane/inspect/as_json.h"
#include "controlplane/inspect/states.h"
#include "controlplane/state/snapshot.h"

namespace ikelb::daemon {
namespace {

using nlohmann::json;

std::string utc(std::chrono::system_clock::time_point time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

/// The wall-clock time of a moment that the steady clock measured.
std::string utc(health::SteadyTime time) {
    const auto ago = std::chrono::steady_clock::now() - time;
    return utc(std::chrono::system_clock::now() -
               std::chrono::duration_cast<std::chrono::system_clock::duration>(ago));
}

/// Null: the configuration is the file's.
json fallback_of(const Daemon& daemon) {
    const std::optional<Fallback>& fallback = daemon.fallback();
    if (!fallback) return nullptr;
    return {{"file", fallback->file.string()}, {"saved_at", utc(fallback->saved_at)}};
}

json workers_of(Daemon& daemon) {
    json workers = json::array();
    for (unsigned i = 0; i < daemon.dataplane().workers(); ++i) {
        const worker::WorkerStats& stats = daemon.dataplane().stats(i);
        json cpu = nullptr;
        if (daemon.dataplane().cpu_of(i) >= 0) cpu = daemon.dataplane().cpu_of(i);
        workers.push_back({{"id", i},
                           {"lcore", i + 1},
                           {"cpu", cpu},
                           {"busy_share", daemon.busy_share(i)},
                           {"bursts", stats.bursts.read()},
                           {"packets", stats.packets.read()}});
    }
    return workers;
}

json xstats_of(const PortView& port) {
    json xstats = json::array();
    for (const auto& [name, count] : port.xstats)
        xstats.push_back({{"name", name}, {"count", count}});
    return xstats;
}

json ports_of(Daemon& daemon) {
    json ports = json::array();
    for (std::size_t i = 0; i < daemon.config().ports.size(); ++i) {
        const lcores::Port& port = daemon.dataplane().ports()[i];
        const PortView& view = daemon.port_watch().view(i);
        ports.push_back({{"name", daemon.config().ports[i].name},
                         {"device", daemon.config().ports[i].device},
                         {"driver", port.facts().driver},
                         {"queues", port.facts().queues},
                         {"link", view.is_up ? "up" : "down"},
                         {"lost_in_driver", view.lost_in_driver()},
                         {"lost_in_device", view.lost_in_device()},
                         {"xstats", xstats_of(view)},
                         {"spreads_by", port.facts().spreads_by_address ? "address"
                                        : port.facts().spreads_by_port  ? "address and port"
                                                                        : "driver"}});
    }
    return ports;
}

json interfaces_of(Daemon& daemon) {
    json interfaces = json::array();
    for (std::size_t i = 0; i < daemon.config().interfaces.size(); ++i) {
        const config::Interface& interface = daemon.config().interfaces[i];
        const table::InterfaceFacts& facts = daemon.network().facts()[i];
        const tap::TwinCounters counters = daemon.network().twin(i).counters();
        interfaces.push_back({{"name", interface.name},
                              {"port", interface.port},
                              {"vlan", interface.vlan},
                              {"mac", text::to_text(facts.mac)},
                              {"up", daemon.table().interfaces[i].is_up},
                              {"to_kernel", counters.sent},
                              {"from_kernel", counters.received}});
    }
    return interfaces;
}

json services_of(Daemon& daemon) {
    json services = json::array();
    for (const config::Service& service : daemon.config().services) {
        const auto frontend = daemon.registry().frontend(service.vip, net::port_ike);
        const bool served = frontend && daemon.table().frontends[*frontend].is_served;
        services.push_back({{"name", service.name},
                            {"vip", text::to_text(service.vip)},
                            {"served", served},
                            {"reason", served ? "" : "the kernel does not have the VIP's address"},
                            {"pool", service.pool},
                            {"scheduler", config::to_string(service.scheduler)}});
    }
    return services;
}

json tables_of(Daemon& daemon) {
    json tables = json::array();
    for (const metrics::TableMetrics& table : table_totals(daemon))
        tables.push_back(
            {{"name", table.table}, {"used", table.used}, {"capacity", table.capacity}});
    return tables;
}

json wall_of(Daemon& daemon) {
    const forwarding::Seconds now = daemon.dataplane().clock().now();
    const forwarding::Seconds grace_until = daemon.table().wall.grace_until;
    return {{"transit", daemon.config().transit.is_open ? "open" : "closed"},
            {"allow_rules", daemon.config().transit.allow.size()},
            {"grace_s", grace_until > now ? grace_until - now : 0},
            {"summary", config::wall_summary(daemon.config())}};
}

/// What came from the file of the daemon before this one; null if nothing was read.
json restored_by(Daemon& daemon) {
    const SavedState* state = daemon.saved_state();
    if (state == nullptr || !state->restored()) return nullptr;
    const state::Restored& restored = *state->restored();
    return {{"pairs", restored.pairs},
            {"esp_spis", restored.esp},
            {"flows", restored.flows},
            {"bindings", restored.bindings},
            {"transit", restored.transit}};
}

/// At its address of that family.
json health_row(Daemon& daemon, const config::Backend& backend, health::IpFamily family) {
    const health::BackendState* state = daemon.checker().find(backend.name, family);
    json row{{"state", state != nullptr ? health::to_string(state->health) : "checking"},
             {"rtt_us", nullptr},
             {"since", nullptr},
             {"reason", state != nullptr ? state->reason : "no service uses its pool"}};
    if (state != nullptr) {
        row["since"] = utc(state->since);
        if (state->last_rtt) row["rtt_us"] = state->last_rtt->count();
    }
    return row;
}

json backend_row(Daemon& daemon, const config::Pool& pool, const config::Backend& backend) {
    const BackendTotals totals = backend_totals(daemon, backend.name);
    json aliases = json::object();
    for (const config::Alias& alias : backend.aliases)
        aliases[alias.service] = text::to_text(alias.address);
    const health::IpFamily family =
        backend.address.is_v4() ? health::IpFamily::v4 : health::IpFamily::v6;
    json row{{"name", backend.name},
             {"address", text::to_text(backend.address)},
             {"address6", nullptr},
             {"health6", nullptr},
             {"aliases", aliases},
             {"pool", pool.name},
             {"mode", table::to_string(daemon.modes().mode(backend.name))},
             {"weight", backend.weight},
             {"flows", totals.flows},
             {"sas", totals.sas},
             {"packets_to_server", totals.packets_to_server},
             {"packets_to_client", totals.packets_to_client},
             {"bytes_to_server", totals.bytes_to_server},
             {"bytes_to_client", totals.bytes_to_client}};
    row.update(health_row(daemon, backend, family));
    if (!backend.address6) return row;
    row["address6"] = text::to_text(*backend.address6);
    row["health6"] = health_row(daemon, backend, health::IpFamily::v6);
    return row;
}

std::string backend_name(Daemon& daemon, forwarding::BackendIndex index) {
    for (const config::Pool& pool : daemon.config().pools)
        for (const config::Backend& backend : pool.backends)
            if (const auto ref = daemon.registry().backend(backend.name);
                ref && ref->index == index)
                return backend.name;
    return {};
}

json with_ends(const std::map<std::string, std::uint64_t>& ends) {
    json backends = json::array();
    std::uint64_t tunnels = 0;
    for (const auto& [name, count] : ends) {
        backends.push_back({{"name", name}, {"tunnels", count}});
        tunnels += count;
    }
    return {{"tunnels", tunnels}, {"backends", std::move(backends)}};
}

std::string next_hop_name(const forwarding::ForwardingTable& table, const net::IpAddress& client,
                          forwarding::GatewayIndex gateway) {
    if (gateway == forwarding::on_link_client) return "on-link";
    if (!table.leads_to(client, gateway)) return "by route";
    return text::to_text(table.gateways[gateway].address);
}

}  // namespace

api::CommandError DaemonCommands::no_such_backend(const std::string& name) const {
    std::vector<std::string_view> names;
    for (const config::Pool& pool : daemon_.config().pools)
        for (const config::Backend& backend : pool.backends) names.push_back(backend.name);
    const auto nearest = config::nearest(name, names);
    return {.status = 404,
            .message = fmt::format("there is no backend {}{}; `ikelbctl backends` lists them", name,
                                   nearest ? fmt::format(" (did you mean {}?)", *nearest) : "")};
}

api::CommandResult DaemonCommands::set_mode(const std::string& backend, forwarding::Mode mode) {
    const auto changed = daemon_.set_mode(backend, mode);
    if (!changed) return no_such_backend(backend);
    const BackendTotals totals = backend_totals(daemon_, backend);
    return json{{"backend", backend},
                {"mode", table::to_string(mode)},
                {"changed", *changed},
                {"sas", totals.sas},
                {"flows", totals.flows}};
}

api::CommandResult DaemonCommands::status() {
    const ReloadLog& reloads = daemon_.reloads();
    return json{
        {"version", build_version},
        {"uptime_s", std::chrono::duration_cast<std::chrono::seconds>(daemon_.uptime()).count()},
        {"config",
         {{"file", daemon_.config_file()},
          {"loaded_at", utc(reloads.loaded_at)},
          {"last_reload", reloads.last_ok ? "ok" : "failed"},
          {"error", reloads.last_error},
          {"fallback", fallback_of(daemon_)}}},
        {"workers", workers_of(daemon_)},
        {"ports", ports_of(daemon_)},
        {"interfaces", interfaces_of(daemon_)},
        {"services", services_of(daemon_)},
        {"wall", wall_of(daemon_)},
        {"remarks", daemon_.remarks()},
        {"tables", tables_of(daemon_)},
        {"memory", {{"bytes_per_client", inspect::as_json(client_memory(daemon_))}}},
        {"restored", restored_by(daemon_)},
        {"huge_pages", daemon_.dataplane().uses_huge_pages()}};
}

api::CommandResult DaemonCommands::backends() {
    json rows = json::array();
    for (const config::Pool& pool : daemon_.config().pools)
        for (const config::Backend& backend : pool.backends)
            rows.push_back(backend_row(daemon_, pool, backend));
    return json{{"backends", std::move(rows)}};
}

api::CommandResult DaemonCommands::flows(const api::FlowFilter& filter) {
    const forwarding::ForwardingTable& table = daemon_.table();
    const forwarding::Seconds now = daemon_.dataplane().clock().now();
    const auto client = filter.client ? text::parse_address(*filter.client) : std::nullopt;
    if (filter.client && !client)
        return api::CommandError{.status = 400,
                                 .message = *filter.client +
                                            " is no address; give one such as "
                                            "198.51.100.7"};
    json rows = json::array();
    std::size_t total = 0;
    const auto visit = [&](const sessions::FlowKey& key, const sessions::Flow& flow) {
        const auto frontend = state::frontend_of(key);
        if (!flow.is_alive(table.timeouts, now) || !table.is_current(flow.backend) ||
            frontend >= table.frontends.size() || (client && key.client != *client))
            return;
        if (++total > filter.limit) return;
        rows.push_back({{"client", text::to_text(key.client)},
                        {"port", state::client_port_of(key)},
                        {"vip", text::to_text(table.frontends[frontend].vip)},
                        {"vip_port", table.frontends[frontend].port.to_host()},
                        {"backend", backend_name(daemon_, flow.backend.index)},
                        {"state", inspect::to_string(flow.standing)},
                        {"idle_s", now - std::min(now, flow.last_seen)},
                        {"next_hop", next_hop_name(table, key.client, flow.gateway)}});
    };
    const auto& flows = daemon_.dataplane().directory().flows;
    flows.for_each(0, flows.buckets(), visit);
    return json{{"flows", std::move(rows)},
                {"total", total},
                {"truncated", total > filter.limit}};
}

api::CommandResult DaemonCommands::drops() {
    json rows = json::array();
    for (std::size_t i = 0; i < pipeline::verdict_count; ++i) {
        const pipeline::VerdictInfo& verdict = pipeline::verdict_infos[i];
        if (verdict.fate != pipeline::Fate::drop) continue;
        rows.push_back({{"reason", verdict.name},
                        {"help", verdict.help},
                        {"packets", verdict_total(daemon_, static_cast<pipeline::Verdict>(i))}});
    }
    json below = json::array(), xstats = json::array();
    for (std::size_t position = 0; position < daemon_.port_watch().size(); ++position) {
        const PortView& port = daemon_.port_watch().view(position);
        for (std::size_t i = 0; i < port.lost.size(); ++i)
            below.push_back({{"port", port.name},
                             {"reason", port_losses()[i].name},
                             {"help", port_losses()[i].help},
                             {"frames", port.lost[i]}});
        for (const auto& [name, count] : port.xstats)
            xstats.push_back({{"port", port.name}, {"name", name}, {"count", count}});
    }
    return json{{"drops", std::move(rows)},
                {"ports", std::move(below)},
                {"xstats", std::move(xstats)}};
}

api::CommandResult DaemonCommands::version() {
    return json{{"version", build_version},
                {"march", build_march},
                {"compiler", build_compiler},
                {"dpdk", build_dpdk}};
}

api::CommandResult DaemonCommands::drain(const std::string& backend, api::DrainMode mode) {
    return set_mode(backend, mode == api::DrainMode::keep ? forwarding::Mode::drain_keep
                                                          : forwarding::Mode::drain_refuse);
}

api::CommandResult DaemonCommands::enable(const std::string& backend) {
    return set_mode(backend, forwarding::Mode::enabled);
}

api::CommandResult DaemonCommands::disable(const std::string& backend) {
    return set_mode(backend, forwarding::Mode::disabled);
}

api::CommandResult DaemonCommands::diff(const std::optional<std::string>& file) {
    const std::string name = file.value_or(daemon_.config_file());
    const auto loaded = config::load_file(name);
    if (!loaded) return api::CommandError{.status = 422, .message = loaded.error().to_string()};
    const config::Diff changes = config::diff(daemon_.config(), loaded->config);
    json list = json::array();
    for (const config::Change& change : changes.changes) list.push_back(change.to_string());
    json answer = with_ends(tunnels_that_end(daemon_, loaded->config));
    answer["file"] = name;
    answer["changes"] = std::move(list);
    answer["needs_restart"] = changes.needs_restart();
    return answer;
}

api::CommandResult DaemonCommands::reload() {
    const std::string error = daemon_.reload();
    if (!error.empty()) return api::CommandError{.status = 422, .message = error};
    json answer = with_ends(daemon_.reloads().ended);
    answer["reloaded"] = daemon_.config_file();
    return answer;
}

api::CommandResult DaemonCommands::check(const std::string& file) {
    const auto loaded = config::load_file(file);
    if (!loaded) return api::CommandError{.status = 422, .message = loaded.error().to_string()};
    return json{{"file", file}, {"ok", true}, {"warnings", loaded->warnings.to_string()}};
}

}  // namespace ikelb::daemon
