// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/found.h"

namespace ikelb::affinity {

// ESP SPIs of clients. None of them ever appears in a backend's packet, so each is claimed only for
// a backend that alone is asked at the client's tuple, and that was heard there between two of the
// client's packets.

/// So long a claim needs no other look-up to know that its backend was heard.
inline constexpr Seconds claim_refresh_interval = 60;

/// The oldest of the claims to one SPI have rank 0; those of one backend share theirs.
inline constexpr unsigned max_claim_rank = 7;

using sessions::claim_tag;

/// Calls visit(const Claim&) for each live claim to an SPI, of whatever client.
template <typename Visit>
void visit_claims(net::be32 spi, const Context& context, Visit&& visit) noexcept {
    const auto look = [&](const auto& table) {
        table.visit_homes(table.hash({spi.to_host()}),
                          [&](const auto& key, const sessions::Claim& claim) {
                              if (static_cast<std::uint32_t>(key[0]) == spi.to_host() &&
                                  context.table.is_current(claim.backend) &&
                                  claim.is_alive(context.table.timeouts, context.now))
                                  visit(claim);
                          });
    };
    look(context.directory.claims.narrow());
    look(context.directory.claims.wide());
}

/// Of ESP that its claim decides, or would have: what is known of the claim by now.
void renew_claim(Found& found, Context& context) noexcept;

/// Of ESP that its tuple decides: takes the SPI as a candidate, or claims it for the flow's
/// backend, if that is the only one asked, was heard since the candidate came, and this is another
/// packet.
void consider_spi(Found& found, Context& context) noexcept;

}  // namespace ikelb::affinity
