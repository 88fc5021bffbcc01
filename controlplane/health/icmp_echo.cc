// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/health/icmp_echo.h"

namespace ikelb::health {
namespace {

constexpr std::uint8_t v4_request = 8;
constexpr std::uint8_t v4_reply = 0;
constexpr std::uint8_t v6_request = 128;
constexpr std::uint8_t v6_reply = 129;
constexpr std::uint8_t protocol_icmp = 1;
constexpr std::size_t min_ipv4_header = 20;
constexpr std::size_t token_offset = 8;

using Bytes = std::span<const std::uint8_t>;

std::uint16_t load16(Bytes bytes, std::size_t at) noexcept {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

void store16(IcmpEchoBytes& bytes, std::size_t at, std::uint16_t value) noexcept {
    bytes[at] = static_cast<std::uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(value);
}

/// The ICMP message in an IPv4 packet; empty if there is none. A raw socket hands out reassembled
/// packets only, so there are no fragments to think of.
Bytes without_ipv4_header(Bytes packet) noexcept {
    if (packet.size() < min_ipv4_header || packet[0] >> 4 != 4) return {};
    const std::size_t header = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
    const std::size_t total = load16(packet, 2);
    if (header < min_ipv4_header || total < header || total > packet.size()) return {};
    if (packet[9] != protocol_icmp) return {};
    return packet.subspan(header, total - header);
}

}  // namespace

std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) noexcept {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += load16(bytes, i);
    if (bytes.size() % 2 != 0) sum += static_cast<std::uint32_t>(bytes.back()) << 8;
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

IcmpEchoBytes encode_echo_request(IpFamily family, const IcmpEcho& echo) noexcept {
    IcmpEchoBytes bytes{};
    bytes[0] = family == IpFamily::v4 ? v4_request : v6_request;
    store16(bytes, 4, echo.id);
    store16(bytes, 6, echo.sequence);
    for (std::size_t i = 0; i < 8; ++i)
        bytes[token_offset + i] = static_cast<std::uint8_t>(echo.token >> (56 - 8 * i));
    if (family == IpFamily::v4) store16(bytes, 2, internet_checksum(bytes));
    return bytes;
}

std::optional<IcmpEcho> decode_echo_reply(IpFamily family,
                                          std::span<const std::uint8_t> received) noexcept {
    const Bytes message = family == IpFamily::v4 ? without_ipv4_header(received) : received;
    if (message.size() < icmp_echo_size) return std::nullopt;
    if (message[0] != (family == IpFamily::v4 ? v4_reply : v6_reply)) return std::nullopt;
    if (message[1] != 0) return std::nullopt;
    // The kernel has verified ICMPv6 checksums already, but not ICMPv4's on a raw socket.
    if (family == IpFamily::v4 && internet_checksum(message) != 0) return std::nullopt;

    IcmpEcho echo{.id = load16(message, 4), .sequence = load16(message, 6)};
    for (std::size_t i = 0; i < 8; ++i) echo.token = echo.token << 8 | message[token_offset + i];
    return echo;
}

}  // namespace ikelb::health
