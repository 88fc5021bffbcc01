// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// IP protocols and their ports, to and from text. All parsers return nullopt for anything else
// than the exact form.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace ikelb::config {

/// From first to last, inclusive, host byte order.
struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 65535;
    friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// Of those protocols that have one; `any` is 0.
std::vector<std::string_view> protocol_names();
/// A name of those, or a number 1..255.
std::optional<std::uint8_t> parse_protocol(std::string_view text);
std::string protocol_to_string(std::uint8_t protocol);
/// Whether the fast path reads its ports: TCP and UDP.
bool has_ports(std::uint8_t protocol) noexcept;

/// 443, or 8000-8080.
std::optional<PortRange> parse_port_range(std::string_view text);
std::string to_string(const PortRange& range);

/// tcp/22, udp/8000-8080; only of protocols that have ports.
std::optional<OpenPort> parse_open_port(std::string_view text);
/// tcp/22; tcp if it is all ports; any.
std::string to_string(const OpenPort& port);

}  // namespace ikelb::config
