// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <utility>

#include "config/text/address.h"
#include "controlplane/daemon/commands.h"
#include "controlplane/daemon/daemon.h"
#include "controlplane/daemon/options.h"
#include "controlplane/daemon/process.h"
#include "controlplane/state/disk.h"

// The start, up to the first table. The workers start after the first reading of the kernel.

namespace ikelb::daemon {
namespace {

net::HashKey draw_hash_key() {
    std::random_device random;
    const auto word = [&] { return std::uint64_t{random()} << 32 | random(); };
    return {.k0 = word(), .k1 = word()};
}

}  // namespace

std::optional<StartError> Daemon::start() {
    if (const auto missing = missing_privileges()) return StartError{*missing};
    if (const auto registered = registry_.update(config_); !registered)
        return StartError{registered.error().message};
    if (auto error = open_dataplane()) return error;
    if (auto error = open_network()) return error;
    if (auto error = open_health()) return error;
    // Before the first reading of the kernel the API answers for an empty network.
    rebuild(mirror_->snapshot());
    if (auto error = open_admin_and_metrics()) return error;
    watch_signals();
    watch_dataplane();
    tick();
    return std::nullopt;
}

std::optional<StartError> Daemon::open_dataplane() {
    if (const auto objection = Network::objection(config_)) return StartError{*objection};
    if (const auto file = state::file_of(config_.state, std::getenv("STATE_DIRECTORY")))
        saved_state_ = std::make_unique<SavedState>(*file);
    const auto hash_key = saved_state_ ? saved_state_->hash_key() : std::nullopt;
    auto port_watch = PortWatch::make(config_);
    if (!port_watch) return StartError{port_watch.error().message};
    port_watch_ = std::move(*port_watch);
    auto options = dataplane_options(config_, hash_key.value_or(draw_hash_key()));
    options.on_port_open = [this] { port_watch_->port_opened(); };
    auto dataplane = lcores::Dataplane::open(std::move(options));
    if (!dataplane) return StartError{dataplane.error().message};
    dataplane_ = std::move(*dataplane);
    auto rules = allow_rules(config_.transit);
    if (!rules) return StartError{"transit.allow: " + rules.error().message};
    allow_rules_ = std::move(*rules);
    restore_state();
    if (dataplane_->uses_huge_pages())
        spdlog::info("memory: huge pages");
    else
        spdlog::info("memory: {}, {} MiB of ordinary pages",
                     config_.dpdk.huge_pages == config::HugePages::off
                         ? "huge pages are off"
                         : "too few huge pages are free "
                           "(`echo 512 > /proc/sys/vm/nr_hugepages` makes some)",
                     config_.dpdk.memory_mib);
    for (std::size_t i = 0; i < config_.ports.size(); ++i) {
        const lcores::PortFacts& facts = dataplane_->ports()[i].facts();
        spdlog::info("port {}: {}, driver {}, {} queue(s), {}", config_.ports[i].name,
                     config_.ports[i].device, facts.driver, facts.queues,
                     facts.spreads_by_address ? "spreads by address"
                     : facts.spreads_by_port  ? "spreads by address and port"
                                              : "the sender or driver spreads");
    }
    look_at_ports();
    session_counter_ = std::make_unique<SessionCounter>(dataplane_->sessions());
    busy_shares_.resize(dataplane_->workers());
    busy_before_.resize(dataplane_->workers());
    shares_at_ = std::chrono::steady_clock::now();
    return std::nullopt;
}

std::optional<StartError> Daemon::open_network() {
    auto network = Network::create(io_, config_, *dataplane_);
    if (!network) return StartError{network.error().message};
    network_ = std::move(*network);
    for (const std::string& warning : network_->warnings()) spdlog::warn("{}", warning);
    for (const std::string& failure : network_->apply(config_)) spdlog::error("{}", failure);
    auto mirror = netlink::Mirror::start(io_, [this] { on_kernel_change(); });
    if (!mirror) return StartError{mirror.error().message};
    mirror_ = *std::move(mirror);
    return std::nullopt;
}

std::optional<StartError> Daemon::open_health() {
    auto probe = health::IcmpProbe::open(io_.get_executor(), health::IpFamily::v4);
    if (!probe) return StartError{probe.error().message};
    probe_v4_ = std::move(*probe);
    // Without IPv6 in the kernel there are no IPv6 backends to probe.
    if (auto probe_v6 = health::IcmpProbe::open(io_.get_executor(), health::IpFamily::v6))
        probe_v6_ = std::move(*probe_v6);
    checker_ = std::make_unique<health::Checker>(
        io_.get_executor(), probe_v4_.get(), probe_v6_.get(),
        [this](const health::Target& target, health::Health, health::Health to,
               const std::string& reason) { on_health(target, to, reason); });
    reconcile_health(health::StartAs::assumed_up);
    return std::nullopt;
}

std::optional<StartError> Daemon::open_admin_and_metrics() {
    const std::filesystem::path socket{config_.admin.socket};
    std::error_code ignored;  // the server's own message is better
    std::filesystem::create_directories(socket.parent_path(), ignored);
    auto api = api::AdminServer::start(
        io_.get_executor(), {.socket_path = socket},
        std::bind_front(run_command, Host{.view = std::bind_front(&Daemon::view, this),
                                          .reload = std::bind_front(&Daemon::reload, this),
                                          .set_mode = std::bind_front(&Daemon::set_mode, this)}));
    if (!api) return StartError{api.error().message};
    api_ = std::move(*api);
    if (config_.metrics.is_off) return std::nullopt;
    const config::Endpoint& listen = config_.metrics.listen;
    const std::string host = text::to_text(listen.address);
    auto metrics = metrics::MetricsServer::start(
        (listen.address.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(listen.port));
    if (!metrics) return StartError{metrics.error().message};
    metrics_ = std::move(*metrics);
    return std::nullopt;
}

}  // namespace ikelb::daemon
