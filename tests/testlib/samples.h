// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <vector>

#include "tests/testlib/bench.h"

namespace ikelb::testlib {

/// One packet of each kind that the pipeline forwards, from the client side and from the servers',
/// without link addresses.
struct Samples {
    std::vector<PacketBuilder> from_clients;
    std::vector<PacketBuilder> from_servers;
};
Samples samples();
/// The same of IPv6, where dual_stack_farm() has its VIP and servers.
Samples ipv6_samples();

/// The same as they arrive at a bench.
std::vector<Input> sample_frames(const Bench& bench);

/// The farms of every property test.
std::vector<TableSpec> sample_farms();

}  // namespace ikelb::testlib
