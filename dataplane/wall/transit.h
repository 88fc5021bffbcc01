// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/net/address.h"

namespace ikelb::wall {

/// A conversation by routed transit, seen from the side that began it (the servers' or an allow
/// rule's). Without ports both are 0; an ICMP echo has its identifier as inside_port, and 0.
struct TransitKey {
    static constexpr std::size_t narrow_words = 2, wide_words = 5;

    net::IpAddress inside{};        ///< on the servers' side
    net::IpAddress outside{};       ///< on the clients' side, of the same family
    std::uint16_t inside_port = 0;  ///< host byte order
    std::uint16_t outside_port = 0;
    std::uint8_t protocol = 0;

    bool is_narrow() const noexcept { return inside.is_v4(); }
    std::array<std::uint64_t, narrow_words> narrow() const noexcept {
        return {marked(), (inside.low() & 0xffffffff) << 32 | (outside.low() & 0xffffffff)};
    }
    std::array<std::uint64_t, wide_words> wide() const noexcept {
        return {marked(), inside.high(), inside.low(), outside.high(), outside.low()};
    }
    static TransitKey from(const std::array<std::uint64_t, narrow_words>& words) noexcept {
        return with_ports(words[0],
                          net::IpAddress::from_v4_host(static_cast<std::uint32_t>(words[1] >> 32)),
                          net::IpAddress::from_v4_host(static_cast<std::uint32_t>(words[1])));
    }
    static TransitKey from(const std::array<std::uint64_t, wide_words>& words) noexcept {
        return with_ports(words[0], net::IpAddress::from_halves(words[1], words[2]),
                          net::IpAddress::from_halves(words[3], words[4]));
    }
    friend bool operator==(const TransitKey&, const TransitKey&) = default;

private:
    std::uint64_t marked() const noexcept {
        return 1ULL << 63 | std::uint64_t{protocol} << 32 | std::uint64_t{inside_port} << 16 |
               outside_port;
    }
    static TransitKey with_ports(std::uint64_t word, const net::IpAddress& inside,
                                 const net::IpAddress& outside) noexcept {
        return {.inside = inside,
                .outside = outside,
                .inside_port = static_cast<std::uint16_t>(word >> 16),
                .outside_port = static_cast<std::uint16_t>(word),
                .protocol = static_cast<std::uint8_t>(word >> 32)};
    }
};

/// Parts of the transit table, by TransitKey::inside: conversations of the servers' tunnelled
/// clients cannot crowd out the servers' own.
enum class TransitShare : std::uint8_t { backends, inside_prefixes, others };
inline constexpr std::size_t transit_shares = 3;

}  // namespace ikelb::wall
