// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/ike/datagram.h"

namespace ikelb::ike {
namespace {

constexpr std::size_t non_esp_marker_bytes = 4;
constexpr std::uint8_t keepalive_byte = 0xff;

Kind check(const Header& header, std::size_t message_bytes) noexcept {
    if (header.major_version() == 0) return Kind::version_zero;
    if (header.initiator_spi.wire() == 0) return Kind::zero_initiator_spi;
    const std::uint32_t length = header.length.to_host();
    if (length < sizeof(Header) || length > message_bytes) return Kind::bad_length;
    // RFC 7296 section 3.1: zero in the first message. strongSwan 5.9.8 leaks a half-open count for
    // each other value.
    if (header.major_version() == 2 && header.exchange == exchange::ike_sa_init &&
        !header.is_response() && header.responder_spi.wire() != 0)
        return Kind::init_with_responder_spi;
    return Kind::ike;
}

}  // namespace

Datagram classify(std::span<const std::uint8_t> payload, std::size_t total,
                  bool is_nat_t_port) noexcept {
    const std::size_t marker = is_nat_t_port ? non_esp_marker_bytes : 0;
    if (is_nat_t_port) {
        if (total == 1 && !payload.empty() && payload[0] == keepalive_byte)
            return {.kind = Kind::keepalive};
        if (payload.size() < non_esp_marker_bytes) return {.kind = Kind::truncated};
        const auto spi = net::load<net::be32>(payload.data());
        if (spi.wire() != 0) {
            // RFC 4303 section 2: SPI and sequence number come before anything optional.
            if (total < 8) return {.kind = Kind::truncated};
            return {.kind = spi.to_host() < 256 ? Kind::reserved_esp_spi : Kind::esp,
                    .esp_spi = spi};
        }
    }
    if (payload.size() < marker + sizeof(Header)) return {.kind = Kind::truncated};
    Datagram datagram{.ike_offset = static_cast<std::uint8_t>(marker)};
    datagram.kind = check(header_of(payload, datagram), total - marker);
    return datagram;
}

}  // namespace ikelb::ike
