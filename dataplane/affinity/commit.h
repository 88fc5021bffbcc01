// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/rules.h"

namespace ikelb::affinity {

/// Records that the next IKE_SA_INIT of this client and SPIi goes to packet.backend. packet: the
/// request or its answer. cookie: low bits of ike::cookie_of(), 0 if the backend sent none (RFC
/// 7296 section 2.6). Returns false, and writes nothing, for want of the lock or of room.
bool keep_choice(const Packet& packet, std::uint8_t cookie, Context& context) noexcept;

/// Writes the records of a steered client datagram: a Choice if retries, or replies from one of
/// several VIPs, must find the backend again; a Pending request if the request came by another
/// gateway than replies take, or if its SA is unknown; a claim. Without room for a scheduled
/// packet's Choice packet.backend becomes the hash's.
void commit(Packet& packet, const Decision& decision, Found& found, Context& context) noexcept;

// ESP SPIs of clients. No backend's packet carries a client's SPI, so a claim decides only if its
// backend alone is asked at the client's tuple and was heard there between two of the client's
// packets, and if no claim from another place is at odds with the claim.

/// Gives the claim to the packet's SPI the time of its backend, and erases a disputed claim.
void renew_claim(Found& found, Context& context) noexcept;

/// For ESP that its tuple decides: makes the SPI a candidate, or claims the SPI once the flow's
/// backend was heard since. Where other backends are asked too, claims the SPI at once.
void consider_spi(Found& found, Context& context) noexcept;

/// Adds the datagram's copies, after commit(). Returns how many of the first are in full.
std::size_t commit_copies(std::uint8_t place, const Decision& decision, Found& found,
                          pipeline::Copies& copies) noexcept;

}  // namespace ikelb::affinity
