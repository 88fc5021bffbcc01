// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/packet/packet.h"

namespace ikelb::pipeline {

// The second half of parse(): from the IP header, whose place is known, to the ports.

/// RFC 1812 section 5.2.2, in its order.
void parse_ipv4(Packet& packet) noexcept;

/// RFC 8200, and RFC 7112 for first fragments.
void parse_ipv6(Packet& packet) noexcept;

}  // namespace ikelb::pipeline
