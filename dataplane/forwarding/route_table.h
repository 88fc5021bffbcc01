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
/// a look-up is one binary search, of logarithmic length in the number of routes and without a
/// branch to mispredict. The families do not mix: ::/0 says nothing about an IPv4 address.
/// Immutable, as the table that it is a part of.
struct RouteTable {
    static constexpr std::uint32_t no_value = 0xffffffff;

    /// Range i goes from starts[i] to just before starts[i + 1] and has values[i]. The first
    /// range starts at 0, unless there is none at all.
    template <typename Number>
    struct Ranges {
        std::vector<Number> starts;
        std::vector<std::uint32_t> values;
    };
    Ranges<std::uint32_t> v4;
    Ranges<net::Uint128> v6;

    std::optional<std::uint32_t> lookup(const net::IpAddress& address) const noexcept;
};

}  // namespace ikelb::forwarding
