// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/learn.h"

#include "dataplane/ike/payload_walk.h"

namespace ikelb::affinity {
namespace {

using forwarding::FrontendIndex, sessions::SaState;

/// A backend that opens an SA itself wants the answer back.
bool opens_sa(const ike::Header& header) noexcept {
    return header.responder_spi.wire() == 0 &&
           (header.major_version() == 1 ||
            (header.exchange == ike::exchange::ike_sa_init && !header.is_response()));
}

/// Translates evidence into the SA's state. An INIT that is answered alone proves no session: an
/// INFORMATIONAL under its keys needs no login (IKEv1's Quick Mode does).
std::optional<SaState> state_of(ike::Evidence evidence, const ike::Header& header,
                                const std::optional<Pair>& ike_sa) noexcept {
    const bool has_only_begun = ike_sa && ike_sa->record.state == SaState::half_open;
    switch (evidence) {
        case ike::Evidence::half_open: return SaState::half_open;
        case ike::Evidence::login: return SaState::answered;
        case ike::Evidence::session:
            if (has_only_begun && header.major_version() != 1) return std::nullopt;
            return SaState::established;
        case ike::Evidence::life:
            if (!ike_sa || has_only_begun) return std::nullopt;
            return ike_sa->record.is_confirmed() ? SaState::established : SaState::answered;
        case ike::Evidence::none: break;
    }
    return std::nullopt;
}

/// Evidence of an IKEv2 answer under keys.
Said said_by_answer(const Packet& packet, const std::optional<Pair>& ike_sa,
                    const std::optional<SaState>& proof, const Context& context) noexcept {
    if (!ike_sa || ike_sa->record.backend.index != packet.backend) return Said::nominated;
    const ike::Header& header = packet.ike_header();
    const auto began = sessions::Began::unpack(ike_sa->notes[1]);
    // A server answers a replay too, under an old message ID. An unseen SA has no known ID yet.
    const bool is_unseen = began.client == 0 && began.next_id == 0;
    if (is_unseen || header.message_id.to_host() < began.next_id) return Said::nominated;
    if (ike_sa->record.is_confirmed() || proof == SaState::established) return Said::strong;
    const bool is_own_login =
        header.exchange == ike::exchange::ike_auth && began_here(packet, ike_sa, context);
    return is_own_login ? Said::login : Said::nominated;
}

}  // namespace

Lesson learn(const Packet& packet, const std::optional<Pair>& ike_sa, Context& context) noexcept {
    if (packet.datagram.kind == ike::Kind::esp) return {.said = Said::spoke};
    if (packet.datagram.kind != ike::Kind::ike) return {.said = Said::alive};
    const ike::Header& header = packet.ike_header();
    pipeline::WorkerMemory& memory = context.memory;
    const forwarding::AbuseLimits& limits = context.table.limits;
    if (opens_sa(header)) {
        const bool may =
            packet.frame.was_held ||
            memory.opened_by_backends.take(context.now_micros, limits.opened_by_backends);
        return {.said = may ? Said::called : Said::nothing};
    }
    const ike::Evidence evidence = ike::evidence_of(packet.ike_message());
    Lesson lesson{.sa = state_of(evidence, header, ike_sa)};
    if (evidence == ike::Evidence::none || evidence == ike::Evidence::half_open) return lesson;
    // Any source can have failing logins answered, so each has its share; SAs that began elsewhere
    // draw on another share.
    const bool is_login_known = ike_sa && ike_sa->record.state != SaState::half_open;
    const net::HashKey& secret = context.table.hash_key;
    if (lesson.sa == SaState::answered && !is_login_known &&
        !memory.logins_by_source.take(
            packet.destination,
            began_here(packet, ike_sa, context) ? secret : net::HashKey{secret.k1, secret.k0},
            context.now_micros, limits.logins_per_source))
        return {.said = Said::alive, .sa = SaState::half_open};
    if (header.major_version() == 1) {
        // No IKEv1 flag tells answers, answers to replays and unasked messages apart: ESP decides,
        // and a confirmed SA keeps its gateway.
        lesson.said = Said::nominated;
        lesson.turns_gateway = !(ike_sa && ike_sa->record.is_confirmed());
        return lesson;
    }
    lesson.is_answer = header.is_response();
    lesson.said =
        lesson.is_answer ? said_by_answer(packet, ike_sa, lesson.sa, context) : Said::spoke;
    lesson.turns_gateway = lesson.said == Said::login || lesson.said == Said::strong;
    if (lesson.sa && ike::hints_at_delete(packet.ike_message()))  // a replay's answer tells nothing
        lesson.sa = lesson.said == Said::nominated ? std::nullopt : std::optional{SaState::closing};
    return lesson;
}

FrontendIndex reply_vip(const Packet& packet, const std::optional<Pair>& ike_sa,
                        const Context& context) noexcept {
    const forwarding::ForwardingTable& table = context.table;
    if (packet.frontend != forwarding::no_frontend) [[likely]]
        return packet.frontend;
    const auto& candidates = table.backends[packet.backend]
                                 .homes[packet.is_v6]
                                 .frontends[forwarding::service_port_position(packet.source_port)];
    const BackendRef ref = ref_of(packet.backend, context);
    const auto the_only_one = [&](auto&& holds) {
        FrontendIndex only = forwarding::no_frontend;
        for (const FrontendIndex candidate : candidates) {
            if (!holds(candidate)) continue;
            if (only != forwarding::no_frontend) return forwarding::no_frontend;
            only = candidate;
        }
        return only;
    };
    const auto is_ours = [&](const auto& record) { return record && record->backend == ref; };
    // Answers to spoofers of a client's address on another VIP rank below speech.
    const auto by_standing = [&] {
        FrontendIndex best = forwarding::no_frontend;
        Stander shown{.standing = Standing::called, .last = 0};
        for (const FrontendIndex candidate : candidates) {
            const auto key =
                sessions::flow_key(packet.destination, packet.destination_port, candidate);
            const auto flow = find_live(context.sessions.flows, key, context);
            if (!flow) continue;
            const Tuple tuple = tuple_of(key, *flow, table.frontends[candidate].service, context);
            const Stander* const own = tuple.find(ref);
            if (own == nullptr || own->standing < shown.standing ||
                (own->standing == shown.standing && own->last < shown.last))
                continue;
            const bool is_tie = own->standing == shown.standing && own->last == shown.last;
            best = is_tie ? forwarding::no_frontend : candidate;
            shown = *own;
        }
        return best;
    };
    FrontendIndex vip = forwarding::no_frontend;
    if (packet.datagram.kind == ike::Kind::ike)
        vip = the_only_one([&](FrontendIndex candidate) {
            const auto service = table.frontends[candidate].service;
            if (ike_sa) return ike_sa->record.backend == ref && ike_sa->record.service == service;
            return is_ours(find_live(
                context.sessions.choices,
                sessions::half_open_key(packet.ike_header().initiator_spi, packet.destination,
                                        service, context.sessions.secret),
                context));
        });
    if (vip == forwarding::no_frontend) vip = by_standing();
    if (vip == forwarding::no_frontend)
        vip = the_only_one([&](FrontendIndex candidate) {
            return is_ours(
                find_persistence(packet.destination, table.frontends[candidate].service, context));
        });
    return vip;
}

}  // namespace ikelb::affinity
