// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "controlplane/kernel/kernel_state.h"
#include "controlplane/kernel/result.h"

namespace ikelb::control {

/// The kernel's state once, for who does not stay to follow it. Takes up to a second with a million
/// routes, and no privileges.
KernelResult<KernelState> read_kernel_state();

}  // namespace ikelb::control
