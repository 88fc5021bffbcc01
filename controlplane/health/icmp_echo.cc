// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/health/icmp_echo.h"

#include "dataplane/net/checksum.h"
#include "dataplane/net/headers.h"

namespace ikelb::health {
namespace {

constexpr std::uint8_t v4_request = 8;
constexpr std::uint8_t v4_reply = 0;
constexpr std::uint8_t v6_request = 128;
constexpr std::uint8_t v6_reply = 129;

/// The bytes on the wire.
struct Message {
    std::uint8_t type;
    std::uint8_t code;
    std::uint16_t checksum;
    net::be16 id;
    net::be16 sequence;
    net::be64 token;
};
static_assert(sizeof(Message) == icmp_echo_size);

using Bytes = std::span<const std::uint8_t>;

/// The ICMP message in an IPv4 packet; empty if there is none. A raw socket delivers reassembled
/// packets only, never fragments.
Bytes without_ipv4_header(Bytes packet) noexcept {
    if (packet.size() < sizeof(net::Ipv4Header)) return {};
    const auto ip = net::load<net::Ipv4Header>(packet.data());
    const std::size_t header = ip.header_bytes();
    const std::size_t total = ip.total_length.to_host();
    if (ip.version_ihl >> 4 != 4 || header < sizeof ip || total < header || total > packet.size() ||
        ip.protocol != net::ip_protocol::icmp)
        return {};
    return packet.subspan(header, total - header);
}

}  // namespace

IcmpEchoBytes encode_echo_request(IpFamily family, const IcmpEcho& echo) noexcept {
    IcmpEchoBytes bytes;
    net::store(bytes.data(), Message{.type = family == IpFamily::v4 ? v4_request : v6_request,
                                     .code = 0,
                                     .checksum = 0,
                                     .id = net::be16::from_host(echo.id),
                                     .sequence = net::be16::from_host(echo.sequence),
                                     .token = net::be64::from_host(echo.token)});
    if (family == IpFamily::v4)
        net::store(bytes.data() + offsetof(Message, checksum), net::checksum(bytes));
    return bytes;
}

std::optional<IcmpEcho> decode_echo_reply(IpFamily family,
                                          std::span<const std::uint8_t> received) noexcept {
    const Bytes bytes = family == IpFamily::v4 ? without_ipv4_header(received) : received;
    if (bytes.size() < icmp_echo_size) return std::nullopt;
    const auto message = net::load<Message>(bytes.data());
    if (message.type != (family == IpFamily::v4 ? v4_reply : v6_reply) || message.code != 0)
        return std::nullopt;
    // On a raw socket the kernel has verified ICMPv6 checksums, but not ICMPv4's.
    if (family == IpFamily::v4 && net::checksum(bytes) != 0) return std::nullopt;
    return IcmpEcho{.id = message.id.to_host(),
                    .sequence = message.sequence.to_host(),
                    .token = message.token.to_host()};
}

}  // namespace ikelb::health
