// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/forwarding/route_table.h"

namespace ikelb::forwarding {
namespace {

template <typename Number>
std::uint32_t search(const RouteTable::Ranges<Number>& ranges, Number address) noexcept {
    if (ranges.starts.empty()) return RouteTable::no_value;
    // The last range that starts at or before the address; starts[0] is 0.
    const Number* base = ranges.starts.data();
    for (std::size_t count = ranges.starts.size(); count > 1;) {
        const std::size_t half = count / 2;
        base += base[half] <= address ? half : 0;
        count -= half;
    }
    return ranges.values[static_cast<std::size_t>(base - ranges.starts.data())];
}

}  // namespace

std::optional<std::uint32_t> RouteTable::lookup(const net::IpAddress& address) const noexcept {
    const std::uint32_t value =
        address.is_v4() ? search(v4, address.v4_host())
                        : search(v6, net::Uint128{address.high()} << 64 | address.low());
    if (value == no_value) return std::nullopt;
    return value;
}

}  // namespace ikelb::forwarding
