// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/route_choice.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <utility>

#include "controlplane/table/route_ranges.h"

namespace ikelb::table {
namespace {

using forwarding::ForwardingTable, forwarding::RouteKind;

forwarding::Route preferred(std::span<const RouteOption> options, const ForwardingTable& table) {
    const auto is_living = [&](const RouteOption& option) {
        return option.route.kind == RouteKind::gateway &&
               table.gateways[option.route.gateway].link.is_resolved;
    };
    const auto living = options.front().route.kind == RouteKind::gateway
                            ? std::ranges::find_if(options, is_living)
                            : options.end();
    return living == options.end() ? options.front().route : living->route;
}

/// The table's routes, each once.
class Routes {
public:
    explicit Routes(ForwardingTable& table) : table_{table} {}

    std::uint32_t index_of(const forwarding::Route& route) {
        const auto next = static_cast<std::uint32_t>(table_.routes.size());
        if (route.kind != RouteKind::on_link) {
            auto& alike = shared_[{route.kind, route.interface, route.gateway}];
            for (const std::uint32_t index : alike)
                if (table_.routes[index].over == route.over) return index;
            alike.push_back(next);
        }
        table_.routes.push_back(route);
        return next;
    }

private:
    using Kind = std::tuple<RouteKind, forwarding::InterfaceIndex, forwarding::GatewayIndex>;

    ForwardingTable& table_;
    std::map<Kind, std::vector<std::uint32_t>> shared_;
};

}  // namespace

void choose_routes(std::vector<RouteOption> options, ForwardingTable& table) {
    // Outer prefixes before those inside them.
    std::ranges::stable_sort(options, {}, [](const RouteOption& option) {
        const net::IpPrefix prefix = option.prefix.network();
        return std::tuple{prefix.address.is_v4(), prefix.address, prefix.length};
    });
    Routes routes{table};
    std::vector<RouteEntry> entries;
    entries.reserve(options.size());
    std::vector<std::pair<net::IpPrefix, decltype(forwarding::Route::over)>> around;
    for (auto first = options.begin(); first != options.end();) {
        const net::IpPrefix prefix = first->prefix.network();
        const auto end = std::find_if(first, options.end(), [&](const RouteOption& option) {
            return option.prefix.network() != prefix;
        });
        while (!around.empty() && !around.back().first.contains(prefix.address)) around.pop_back();
        forwarding::Route chosen = preferred({first, end}, std::as_const(table));
        if (!around.empty()) chosen.over = around.back().second;
        for (; first != end; ++first) {
            if (first->route.kind != RouteKind::gateway) continue;
            chosen.over.set(first->route.gateway);
            if (prefix.length == 0)
                table.gateways[first->route.gateway].is_default[prefix.address.is_v4()] = true;
        }
        around.emplace_back(prefix, chosen.over);
        entries.push_back({.prefix = prefix, .value = routes.index_of(chosen)});
    }
    table.route_table = cut_routes(entries);
}

}  // namespace ikelb::table
