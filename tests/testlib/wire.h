// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <span>

#include "tests/oracle/event.h"
#include "tests/testlib/packet_builder.h"

namespace ikelb::testlib {

// Datagrams as plain values, and their bytes.

/// Bytes behind the UDP header; nat_t: on port 4500.
Bytes udp_payload(oracle::Kind kind, bool nat_t, const oracle::Ike& ike, const oracle::Esp& esp);

/// Bytes behind the UDP header of a frame, or behind the IP header of a later fragment, which no
/// hop may change.
std::span<const std::uint8_t> content(const Bytes& frame);

}  // namespace ikelb::testlib
