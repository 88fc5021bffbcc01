// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/table_builder.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "controlplane/table/fast_table.h"
#include "controlplane/table/table_parts.h"

namespace ikelb::table {
namespace {

/// In the dataplane's seconds, rounded up, so that nothing ends early.
forwarding::Seconds to_seconds(std::chrono::milliseconds duration) noexcept {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(duration).count();
    return static_cast<forwarding::Seconds>(std::max<decltype(seconds)>(seconds, 1));
}

}  // namespace

InterfaceNames::InterfaceNames(const BuilderInput& input) {
    const auto& configured = input.config.interfaces;
    facts_.resize(configured.size());
    for (std::size_t i = 0; i < configured.size(); ++i) {
        const auto index = static_cast<forwarding::InterfaceIndex>(i);
        by_name_.emplace(configured[i].name, index);
        const auto facts = std::ranges::find(input.interfaces, configured[i].name,
                                             &InterfaceFacts::name);
        if (facts == input.interfaces.end()) continue;
        facts_[i] = &*facts;
        if (facts->ifindex != 0) by_tap_.emplace(facts->ifindex, index);
    }
}

std::optional<forwarding::InterfaceIndex> InterfaceNames::by_name(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<forwarding::InterfaceIndex> InterfaceNames::by_tap(int ifindex) const {
    const auto found = by_tap_.find(ifindex);
    return found == by_tap_.end() ? std::nullopt : std::optional{found->second};
}

forwarding::Timeouts make_timeouts(const config::Timeouts& configured) noexcept {
    forwarding::Timeouts timeouts;
    timeouts.flow = to_seconds(configured.flow);
    timeouts.half_open = to_seconds(configured.half_open);
    timeouts.answered = to_seconds(configured.answered);
    // An answer must not shorten a life.
    timeouts.half_open_answered = std::min(
        std::max(to_seconds(configured.half_open_answered), timeouts.half_open), timeouts.answered);
    timeouts.established = to_seconds(configured.ike_sa);
    timeouts.closing = to_seconds(configured.delete_hint);
    timeouts.pending = to_seconds(configured.pending);
    timeouts.fragment = to_seconds(configured.fragment);
    return timeouts;
}

wall::TransitTimeouts make_transit_timeouts(const config::Timeouts& configured) noexcept {
    return {.tcp = to_seconds(configured.transit_tcp),
            .tcp_opening = to_seconds(configured.transit_tcp_opening),
            .udp = to_seconds(configured.transit_udp),
            .icmp = to_seconds(configured.transit_icmp),
            .other = to_seconds(configured.transit_other)};
}

forwarding::AbuseLimits make_abuse_limits(const config::Abuse& configured,
                                          unsigned workers) noexcept {
    const auto whole = [](const config::Rate& rate) {
        return forwarding::Rate{.per_second = rate.per_second, .burst = rate.burst};
    };
    // Rounded up: a share of 0 would admit nobody.
    const auto share = [workers](const config::Rate& rate) {
        return forwarding::Rate{.per_second = (rate.per_second + workers - 1) / workers,
                                .burst = (rate.burst + workers - 1) / workers};
    };
    return {.requests_per_source = whole(configured.requests_per_source),
            .requests_per_backend = share(configured.requests_per_backend),
            .logins_per_source = whole(configured.logins_per_source),
            .unknown_pairs_per_backend = share(configured.unknown_pairs_per_backend),
            .opened_by_backends = share(configured.opened_by_backends),
            .half_open_inserts = share(configured.half_open_inserts),
            .fragments_per_source = whole(configured.fragments_per_source),
            .pending_per_source = whole(configured.pending_per_source)};
}

BuiltTable build_table(const BuilderInput& input) {
    BuiltTable built{.table = std::make_unique<forwarding::ForwardingTable>(), .remarks = {}};
    forwarding::ForwardingTable& table = *built.table;
    table.version = input.previous == nullptr ? 1 : input.previous->version + 1;
    table.hash_key = input.hash_key;
    table.timeouts = make_timeouts(input.config.timeouts);
    table.limits = make_abuse_limits(input.config.abuse, input.config.workers.count);
    table.inside_prefixes = input.config.inside_prefixes;
    const InterfaceNames names{input};
    build_network(input, names, table, built.remarks);
    build_services(input, names, table, built.remarks);
    build_addresses(input, names, table);
    build_wall(input, names, table, built.remarks);
    prepare_fast_table(table);
    return built;
}

forwarding::Seconds TransitGrace::until(const config::Config& config,
                                        const std::vector<InterfaceFacts>& interfaces,
                                        const netlink::KernelState& kernel,
                                        forwarding::Seconds now) {
    std::set<int> taps;
    for (const config::Interface& interface : config.interfaces) {
        const auto facts = std::ranges::find(interfaces, interface.name, &InterfaceFacts::name);
        if (interface.side != config::Side::clients && facts != interfaces.end())
            taps.insert(facts->ifindex);
    }
    Addresses present;
    for (const netlink::Address& address : kernel.addresses)
        if (taps.contains(address.ifindex))
            present.emplace(address.ifindex, address.prefix.address);
    const bool has_taken_over =
        !addresses_ || std::ranges::any_of(present, [this](const auto& address) {
            return !addresses_->contains(address);
        });
    const auto grace =
        std::chrono::ceil<std::chrono::seconds>(config.timeouts.transit_grace).count();
    if (has_taken_over && grace > 0) until_ = now + static_cast<forwarding::Seconds>(grace);
    addresses_ = std::move(present);
    return until_;
}

}  // namespace ikelb::table
