// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/rules.h"

namespace ikelb::affinity {

// What strangers may cost: each function spends tokens of the worker's own buckets and writes no
// record; call it once for a datagram. A held packet does not pay again.

/// What a new SA is asked before anything else. Returns source_limited of one above
/// abuse.requests_per_source without a way round it (a server's COOKIE, a bound client: 20 at once,
/// 5 a second for a tuple); backend_limited, unseen, while the gate is shut; else undecided.
Verdict let_in(const Packet& packet, const Context& context) noexcept;

/// Is the service's gate shut for this message, from its IKE header on? Spends nothing.
bool is_gate_shut(std::span<const std::uint8_t> message, forwarding::ServiceIndex service,
                  const Context& context) noexcept;

/// Has no backend a token for this new SA? Shuts the service's gate until one has.
bool is_refused_by_all(Found& found) noexcept;

/// Is this request to be sent to all backends? It is of an unknown SA and has come before without
/// an answer: its client may have moved right after a rekey. Counts asked_all.
bool may_ask_all(Found& found, const Decision& decision) noexcept;

/// May a client's datagram have one more copy? asks_all: by the service's bucket, too.
bool may_copy(const Found& found, bool asks_all) noexcept;

/// The limits of a request's backend. Returns backend_limited of a new SA above
/// requests_per_backend (half of the burst is for those that bring a server's COOKIE),
/// unknown_pair_limited of an unknown SA that neither binding nor hash sends there: mis-steered it
/// would be lost; else undecided.
Verdict admit(Found& found) noexcept;

}  // namespace ikelb::affinity
