// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "tests/testlib/bench.h"

namespace ikelb::testlib {

/// The packet that an ICMP or ICMPv6 error in a frame quotes, as a frame.
inline Bytes quoted(const Outcome& outcome) {
    const Dissected d = outcome.packet();
    Bytes frame(outcome.bytes.begin(), outcome.bytes.begin() + 14);
    frame.insert(frame.end(), outcome.bytes.begin() + static_cast<std::ptrdiff_t>(d.l4 + 8),
                 outcome.bytes.end());
    return frame;
}

}  // namespace ikelb::testlib
