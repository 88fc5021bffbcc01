// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/daemon.h"

#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <map>
#include <utility>

#include "config/load.h"
#include "config/text/address.h"
#include "controlplane/daemon/commands.h"
#include "controlplane/daemon/metrics.h"
#include "controlplane/daemon/options.h"
#include "controlplane/daemon/process.h"

namespace ikelb::daemon {
namespace {

constexpr std::chrono::milliseconds tick_every{100};
constexpr unsigned ticks_per_second = 10;
constexpr unsigned confirm_gateways_every = 10;  // seconds
// A worker takes a new table up within a burst; a worker that needs longer is stuck.
constexpr std::chrono::milliseconds publish_limit{100};

std::chrono::sys_seconds wall_clock() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// Logs the sentences that are new since the last time.
void say_new(std::set<std::string>& said, const std::vector<std::string>& now,
             spdlog::level::level_enum level) {
    for (const std::string& one : now)
        if (!said.contains(one)) spdlog::log(level, "{}", one);
    said = {now.begin(), now.end()};
}

}  // namespace

Daemon::Daemon(std::string config_file, StartConfig start, state::LastGood& last_good)
    : config_file_{std::move(config_file)},
      config_{std::move(start.loaded.config)},
      text_{std::move(start.loaded.text)},
      fallback_{std::move(start.fallback)},
      last_good_{last_good},
      reloads_{.loaded_at = std::chrono::system_clock::now(),
               .last_ok = !fallback_,
               .last_error = fallback_ ? fallback_->why.to_string() : std::string{},
               .failures = fallback_ ? 1u : 0u},
      started_at_{std::chrono::system_clock::now()},
      started_steady_{std::chrono::steady_clock::now()} {}

Daemon::~Daemon() {
    metrics_.reset();
    api_.reset();
    if (dataplane_) dataplane_->stop();
    // Before the workers have run, the file holds all records already.
    if (saved_state_ && are_workers_running_)
        saved_state_->finish(dataplane_->sessions(), state_view());
}

void Daemon::restore_state() {
    if (!saved_state_) return;
    saved_state_->restore({.config = config_,
                           .registry = registry_,
                           .modes = modes_,
                           .sessions = dataplane_->sessions(),
                           .timeouts = table::make_timeouts(config_.timeouts),
                           .now = dataplane_->clock().now(),
                           .wall_clock = wall_clock()},
                          dataplane_->hash_key());
    if (const auto& restored = saved_state_->restored())
        removed_.take_up(restored->known, config_, dataplane_->clock().now());
}

state::View Daemon::state_view() const {
    return state::make_view({.config = config_,
                             .registry = registry_,
                             .modes = modes_,
                             .table = table(),
                             .now = dataplane_->clock().now(),
                             .wall_clock = wall_clock(),
                             .removed = removed_.all()});
}

View Daemon::view() const {
    static const std::optional<state::Restored> nothing_restored;
    View view{.started_at = started_at_,
              .uptime = std::chrono::steady_clock::now() - started_steady_,
              .config_file = config_file_,
              .config = config_,
              .fallback = fallback_,
              .reloads = reloads_,
              .restored = saved_state_ ? saved_state_->restored() : nothing_restored,
              .saves = saved_state_ ? saved_state_->log() : state::SaveLog{},
              .remarks = remarks_,
              .registry = registry_,
              .modes = modes_,
              .health = [this](std::string_view name,
                               health::IpFamily family) { return checker_->find(name, family); },
              .table = table(),
              .sessions = dataplane_->sessions(),
              .now = dataplane_->clock().now(),
              .session_counter = session_counter_->counts(),
              .members = members_of(config_, registry_, session_counter_->counts()),
              .uses_huge_pages = dataplane_->uses_huge_pages(),
              .publish_timeouts = publish_timeouts_,
              .netlink_overruns = mirror_->counters().overruns};
    for (unsigned i = 0; i < dataplane_->workers(); ++i)
        view.workers.push_back(
            {i, dataplane_->stats(i), dataplane_->cpu_of(i), busy_shares_.at(i)});
    for (std::size_t i = 0; i < config_.ports.size(); ++i)
        view.ports.push_back(
            {config_.ports[i], dataplane_->ports()[i].facts(), port_watch_->view(i)});
    for (std::size_t i = 0; i < config_.interfaces.size(); ++i)
        view.taps.push_back({config_.interfaces[i], network_->facts()[i],
                             view.table.interfaces[i].is_up, network_->tap(i).counters(),
                             network_->inject_failures(i)});
    return view;
}

void Daemon::publish_metrics() {
    if (metrics_) metrics_->publish(read_metrics(view()));
}

void Daemon::watch_signals() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (signal != SIGHUP) {
            spdlog::info("stopping on signal {}", signal);
            sd_notify(0, "STOPPING=1");
            io_.stop();
            return;
        }
        sd_notify(0, "RELOADING=1");
        reload();
        if (are_workers_running_) sd_notify(0, "READY=1");
        watch_signals();
    });
}

void Daemon::watch_dataplane() {
    if (!dataplane_event_) dataplane_event_.emplace(io_, dup(dataplane_->event_fd()));
    dataplane_event_->async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this](const boost::system::error_code& error) {
            if (error) return;
            dataplane_->clear_event();
            dataplane_->take_punts(
                [this](forwarding::InterfaceIndex interface, std::span<const std::uint8_t> frame) {
                    network_->deliver(interface, frame);
                });
            dataplane_->take_neighbour_requests(
                [this](forwarding::InterfaceIndex interface, const net::IpAddress& address) {
                    if (interface >= network_->facts().size()) return;
                    // A refusal shows as no_neighbour drops; the next packet asks again.
                    static_cast<void>(mirror_->request_neighbour(
                        network_->facts()[interface].ifindex, address));
                });
            watch_dataplane();
        });
}

void Daemon::tick() {
    timer_.expires_after(tick_every);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        if (are_workers_running_) {
            dataplane_->published().reclaim();
            publish_timeouts_ += dataplane_->published().count_overdue(publish_limit);
            session_counter_->step(table(), dataplane_->clock().now());
            if (++ticks_ % ticks_per_second == 0) tick_each_second();
        }
        tick();
    });
}

void Daemon::tick_each_second() {
    const auto now = std::chrono::steady_clock::now();
    const auto elapsed = std::chrono::duration<double, std::micro>(now - shares_at_).count();
    shares_at_ = now;
    for (unsigned i = 0; i < dataplane_->workers(); ++i) {
        const std::uint64_t busy = dataplane_->stats(i).busy_micros.read();
        busy_shares_[i] = std::min(1.0, static_cast<double>(busy - busy_before_[i]) / elapsed);
        busy_before_[i] = busy;
    }
    if (saved_state_)
        saved_state_->tick(config_.state.interval, dataplane_->sessions(),
                           [this] { return state_view(); });
    watch_workers();
    say_mirror_trouble();
    look_at_ports();
    expire_removed();
    say_last_good_trouble();
    publish_metrics();
    if (++seconds_ % confirm_gateways_every != 0) return;
    confirm_gateways();
    guard_kernel(mirror_->snapshot());
}

/// Runs after each change in the kernel, because others may remove rules that are not theirs, and
/// every ten seconds, because netlink may lose the news.
void Daemon::guard_kernel(const netlink::KernelState& kernel) {
    say_new(guard_failures_, network_->guard(config_, kernel), spdlog::level::err);
}

void Daemon::expire_removed() {
    const auto ended = removed_.expire(view().sum(pipeline::Verdict::backend_removed),
                                       table().timeouts, dataplane_->clock().now());
    for (const table::RemovedBackend& one : ended)
        spdlog::info("{}, which was backend {}, is an address like others again",
                     text::to_text(one.address), one.name);
    if (!ended.empty()) rebuild_soon();
}

void Daemon::look_at_ports() {
    for (const std::size_t changed : port_watch_->look(dataplane_->ports())) {
        const PortView& port = port_watch_->view(changed);
        if (port.is_up)
            spdlog::info("port {}: link is up", port.name);
        else
            spdlog::warn("port {}: link is down", port.name);
    }
}

void Daemon::watch_workers() {
    std::vector<std::uint64_t> turns;
    for (unsigned i = 0; i < dataplane_->workers(); ++i)
        turns.push_back(dataplane_->stats(i).turns.read());
    watchdog_->tick(turns);
}

/// The kernel sends nothing through a client-side gateway, so it would never notice the gateway's
/// new MAC address. Health checks confirm the backends.
void Daemon::confirm_gateways() {
    for (const forwarding::Gateway& gateway : table().gateways) {
        if (gateway.interface >= network_->facts().size()) continue;
        // Refused: no such device; the mirror shows a missing answer.
        static_cast<void>(mirror_->confirm_neighbour(
            network_->facts()[gateway.interface].ifindex, gateway.address));
    }
}

/// ikelbd can't mend a deleted interface, and forwarding without one is an outage that nobody sees:
/// ikelbd ends, and the service manager starts it anew. An interface that comes up again has lost
/// its routes: the kernel forgets them when the interface goes down.
bool Daemon::check_interfaces(const netlink::KernelState& kernel) {
    bool is_back = false;
    for (const table::InterfaceFacts& interface : network_->facts()) {
        const auto link =
            std::ranges::find(kernel.links, interface.ifindex, &netlink::Link::ifindex);
        if (link == kernel.links.end()) {
            spdlog::error("interface {} was deleted; ikelbd ends, and makes it again when it is "
                          "started",
                          interface.name);
            exit_status_ = 1;
            io_.stop();
            return false;
        }
        if (!link->up) {
            if (interfaces_down_.insert(interface.name).second)
                spdlog::warn("interface {} is down", interface.name);
        } else if (interfaces_down_.erase(interface.name) != 0) {
            spdlog::info("interface {} is up again", interface.name);
            is_back = true;
        }
    }
    if (is_back)
        for (const std::string& failure : network_->apply(config_)) spdlog::error("{}", failure);
    return true;
}

/// The count of overruns alone shows trouble that is over within a second.
void Daemon::say_mirror_trouble() {
    const auto error = mirror_->last_error();
    if (error.has_value() == is_mirror_in_trouble_) return;
    is_mirror_in_trouble_ = error.has_value();
    if (error)
        spdlog::warn("the kernel cannot be followed, what was last read of it stands: {}", *error);
    else
        spdlog::info("the kernel is followed again");
}

void Daemon::on_kernel_change() {
    const netlink::KernelState kernel = mirror_->snapshot();
    if (!check_interfaces(kernel)) return;
    rebuild(kernel);
    guard_kernel(kernel);
    if (!are_workers_running_) start_workers();
}

void Daemon::start_workers() {
    if (auto started = dataplane_->start(); !started) {
        spdlog::error("{}", started.error().message);
        exit_status_ = 1;
        io_.stop();
        return;
    }
    are_workers_running_ = true;
    watchdog_.emplace(dataplane_->workers());
    keep_text();
    network_->announce_new_vips();
    confirm_gateways();  // a reply takes another gateway while its own is no known neighbour
    spdlog::info("ready: {} worker(s), {} service(s)", dataplane_->workers(),
                 config_.services.size());
    publish_metrics();
    sd_notify(0, "READY=1");
}

/// With `state: none` the last good text is not kept, and an old one is removed.
void Daemon::keep_text() {
    if (fallback_) return;  // the kept text runs
    if (!config_.state.is_off)
        last_good_.save(text_);
    else if (const auto gone = last_good_.forget(); !gone)
        spdlog::warn("{}", gone.error().message);
}

void Daemon::say_last_good_trouble() {
    std::string error = last_good_.error();
    if (error == last_good_error_) return;
    last_good_error_ = std::move(error);
    if (last_good_error_.empty())
        spdlog::info("the configuration is kept again as {}", last_good_.file().string());
    else
        spdlog::error("the configuration is not kept as the last good one: {}; a start with a "
                      "broken file finds an older one or none",
                      last_good_error_);
}

void Daemon::rebuild(const netlink::KernelState& kernel) {
    is_rebuild_due_ = false;
    std::map<std::string, table::BackendFacts, std::less<>> backends;
    for (const health::BackendHealth& health : checker_->view()) {
        table::BackendFacts& facts = backends[health.name];
        facts.is_up[health.address.is_v6()] = health.state.gets_new_clients();
        facts.mode = modes_.mode(health.name);
    }
    const forwarding::Seconds now = dataplane_->clock().now();
    table::BuiltTable built =
        table::build_table({.config = config_,
                            .interfaces = network_->facts(),
                            .kernel = kernel,
                            .backends = backends,
                            .registry = registry_,
                            .hash_key = dataplane_->hash_key(),
                            .now = now,
                            .previous = dataplane_->published().read(),
                            .allow_rules = allow_rules_,
                            .grace_until = grace_.until(config_, network_->facts(), kernel, now),
                            .removed = removed_.all()});
    // Before the first reading of the kernel everything would be missing.
    if (mirror_->is_synchronised()) say_new(remarks_, built.remarks, spdlog::level::warn);
    dataplane_->published().publish(std::move(built.table));
}

void Daemon::reconcile_health(health::StartAs start) {
    checker_->reconcile(health_targets(config_), start);
}

void Daemon::on_health(const health::Target& target, health::Health to, const std::string& reason) {
    const health::IpFamily other =
        target.address.is_v4() ? health::IpFamily::v6 : health::IpFamily::v4;
    const bool is_one_of_two = checker_->find(target.name, other) != nullptr;
    spdlog::log(to == health::Health::up ? spdlog::level::info : spdlog::level::warn,
                "backend {} is {}{}: {}", target.name, health::to_string(to),
                is_one_of_two ? " at " + target.address.to_string() : "", reason);
    if (are_workers_running_) rebuild_soon();
}

/// Rebuilds after the events that already wait for this thread. If a thousand servers vanish
/// together, a table for each would exceed the time of the service manager's watchdog.
void Daemon::rebuild_soon() {
    if (std::exchange(is_rebuild_due_, true)) return;
    boost::asio::post(io_, [this] {
        if (is_rebuild_due_) rebuild(mirror_->snapshot());
    });
}

std::optional<bool> Daemon::set_mode(const std::string& backend, forwarding::Mode mode) {
    if (!registry_.backend(backend)) return std::nullopt;
    const bool changed = modes_.set(backend, mode, registry_);
    if (changed) {
        spdlog::info("backend {} is set to {}", backend, table::to_string(mode));
        if (saved_state_) saved_state_->save_soon();
        rebuild(mirror_->snapshot());
    }
    return changed;
}

std::string Daemon::reload() {
    std::string error = load_and_apply();
    reloads_.last_ok = error.empty();
    reloads_.last_error = error;
    if (error.empty()) {
        reloads_.loaded_at = std::chrono::system_clock::now();
        spdlog::info("reloaded {}", config_file_);
    } else {
        ++reloads_.failures;
        spdlog::error("reload failed, the running configuration stays in force: {}", error);
    }
    if (are_workers_running_) publish_metrics();
    return error;
}

std::string Daemon::load_and_apply() {
    auto loaded = config::load_file(config_file_);
    if (!loaded) return loaded.error().to_string();
    for (const config::Finding& warning : loaded->warnings.list)
        spdlog::warn("{}", warning.to_string());
    const config::Diff changes = config::diff(config_, loaded->config);
    if (changes.needs_restart()) return changes.restart_reason();
    std::shared_ptr<const wall::AllowRules> rules = allow_rules_;
    if (loaded->config.transit.allow != config_.transit.allow) {
        auto compiled = allow_rules(loaded->config.transit);
        if (!compiled) return "transit.allow: " + compiled.error().message;
        rules = std::move(*compiled);
    }
    auto ended = tunnels_that_end(view(), loaded->config);  // while the registry knows their names
    if (const auto registered = registry_.update(loaded->config); !registered)
        return registered.error().message;
    reloads_.ended = std::move(ended);
    removed_.change(config_, loaded->config, dataplane_->clock().now());
    config_ = std::move(loaded->config);
    text_ = std::move(loaded->text);
    allow_rules_ = std::move(rules);
    for (const config::Change& change : changes.changes) spdlog::info("{}", change.to_string());
    for (const auto& [backend, tunnels] : reloads_.ended)
        spdlog::info("backend {}: {} tunnels end", backend, tunnels);
    modes_.retain(config_);
    set_log_level(config_.log.level);
    reconcile_health(health::StartAs::unproven);
    // The workers go first: to them a VIP that only the kernel knows is transit, and its service
    // UDP would reach the kernel.
    const netlink::KernelState kernel = mirror_->snapshot();
    rebuild(kernel);
    for (const std::string& failure : network_->apply(config_)) spdlog::error("{}", failure);
    guard_kernel(kernel);
    network_->announce_new_vips();
    if (fallback_) spdlog::info("the last good configuration is left for {}", config_file_);
    fallback_.reset();
    if (are_workers_running_) keep_text();
    return {};
}

int Daemon::run() {
    io_.run();
    return exit_status_;
}

}  // namespace ikelb::daemon
