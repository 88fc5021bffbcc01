// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/rules.h"

namespace ikelb::affinity {

/// Records, of a request or its answer, that the next IKE_SA_INIT of this client and SPIi goes to
/// packet.backend. cookie: ike::cookie_of()'s low bits, 0 if the backend sent none (RFC 7296
/// section 2.6). False: nothing is written, for want of the lock or of room.
bool keep_choice(const Packet& packet, std::uint8_t cookie, Context& context) noexcept;

/// Records what a steered client datagram leaves: a Choice where retries, or replies from one of
/// several VIPs, must find the backend again; a Pending request if it came by another gateway than
/// replies take, or if its SA is unknown; a claim. Without room for a choice packet.backend becomes
/// the hash's.
void commit(Packet& packet, const Decision& decision, Found& found, Context& context) noexcept;

// ESP SPIs of clients. None of them ever appears in a backend's packet, so a claim decides only if
// it is for a backend that alone is asked at the client's tuple, and that was heard there between
// two of the client's packets, and if no claim from elsewhere is at odds with it.

/// Of ESP that its claim decides, or would have: what is known of the claim by now.
void renew_claim(Found& found, Context& context) noexcept;

/// Of ESP that its tuple decides: takes the SPI as a candidate, or claims it, once the flow's
/// backend was heard since the candidate came. Where others are asked too, it is claimed at once.
void consider_spi(Found& found, Context& context) noexcept;

/// Adds the datagram's copies, behind commit(). Returns how many of the first ones are in full.
std::size_t commit_copies(std::uint8_t place, const Decision& decision, Found& found,
                          pipeline::Copies& copies) noexcept;

}  // namespace ikelb::affinity
