// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/packet/counters.h"

namespace ikelb::worker {

/// What one worker has to tell. Written by that worker alone; the control thread reads.
struct alignas(64) WorkerStats {
    pipeline::Counters pipeline;
    alignas(64) pipeline::Counter busy_micros;  ///< in iterations that moved a packet
    pipeline::Counter bursts;                   ///< received, not empty
    pipeline::Counter packets;                  ///< received
    pipeline::Counter sleeps;
    pipeline::Counter turns;     ///< of its loop, also those that found nothing
    pipeline::Counter injected;  ///< from the kernel to a port
};

}  // namespace ikelb::worker
