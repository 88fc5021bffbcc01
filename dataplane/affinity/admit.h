// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/rules.h"

namespace ikelb::affinity {

// Limits on the cost of unknown sources. Each function spends tokens of this worker's own buckets
// and writes no record; call each once for a datagram. A held packet does not pay again.

/// Limits new SAs by source. Returns source_limited above abuse.requests_per_source if the client
/// has no exemption (a server's COOKIE or client persistence: 20 at once, 5 a second for a tuple);
/// backend_limited, before any look-up, while the service's gate is shut; else undecided.
Verdict let_in(const Packet& packet, const Context& context) noexcept;

/// True while the service's gate is shut for the message, from its IKE header on. Spends nothing.
bool is_gate_shut(std::span<const std::uint8_t> message, forwarding::ServiceIndex service,
                  const Context& context) noexcept;

/// True if no backend has a token for this new SA: shuts the service's gate until one has.
bool is_refused_by_all(Found& found) noexcept;

/// True if all backends are to get this request of an unknown SA, since an earlier copy got no
/// answer: its client may have moved right after a rekey. Spends tokens; counts asked_all.
bool may_ask_all(Found& found, const Decision& decision) noexcept;

/// True if a client's datagram may have one more copy. asks_all: the service's bucket pays too.
bool may_copy(const Found& found, bool asks_all) noexcept;

/// Limits the load of the packet's backend. Returns backend_limited for a new SA above
/// requests_per_backend (half of the burst is for clients that bring a server's COOKIE);
/// unknown_pair_limited for a request of an unknown SA that neither client persistence nor the hash
/// sends there, since a mis-steered request would be lost; else undecided.
Verdict admit(Found& found) noexcept;

}  // namespace ikelb::affinity
