// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/net/address.h"

namespace ikelb::wall {

/// The packet that an ICMP error quotes (RFC 792: its IP header and at least 8 bytes more; RFC 4443
/// section 2.4 (c): more than that).
struct Quote {
    net::IpAddress source{};
    net::IpAddress destination{};
    std::uint8_t protocol = 0;
    std::size_t upper = 0;  ///< offset of the upper header, of which no byte may be at hand
};

/// bytes: at hand, from the quoted IP header on. nullopt: no IP header, or not whole, or a fragment
/// without an upper header, or a packet on its way to another address than its destination.
std::optional<Quote> read_quote(bool is_v6, std::span<const std::uint8_t> bytes) noexcept;

}  // namespace ikelb::wall
