// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/found.h"

namespace ikelb::affinity {

// ESP SPIs of clients. None of them ever appears in a backend's packet, so a claim decides only if
// it is for a backend that alone is asked at the client's tuple, and that was heard there between
// two of the client's packets, and if no claim from elsewhere is at odds with it.

/// So long a claim needs no other look-up to know that its backend was heard.
inline constexpr Seconds claim_refresh_interval = 60;

/// The oldest of the claims to one SPI have rank 0; those of one backend share theirs.
inline constexpr unsigned max_claim_rank = 7;

/// Calls visit(const EspKey&, const Claim&) for each live claim to an SPI, of whatever client.
template <typename Visit>
void visit_claims(net::be32 spi, const Context& context, Visit&& visit) noexcept {
    const auto look = [&](const auto& table) {
        table.visit_homes(table.hash({spi.to_host()}),
                          [&](const auto& words, const sessions::Claim& claim) {
                              const auto key = sessions::EspKey::from(words);
                              if (key.rest == spi.to_host() &&
                                  context.table.is_current(claim.backend) &&
                                  claim.is_alive(context.table.timeouts, context.now))
                                  visit(key, claim);
                          });
    };
    look(context.directory.claims.narrow());
    look(context.directory.claims.wide());
}

/// Of ESP that its claim decides, or would have: what is known of the claim by now.
void renew_claim(Found& found, Context& context) noexcept;

/// Of ESP that its tuple decides: takes the SPI as a candidate, or claims it, once the flow's
/// backend was heard since the candidate came. Where others are asked too, it is claimed at once.
void consider_spi(Found& found, Context& context) noexcept;

}  // namespace ikelb::affinity
