// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/commands.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>

#include "config/diff.h"
#include "config/load.h"
#include "config/names.h"
#include "config/nearest.h"
#include "config/text/address.h"
#include "config/wall_summary.h"
#include "controlplane/daemon/build_info.h"
#include "controlplane/daemon/options.h"
#include "controlplane/inspect/as_json.h"

namespace ikelb::daemon {
namespace {

using forwarding::Mode;
using nlohmann::json;

std::string utc(std::chrono::system_clock::time_point time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string utc(health::SteadyTime time) {
    const auto ago = std::chrono::steady_clock::now() - time;
    return utc(std::chrono::system_clock::now() -
               std::chrono::duration_cast<std::chrono::system_clock::duration>(ago));
}

template <class List, class Row>
json list_of(const List& list, Row row) {
    json rows = json::array();
    for (const auto& one : list) rows.push_back(row(one));
    return rows;
}

/// Null: the configuration file's own configuration runs.
json fallback_of(const View& view) {
    if (!view.fallback) return nullptr;
    return {{"file", view.fallback->file.string()}, {"saved_at", utc(view.fallback->saved_at)}};
}

json worker_row(const View::Worker& worker) {
    return {{"id", worker.id},
            {"lcore", worker.id + 1},
            {"cpu", worker.cpu < 0 ? json(nullptr) : json(worker.cpu)},
            {"busy_share", worker.busy_share},
            {"bursts", worker.stats.bursts.read()},
            {"packets", worker.stats.packets.read()}};
}

json port_row(const View::PortRef& port) {
    return {{"name", port.seen.name},
            {"device", port.config.device},
            {"driver", port.facts.driver},
            {"queues", port.facts.queues},
            {"link", port.seen.is_up ? "up" : "down"},
            {"lost_in_driver", port.seen.lost_in_driver()},
            {"lost_in_device", port.seen.lost_in_device()},
            {"xstats", list_of(port.seen.xstats,
                               [](const DriverCount& one) -> json {
                                   return {{"name", one.first}, {"count", one.second}};
                               })},
            {"spreads_by", port.facts.spreads_by_address ? "address"
                           : port.facts.spreads_by_port  ? "address and port"
                                                         : "driver"}};
}

json interface_row(const View::TapRef& tap) {
    return {{"name", tap.config.name},
            {"port", tap.config.port},
            {"vlan", tap.config.vlan},
            {"mac", text::to_text(tap.facts.mac)},
            {"up", tap.is_up},
            {"to_kernel", tap.counters.sent},
            {"from_kernel", tap.counters.received}};
}

json service_row(const View& view, const config::Service& service) {
    const bool served = view.is_served(service);
    return {{"name", service.name},
            {"vip", text::to_text(service.vip)},
            {"served", served},
            {"reason", served ? "" : "the kernel does not have the VIP's address"},
            {"pool", service.pool},
            {"scheduler", config::to_string(service.scheduler)}};
}

json table_row(const TableFill& one) {
    return {{"name", one.table}, {"used", one.used}, {"capacity", one.capacity}};
}

/// Of an IPv4 client, from the sizes of the session tables.
json memory_row(const View& view) {
    return inspect::as_json(inspect::memory_of_client(view.sessions,
                                                      session_limits(view.config.limits),
                                                      static_cast<unsigned>(view.workers.size())));
}

json wall_of(const View& view) {
    const forwarding::Seconds grace_until = view.table.wall.grace_until;
    return {{"transit", view.config.transit.is_open ? "open" : "closed"},
            {"allow_rules", view.config.transit.allow.size()},
            {"grace_s", grace_until > view.now ? grace_until - view.now : 0},
            {"summary", config::wall_summary(view.config)}};
}

/// The records from the last daemon's state file; null if there was none.
json restored_by(const View& view) {
    if (!view.restored) return nullptr;
    const state::Restored& restored = *view.restored;
    return {{"pairs", restored.ike_sas},
            {"esp_spis", restored.esp},
            {"flows", restored.flows},
            {"bindings", restored.persistences},
            {"transit", restored.transit}};
}

json health_row(const View& view, const config::Backend& backend, health::IpFamily family) {
    const health::BackendState* state = view.health(backend.name, family);
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

/// The backend in all services; empty for an unknown name.
std::vector<View::Member> members_with(const View& view, std::string_view backend) {
    std::vector<View::Member> members;
    std::ranges::copy_if(view.members, std::back_inserter(members),
                         [&](const View::Member& member) { return member.backend == backend; });
    return members;
}

template <class Field>
std::uint64_t total(const View& view, const std::vector<View::Member>& members, Field field) {
    std::uint64_t total = 0;
    for (const View::Member& member : members) total += view.sum(member, field);
    return total;
}

json backend_row(const View& view, const config::Pool& pool, const config::Backend& backend) {
    using pipeline::MemberCounters;
    const auto members = members_with(view, backend.name);
    const auto of_all = [&](auto field) { return total(view, members, field); };
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
             {"mode", table::to_string(view.modes.mode(backend.name))},
             {"weight", backend.weight},
             {"flows", of_all(&SessionCounts::Member::flows)},
             {"sas", of_all(&SessionCounts::Member::sas)},
             {"packets_to_server", of_all(&MemberCounters::packets_to_server)},
             {"packets_to_client", of_all(&MemberCounters::packets_to_client)},
             {"bytes_to_server", of_all(&MemberCounters::bytes_to_server)},
             {"bytes_to_client", of_all(&MemberCounters::bytes_to_client)}};
    row.update(health_row(view, backend, family));
    if (!backend.address6) return row;
    row["address6"] = text::to_text(*backend.address6);
    row["health6"] = health_row(view, backend, health::IpFamily::v6);
    return row;
}

json with_ends(const std::map<std::string, std::uint64_t>& ends) {
    std::uint64_t tunnels = 0;
    for (const auto& [name, count] : ends) tunnels += count;
    return {{"tunnels", tunnels}, {"backends", list_of(ends, [](const auto& one) -> json {
                                       return {{"name", one.first}, {"tunnels", one.second}};
                                   })}};
}

api::CommandResult set_mode(const Host& host, const api::Arguments& arguments, Mode mode) {
    const std::string& backend = arguments.at("backend").text;
    const auto changed = host.set_mode(backend, mode);
    const View view = host.view();
    if (!changed) return no_such_backend(view, backend);
    const auto members = members_with(view, backend);
    return json{{"backend", backend},
                {"mode", table::to_string(mode)},
                {"changed", *changed},
                {"sas", total(view, members, &SessionCounts::Member::sas)},
                {"flows", total(view, members, &SessionCounts::Member::flows)}};
}

api::CommandResult run_status(const Host& host, const api::Arguments&) {
    const View view = host.view();
    const ReloadLog& reloads = view.reloads;
    return json{{"version", build_version},
                {"uptime_s", std::chrono::duration_cast<std::chrono::seconds>(view.uptime).count()},
                {"config",
                 {{"file", view.config_file},
                  {"loaded_at", utc(reloads.loaded_at)},
                  {"last_reload", reloads.last_ok ? "ok" : "failed"},
                  {"error", reloads.last_error},
                  {"fallback", fallback_of(view)}}},
                {"workers", list_of(view.workers, worker_row)},
                {"ports", list_of(view.ports, port_row)},
                {"interfaces", list_of(view.taps, interface_row)},
                {"services", list_of(view.config.services,
                                     [&view](const auto& one) { return service_row(view, one); })},
                {"wall", wall_of(view)},
                {"remarks", view.remarks},
                {"tables", list_of(table_fills(view.session_counter, view.sessions), table_row)},
                {"memory", {{"bytes_per_client", memory_row(view)}}},
                {"restored", restored_by(view)},
                {"huge_pages", view.uses_huge_pages}};
}

api::CommandResult run_backends(const Host& host, const api::Arguments&) {
    const View view = host.view();
    json rows = json::array();
    for (const config::Pool& pool : view.config.pools)
        for (const config::Backend& backend : pool.backends)
            rows.push_back(backend_row(view, pool, backend));
    return json{{"backends", std::move(rows)}};
}

api::CommandResult run_drops(const Host& host, const api::Arguments&) {
    const View view = host.view();
    json rows = json::array();
    for (std::size_t i = 0; i < pipeline::verdict_count; ++i) {
        const pipeline::VerdictInfo& verdict = pipeline::verdict_infos[i];
        if (verdict.fate != pipeline::Disposition::drop) continue;
        rows.push_back({{"reason", verdict.name},
                        {"help", verdict.help},
                        {"packets", view.sum(static_cast<pipeline::Verdict>(i))}});
    }
    json below = json::array(), xstats = json::array();
    for (const View::PortRef& one : view.ports) {
        const PortView& port = one.seen;
        for (std::size_t i = 0; i < port.lost.size(); ++i)
            below.push_back({{"port", port.name},
                             {"reason", port_losses()[i].name},
                             {"help", port_losses()[i].help},
                             {"frames", port.lost[i]}});
        for (const auto& [name, count] : port.xstats)
            xstats.push_back({{"port", port.name}, {"name", name}, {"count", count}});
    }
    return json{
        {"drops", std::move(rows)}, {"ports", std::move(below)}, {"xstats", std::move(xstats)}};
}

api::CommandResult run_version(const Host&, const api::Arguments&) {
    return json{{"version", build_version},
                {"march", build_march},
                {"compiler", build_compiler},
                {"dpdk", build_dpdk}};
}

api::CommandResult run_diff(const Host& host, const api::Arguments& arguments) {
    const View view = host.view();
    const std::string name = arguments.text("file").value_or(view.config_file);
    const auto loaded = config::load_file(name);
    if (!loaded) return api::CommandError{.status = 422, .message = loaded.error().to_string()};
    const config::Diff changes = config::diff(view.config, loaded->config);
    json answer = with_ends(tunnels_that_end(view, loaded->config));
    answer["file"] = name;
    answer["changes"] =
        list_of(changes.changes, [](const config::Change& change) { return change.to_string(); });
    answer["needs_restart"] = changes.needs_restart();
    return answer;
}

api::CommandResult run_reload(const Host& host, const api::Arguments&) {
    const std::string error = host.reload();
    if (!error.empty()) return api::CommandError{.status = 422, .message = error};
    const View view = host.view();
    json answer = with_ends(view.reloads.ended);
    answer["reloaded"] = view.config_file;
    return answer;
}

api::CommandResult run_check(const Host&, const api::Arguments& arguments) {
    const std::string& file = arguments.at("file").text;
    const auto loaded = config::load_file(file);
    if (!loaded) return api::CommandError{.status = 422, .message = loaded.error().to_string()};
    return json{{"file", file}, {"ok", true}, {"warnings", loaded->warnings.to_string()}};
}

constexpr struct {
    std::string_view command;
    api::CommandResult (*run)(const Host&, const api::Arguments&);
} handlers[] = {
    {"status", run_status},
    {"backends", run_backends},
    {"flows", run_flows},
    {"sessions", run_sessions},
    {"explain", run_explain},
    {"drops", run_drops},
    {"drain",
     [](const Host& host, const api::Arguments& arguments) {
         const bool keeps = arguments.at("mode").text == "keep";
         return set_mode(host, arguments, keeps ? Mode::drain_keep : Mode::drain_refuse);
     }},
    {"enable",
     [](const Host& host, const api::Arguments& arguments) {
         return set_mode(host, arguments, Mode::enabled);
     }},
    {"disable",
     [](const Host& host, const api::Arguments& arguments) {
         return set_mode(host, arguments, Mode::disabled);
     }},
    {"diff", run_diff},
    {"reload", run_reload},
    {"version", run_version},
    {"check", run_check},
};

}  // namespace

api::CommandResult run_command(const Host& host, const api::Command& command,
                               const api::Arguments& arguments) {
    for (const auto& handler : handlers)
        if (handler.command == command.name) return handler.run(host, arguments);
    return api::CommandError{.status = 501,
                             .message = fmt::format("ikelbd has no {}", command.name)};
}

api::CommandError no_such_backend(const View& view, const std::string& name) {
    std::vector<std::string_view> names;
    for (const config::Pool& pool : view.config.pools)
        for (const config::Backend& backend : pool.backends) names.push_back(backend.name);
    const auto nearest = config::nearest(name, names);
    return {.status = 404,
            .message = fmt::format("there is no backend {}{}; `ikelbctl backends` lists them", name,
                                   nearest ? fmt::format(" (did you mean {}?)", *nearest) : "")};
}

}  // namespace ikelb::daemon
