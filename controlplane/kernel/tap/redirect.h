// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <span>

namespace ikelb::tap {

/// Whether a frame that the kernel sends is an ICMPv6 redirect (RFC 4861 section 4.5). It sends one
/// when it forwards a packet out of the twin that it came by, which would tell a server to bypass
/// ikelb. IPv4 has send_redirects against that; for IPv6 there is no such setting.
bool is_icmpv6_redirect(std::span<const std::uint8_t> frame) noexcept;

}  // namespace ikelb::tap
