// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/candidate.h"

namespace ikelb::pipeline {

namespace {

using sessions::Candidate, sessions::FlowSpis, sessions::Record, sessions::RecordState;

/// A candidate whose backend has spoken is not given up for another SPI within this time, so that
/// whoever spoofs the client's tuple cannot keep its SPIs from being learned.
constexpr forwarding::Seconds candidate_grace = 2;

/// RFC 4303 section 2.2: right behind the SPI. Zero if the bytes are not at hand.
std::uint32_t sequence_of(const Packet& packet) noexcept {
    const auto payload = packet.udp_payload();
    return payload.size() < 8 ? 0 : net::load<net::be32>(payload.data() + 4).to_host();
}

/// A candidate lives as long as a flow: so long counts how many SPIs the flow has taught.
forwarding::Lifetimes lives_of(const Context& context) noexcept {
    const auto& by_state = context.table.timeouts.flow.by_state;
    return forwarding::Lifetimes::of(by_state[static_cast<std::size_t>(RecordState::established)]);
}

void await_esp(const sessions::FlowKey& key, const Record& flow, Context& context) noexcept {
    if (flow.awaits_esp) return;
    Record awaiting = flow;
    awaiting.awaits_esp = true;
    context.directory.flows.refresh(key, flow, awaiting);
}

void propose(const Packet& packet, const sessions::FlowKey& key, const Record& flow,
             std::uint8_t taught, Context& context) noexcept {
    const Record record{.backend = flow.backend,
                        .state = RecordState::half_open,
                        .gateway = taught,
                        .last_seen = context.now};
    auto& candidates = context.directory.candidates;
    const Candidate candidate{.spi = packet.datagram.esp_spi.to_host(),
                              .sequence = sequence_of(packet)};
    const std::array note_of_it{candidate.pack()};
    if (note(candidates.write(key, record, lives_of(context), context.now, sessions::Evict::oldest,
                              &note_of_it), context))
        await_esp(key, flow, context);
}

void teach(const Packet& packet, const sessions::FlowKey& key, const Record& flow,
           const Record& candidate, Context& context) noexcept {
    // The full order came past a live claim only if its backend does not serve this VIP: the claim
    // is another SA's, and is never overwritten.
    const auto claim =
        context.directory.esp.find(sessions::esp_key(packet.source, packet.datagram.esp_spi));
    if (claim && claim->backend != flow.backend && context.table.is_current(claim->backend) &&
        claim->is_alive(context.table.timeouts.flow, context.now))
        return;
    const Record learned{.backend = flow.backend,
                         .state = RecordState::established,
                         .last_seen = context.now};
    if (!note(context.directory.esp.write(sessions::esp_key(packet.source, packet.datagram.esp_spi),
                                          learned, context.table.timeouts.flow, context.now,
                                          sessions::Evict::never), context))
        return;
    context.counters.spis_learned.add(1);
    Record done = candidate;
    done.state = RecordState::half_open;
    ++done.gateway;
    done.last_seen = context.now;
    auto& candidates = context.directory.candidates;
    const std::array<std::uint64_t, 1> none{};
    note(candidates.write(key, done, lives_of(context), context.now, sessions::Evict::oldest,
                          &none), context);
}

}  // namespace

void consider_spi(const Packet& packet, const Record& flow, Context& context) noexcept {
    if (!sessions::is_confirmed(flow.state) || flow.state == RecordState::tentative) return;
    const auto key = flow_of_sender(packet);
    const auto found = context.directory.candidates.find_noted(key);
    const bool is_live = found && found->record.is_alive(lives_of(context), context.now) &&
                         found->record.backend == flow.backend;
    if (!is_live) {
        propose(packet, key, flow, 0, context);
        return;
    }
    if (found->record.gateway >= max_spis_per_flow) return;
    const Candidate candidate = Candidate::unpack(found->note);
    const bool is_vouched = found->record.state == RecordState::answered;
    if (candidate.spi != packet.datagram.esp_spi.to_host()) {
        if (!is_vouched || !is_within(candidate_grace, found->record.last_seen, context.now))
            propose(packet, key, flow, found->record.gateway, context);
        return;
    }
    if (!is_vouched)
        await_esp(key, flow, context);
    else if (static_cast<std::int32_t>(sequence_of(packet) - candidate.sequence) > 0)
        teach(packet, key, flow, found->record, context);
}

void vouch_for_candidate(const Packet& packet, Context& context) noexcept {
    const auto key = flow_of_receiver(packet);
    auto& flows = context.directory.flows;
    const auto flow = find_flow(key, context);
    if (!flow || !flow->awaits_esp || flow->backend.index != packet.backend) return;
    Record calm = *flow;
    calm.awaits_esp = false;
    flows.refresh(key, *flow, calm);
    const auto found = context.directory.candidates.find(key);
    if (!found || found->backend != flow->backend || found->state != RecordState::half_open)
        return;
    Record vouched = *found;
    vouched.state = RecordState::answered;
    context.directory.candidates.refresh(key, *found, vouched);
}

void remember_spi(const Packet& packet, const sessions::Noted& flow, Context& context) noexcept {
    const FlowSpis spis = FlowSpis::unpack(flow.note);
    const std::uint32_t spi = packet.datagram.esp_spi.to_host();
    if (spis.holds(spi)) return;
    // From now on the flow renews the claim: it must not end before its flow.
    const auto key = sessions::esp_key(packet.source, packet.datagram.esp_spi);
    const auto claim = context.directory.esp.find(key);
    if (claim && claim->backend == flow.record.backend &&
        static_cast<std::int32_t>(flow.record.last_seen - claim->last_seen) > 0) {
        Record renewed = *claim;
        renewed.last_seen = flow.record.last_seen;
        context.directory.esp.refresh(key, *claim, renewed);
    }
    note(context.directory.flows.annotate(flow_of_sender(packet), flow.record,
                                          std::array{spis.with(spi).pack()}), context);
}

void refresh_spis(const net::IpAddress& client, const sessions::Noted& flow,
                  Context& context) noexcept {
    const FlowSpis spis = FlowSpis::unpack(flow.note);
    for (const std::uint32_t spi : {spis.latest, spis.earlier}) {
        if (spi == 0) continue;
        const auto key = sessions::esp_key(client, net::be32::from_host(spi));
        const auto found = context.directory.esp.find(key);
        if (!found || found->backend != flow.record.backend ||
            !found->is_alive(context.table.timeouts.flow, context.now))
            continue;
        Record renewed = *found;
        renewed.last_seen = context.now;
        context.directory.esp.refresh(key, *found, renewed);
    }
}

SpiClaim find_claim(net::be32 spi, const Context& context) noexcept {
    SpiClaim claim;
    const auto look = [&](const auto& table) {
        const std::uint64_t hash = table.hash({spi.to_host()});
        table.visit_homes(hash, [&](const auto& key, const Record& record) {
            if (static_cast<std::uint32_t>(key[0]) != spi.to_host() ||
                !context.table.is_current(record.backend) ||
                !record.is_alive(context.table.timeouts.flow, context.now))
                return;
            if (claim.record && claim.record->backend != record.backend)
                claim.is_ambiguous = true;
            claim.record = record;
        });
    };
    look(context.directory.esp.narrow());
    look(context.directory.esp.wide());
    return claim;
}

}  // namespace ikelb::pipeline
