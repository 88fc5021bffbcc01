// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/found.h"

#include <algorithm>

namespace ikelb::affinity {

sessions::HashedKey request_key(const sessions::FlowKey& flow, const ike::Header& header,
                                const Context& context) noexcept {
    const net::HashKey secret = context.sessions.secret;
    std::uint64_t hash = net::keyed_hash(header.initiator_spi.wire(),
                                         sessions::hash_of(flow, secret), secret);
    const bool answer_brings_spi =
        header.major_version() == 1 || header.exchange == ike::exchange::ike_sa_init;
    if (!answer_brings_spi) hash = net::keyed_hash(header.responder_spi.wire(), hash, secret);
    return {net::keyed_hash(header.message_id.wire(), hash, secret) | 1};
}

Tuple tuple_of(const sessions::FlowKey& key, const Flow& flow, forwarding::ServiceIndex service,
               const Context& context) noexcept {
    Tuple::Notes rivals{};
    if (flow.has_rivals)
        if (const auto found = find_noted(context.sessions.rivals,
                                          sessions::hashed(key, context.sessions.secret), context))
            rivals = found->notes;
    Tuple tuple{flow, rivals, context.table.timeouts, context.now};
    tuple.filter([&](BackendRef backend) { return counts(backend, service, context); });
    return tuple;
}

ClaimFound Found::find_claim() noexcept {
    ClaimFound found{.record = find_live(context.sessions.claims,
                                         sessions::esp_key(packet.source, packet.datagram.esp_spi),
                                         context)};
    if (found.record && !context.table.is_current(found.record->backend)) found.record.reset();
    if (!found.record || !counts(found.record->backend)) return found;
    const sessions::Claim& claim = *found.record;
    found.heard = claim.last_seen;
    if (claim.tag != claim_tag(packet, context)) return found;
    found.is_own = true;
    found.is_valid = !claim.is_shared;
    if (forwarding::is_within(claim_refresh_interval, claim.last_seen, context.now)) return found;
    const Stander* const own = tuple().find(claim.backend);
    if (own != nullptr && static_cast<std::int32_t>(own->last - found.heard) > 0)
        found.heard = own->last;
    if (found.is_valid &&
        !forwarding::is_within(context.table.timeouts.standing, found.heard, context.now))
        for (const Stander& one : tuple().all())
            found.is_disputed |= one.backend != claim.backend && is_asked_in_full(one);
    found.is_valid &= !found.is_disputed;
    return found;
}

Claimants Found::find_claimants() noexcept {
    Claimants claimants;
    // At most one bucket's claims: the client's own first, then by rank, then by backend.
    std::array<std::uint32_t, 32> in_order;
    std::size_t count = 0;
    visit_claims(packet.datagram.esp_spi, context, [&](const auto& key, const auto& claim) {
        const bool is_here = key.client == packet.source;
        if (count == in_order.size() || !counts(claim.backend) ||
            (is_here && this->claim().is_disputed))
            return;
        claimants.is_open |=
            claim.is_shared && !(is_here && claim.tag == claim_tag(packet, context));
        in_order[count++] = (is_here ? 0u : claim.rank + 1u) << 16 | claim.backend.index;
    });
    std::sort(in_order.begin(), in_order.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < count; ++i) claimants.add(static_cast<BackendIndex>(in_order[i]));
    return claimants;
}

}  // namespace ikelb::affinity
