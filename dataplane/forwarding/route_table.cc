// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/forwarding/route_table.h"

#include <algorithm>
#include <cassert>
#include <type_traits>

namespace ikelb::forwarding {
namespace {

template <typename Number>
constexpr bool is_v4_number = std::is_same_v<Number, std::uint32_t>;

template <typename Number>
Number number_of(const net::IpAddress& address) noexcept {
    if constexpr (is_v4_number<Number>)
        return address.v4().value.to_host();
    else
        return net::Uint128{address.high()} << 64 | address.low();
}

/// A prefix as the numbers it covers, both ends included.
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
    // A shift by all the bits is undefined, hence the two cases.
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

/// Outer prefixes before those inside them, equal ones in the caller's order.
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

}  // namespace

template <typename Number>
RouteTable::Ranges<Number> RouteTable::cut(std::span<const RouteEntry> entries) {
    Ranges<Number> ranges;
    const auto start_range = [&ranges](Number at, std::uint32_t value) {
        if (!ranges.starts.empty() && ranges.starts.back() == at) {
            ranges.values.back() = value;
        } else if (ranges.values.empty() || ranges.values.back() != value) {
            ranges.starts.push_back(at);
            ranges.values.push_back(value);
        }
    };
    std::vector<Cover<Number>> open;  // the prefixes around the place reached, outermost first
    const auto close_innermost = [&] {
        const Number last = open.back().last;
        open.pop_back();
        // What follows belongs to the next prefix outwards that goes on; those that end here as
        // well are passed over by the caller's loop, which overwrites the range of equal start.
        if (last != static_cast<Number>(~Number{0}))
            start_range(static_cast<Number>(last + 1), open.empty() ? no_value : open.back().value);
    };
    const std::vector<Cover<Number>> covers = sorted_covers<Number>(entries);
    if (covers.empty()) return ranges;
    start_range(0, no_value);
    for (const Cover<Number>& cover : covers) {
        while (!open.empty() && open.back().last < cover.first) close_innermost();
        start_range(cover.first, cover.value);
        open.push_back(cover);
    }
    while (!open.empty()) close_innermost();
    return ranges;
}

template <typename Number>
std::uint32_t RouteTable::search(const Ranges<Number>& ranges, Number address) noexcept {
    if (ranges.starts.empty()) return no_value;
    // The last range that starts at or before the address; starts[0] is 0.
    const Number* base = ranges.starts.data();
    for (std::size_t count = ranges.starts.size(); count > 1;) {
        const std::size_t half = count / 2;
        base += base[half] <= address ? half : 0;
        count -= half;
    }
    return ranges.values[static_cast<std::size_t>(base - ranges.starts.data())];
}

RouteTable::RouteTable(std::span<const RouteEntry> entries)
    : v4_{cut<std::uint32_t>(entries)}, v6_{cut<net::Uint128>(entries)} {}

std::optional<std::uint32_t> RouteTable::lookup(const net::IpAddress& address) const noexcept {
    const std::uint32_t value = address.is_v4()
                                    ? search(v4_, number_of<std::uint32_t>(address))
                                    : search(v6_, number_of<net::Uint128>(address));
    if (value == no_value) return std::nullopt;
    return value;
}

}  // namespace ikelb::forwarding
