// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The scalar forms of the YAML, to and from text. Each parser returns nullopt unless the text has
// the exact form; the caller checks ranges (key.h).

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/values.h"

namespace ikelb::config {

/// Decimal digits, an optional minus before them.
std::optional<std::int64_t> parse_integer(std::string_view text);

/// 0x and 1 to `digits` hexadecimal digits, at most 16: 0xff00000000000000.
std::optional<std::uint64_t> parse_hexadecimal(std::string_view text, std::size_t digits);
std::string to_hexadecimal(std::uint64_t value);

/// Digits and a unit: ms, s, m, h or d, as in 500ms, 5s, 45m, 24h.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// In the largest unit that divides the duration: 2700000 ms is 45m.
std::string to_string(std::chrono::milliseconds duration);

/// NUMBER/s burst NUMBER: 200/s burst 2000.
std::optional<Rate> parse_rate(std::string_view text);
std::string to_string(const Rate& rate);

/// As net::IpAddress and net::IpPrefix, but not IPv4 written as IPv6 (::ffff:10.0.0.1, RFC 4291
/// 2.5.5.2): no wire carries such an address, and ikelb treats it as the IPv4 address.
std::optional<net::IpAddress> parse_address(std::string_view text);
std::optional<net::IpPrefix> parse_prefix(std::string_view text);

/// ADDRESS:PORT, IPv6 in brackets: 127.0.0.1:9465, [::1]:9465. Port 1..65535.
std::optional<Endpoint> parse_endpoint(std::string_view text);
std::string to_string(const Endpoint& endpoint);

/// The protocols that have a name; `any` is 0.
std::vector<std::string_view> protocol_names();
/// A name of protocol_names(), or a number 1..255.
std::optional<std::uint8_t> parse_protocol(std::string_view text);
std::string protocol_to_string(std::uint8_t protocol);
/// Whether the dataplane reads the protocol's ports: TCP and UDP.
bool has_ports(std::uint8_t protocol) noexcept;

/// 443, or 8000-8080.
std::optional<PortRange> parse_port_range(std::string_view text);
std::string to_string(const PortRange& range);

/// tcp/22, udp/8000-8080; only of protocols that have ports.
std::optional<OpenPort> parse_open_port(std::string_view text);
/// tcp/22; tcp for all ports; any.
std::string to_string(const OpenPort& port);

/// The typed text in quotes, cut to a limit and without control characters.
std::string in_quotes(std::string_view typed);

}  // namespace ikelb::config
