// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/pipeline/context.h"

namespace ikelb::pipeline {

/// Counts a write to the directory that was not made. True: it was.
inline bool note(tables::WriteOutcome outcome, Context& context) noexcept {
    if (outcome == tables::WriteOutcome::busy) context.counters.directory_busy.add(1);
    if (outcome == tables::WriteOutcome::full) context.counters.directory_full.add(1);
    return outcome == tables::WriteOutcome::written;
}

}  // namespace ikelb::pipeline
