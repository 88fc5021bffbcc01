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

struct ProbePolicy {
    std::chrono::milliseconds interval{std::chrono::seconds{5}};  ///< at least 10 ms
    std::chrono::milliseconds timeout{std::chrono::seconds{2}};
    Thresholds thresholds;
    friend bool operator==(const ProbePolicy&, const ProbePolicy&) = default;
};

/// A checked address of a backend. Name and address are its identity across reloads: a backend may
/// have one address of each family, each with its own state.
struct Target {
    std::string name;
    boost::asio::ip::address address;
    std::optional<ProbePolicy> policy;  ///< absent (`health: none`): up for good, never probed
    friend bool operator==(const Target&, const Target&) = default;
};

struct BackendHealth {
    std::string name;
    boost::asio::ip::address address;
    BackendState state;
};

/// Sends probes and reports their results. Control thread only.
class EchoProber {
public:
    /// Called once, on the control thread, and never from within probe().
    using Done = std::function<void(const ProbeResult&)>;

    virtual ~EchoProber() = default;
    /// Waits at most `timeout`. Nothing is called after the prober is gone.
    virtual void probe(const boost::asio::ip::address& address, std::chrono::milliseconds timeout,
                       Done done) = 0;
};

/// Checks a set of backends, with a state and a timer for each. Control thread only.
class Checker {
public:
    using OnTransition = std::function<void(const Target& target, Health from, Health to,
                                            const std::string& reason)>;

    /// `v4` and `v6` must outlive the checker; null: each probe of the family fails with a reason.
    /// `on_transition` may call reconcile() and view(), and must not destroy the checker.
    Checker(boost::asio::any_io_executor executor, EchoProber* v4, EchoProber* v6,
            OnTransition on_transition);
    ~Checker();

    Checker(const Checker&) = delete;
    Checker& operator=(const Checker&) = delete;

    /// Makes `targets` the checked set. A known name and address keeps its state, also under a new
    /// policy; `start` applies to all others. A backend that loses its check is up, one that gains
    /// a check is assumed up until it fails; a change of health by that is reported.
    void reconcile(std::span<const Target> targets, StartAs start);

    std::vector<BackendHealth> view() const;

    /// The backend's state at its address of the family; null: unchecked. Valid until the next
    /// reconcile().
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

// Delays that keep probes of many backends apart. Pure.

/// Until the `ordinal`-th backend's first probe: at most a quarter of a second or the interval,
/// since its answer is waited for, but not all in one burst.
std::chrono::milliseconds first_probe_delay(std::size_t ordinal,
                                            std::chrono::milliseconds interval);

/// Between the first and the second probe: half to one and a half intervals, which spreads the
/// backends evenly over the interval.
std::chrono::milliseconds second_probe_delay(std::size_t ordinal,
                                             std::chrono::milliseconds interval);

/// Between later probes: the interval, give or take 5 %, so that the probes of several load
/// balancers do not stay in step. `random` is uniform in [0, 1).
std::chrono::milliseconds later_probe_delay(std::chrono::milliseconds interval, double random);

}  // namespace ikelb::health
