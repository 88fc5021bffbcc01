// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/health/checker.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace ikelb::health {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds longest_first_delay{250};

/// The fractional parts of the multiples of the golden ratio: for any number of backends their gaps
/// are at most about twice the even one.
double place_in_interval(std::size_t ordinal) {
    constexpr double golden_ratio = 0.6180339887498949;
    const double product = static_cast<double>(ordinal) * golden_ratio;
    return product - std::floor(product);
}

milliseconds scale(milliseconds interval, double factor) {
    const double scaled = static_cast<double>(interval.count()) * factor;
    return milliseconds{static_cast<milliseconds::rep>(scaled)};
}

}  // namespace

/// Timers and probes hold an entry weakly; a changed `run` makes their callbacks void.
struct Checker::Entry {
    Target target;
    BackendState state;
    std::size_t ordinal;
    std::uint64_t probes = 0;  ///< started so far
    std::uint64_t run = 0;     ///< a change cancels the probe and the timer under way
    SteadyTime last_probe{};
    boost::asio::steady_timer timer;
};

Checker::Checker(boost::asio::any_io_executor executor, EchoProber* v4, EchoProber* v6,
                 OnTransition on_transition)
    : executor_{std::move(executor)},
      v4_{v4},
      v6_{v6},
      on_transition_{std::move(on_transition)},
      jitter_{std::random_device{}()} {}

Checker::~Checker() = default;

void Checker::reconcile(std::span<const Target> targets, StartAs start) {
    const auto wanted = [&](const Identity& identity) {
        return std::ranges::any_of(targets, [&](const Target& target) {
            return Identity{target.name, target.address} == identity;
        });
    };
    std::erase_if(entries_, [&](const auto& item) { return !wanted(item.first); });

    const SteadyTime now = steady_clock::now();
    std::vector<std::pair<EntryPointer, Target>> kept;
    for (const Target& target : targets) {
        EntryPointer& entry = entries_[{target.name, target.address}];
        if (entry)
            kept.emplace_back(entry, target);
        else
            entry = make_entry(target,
                               target.policy ? initial_state(start, now) : unchecked_state(now));
    }
    // Last: retarget() may call out, and the set is complete by now.
    for (const auto& [entry, target] : kept) retarget(entry, target);
}

Checker::EntryPointer Checker::make_entry(const Target& target, BackendState state) {
    auto entry = std::make_shared<Entry>(Entry{.target = target,
                                               .state = std::move(state),
                                               .ordinal = next_ordinal_++,
                                               .timer = boost::asio::steady_timer{executor_}});
    if (target.policy) schedule(entry, first_probe_delay(entry->ordinal, target.policy->interval));
    return entry;
}

void Checker::retarget(const EntryPointer& entry, const Target& target) {
    if (entry->target == target) return;
    const bool was_checked = entry->target.policy.has_value();
    const bool new_interval =
        was_checked && target.policy && entry->target.policy->interval != target.policy->interval;
    entry->target = target;
    if (was_checked && target.policy) {
        // An outstanding probe keeps its old time-out; its end schedules by the new interval.
        if (new_interval && entry->timer.cancel() > 0)
            schedule(entry, std::min(target.policy->interval,
                                     second_probe_delay(entry->ordinal, target.policy->interval)));
        return;
    }

    const SteadyTime now = steady_clock::now();
    const Health before = entry->state.health;
    const std::uint64_t transitions = entry->state.transitions;
    ++entry->run;
    entry->timer.cancel();
    entry->probes = 0;
    // The backend has served unchecked; only a failed check may stop that.
    entry->state = target.policy ? initial_state(StartAs::assumed_up, now) : unchecked_state(now);
    entry->state.transitions = transitions;
    if (target.policy) schedule(entry, first_probe_delay(entry->ordinal, target.policy->interval));
    if (entry->state.health == before) return;
    ++entry->state.transitions;
    const std::string reason = entry->state.reason;
    on_transition_(target, before, entry->state.health, reason);
}

void Checker::schedule(const EntryPointer& entry, milliseconds delay) {
    entry->timer.expires_after(delay);
    entry->timer.async_wait([this, weak = std::weak_ptr{entry},
                             run = entry->run](const boost::system::error_code& cancelled) {
        const EntryPointer alive = weak.lock();  // gone with the checker, so `this` is valid
        if (!cancelled && alive && alive->run == run) send_probe(alive);
    });
}

void Checker::send_probe(const EntryPointer& entry) {
    entry->last_probe = steady_clock::now();
    ++entry->probes;
    EchoProber* const prober = entry->target.address.is_v4() ? v4_ : v6_;
    auto done = [this, weak = std::weak_ptr{entry}, run = entry->run](const ProbeResult& result) {
        const EntryPointer alive = weak.lock();
        if (alive && alive->run == run) on_result(alive, result);
    };
    if (prober != nullptr)
        return prober->probe(entry->target.address, entry->target.policy->timeout, std::move(done));
    boost::asio::post(executor_, [done = std::move(done)] {
        done(ProbeResult{std::nullopt, "no health check socket for this address family"});
    });
}

void Checker::on_result(const EntryPointer& entry, const ProbeResult& result) {
    Step next = step(std::move(entry->state), result, entry->target.policy->thresholds,
                     steady_clock::now());
    entry->state = std::move(next.state);
    // The interval counts from request to request. A longer probe delays the next one: a backend
    // never has two under way.
    const auto spent =
        std::chrono::duration_cast<milliseconds>(steady_clock::now() - entry->last_probe);
    schedule(entry, std::max(next_delay(*entry) - spent, milliseconds::zero()));
    if (next.transition)
        on_transition_(entry->target, next.transition->from, next.transition->to,
                       next.transition->reason);
}

milliseconds Checker::next_delay(const Entry& entry) {
    const milliseconds interval = std::max(entry.target.policy->interval, milliseconds{10});
    if (entry.probes == 1) return second_probe_delay(entry.ordinal, interval);
    const double random = static_cast<double>(jitter_() - decltype(jitter_)::min()) /
                          static_cast<double>(decltype(jitter_)::max());
    return later_probe_delay(interval, random);
}

std::vector<BackendHealth> Checker::view() const {
    std::vector<BackendHealth> all;
    all.reserve(entries_.size());
    for (const auto& [identity, entry] : entries_)
        all.push_back({identity.first, identity.second, entry->state});
    return all;
}

const BackendState* Checker::find(std::string_view name, IpFamily family) const {
    for (auto at = entries_.lower_bound({std::string{name}, boost::asio::ip::address{}});
         at != entries_.end() && at->first.first == name; ++at)
        if (at->first.second.is_v4() == (family == IpFamily::v4)) return &at->second->state;
    return nullptr;
}

milliseconds first_probe_delay(std::size_t ordinal, milliseconds interval) {
    return scale(std::min(interval, longest_first_delay), place_in_interval(ordinal));
}

milliseconds second_probe_delay(std::size_t ordinal, milliseconds interval) {
    return scale(interval, 0.5 + place_in_interval(ordinal));
}

milliseconds later_probe_delay(milliseconds interval, double random) {
    return scale(interval, 0.95 + 0.1 * random);
}

}  // namespace ikelb::health
