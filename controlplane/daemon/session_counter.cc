// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/session_counter.h"

#include <algorithm>

#include "controlplane/inspect/states.h"
#include "controlplane/state/snapshot.h"

namespace ikelb::daemon {
namespace {

constexpr std::size_t buckets_per_step = 32768;

/// Visits the live records of a slice; returns the slice's end, 0 after the last bucket.
template <typename Table, typename IsLive, typename Visit>
std::size_t count_slice(const Table& table, std::size_t first, IsLive&& is_live, Visit&& visit) {
    const std::size_t count = std::min(buckets_per_step, table.buckets() - first);
    table.for_each(first, count, [&](const auto& key, const auto& record) {
        if (is_live(record)) visit(key, record);
    });
    return first + count == table.buckets() ? 0 : first + count;
}

}  // namespace

std::size_t SessionCounter::walk_transit(forwarding::Seconds now) {
    const auto share = static_cast<std::size_t>(part_) - static_cast<std::size_t>(Part::transit);
    return count_slice(
        sessions_.transit[share], next_bucket_,
        [now](const wall::Conversation& one) { return one.is_alive({}, now); },
        [&](const auto&, const wall::Conversation&) { ++counting_.transit[share]; });
}

std::size_t SessionCounter::walk(const forwarding::ForwardingTable& table,
                                 forwarding::Seconds now) {
    const auto lives = [&](const auto& record) { return record.is_alive(table.timeouts, now); };
    const auto lives_on = [&](const auto& record) {
        return lives(record) && table.is_current(record.backend);
    };
    const auto add_flow = [&](const sessions::FlowKey& key, const sessions::Flow& flow) {
        const auto frontend = state::frontend_of(key);
        if (frontend >= table.frontends.size()) return;
        ++counting_.flows;
        auto& member = counting_.members[{table.frontends[frontend].service, flow.backend.index}];
        ++member.flows;
        if (table.frontends[frontend].port == net::be16::from_host(net::port_nat_t) &&
            flow.standing == sessions::Standing::spoke &&
            !inspect::has_ended(flow, table.timeouts, now))
            ++member.sas;
    };
    const auto add_ike_sa = [&](const auto&, const sessions::IkeSa& sa) {
        ++counting_.ike_sas;
        if (inspect::has_ended(sa, table.timeouts, now)) return;
        auto& member = counting_.members[{sa.service, sa.backend.index}];
        if (sa.state == sessions::SaState::half_open)
            ++member.pairs_half_open;
        else if (sa.state == sessions::SaState::answered)
            ++member.pairs_answered;
        else
            ++member.pairs_established;
    };
    const auto add_to = [](std::uint64_t& counter) {
        return [&counter](const auto&, const auto&) { ++counter; };
    };
    if (part_ >= Part::transit) return walk_transit(now);
    const auto& d = sessions_;
    const std::size_t at = next_bucket_;
    switch (part_) {
        case Part::flows: return count_slice(d.flows, at, lives_on, add_flow);
        case Part::persistences:
            return count_slice(d.persistences, at, lives_on, add_to(counting_.persistences));
        case Part::ike_sas: return count_slice(d.ike_sas, at, lives_on, add_ike_sa);
        case Part::esp: return count_slice(d.claims, at, lives_on, add_to(counting_.esp));
        case Part::half_open: return count_slice(d.choices, at, lives, add_to(counting_.half_open));
        case Part::fragments:
            return count_slice(d.fragments, at, lives, add_to(counting_.fragments));
        case Part::transit:
        case Part::done: break;
    }
    return 0;
}

bool SessionCounter::step(const forwarding::ForwardingTable& table, forwarding::Seconds now) {
    std::size_t left = buckets_per_step;
    while (part_ != Part::done) {
        const std::size_t before = next_bucket_;
        next_bucket_ = walk(table, now);
        if (next_bucket_ == 0) part_ = static_cast<Part>(static_cast<int>(part_) + 1);
        const std::size_t seen = next_bucket_ > before ? next_bucket_ - before : 1024;
        if (seen >= left) break;
        left -= seen;
    }
    if (part_ != Part::done) return false;
    publish();
    return true;
}

void SessionCounter::publish() {
    std::array<std::uint32_t, forwarding::max_backends> sas{};
    for (const auto& [member, count] : counting_.members)
        sas[member.second] += static_cast<std::uint32_t>(count.sas);
    for (std::size_t backend = 0; backend < sas.size(); ++backend)
        sessions_.sas[backend].store(sas[backend], std::memory_order_relaxed);
    // From three quarters on, a choice of backend is not worth an eviction.
    sessions_.is_half_open_crowded.store(counting_.half_open * 4 > sessions_.choices.slots() * 3,
                                         std::memory_order_relaxed);
    sessions_.sa_counts.fetch_add(1, std::memory_order_relaxed);
    counts_ = std::move(counting_);
    counting_ = {};
    part_ = Part::flows;
}

}  // namespace ikelb::daemon
