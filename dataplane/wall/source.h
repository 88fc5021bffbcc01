// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/net/address.h"

namespace ikelb::wall {

/// Returns true for an address that no host can have, on any side (RFC 1812 section 5.3.7, RFC
/// 6890): this network, loopback, multicast, class E. Private, documentation and shared (RFC 6598)
/// networks are addresses of hosts.
constexpr bool is_martian(const net::IpAddress& source) noexcept {
    if (!source.is_v4())
        return source.is_multicast_or_broadcast() || source.is_loopback() ||
               source.is_unspecified();
    const std::uint32_t first = source.v4_host() >> 24;
    return first == 0 || first == 127 || first >= 224;
}

/// True if the options of an IPv4 header hold a loose or strict source route (RFC 7126 sections 4.3
/// and 4.4). An option of an impossible length counts as one: it hides the following options.
bool is_source_routed(std::span<const std::uint8_t> options) noexcept;

}  // namespace ikelb::wall
