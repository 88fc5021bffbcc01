// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/net/address.h"

namespace ikelb::tap {

/// The frame that tells everybody on the link that `address` is at `mac` now, so that neighbours
/// which remember another machine there change at once: an ARP announcement (RFC 5227 section 3)
/// or an unsolicited neighbour advertisement (RFC 4861 section 7.2.6). Neither makes an entry at a
/// neighbour that has none.
std::vector<std::uint8_t> make_announcement(const net::IpAddress& address,
                                            const net::MacAddress& mac);

/// Whether a frame that the kernel sends is an ICMPv6 redirect (RFC 4861 section 4.5). It sends one
/// when it forwards a packet out of the twin that it came by, which would tell a server to bypass
/// ikelb. IPv4 has send_redirects against that; for IPv6 there is no such setting.
bool is_icmpv6_redirect(std::span<const std::uint8_t> frame) noexcept;

}  // namespace ikelb::tap
