// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>

#include "dataplane/forwarding/ids.h"

namespace ikelb::worker {

// What crosses between a worker and the control thread, through one bounded ring each way.

/// A frame for the kernel, untagged. The receiver owns the buffer.
struct PuntMessage {
    rte_mbuf* packet = nullptr;
    std::uint64_t interface = forwarding::no_interface;
};

/// A frame of the kernel's for a port, tag included. The receiver owns the buffer.
struct InjectMessage {
    rte_mbuf* packet = nullptr;
    std::uint64_t port = 0;
};

/// A neighbour that the kernel should resolve.
struct NeighbourMessage {
    std::array<std::uint8_t, 16> address{};
    std::uint32_t interface = forwarding::no_interface;
};

}  // namespace ikelb::worker
