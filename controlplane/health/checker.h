// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>

#include "controlplane/health/backend_state.h"
#include "controlplane/health/icmp_echo.h"

namespace ikelb::health {

/// How often a backend is probed and what the outcomes mean.
struct ProbePolicy {
    std::chrono::milliseconds interval{std::chrono::seconds{5}};  ///< at least 10 ms
    std::chrono::milliseconds timeout{std::chrono::seconds{2}};
    Thresholds thresholds;
    friend bool operator==(const ProbePolicy&, const ProbePolicy&) = default;
};

/// An address of a backend to watch. Name and address are its identity across reloads: a backend
/// may have one of each family, with a state of its own.
struct Target {
    std::string name;
    boost::asio::ip::address address;
    std::optional<ProbePolicy> policy;  ///< absent (`health: none`): up for good, never probed
    friend bool operator==(const Target&, const Target&) = default;
};

/// A backend's health at an address, as others see it.
struct BackendHealth {
    std::string name;
    boost::asio::ip::address address;
    BackendState state;
};

/// Sends one probe and says what became of it. Control thread only.
class EchoProber {
public:
    /// Called once, on the control thread, and never from within probe() itself.
    using Done = std::function<void(const ProbeResult&)>;

    virtual ~EchoProber() = default;
    /// Probes `address`, waiting at most `timeout`. Nothing is called after the prober is gone.
    virtual void probe(const boost::asio::ip::address& address, std::chrono::milliseconds timeout,
                       Done done) = 0;
};

/// Watches a set of backends: one state machine and one timer for each. Control thread only.
class Checker {
public:
    using OnTransition = std::function<void(const Target& target, Health from, Health to,
                                            const std::string& reason)>;

    /// `v4` and `v6` must outlive the checker; null: backends of that family fail each probe, with
    /// a reason that says so. `on_transition` may call reconcile() and view(), and must not destroy
    /// the checker.
    Checker(boost::asio::any_io_executor executor, EchoProber* v4, EchoProber* v6,
            OnTransition on_transition);
    ~Checker();

    Checker(const Checker&) = delete;
    Checker& operator=(const Checker&) = delete;

    /// Makes `targets` the watched set. A backend with the same name and address keeps its state,
    /// also under a new policy; every other one begins as `start` says. A backend that loses its
    /// health check is up, one that gains it is assumed up until it fails; if that changes its
    /// health, that is reported.
    void reconcile(std::span<const Target> targets, StartAs start);

    /// All watched backends by name and address.
    std::vector<BackendHealth> view() const;

    /// The state of one backend at its address of that family; null if it is not watched there.
    /// Valid until the next reconcile().
    const BackendState* find(std::string_view name, IpFamily family) const;

private:
    struct Entry;
    using EntryPointer = std::shared_ptr<Entry>;
    using Identity = std::pair<std::string, boost::asio::ip::address>;

    EntryPointer make_entry(const Target& target, BackendState state);
    void retarget(const EntryPointer& entry, const Target& target);
    void schedule(const EntryPointer& entry, std::chrono::milliseconds delay);
    void send_probe(const EntryPointer& entry);
    void on_result(const EntryPointer& entry, const ProbeResult& result);
    std::chrono::milliseconds next_delay(const Entry& entry);

    boost::asio::any_io_executor executor_;
    EchoProber* v4_;
    EchoProber* v6_;
    OnTransition on_transition_;
    std::map<Identity, EntryPointer> entries_;
    std::size_t next_ordinal_ = 0;
    std::minstd_rand jitter_;
};

// When to probe which backend, so that many of them are not probed at once. Pure.

/// Delay until the first probe of the `ordinal`-th backend: soon, since its answer is waited for,
/// but not all in one burst: at most a quarter of a second or the interval, whichever is shorter.
std::chrono::milliseconds first_probe_delay(std::size_t ordinal,
                                            std::chrono::milliseconds interval);

/// Delay between the first and the second probe: half to one and a half intervals, which spreads
/// the backends evenly over the interval, whatever their number.
std::chrono::milliseconds second_probe_delay(std::size_t ordinal,
                                             std::chrono::milliseconds interval);

/// Delay between later probes: the interval, give or take 5 %, so that the probes of several
/// load balancers do not stay in step. `random` is uniform in [0, 1).
std::chrono::milliseconds later_probe_delay(std::chrono::milliseconds interval, double random);

}  // namespace ikelb::health
