// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "controlplane/kernel/kernel_state.h"
#include "controlplane/kernel/result.h"

namespace ikelb::control {

/// Reads the kernel's state once, without following it. Blocks, up to a second with a million
/// routes; any thread, no privileges.
KernelResult<KernelState> read_kernel_state();

}  // namespace ikelb::control
