// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "config/config.h"
#include "config/diff.h"
#include "controlplane/api/admin_server.h"
#include "controlplane/daemon/network.h"
#include "controlplane/daemon/port_watch.h"
#include "controlplane/daemon/saved_state.h"
#include "controlplane/daemon/start_config.h"
#include "controlplane/daemon/view.h"
#include "controlplane/daemon/watchdog.h"
#include "controlplane/health/checker.h"
#include "controlplane/health/icmp_probe.h"
#include "controlplane/kernel/netlink/mirror.h"
#include "controlplane/lcores/dataplane.h"
#include "controlplane/metrics/metrics_server.h"
#include "controlplane/table/backend_modes.h"
#include "controlplane/table/index_registry.h"
#include "controlplane/table/removed_backends.h"
#include "controlplane/table/table_builder.h"

namespace ikelb::daemon {

/// The reason why the daemon can't start, in one line with the remedy.
struct StartError {
    std::string message;
};

/// ikelbd: owns all parts; each member outlives the members after it. One Asio thread, the
/// caller's; the workers run beside it.
class Daemon {
public:
    /// last_good: keeps the configuration once it has run; outlives the daemon.
    Daemon(std::string config_file, StartConfig start, state::LastGood& last_good);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// Makes ports, TAPs, addresses, API, metrics. nullopt: the daemon is ready to run().
    std::optional<StartError> start();
    /// Runs until SIGTERM or SIGINT. Returns the process's exit status.
    int run();

private:
    std::optional<StartError> open_dataplane();
    std::optional<StartError> open_network();
    std::optional<StartError> open_health();
    std::optional<StartError> open_admin_and_metrics();
    /// The table exists before the API opens.
    const forwarding::ForwardingTable& table() const noexcept {
        return *dataplane_->published().read();
    }
    View view() const;
    void publish_metrics();
    void restore_state();
    state::View state_view() const;
    void watch_signals();
    void watch_dataplane();
    void tick();
    void tick_each_second();
    void look_at_ports();
    void expire_removed();
    void confirm_gateways();
    void guard_kernel(const netlink::KernelState& kernel);
    bool check_interfaces(const netlink::KernelState& kernel);
    void say_mirror_trouble();
    void on_kernel_change();
    void start_workers();
    void rebuild(const netlink::KernelState& kernel);
    void rebuild_soon();
    void reconcile_health(health::StartAs start);
    void on_health(const health::Target& target, health::Health to, const std::string& reason);
    /// Empty on success, else the reason.
    std::string reload();
    std::string load_and_apply();
    std::optional<bool> set_mode(const std::string& backend, forwarding::Mode mode);
    void keep_text();
    void say_last_good_trouble();
    void watch_workers();

    std::string config_file_;
    config::Config config_;
    std::string text_;  ///< the source of config_
    std::optional<Fallback> fallback_;
    state::LastGood& last_good_;
    std::string last_good_error_;
    ReloadLog reloads_;
    std::chrono::system_clock::time_point started_at_;
    std::chrono::steady_clock::time_point started_steady_;

    boost::asio::io_context io_{1};
    boost::asio::signal_set signals_{io_, SIGTERM, SIGINT, SIGHUP};
    boost::asio::steady_timer timer_{io_};
    int exit_status_ = 0;

    table::IndexRegistry registry_;
    table::BackendModes modes_;
    table::RemovedBackends removed_;
    table::TransitGrace grace_;
    std::unique_ptr<PortWatch> port_watch_;
    std::unique_ptr<lcores::Dataplane> dataplane_;
    std::shared_ptr<const wall::AllowRules> allow_rules_;  ///< of config_.transit; in EAL's memory
    std::unique_ptr<SavedState> saved_state_;              ///< reads the dataplane's session tables
    std::optional<boost::asio::posix::stream_descriptor> dataplane_event_;
    std::unique_ptr<Network> network_;
    std::shared_ptr<netlink::Mirror> mirror_;
    std::unique_ptr<health::IcmpProbe> probe_v4_;
    std::unique_ptr<health::IcmpProbe> probe_v6_;
    std::unique_ptr<health::Checker> checker_;
    std::unique_ptr<SessionCounter> session_counter_;
    std::optional<Watchdog> watchdog_;
    std::unique_ptr<api::AdminServer> api_;
    std::unique_ptr<metrics::MetricsServer> metrics_;

    std::set<std::string> remarks_;
    std::set<std::string> interfaces_down_;
    std::set<std::string> guard_failures_;
    std::vector<double> busy_shares_;
    std::vector<std::uint64_t> busy_before_;
    std::chrono::steady_clock::time_point shares_at_;
    std::uint64_t publish_timeouts_ = 0;
    unsigned ticks_ = 0;
    unsigned seconds_ = 0;
    bool are_workers_running_ = false;
    bool is_rebuild_due_ = false;
    bool is_mirror_in_trouble_ = false;
};

}  // namespace ikelb::daemon
