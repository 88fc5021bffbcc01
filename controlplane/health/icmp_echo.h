// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// ICMP and ICMPv6 echo messages as bytes (RFC 792, RFC 4443 section 4). Pure: no socket.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace ikelb::health {

enum class IpFamily : std::uint8_t { v4, v6 };

/// What identifies an echo request and its reply. All in host byte order.
struct IcmpEcho {
    std::uint16_t id = 0;
    std::uint16_t sequence = 0;
    /// Random per request, so that a stranger who sees neither request nor reply can't forge a
    /// reply, and an old reply is not taken for a new one when `sequence` comes round.
    std::uint64_t token = 0;
    friend bool operator==(const IcmpEcho&, const IcmpEcho&) = default;
};

/// Echo header (8 bytes), then the token in network byte order.
inline constexpr std::size_t icmp_echo_size = 16;
using IcmpEchoBytes = std::array<std::uint8_t, icmp_echo_size>;

/// An echo request. IPv4: with its checksum. IPv6: checksum 0, the kernel fills it in on a raw
/// ICMPv6 socket (RFC 3542 section 3.1), since it covers addresses that we don't know.
IcmpEchoBytes encode_echo_request(IpFamily family, const IcmpEcho& echo) noexcept;

/// Reads what a raw socket received: for IPv4 with the IP header in front, for IPv6 without. Gives
/// nothing unless it is a whole, valid echo reply with a token. The id, sequence and token are the
/// caller's to compare.
std::optional<IcmpEcho> decode_echo_reply(IpFamily family,
                                          std::span<const std::uint8_t> received) noexcept;

}  // namespace ikelb::health
