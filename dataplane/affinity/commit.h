// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/rules.h"

namespace ikelb::affinity {

/// What a client's datagram leaves behind, of a decision that stands: nothing that lasts. The
/// choice for its retries and for the replies of a backend with several VIPs. What its ESP SPI is a
/// candidate for. A request, for pending seconds: if it came from another gateway than replies
/// would take, or if its SA is unknown, so that its retransmission is told from it. Where a choice
/// that the hash would not make again finds no room, the hash decides.
void commit(Packet& packet, const Decision& decision, Found& found, Context& context) noexcept;

/// The backends that get copies of the datagram: commit() has been called. Returns how many of them
/// are asked in full; these come first.
std::size_t commit_copies(std::uint8_t place, const Decision& decision, Found& found,
                          pipeline::Copies& copies, Context& context) noexcept;

/// All members that are up, or asked in full anyway, get copies of the request, but the one that it
/// goes to.
void commit_to_all(std::uint8_t place, const Decision& decision, Found& found,
                   pipeline::Copies& copies, Context& context) noexcept;

}  // namespace ikelb::affinity
