// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/net/address.h"
#include "dataplane/net/hash.h"

namespace ikelb::forwarding {

/// A map from addresses to the value of the longest prefix that contains them, as disjoint ranges:
/// a look-up is one binary search without a branch to mispredict. The families do not mix: ::/0
/// says nothing about an IPv4 address. Immutable.
struct RouteTable {
    static constexpr std::uint32_t no_value = 0xffffffff;

    /// Range i goes from starts[i] to just before starts[i + 1] and has values[i]. The first range
    /// starts at 0; without ranges both are empty.
    template <typename Number>
    struct Ranges {
        std::vector<Number> starts;
        std::vector<std::uint32_t> values;
    };
    Ranges<std::uint32_t> v4;
    Ranges<net::Uint128> v6;

    std::optional<std::uint32_t> lookup(const net::IpAddress& address) const noexcept {
        const std::uint32_t value =
            address.is_v4() ? search(v4, address.v4_host())
                            : search(v6, net::Uint128{address.high()} << 64 | address.low());
        return value == no_value ? std::nullopt : std::optional{value};
    }

private:
    template <typename Number>
    static std::uint32_t search(const Ranges<Number>& ranges, Number address) noexcept {
        if (ranges.starts.empty()) return no_value;
        // Finds the last range that starts at or before the address; starts[0] is 0.
        const Number* base = ranges.starts.data();
        for (std::size_t count = ranges.starts.size(); count > 1;) {
            const std::size_t half = count / 2;
            base += base[half] <= address ? half : 0;
            count -= half;
        }
        return ranges.values[static_cast<std::size_t>(base - ranges.starts.data())];
    }
};

}  // namespace ikelb::forwarding
