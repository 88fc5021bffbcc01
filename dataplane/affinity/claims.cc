// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/commit.h"

#include <algorithm>
#include <mutex>

namespace ikelb::affinity {
namespace {

using sessions::Candidate, sessions::Claim;

/// The oldest claims to one SPI have rank 0; claims of one backend share a rank.
constexpr unsigned max_claim_rank = 7;
/// New claims of one tuple: claims_at_once, then one every seconds_per_claim.
constexpr std::uint32_t claims_at_once = 24, seconds_per_claim = 60;
/// All claims to one SPI stand in the same buckets, where other SPIs' claims stand too.
constexpr unsigned claims_per_spi = 32;
/// New candidates of one tuple: a flood of SPIs leaves other tuples' candidates alone.
constexpr forwarding::Rate candidates_per_tuple{.per_second = 8, .burst = 8};
/// Bit of a note: no other backend had the candidate. The note is 0 while the backend changes.
constexpr std::uint64_t sole = 1ULL << 32;

/// Sequence number, right behind the SPI (RFC 4303 section 2.2); 0 if its bytes are missing.
std::uint32_t sequence_of(const Packet& packet) noexcept {
    const auto payload = packet.udp_payload();
    return payload.size() < 8 ? 0 : net::load<net::be32>(payload.data() + 4).to_host();
}

/// Marks the flow: its backend's next packet is to be noted. False: the mark cannot be set now.
bool await_backend(const Packet& packet, const Flow& flow, Context& context) noexcept {
    if (flow.awaits) return true;
    const auto key = flow_of_sender(packet);
    const std::unique_lock hold{context.sessions.tuple(hash_of(key, context)), std::try_to_lock};
    Flow awaiting = flow;
    awaiting.awaits = true;
    return hold && context.sessions.flows.refresh(key, flow, awaiting);
}

/// A backend that is asked in full may claim SPIs at a tuple, alone or as one of several. Other
/// backends may have been made to send there, and a client's SPIs have to be known when it moves.
struct May {
    const Stander* one = nullptr;
    bool is_alone = false;
};
May may_claim(Found& found) noexcept {
    const auto all = found.tuple().all();
    May may;
    for (const Stander& one : all) {
        if (!found.is_asked_in_full(one)) continue;
        may.is_alone = &one == &all.front();
        if (may.one != &all.front() && (!may.one || is_better(one, *may.one))) may.one = &one;
    }
    return may;
}

/// The new claim, ranked among all claims to its SPI; nullopt: the SPI has enough claims. Of claims
/// at odds none decides by itself: the SPI's sender here may have overheard the SPI elsewhere.
std::optional<Claim> claim_of(const Packet& packet, const Stander& one, bool is_contested,
                              Context& context) noexcept {
    const net::be32 spi = packet.datagram.esp_spi;
    unsigned next = 0, count = 0;
    std::optional<std::uint8_t> rank;
    Claim claim{.backend = one.backend, .tag = claim_tag(packet, context),
                .is_shared = is_contested, .last_seen = one.last};
    visit_claims(spi, context, [&](const sessions::EspKey& key, const Claim& other) {
        if (other.backend == claim.backend) rank = other.rank;
        next = std::max(next, other.rank + 1u);
        ++count;
        const bool is_at_odds = is_contested || other.is_shared || other.backend != claim.backend;
        if (!is_at_odds || (key.client == packet.source && other.tag == claim.tag)) return;
        claim.is_shared = true;
        Claim shared = other;
        shared.is_shared = true;
        if (!other.is_shared) context.sessions.claims.refresh(key, other, shared);
    });
    claim.rank = rank.value_or(static_cast<std::uint8_t>(std::min(next, max_claim_rank)));
    return count < claims_per_spi ? std::optional{claim} : std::nullopt;
}

/// False: another packet of any other number, since one may be forged, has confirmed the SPI, and
/// the backend in between. True: another backend goes on to have the SPI too. nullopt: unknown yet.
std::optional<bool> is_contested(const Packet& packet, const Flow& flow,
                                 Context& context) noexcept {
    auto& candidates = context.sessions.candidates;
    const std::array<std::uint64_t, 1> key{packet.datagram.esp_spi.to_host()};
    const auto known = find_noted(candidates, key, context);
    const bool is_there = known && context.table.is_current(known->record.backend);
    if (!is_there || known->record.backend != flow.backend) {
        const std::array<std::uint64_t, 1> first{sequence_of(packet) | (is_there ? 0 : sole)};
        if (is_there || (context.memory.copies_by_tuple.take(
                             ~hash_of(flow_of_sender(packet), context), context.now_micros,
                             candidates_per_tuple) &&
                         await_backend(packet, flow, context)))
            keep(candidates, key,
                 sessions::Candidate{.backend = flow.backend, .last_seen = context.now}, context,
                 &first);
        return is_there ? std::optional{true} : std::nullopt;
    }
    const std::uint64_t first = known->notes[0];
    if ((first & sole) == 0) return true;
    if (first == (sequence_of(packet) | sole)) return std::nullopt;
    // The backend's next packet takes away the mark that the candidate has set.
    const Seconds since = known->record.last_seen;
    if (!flow.awaits && static_cast<std::int32_t>(flow.last_seen - since) >= 0) return false;
    await_backend(packet, flow, context);
    return std::nullopt;
}

}  // namespace

void renew_claim(Found& found, Context& context) noexcept {
    const ClaimFound& claim = found.claim();
    if (!claim.record) return;
    const auto key = sessions::esp_key(found.packet.source, found.packet.datagram.esp_spi);
    if (claim.is_disputed) {
        note(context.sessions.claims.erase(key), context);
    } else if (claim.is_own && claim.heard != claim.record->last_seen) {
        Claim renewed = *claim.record;
        renewed.last_seen = claim.heard;
        context.sessions.claims.refresh(key, *claim.record, renewed);
    }
}

void consider_spi(Found& found, Context& context) noexcept {
    const Packet& packet = found.packet;
    const auto& flow = found.flow();
    const May may = may_claim(found);
    if (may.one == nullptr || flow->backend != found.tuple().all().front().backend) return;
    const ClaimFound& known = found.claim();
    const bool is_known = known.record && !known.is_disputed;
    // The backend that has the SPI at this address keeps it.
    const bool is_elsewhere = is_known && !known.record->is_shared;
    if (is_elsewhere && known.record->backend == may.one->backend) return;
    const auto contested = may.is_alone ? is_contested(packet, *flow, context) : true;
    if (!contested) return;
    const auto claim = claim_of(packet, *may.one, *contested, context);
    if (is_elsewhere || (is_known && claim && claim->is_shared)) return;
    if (!known.record &&
        !context.memory.claims_by_tuple.take(hash_of(flow_of_sender(packet), context),
                                             context.now_micros / seconds_per_claim,
                                             {.per_second = 1, .burst = claims_at_once}))
        return;
    if (!claim) {
        note(sessions::WriteOutcome::full, context);
        return;
    }
    if (!write_to(context.sessions.claims,
                  sessions::esp_key(packet.source, packet.datagram.esp_spi), *claim,
                  sessions::Evict::never, context))
        return;
    context.counters.spis_learned.add(1);
    if (!claim->is_shared)
        note(context.sessions.candidates.erase({packet.datagram.esp_spi.to_host()}), context);
}

}  // namespace ikelb::affinity
