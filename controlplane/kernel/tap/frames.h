// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/net/address.h"

namespace ikelb::tap {

/// Tells all neighbours that remember another MAC for `address` to use `mac`: an ARP announcement
/// (RFC 5227 section 3) or an unsolicited neighbour advertisement (RFC 4861 section 7.2.6). Neither
/// adds an entry at a neighbour that has none.
std::vector<std::uint8_t> make_announcement(const net::IpAddress& address,
                                            const net::MacAddress& mac);

/// An ICMPv6 redirect (RFC 4861 section 4.5) of the kernel would tell a server to bypass ikelb: the
/// kernel sends it when it forwards a packet out of the TAP that the packet came by. IPv4 has the
/// setting send_redirects against that, IPv6 has none.
bool is_icmpv6_redirect(std::span<const std::uint8_t> frame) noexcept;

}  // namespace ikelb::tap
