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

/// Identifies an echo request and its reply. Host byte order.
struct IcmpEcho {
    std::uint16_t id = 0;
    std::uint16_t sequence = 0;
    /// Random per request: an outsider who sees neither message can't forge a reply, and an old
    /// reply does not count when `sequence` wraps.
    std::uint64_t token = 0;
    friend bool operator==(const IcmpEcho&, const IcmpEcho&) = default;
};

/// Echo header (8 bytes), then the token in network byte order.
inline constexpr std::size_t icmp_echo_size = 16;
using IcmpEchoBytes = std::array<std::uint8_t, icmp_echo_size>;

/// IPv4: with its checksum. IPv6: checksum 0; the kernel fills it in on a raw ICMPv6 socket (RFC
/// 3542 section 3.1), since it covers addresses that ikelb does not know.
IcmpEchoBytes encode_echo_request(IpFamily family, const IcmpEcho& echo) noexcept;

/// Decodes a raw socket's bytes: IPv4 with the IP header, IPv6 without. Nothing unless the bytes
/// are a whole, valid echo reply with a token. The caller compares id, sequence and token.
std::optional<IcmpEcho> decode_echo_reply(IpFamily family,
                                          std::span<const std::uint8_t> received) noexcept;

}  // namespace ikelb::health
