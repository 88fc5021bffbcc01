// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/net/address.h"

namespace ikelb::bench {

enum class Family : std::uint8_t { v4, v6 };

/// A client with an IKE SA, behind a NAT that has given its two ports other numbers.
struct Client {
    net::IpAddress address{};
    std::uint16_t ike_port = 0;    ///< as seen towards port 500
    std::uint16_t nat_t_port = 0;  ///< as seen towards port 4500
    std::uint64_t spi_i = 0;
    std::uint64_t spi_r = 0;
    std::array<std::uint32_t, 2> esp_up{};  ///< the server's SPIs, before and after a rekey
    std::uint32_t esp_down = 0;             ///< the client's own
};

/// No two of so many clients share an address or an SPI.
inline constexpr std::size_t max_clients = std::size_t{1} << 26;

/// The client of a number, below max_clients: always the same, with nothing about it in order.
Client client_of(std::size_t number, Family family) noexcept;

}  // namespace ikelb::bench
