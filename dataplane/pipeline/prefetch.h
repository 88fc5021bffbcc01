// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/packet/context.h"
#include "dataplane/packet/packet.h"

namespace ikelb::pipeline {

// The memory accesses of the steps, started for all packets of a burst before the first of them is
// looked up. They change nothing and decide nothing. What a stranger's request touches before the
// limits drop it comes first, the rest when it has passed them.

/// Of a classified packet: what steer() or learn() looks up.
void prefetch_records(const Packet& packet, const Context& context) noexcept;

/// Of a backend's ESP, whose other look-ups are under way: the pair whose login it confirms.
void prefetch_login(const Packet& packet, const Context& context) noexcept;

}  // namespace ikelb::pipeline
