// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

/// Gives every packet of a burst a verdict; the caller transmits, punts, holds or frees it by the
/// verdict's disposition. Thread: one worker per Context::memory and counters.
void run(Batch& batch, Context& context) noexcept;

/// The fast path. Forwards ESP of an established SA or of a label in three passes, each of which
/// starts the loads of the next: sift headers, find records, rewrite. While a service's gate is
/// shut, refuses requests for new SAs before that. Changes no record but last_seen of flows and
/// client persistence. A forwarded packet ends as on the general path, counters included; any other
/// packet is left unchanged. Returns the packets that are left.
PlaceSet fast_path(Batch& batch, Context& context) noexcept;

/// The general path: gives these packets a verdict.
void general_path(Batch& batch, PlaceSet places, Context& context) noexcept;

}  // namespace ikelb::pipeline
