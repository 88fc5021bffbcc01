// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {
namespace {

using sessions::FragmentWay;

/// True for any later fragment from the clients' side or to a VIP, and for one that may be UDP's
/// from or to a VIP or backend. Other later fragments are plain transit.
bool is_asked_about(const Packet& packet, const Context& context) noexcept {
    if (packet.is_from_clients) return true;
    const auto& addresses = context.table.addresses;
    const auto* to = addresses.find(packet.destination);
    return (to != nullptr && to->role == forwarding::AddressRole::vip) ||
           ((packet.is_v6 || packet.is_udp()) &&
            (to != nullptr || addresses.find(packet.source) != nullptr));
}

/// The receiver's reassembly key: RFC 791 section 2.3; RFC 8200 section 4.5.
sessions::HashedKey key_of(const Packet& packet, const Context& context) noexcept {
    std::uint64_t hash = packet.is_v6 ? 0 : packet.protocol + 1u;
    for (const std::uint64_t word :
         {packet.source.high(), packet.source.low(), packet.destination.high(),
          packet.destination.low(), std::uint64_t{packet.identification}})
        hash = net::keyed_hash(word, hash, context.sessions.secret);
    return {hash | 1};
}

/// A first fragment's fingerprint: eight bits of a hash of its length and its first 32 bytes.
std::uint8_t fingerprint_of(const Packet& packet, const Context& context) noexcept {
    constexpr std::size_t hashed = 32;
    std::array<std::uint64_t, hashed / 8> words{};
    std::memcpy(words.data(), packet.at(packet.l4),
                std::min<std::size_t>(hashed, packet.l3_end - std::size_t{packet.l4}));
    std::uint64_t hash = packet.ip_bytes;
    for (const std::uint64_t word : words)
        hash = net::keyed_hash(word, hash, context.table.hash_key);
    return static_cast<std::uint8_t>(hash);
}

/// True for a second, different beginning of a datagram: its receiver may reassemble other bytes
/// than the judged ones (RFC 5722, RFC 8200 section 4.5). IPv4's identification wraps within
/// seconds (RFC 4963): over IPv4 the beginning counts only if fragments have gone, and would go, to
/// another place.
bool is_overlap(const Packet& packet, const FragmentWay& before,
                const FragmentWay& after) noexcept {
    constexpr auto drop = FragmentWay::Kind::drop;
    return before.fingerprint != after.fingerprint &&
           (packet.is_v6 || (before.kind != drop && after.kind != drop &&
                             (before.kind != after.kind || before.index != after.index)));
}

/// A reload may have removed the first fragment's backend or frontend.
bool is_valid(const FragmentWay& fate, const forwarding::ForwardingTable& table) noexcept {
    if (fate.kind == FragmentWay::Kind::to_server) return table.backends[fate.index].is_present;
    return fate.kind != FragmentWay::Kind::to_client || table.frontends[fate.index].is_present();
}

void apply(Packet& packet, const FragmentWay& fate, Context& context) noexcept {
    switch (fate.kind) {
        case FragmentWay::Kind::to_server:
            packet.direction = Direction::to_server;
            packet.backend = fate.index;
            packet.service = fate.next;
            return;
        case FragmentWay::Kind::to_client:
            packet.direction = Direction::to_client;
            packet.frontend = fate.index;
            packet.service = context.table.frontends[fate.index].service;
            packet.gateway = fate.next;
            return;
        case FragmentWay::Kind::transit: packet.direction = Direction::transit; return;
        case FragmentWay::Kind::punt: return punt(packet, Verdict::punt_local, context);
        case FragmentWay::Kind::drop: return packet.decide(Verdict::fragment_of_drop);
    }
}

/// Disposition of the later fragments of this first one; nullopt: not known yet.
std::optional<FragmentWay> disposition_of(const Packet& packet) noexcept {
    using enum FragmentWay::Kind;
    if (packet.is_decided()) {
        const Disposition verdict = info(packet.verdict).fate;
        if (verdict == Disposition::hold) return std::nullopt;
        if (verdict == Disposition::drop) return FragmentWay{.kind = drop};
        // The kernel gets the whole datagram or nothing of it, except transit through the kernel.
        return FragmentWay{.kind = packet.verdict == Verdict::punt_unresolved ? transit : punt};
    }
    if (packet.direction == Direction::to_server) {
        const auto service = static_cast<std::uint8_t>(packet.service);
        return FragmentWay{.kind = to_server, .index = packet.backend, .next = service};
    }
    if (packet.direction == Direction::to_client)
        return FragmentWay{.kind = to_client, .index = packet.frontend, .next = packet.gateway};
    return FragmentWay{.kind = transit};
}

/// Limits each source's share of the records: one source's share leaves all records in place for
/// longer than a datagram takes to arrive. The servers' side has no limit.
bool is_within_share(const Packet& packet, Context& context) noexcept {
    return packet.frame.was_held || !packet.is_from_clients ||
           context.memory.fragments_by_source.take(packet.source, context.table.hash_key,
                                                   context.now_micros,
                                                   context.table.limits.fragments_per_source);
}

/// Place and value of the note that a datagram's first fragment is refused now.
std::pair<std::uint64_t&, std::uint64_t> refusal_of(const Packet& packet,
                                                    Context& context) noexcept {
    const std::uint64_t source = packet.source.high() ^ packet.source.low();
    const auto hash = net::keyed_hash(packet.identification, source, context.table.hash_key);
    auto& all = context.memory.refused_fragments;
    return {all[hash % all.size()], hash >> 32 << 32 | context.now};
}

/// Packets that the wall has let in, or that a backend has vouched for by more than the sender's
/// address, take no token: forgeries would spend their share. Any sender can write a labelled SPI.
bool is_known(const Packet& packet, const Context& context) noexcept {
    if (packet.is_decided()) return false;
    if (packet.direction == Direction::transit) return !context.table.wall.is_open;
    if (packet.rule == Rule::flow || packet.rule == Rule::label) {
        const auto flow =
            find_live(context.sessions.flows, affinity::flow_of_sender(packet), context);
        return flow && flow->standing >= sessions::Standing::strong;
    }
    return packet.rule == Rule::pair || packet.rule == Rule::esp_client ||
           packet.rule == Rule::esp_spi;
}

/// A forger of an address must not decide over the fragments of its owner.
bool is_forged(Verdict verdict) noexcept {
    using enum Verdict;
    return verdict == bad_source || verdict == spoofed_backend || verdict == spoofed_source;
}

}  // namespace

void follow_fragment(Packet& packet, Context& context) noexcept {
    if (!packet.is_later_fragment || !is_asked_about(packet, context)) return;
    const auto fate = find_live(context.sessions.fragments, key_of(packet, context), context);
    if (fate && is_valid(*fate, context.table)) return apply(packet, *fate, context);
    const auto [noted, as] = refusal_of(packet, context);
    if (as - noted <= 1)  // in this second or the last
        packet.verdict = Verdict::fragment_of_drop;
    else if (!is_within_share(packet, context))
        packet.verdict = Verdict::fragment_limited;
    else
        packet.verdict = packet.frame.may_hold ? Verdict::hold_fragment : Verdict::fragment_timeout;
}

void remember_fragment(Packet& packet, Context& context) noexcept {
    if (!packet.is_ip || !packet.is_fragment || packet.is_later_fragment ||
        !is_asked_about(packet, context) || is_forged(packet.verdict))
        return;
    auto fate = disposition_of(packet);
    if (!fate) return;
    if (!is_known(packet, context) && !is_within_share(packet, context)) {
        if (fate->kind != FragmentWay::Kind::drop) packet.verdict = Verdict::fragment_limited;
        const auto refusal = refusal_of(packet, context);
        refusal.first = refusal.second;
        return;
    }
    fate->fingerprint = fingerprint_of(packet, context);
    fate->last_seen = context.now;
    const auto key = key_of(packet, context);
    const auto known = find_live(context.sessions.fragments, key, context);
    if (known && is_overlap(packet, *known, *fate)) {
        // A punted packet leaves the pipeline only at the end of the burst.
        packet.verdict = Verdict::fragment_overlap;
        fate = FragmentWay{.fingerprint = known->fingerprint, .last_seen = context.now};
    }
    keep(context.sessions.fragments, key, *fate, context);
}

}  // namespace ikelb::pipeline
