// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/net/address.h"
#include "dataplane/net/hash.h"

namespace ikelb::forwarding {

struct RouteEntry {
    net::IpPrefix prefix;  ///< host bits are ignored
    std::uint32_t value = 0;
};

/// An immutable map from addresses to the value of the longest prefix that contains them. The
/// prefixes of each family are cut into disjoint ranges and a look-up is one binary search, of
/// logarithmic length in the number of routes and without a branch to mispredict. The families
/// do not mix: ::/0 says nothing about an IPv4 address. Of equal prefixes the last one wins.
/// Threads: built by the control thread, then read by any.
class RouteTable {
public:
    /// No routes.
    RouteTable() = default;
    /// Values may be anything but no_value.
    explicit RouteTable(std::span<const RouteEntry> entries);

    static constexpr std::uint32_t no_value = 0xffffffff;

    std::optional<std::uint32_t> lookup(const net::IpAddress& address) const noexcept;

    /// Ranges of both families, for tests and figures of memory.
    std::size_t ranges() const noexcept { return v4_.starts.size() + v6_.starts.size(); }

private:
    /// Range i goes from starts[i] to just before starts[i + 1] and has values[i]. The first
    /// range starts at 0, unless there is none at all.
    template <typename Number>
    struct Ranges {
        std::vector<Number> starts;
        std::vector<std::uint32_t> values;
    };
    template <typename Number>
    static Ranges<Number> cut(std::span<const RouteEntry> entries);
    template <typename Number>
    static std::uint32_t search(const Ranges<Number>& ranges, Number address) noexcept;

    Ranges<std::uint32_t> v4_;
    Ranges<net::Uint128> v6_;
};

}  // namespace ikelb::forwarding
