// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/rules.h"

namespace ikelb::affinity {

/// Where the SA of an IKE packet that has its backend goes, for its client's retries. cookie: some
/// bits of the one that the backend sent along, 0: none. False: there is no room now.
bool keep_choice(const Packet& packet, const net::IpAddress& client, std::uint8_t cookie,
                 Context& context) noexcept;

/// What a client's datagram leaves behind, of a decision that stands: nothing that lasts. The
/// choice for its retries and for the replies of a backend with several VIPs. What its ESP SPI is a
/// candidate for. A request, for pending seconds: if it came from another gateway than replies
/// would take, or if its SA is unknown, so that its retransmission is told from it. Where a choice
/// that the hash would not make again finds no room, the hash decides.
void commit(Packet& packet, const Decision& decision, Found& found, Context& context) noexcept;

/// Behind commit(): who gets copies of the datagram. Returns how many of the first ones in full.
std::size_t commit_copies(std::uint8_t place, const Decision& decision, Found& found,
                          pipeline::Copies& copies) noexcept;

}  // namespace ikelb::affinity
