// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/net/address.h"
#include "dataplane/net/headers.h"

namespace ikelb::net {

// Internet checksums (RFC 1071). Sums stay in memory order: on a little-endian machine the one's
// complement sum of swapped words is the swapped sum (RFC 1071 section 2 (B)).

constexpr std::uint16_t fold(std::uint64_t sum) noexcept {
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

/// Unfolded sum of the bytes, the last odd byte padded with zero.
inline std::uint64_t sum_bytes(std::span<const std::uint8_t> bytes) noexcept {
    std::uint64_t sum = 0;
    for (; bytes.size() >= 4; bytes = bytes.subspan(4)) sum += load<std::uint32_t>(bytes.data());
    std::uint32_t tail = 0;
    if (!bytes.empty()) std::memcpy(&tail, bytes.data(), bytes.size());
    return sum + tail;
}

/// The checksum field's value for the bytes, in memory order; the field itself must be zero.
inline std::uint16_t checksum(std::span<const std::uint8_t> bytes) noexcept {
    return static_cast<std::uint16_t>(~fold(sum_bytes(bytes)));
}

/// True if the checksum of an IPv4 header without options is right.
inline bool is_sum_good(const Ipv4Header& ip) noexcept {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&ip);
    const auto word = [bytes](std::size_t at) {
        return std::uint64_t{load<std::uint32_t>(bytes + at)};
    };
    // 2^16 is 1 modulo 0xffff, so this folds; the sum is not 0, since the first byte is not.
    return (word(0) + word(4) + word(8) + word(12) + word(16)) % 0xffff == 0;
}

/// Unfolded sum of the pseudo-header of RFC 8200 section 8.1. length: of the upper-layer packet.
inline std::uint64_t sum_ipv6_pseudo_header(const IpAddress& source, const IpAddress& destination,
                                            std::size_t length, std::uint8_t protocol) noexcept {
    return sum_bytes(source.bytes()) + sum_bytes(destination.bytes()) +
           be32::from_host(static_cast<std::uint32_t>(length)).wire() +
           be32::from_host(protocol).wire();
}

// A change of a checksum is a sum (RFC 1624 eqn. 3, ~HC + ~m + m'), of any number of changes.

/// Change by a 16-bit word, both values in memory order.
constexpr std::uint64_t change(std::uint16_t from, std::uint16_t to) noexcept {
    return std::uint64_t{static_cast<std::uint16_t>(~from)} + to;
}
/// Change by an address; both addresses are of one family.
inline std::uint64_t change(const IpAddress& from, const IpAddress& to) noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = from.is_v4() ? 12 : 0; i < 16; i += 4)
        sum += std::uint64_t{~load<std::uint32_t>(&from.bytes()[i])} +
               load<std::uint32_t>(&to.bytes()[i]);
    return sum;
}

/// The checksum, in memory order, after the changes.
constexpr std::uint16_t changed(std::uint16_t checksum, std::uint64_t changes) noexcept {
    return static_cast<std::uint16_t>(~fold(static_cast<std::uint16_t>(~checksum) + changes));
}
/// The UDP checksum after the changes: 0 means "no checksum" and stays (RFC 768; RFC 3948 section
/// 2.1), and a computed 0 is sent as all ones.
constexpr std::uint16_t changed_udp(std::uint16_t checksum, std::uint64_t changes) noexcept {
    if (checksum == 0) return 0;
    const std::uint16_t after = changed(checksum, changes);
    return after == 0 ? std::uint16_t{0xffff} : after;
}

/// A sum of 16-bit words folded to 16 bits, in the upper half (the lower one holds no meaning).
constexpr std::uint32_t fold_up(std::uint32_t sum) noexcept { return sum + std::rotl(sum, 16); }

/// Change of the checksum by one hop: the word of TTL and protocol falls by one in its first byte,
/// the TTL (RFC 1624 eqn. 3, memory order).
constexpr std::uint32_t hop_delta = 0xfffe;
static_assert(std::endian::native == std::endian::little);

}  // namespace ikelb::net
