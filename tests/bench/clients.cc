// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/clients.h"

#include "dataplane/net/hash.h"

namespace ikelb::bench {

namespace {

constexpr net::HashKey mixing{.k0 = 0x2545f4914f6cdd1d, .k1 = 0x9e6c63d0876a9a47};

/// One to one on numbers below 2^bits: an odd factor and an offset.
constexpr std::uint64_t scatter(std::uint64_t number, unsigned bits) noexcept {
    return (number * 0x9e3779b97f4a7c15ULL + 0x632be59bd9b4e019ULL) & ((1ULL << bits) - 1);
}

/// 1024 and above, as a NAT chooses.
constexpr std::uint16_t port_from(std::uint64_t random) noexcept {
    return static_cast<std::uint16_t>(1024 + (random & 0xffff) % 64512);
}

}  // namespace

Client client_of(std::size_t number, Family family) noexcept {
    const std::uint64_t random = net::keyed_hash(number, mixing);
    Client client;
    // 32.0.0.0/4, or one client in each /64 of 2a00::/36.
    client.address =
        family == Family::v4
            ? net::IpAddress::from_v4_host(
                  0x20000000 | static_cast<std::uint32_t>(scatter(number, 28)))
            : net::IpAddress::from_halves(0x2a00000000000000 | scatter(number, 28), random | 1);
    client.ike_port = port_from(random);
    client.nat_t_port = port_from(random >> 16);
    client.spi_i = 1ULL << 63 | scatter(number, 40);
    client.spi_r = 1ULL << 62 | scatter(~number, 40);
    client.esp_up[0] = 0x80000000 | static_cast<std::uint32_t>(scatter(number, 30));
    client.esp_up[1] = 0xc0000000 | static_cast<std::uint32_t>(scatter(~number, 30));
    client.esp_down = 0x40000000 | static_cast<std::uint32_t>(scatter(number, 30));
    return client;
}

}  // namespace ikelb::bench
