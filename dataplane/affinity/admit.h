// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/rules.h"

namespace ikelb::affinity {

// What strangers may cost: token buckets alone, no records. A held packet does not pay again.

/// A request without a responder's SPI, before it costs anything.
bool is_over_share(Found& found) noexcept;

/// A request of an unknown SA which has come before without an answer: its client may have moved
/// right after a rekey. Is it to be sent to all backends?
bool may_ask_all(Found& found, const Decision& decision) noexcept;

/// One more copy of a client's datagram: of ESP, or of what asks all backends.
bool may_copy(const Found& found, bool asks_all) noexcept;

/// A request that has its backend. Of a new SA: under pressure those that bring a COOKIE go first,
/// else it is backend_limited. Of an SA that nobody knows, by a flow or the scheduler where neither
/// the client's binding nor the hash agrees: a mis-steered packet is a black hole, so that it is
/// unknown_pair_limited. undecided: it may go on.
Verdict admit(Found& found) noexcept;

}  // namespace ikelb::affinity
