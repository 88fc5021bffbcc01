// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

/// The life of a burst. On return every packet has a verdict; the shell transmits, punts, holds or
/// frees it as the verdict's fate says. Thread: one worker per Context::memory and counters.
void run(Batch& batch, Context& context) noexcept;

/// The first part of run(). Forwards ESP of an established SA or of a label in three passes, each
/// of which starts the loads of the next: it sifts headers, finds records, rewrites. While a
/// service's gate is shut it refuses requests for new SAs before. Of records it changes last_seen
/// of flows and bindings. Each packet ends here just as in the steps, counters included, or is left
/// as it came in. Returns which ones are left.
PlaceSet express(Batch& batch, Context& context) noexcept;

/// The rest of run(): gives these packets a verdict.
void steps(Batch& batch, PlaceSet places, Context& context) noexcept;

}  // namespace ikelb::pipeline
