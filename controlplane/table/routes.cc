// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/routes.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

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

using forwarding::RouteTable;

template <typename Number>
constexpr bool is_v4_number = std::is_same_v<Number, std::uint32_t>;

template <typename Number>
Number number_of(const net::IpAddress& address) noexcept {
    if constexpr (is_v4_number<Number>)
        return address.v4_host();
    else
        return net::Uint128{address.high()} << 64 | address.low();
}

/// The first and last number of a prefix, inclusive.
template <typename Number>
struct Cover {
    Number first{};
    Number last{};
    unsigned length = 0;
    std::uint32_t value = 0;
};

template <typename Number>
Cover<Number> cover_of(const RouteEntry& entry) {
    constexpr unsigned bits = sizeof(Number) * 8;
    const unsigned length = std::min<unsigned>(entry.prefix.length, bits);
    // A shift by all bits is undefined, hence the two cases.
    const Number host_bits = length == 0 ? static_cast<Number>(~Number{0})
                             : length == bits
                                 ? Number{0}
                                 : static_cast<Number>((Number{1} << (bits - length)) - 1);
    const Number number = number_of<Number>(entry.prefix.address);
    return {.first = static_cast<Number>(number & ~host_bits),
            .last = static_cast<Number>(number | host_bits),
            .length = length,
            .value = entry.value};
}

/// Outer prefixes before their inner ones, equal ones in the caller's order.
template <typename Number>
std::vector<Cover<Number>> sorted_covers(std::span<const RouteEntry> entries) {
    std::vector<Cover<Number>> covers;
    for (const RouteEntry& entry : entries) {
        assert(entry.value != RouteTable::no_value);
        if (entry.prefix.address.is_v4() == is_v4_number<Number>)
            covers.push_back(cover_of<Number>(entry));
    }
    std::ranges::stable_sort(covers, [](const Cover<Number>& a, const Cover<Number>& b) {
        return a.first != b.first ? a.first < b.first : a.length < b.length;
    });
    return covers;
}

template <typename Number>
RouteTable::Ranges<Number> cut(std::span<const RouteEntry> entries) {
    RouteTable::Ranges<Number> ranges;
    const auto start_range = [&ranges](Number at, std::uint32_t value) {
        if (!ranges.starts.empty() && ranges.starts.back() == at) {
            ranges.values.back() = value;
        } else if (ranges.values.empty() || ranges.values.back() != value) {
            ranges.starts.push_back(at);
            ranges.values.push_back(value);
        }
    };
    std::vector<Cover<Number>> open;  // prefixes around the current place, outermost first
    const auto close_innermost = [&] {
        const Number last = open.back().last;
        open.pop_back();
        // The numbers behind the prefix belong to the next outer prefix. If that prefix ends here
        // too, the caller's loop overwrites the range of equal start.
        if (last != static_cast<Number>(~Number{0}))
            start_range(static_cast<Number>(last + 1),
                        open.empty() ? RouteTable::no_value : open.back().value);
    };
    const std::vector<Cover<Number>> covers = sorted_covers<Number>(entries);
    if (covers.empty()) return ranges;
    start_range(0, RouteTable::no_value);
    for (const Cover<Number>& cover : covers) {
        while (!open.empty() && open.back().last < cover.first) close_innermost();
        start_range(cover.first, cover.value);
        open.push_back(cover);
    }
    while (!open.empty()) close_innermost();
    return ranges;
}

}  // namespace

void choose_routes(std::vector<RouteOption> options, ForwardingTable& table) {
    // Outer prefixes before their inner ones.
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

RouteTable cut_routes(std::span<const RouteEntry> entries) {
    return {.v4 = cut<std::uint32_t>(entries), .v6 = cut<net::Uint128>(entries)};
}

forwarding::LinkHeader make_link(const forwarding::Interface& interface,
                                 forwarding::InterfaceIndex index,
                                 const net::MacAddress& destination) {
    forwarding::LinkHeader link{.port = interface.port,
                                .interface = index,
                                .mtu = interface.mtu,
                                .is_resolved = interface.is_up && !destination.is_zero()};
    std::ranges::copy(destination.bytes, link.bytes.begin());
    std::ranges::copy(interface.mac.bytes, link.bytes.begin() + 6);
    if (interface.vlan != 0) {
        link.length = 18;
        net::store(&link.bytes[12], net::be16::from_host(net::ether_type::vlan));
        net::store(&link.bytes[14], net::be16::from_host(interface.vlan));
    }
    return link;
}

}  // namespace ikelb::table
