// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>

#include "dataplane/pipeline/context.h"
#include "dataplane/pipeline/packet.h"

namespace ikelb::pipeline {

/// Packets of a burst, a bit for each place.
using PlaceSet = std::uint64_t;
static_assert(max_burst <= 64);

/// Forwards what most packets are, ESP of an established SA over IPv4, in three passes: one that
/// glances at all headers, one that finds the flows' slots, one that reads the records and
/// rewrites. Each pass starts the memory accesses of the next. It changes no record. Each packet
/// either ends here just as the stages would have ended it, counters included, or is left as it
/// came in, for the stages. Returns which ones are left.
PlaceSet express(Batch& batch, Context& context) noexcept;

}  // namespace ikelb::pipeline
