// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "controlplane/kernel/netlink/kernel_state.h"
#include "controlplane/posix/result.h"

namespace ikelb::netlink {

/// Reads the kernel's state once, without following it. Blocks, up to a second with a million
/// routes; any thread, no privileges.
posix::Result<KernelState> read_kernel_state();

}  // namespace ikelb::netlink
