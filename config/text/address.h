// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dataplane/net/address.h"

namespace ikelb::text {

// Text of addresses, for people. The dataplane needs none.

/// Reads aa:bb:cc:dd:ee:ff (either case); anything else is nullopt.
std::optional<net::MacAddress> parse_mac(std::string_view text);
std::string to_text(const net::MacAddress& mac);

/// Reads dotted-quad or RFC 4291 text; no zone, no port, no prefix length.
std::optional<net::IpAddress> parse_address(std::string_view text);
/// RFC 5952 text for IPv6, dotted-quad for IPv4.
std::string to_text(const net::IpAddress& address);

/// Reads ADDRESS/LENGTH; a missing or excessive length is nullopt.
std::optional<net::IpPrefix> parse_prefix(std::string_view text);
std::string to_text(const net::IpPrefix& prefix);

}  // namespace ikelb::text
