// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

/// The life of a burst. On return every packet has a verdict; the shell transmits, punts, holds or
/// frees it as the verdict's fate says. Thread: one worker per Context::memory and counters.
void run(Batch& batch, Context& context) noexcept;

}  // namespace ikelb::pipeline
