// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/claims.h"

#include <algorithm>

namespace ikelb::affinity {

namespace {

using sessions::Candidate, sessions::Claim;

/// New claims of one tuple: so many at once, then one in so many seconds.
constexpr std::uint32_t claims_at_once = 8, seconds_per_claim = 60;
/// All claims to one SPI stand in one place, which is others' too.
constexpr unsigned claims_per_spi = 32;

/// RFC 4303 section 2.2: right behind the SPI. Zero if the bytes are not at hand.
std::uint32_t sequence_of(const Packet& packet) noexcept {
    const auto payload = packet.udp_payload();
    return payload.size() < 8 ? 0 : net::load<net::be32>(payload.data() + 4).to_host();
}

std::array<std::uint64_t, 1> candidate_key(const Packet& packet, const Context& context) noexcept {
    return {net::keyed_hash(packet.datagram.esp_spi.to_host(),
                            hash_of(flow_of_sender(packet), context), context.table.hash_key) |
            1};
}

/// The flow's next packet from its backend is to be noted.
void await_backend(const Packet& packet, const Flow& flow, Context& context) noexcept {
    if (flow.awaits) return;
    Flow awaiting = flow;
    awaiting.awaits = true;
    context.directory.flows.refresh(flow_of_sender(packet), flow, awaiting);
}

/// The rank of a backend's new claim to an SPI; nullopt: there are enough of them.
std::optional<std::uint8_t> rank_of(BackendRef backend, net::be32 spi,
                                    const Context& context) noexcept {
    unsigned next = 0, count = 0;
    std::optional<std::uint8_t> own;
    visit_claims(spi, context, [&](const Claim& claim) {
        if (claim.backend == backend) own = claim.rank;
        next = std::max(next, claim.rank + 1u);
        ++count;
    });
    if (count >= claims_per_spi) return std::nullopt;
    return own.value_or(static_cast<std::uint8_t>(std::min(next, max_claim_rank)));
}

/// May the flow's backend claim what its client sends? alone: nobody else is asked in full. shared:
/// it has the flow. What others are made to send there must not keep a client's SPIs from being
/// known when it moves.
enum class May : std::uint8_t { not_at_all, shared, alone };
May may_claim(Found& found) noexcept {
    const auto all = found.tuple().all();
    May may = May::not_at_all;
    for (const Stander& one : all) {
        if (!is_full(one, found.context.table.timeouts, found.context.now)) continue;
        if (&one == &all.front())
            may = May::alone;
        else if (may != May::not_at_all)
            may = May::shared;
    }
    return may;
}

void propose(const Packet& packet, const Flow& flow, Context& context) noexcept {
    const std::array<std::uint64_t, 1> sequence{sequence_of(packet)};
    if (note(context.directory.candidates.write(candidate_key(packet, context),
                                                {.backend = flow.backend, .last_seen = context.now},
                                                context.table.timeouts, context.now,
                                                sessions::Evict::oldest, &sequence),
             context))
        await_backend(packet, flow, context);
}

}  // namespace

void renew_claim(Found& found, Context& context) noexcept {
    const ClaimFound& claim = found.claim();
    if (!claim.record) return;
    const auto key = sessions::esp_key(found.packet.source, found.packet.datagram.esp_spi);
    if (claim.is_disputed) {
        note(context.directory.claims.erase(key), context);
    } else if (claim.is_own && claim.heard != claim.record->last_seen) {
        Claim renewed = *claim.record;
        renewed.last_seen = claim.heard;
        context.directory.claims.refresh(key, *claim.record, renewed);
    }
}

void consider_spi(Found& found, Context& context) noexcept {
    const Packet& packet = found.packet;
    const auto& flow = found.flow();
    const May may = may_claim(found);
    if (!flow || may == May::not_at_all || flow->backend != found.tuple().all().front().backend)
        return;
    // Whoever has the SPI at this address keeps it.
    const ClaimFound& known = found.claim();
    if (known.record && !known.is_disputed && (may == May::shared || !known.record->is_shared))
        return;
    const auto key = candidate_key(packet, context);
    const auto candidate = context.directory.candidates.find_noted(key);
    if (!candidate || !candidate->record.is_alive(context.table.timeouts, context.now) ||
        candidate->record.backend != flow->backend) {
        propose(packet, *flow, context);
        return;
    }
    // Another packet, whatever its number: a forged one far ahead must not keep the SPI from being
    // claimed.
    if (sequence_of(packet) == candidate->notes[0]) return;
    // Whatever the backend sends takes the mark away that the candidate has set.
    if (flow->awaits ||
        static_cast<std::int32_t>(flow->last_seen - candidate->record.last_seen) < 0) {
        await_backend(packet, *flow, context);
        return;
    }
    if (!known.record &&
        !context.memory.claims_by_tuple.take(hash_of(flow_of_sender(packet), context),
                                             context.now_micros / seconds_per_claim,
                                             {.per_second = 1, .burst = claims_at_once}))
        return;
    const auto rank = rank_of(flow->backend, packet.datagram.esp_spi, context);
    if (!rank) {
        note(sessions::WriteOutcome::full, context);
        return;
    }
    const Claim claim{.backend = flow->backend,
                      .rank = *rank,
                      .tag = claim_tag(packet.source_port),
                      .is_shared = may == May::shared,
                      .last_seen = flow->last_seen};
    if (!note(context.directory.claims.write(
                  sessions::esp_key(packet.source, packet.datagram.esp_spi), claim,
                  context.table.timeouts, context.now, sessions::Evict::never),
              context))
        return;
    context.counters.spis_learned.add(1);
    note(context.directory.candidates.erase(key), context);
}

}  // namespace ikelb::affinity
