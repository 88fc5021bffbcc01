// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/ike/payload_walk.h"
#include "dataplane/pipeline/candidate.h"
#include "dataplane/pipeline/request.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

using forwarding::BackendRef, forwarding::FrontendIndex, forwarding::GatewayIndex;
using sessions::is_confirmed, sessions::Record, sessions::RecordState;

// A flow whose backend has sent within 10 s is somebody's. It may have sent for as long as
// last_seen lags behind.
constexpr forwarding::Seconds lively = 10 + flow_refresh_interval;

// ESP that was on its way when an SA ended comes no later than this after the delete.
constexpr forwarding::Seconds in_flight = 5;

/// What a packet of a backend says about one record.
struct Claim {
    BackendRef backend{};
    forwarding::ServiceIndex service = 0;
    std::optional<RecordState> proof{};      ///< nullopt: sign of life only
    std::optional<GatewayIndex> gateway{};   ///< to store now; nullopt: keep what is there
    forwarding::Seconds renew_after = refresh_interval;
};

/// Does the proof raise the state? A tentative record becomes what a session proves, no less: it
/// stands among the confirmed ones.
constexpr bool raises(RecordState proof, RecordState state) noexcept {
    if (state == RecordState::tentative) return is_confirmed(proof);
    if (state == RecordState::half_open) return proof != RecordState::half_open;
    if (state == RecordState::answered) return is_confirmed(proof);
    return state != proof && is_confirmed(proof);
}

/// Can the record's backend no longer have the client at all, whatever it says?
bool is_over(const Record& record, const Claim& claim, const Context& context) noexcept {
    return !context.table.is_current(record.backend) ||
           !context.table.member(claim.service, record.backend.index);
}

constexpr bool is_by_keys(const Claim& claim) noexcept {
    return claim.proof && *claim.proof != RecordState::half_open;
}

/// Outbound learning fills empty entries and never overwrites: a stale SA's chatter must not flap
/// a live client. A record from before a restart gives way to a backend that proves an SA.
bool may_fill(const Record& record, const Claim& claim, const Context& context) noexcept {
    return is_over(record, claim, context) ||
           (record.state == RecordState::tentative && is_by_keys(claim));
}

enum class Change : std::uint8_t { none, refreshed, created, moved };

/// Brings one record up to date. found: what find() says now; may_replace: also that of another
/// backend which is there; notes: to write along with more than a sign of life.
template <typename Regions, typename Key>
Change update(Regions& regions, const Key& key, const std::optional<Record>& found,
              const Claim& claim, bool may_replace, const forwarding::Lifetimes& lives,
              Context& context, const typename Regions::Notes* notes = nullptr) noexcept {
    if (found && found->backend == claim.backend) {
        Record desired = *found;
        if (claim.proof && raises(*claim.proof, found->state)) desired.state = *claim.proof;
        if (claim.gateway) desired.gateway = *claim.gateway;
        if (desired == *found &&
            is_within(claim.renew_after - 1, found->last_seen, context.now))
            return Change::none;
        desired.last_seen = context.now;
        Record renewed = *found;
        renewed.last_seen = context.now;
        if (renewed == desired) {
            regions.refresh(key, *found, renewed);
        } else if (!note(regions.write(key, desired, lives, context.now, notes), context)) {
            // No room or no lock for what is proven: what was known lives on meanwhile.
            regions.refresh(key, *found, renewed);
        } else if (is_confirmed(desired.state) && !is_confirmed(found->state)) {
            // Left there, it could speak again when the confirmed one has ended.
            note(regions.provisional.erase(key), context);
        }
        return Change::refreshed;
    }
    if (!claim.proof || (found && !may_replace && !may_fill(*found, claim, context)))
        return Change::none;
    if (found && is_confirmed(found->state) && !is_confirmed(*claim.proof) &&
        !note(regions.confirmed.erase(key), context))
        return Change::none;
    const Record record{.backend = claim.backend,
                        .state = *claim.proof,
                        .gateway = claim.gateway.value_or(forwarding::no_gateway),
                        .last_seen = context.now};
    if (!note(regions.write(key, record, lives, context.now, notes), context))
        return Change::none;
    return found ? Change::moved : Change::created;
}

using Proof = std::optional<RecordState>;

/// What a backend sends beyond the login proves that there was one. Not while it has answered the
/// INIT alone: an INFORMATIONAL under those keys needs no login (IKEv1's Quick Mode does).
Proof proof_of(const Packet& packet, const std::optional<sessions::Noted>& pair) noexcept {
    if (packet.datagram.kind == ike::Kind::esp) return RecordState::established;
    if (packet.datagram.kind != ike::Kind::ike) return std::nullopt;
    switch (ike::evidence_of(packet.ike_message())) {
        case ike::Evidence::half_open: return RecordState::half_open;
        case ike::Evidence::login: return RecordState::answered;
        case ike::Evidence::session:
            if (pair && pair->record.state == RecordState::half_open &&
                packet.ike_header().major_version() != 1)
                return std::nullopt;
            return RecordState::established;
        case ike::Evidence::life:
            if (!pair || pair->record.state == RecordState::half_open) return std::nullopt;
            return is_confirmed(pair->record.state) ? RecordState::established
                                                    : RecordState::answered;
        case ike::Evidence::none: break;
    }
    // A backend that opens an SA itself wants the answer back (it fills an empty flow only).
    const ike::Header& header = packet.ike_header();
    const bool opens = header.responder_spi.wire() == 0 &&
                       (header.major_version() == 1 ||
                        (header.exchange == ike::exchange::ike_sa_init && !header.is_response()));
    return opens ? std::optional{RecordState::half_open} : std::nullopt;
}

BackendRef ref_of(const Packet& packet, const Context& context) noexcept {
    return {.index = packet.backend,
            .generation = context.table.backends[packet.backend].generation};
}

std::optional<sessions::Noted> flow_at(const Packet& packet, FrontendIndex frontend,
                                       const Context& context) noexcept {
    return context.directory.flows.find_noted(
        sessions::flow_key(packet.destination, packet.destination_port, frontend),
        context.table.timeouts.flow, context.now);
}

std::optional<Record> record_of(const std::optional<sessions::Noted>& noted) noexcept {
    return noted ? std::optional{noted->record} : std::nullopt;
}

/// The VIP of a reply from a backend that serves several: the SA's own by its SPIs, else the one
/// that holds this flow, else the one that this client uses. Two candidates are as bad as none.
FrontendIndex find_vip(const Packet& packet, const std::vector<FrontendIndex>& candidates,
                       const Context& context) noexcept {
    const forwarding::ForwardingTable& table = context.table;
    const auto ref = ref_of(packet, context);
    const auto the_only_one = [&](auto&& holds) {
        FrontendIndex only = forwarding::no_frontend;
        for (const FrontendIndex candidate : candidates) {
            if (!holds(candidate)) continue;
            if (only != forwarding::no_frontend) return forwarding::no_frontend;
            only = candidate;
        }
        return only;
    };
    const auto is_ours = [&](const std::optional<Record>& record) {
        return record && record->backend == ref;
    };
    FrontendIndex vip = forwarding::no_frontend;
    if (packet.datagram.kind == ike::Kind::ike) {
        const auto pair = context.directory.pairs.find(sessions::pair_key(packet.ike_header()),
                                                       table.timeouts.pair, context.now);
        vip = the_only_one([&](FrontendIndex candidate) {
            const auto service = table.frontends[candidate].service;
            if (pair && table.is_current(pair->backend))
                return is_ours(pair) && pair->gateway == service;
            const auto choice = context.directory.half_open.find(
                sessions::half_open_key(packet.ike_header(), packet.destination, service));
            return is_ours(choice) &&
                   is_within(table.timeouts.half_open, choice->last_seen, context.now);
        });
    }
    // Whoever spoofs a client's address has an IKE_SA_INIT answered on another VIP: what that
    // leaves must not make a tunnel's own VIP one of two.
    if (vip == forwarding::no_frontend)
        vip = the_only_one([&](FrontendIndex candidate) {
            const auto flow = record_of(flow_at(packet, candidate, context));
            return is_ours(flow) && flow->state != RecordState::half_open;
        });
    if (vip == forwarding::no_frontend)
        vip = the_only_one([&](FrontendIndex candidate) {
            return is_ours(record_of(flow_at(packet, candidate, context)));
        });
    if (vip == forwarding::no_frontend)
        vip = the_only_one([&](FrontendIndex candidate) {
            return is_ours(find_binding(packet.destination, table.frontends[candidate].service,
                                        context));
        });
    return vip;
}

/// Sets the gateway this packet takes; returns the one that the flow's record is to remember.
std::optional<GatewayIndex> choose_gateway(Packet& packet, const std::optional<Record>& own,
                                           Proof proof, const std::optional<Record>& request,
                                           const Context& context) noexcept {
    const auto pending = request && request->gateway != forwarding::no_gateway
                             ? std::optional{request->gateway}
                             : std::nullopt;
    if (own) {
        packet.gateway = pending.value_or(own->gateway);
        // A confirmed flow's way back changes only by an answer under an SA's keys.
        return proof || !is_confirmed(own->state) ? pending : std::nullopt;
    }
    if (!proof && packet.datagram.kind != ike::Kind::ike) return std::nullopt;
    packet.gateway =
        pending.value_or(context.table.default_gateway(packet.destination, packet.frontend));
    return packet.gateway;
}

/// An answered login is not yet a session: anybody can be answered that he has failed. And a delete
/// may be of a child alone. ESP tells, but names no SPI of its IKE SA, so the flow has to say which
/// one it confirms.
void note_login(const Packet& packet, const sessions::PairKey& pair, RecordState state,
                Context& context) noexcept {
    const auto key = flow_of_receiver(packet);
    auto& logins = context.directory.logins;
    const forwarding::Lifetimes lives = context.table.timeouts.pair;
    const Record record{.backend = ref_of(packet, context),
                        .state = state,
                        .last_seen = context.now};
    note(logins.write(key, record, lives, context.now, sessions::Evict::oldest, &pair), context);
}

void confirm_login(const Packet& packet, const Claim& claim, Context& context) noexcept {
    const auto key = flow_of_receiver(packet);
    auto& logins = context.directory.logins;
    const auto& lives = context.table.timeouts.pair;
    const auto login = logins.find(key);
    if (!login || login->backend != claim.backend || !login->is_alive(lives, context.now) ||
        (login->state == RecordState::closing &&
         is_within(in_flight, login->last_seen, context.now)))
        return;
    const sessions::PairKey pair = logins.notes(key);
    note(logins.erase(key), context);
    if (pair[0] == 0) return;
    const auto found = context.directory.pairs.find_noted(pair, lives, context.now);
    if (!found || found->record.backend != claim.backend) return;
    const std::array same_note{found->note};
    update(context.directory.pairs, pair, found->record,
           {.backend = claim.backend,
            .service = claim.service,
            .proof = RecordState::established}, false, lives, context, &same_note);
}

/// Where the pair's backend sends to now, for people to see. before: 0 if it is new.
sessions::PairNote noted_client(const Packet& packet, std::uint64_t before, bool is_confirmed,
                                forwarding::Seconds now) noexcept {
    sessions::PairNote note = sessions::PairNote::unpack(before);
    const std::uint32_t client = sessions::PairNote::name_of(packet.destination);
    const std::uint16_t port = packet.destination_port.to_host();
    if (before == 0)
        note.created = sessions::PairNote::created_at(now);
    else if ((note.client != client || note.port != port) && is_confirmed && note.moves < 31)
        ++note.moves;
    note.client = client;
    note.port = port;
    return note;
}

/// Its INIT was answered to this very address: a later answer may take over a flow there.
void note_answered_init(const Packet& packet, Context& context) noexcept {
    const Record record{.backend = ref_of(packet, context),
                        .state = RecordState::answered,
                        .last_seen = context.now};
    keep(context.directory.half_open,
         sessions::half_open_key(packet.ike_header(), packet.destination, packet.service), record,
         context.table.timeouts.half_open, context);
}

/// found: what is known of the pair.
void learn_pair(const Packet& packet, const std::optional<sessions::Noted>& found,
                Proof proof, Context& context) noexcept {
    if (!proof || packet.ike_header().responder_spi.wire() == 0) return;
    if (ike::hints_at_delete(packet.ike_message())) proof = RecordState::closing;
    const auto key = sessions::pair_key(packet.ike_header());
    auto& pairs = context.directory.pairs;
    if (proof == RecordState::closing && !(found && is_confirmed(found->record.state))) return;
    if (proof == RecordState::half_open) note_answered_init(packet, context);
    if (proof == RecordState::answered || proof == RecordState::closing)
        note_login(packet, key, *proof, context);
    const Claim claim{.backend = ref_of(packet, context),
                      .service = packet.service,
                      .proof = proof,
                      .gateway = static_cast<GatewayIndex>(packet.service)};
    const sessions::Noted known = found.value_or(sessions::Noted{});
    const bool is_own = found && known.record.backend == claim.backend;
    const bool is_raised = !is_own || raises(*proof, known.record.state);
    const RecordState state = is_raised ? *proof : known.record.state;
    const std::array note_now{
        noted_client(packet, is_own ? known.note : 0, is_confirmed(state), context.now).pack()};
    const Change change = update(pairs, key, record_of(found), claim, false,
                                 context.table.timeouts.pair, context, &note_now);
    if (change == Change::created) context.counters.pairs_learned.add(1);
    if (is_own && !is_raised && note_now[0] != known.note)
        note(pairs.annotate(key, known.record, note_now), context);
}

/// The same client tuple on another VIP of the same backend: the server cannot tell the two apart,
/// and the SA that was proven last is the one that its ESP is of.
void forget_other_vips(const Packet& packet, BackendRef ref,
                       Context& context) noexcept {
    const auto position = forwarding::service_port_position(packet.source_port);
    for (const FrontendIndex other :
         context.table.backends[packet.backend].frontends[position]) {
        if (other == packet.frontend) continue;
        const auto found = flow_at(packet, other, context);
        if (!found || found->record.backend != ref) continue;
        const auto key =
            sessions::flow_key(packet.destination, packet.destination_port, other);
        note(context.directory.flows.confirmed.erase(key), context);
        note(context.directory.flows.provisional.erase(key), context);
    }
}

/// Did the SA of this answer begin at the very address it is sent to?
bool began_here(const Packet& packet, const Claim& claim, const Context& context) noexcept {
    const auto init = context.directory.half_open.find(
        sessions::half_open_key(packet.ike_header(), packet.destination, packet.service));
    return init && init->state == RecordState::answered && init->backend == claim.backend &&
           is_within(context.table.timeouts.half_open, init->last_seen, context.now);
}

/// May an answer take over a flow that another backend has? Only to a request that came from that
/// very address and port, and by the keys of an SA. A lively flow is somebody's: it yields to an SA
/// that began at its address, else pair and ESP SPI go on steering packet by packet.
bool may_move(const Packet& packet, const Record& flow, const Claim& claim,
              const std::optional<Record>& request, Context& context) noexcept {
    if (!request || !claim.proof) return false;
    if (!is_confirmed(flow.state)) return true;
    if (!is_by_keys(claim)) return false;
    if (!is_within(lively, flow.last_seen, context.now) || began_here(packet, claim, context))
        return true;
    context.counters.moves_refused.add(1);
    return false;
}

/// A binding keeps its backend, else one roamer who enters an office's NAT would take the office
/// along. But one that takes none of its SAs back is as good as none, or the client would leave the
/// server that it has now at its next login.
void learn_binding(const Packet& packet, Claim claim, Context& context) noexcept {
    const forwarding::Service& service = context.table.services[packet.service];
    if (service.affinity != forwarding::Affinity::source) return;
    // A server answers a login that fails, and a replay, wherever they come from: what it sends
    // unasked counts. In IKEv1 no flag tells the two apart.
    if (packet.datagram.kind == ike::Kind::ike &&
        (!is_by_keys(claim) || packet.ike_header().major_version() == 1 ||
         packet.ike_header().is_response()))
        return;
    claim.renew_after = refresh_interval;
    const auto found = find_binding(packet.destination, packet.service, context);
    const bool may_replace =
        found && context.table.is_current(found->backend) &&
        !context.table.backends[found->backend.index].takes_returning_clients();
    update(context.directory.bindings,
           sessions::binding_key(service.client_of(packet.destination), packet.service), found,
           claim, may_replace, context.table.timeouts.flow, context);
}

/// The flow first; the rest follows when the flow's record was written, so that a packet of an
/// established SA costs one look-up. said: the proof as it was before limits.
void learn_client(Packet& packet, Proof said, Proof proof, Context& context) noexcept {
    auto found = flow_at(packet, packet.frontend, context);
    Claim claim{.backend = ref_of(packet, context),
                .service = packet.service,
                .proof = proof,
                .renew_after = flow_refresh_interval};
    const bool is_own = found && found->record.backend == claim.backend;
    // The answer to a login vouches for nothing: one that fails comes to whoever is spoofed.
    if (is_own && proof == RecordState::established && found->record.awaits_esp) {
        vouch_for_candidate(packet, context);
        found->record.awaits_esp = false;  // as it is there now: update() compares
    }
    const auto request = answered_request(packet, context);
    claim.gateway =
        choose_gateway(packet, is_own ? record_of(found) : std::nullopt, proof, request, context);
    // Whoever spoofs a client's address has an INIT answered there: it teaches the pair alone.
    if (said == RecordState::half_open && packet.ike_header().responder_spi.wire() != 0) return;
    const bool may_replace =
        found && !is_own && may_move(packet, found->record, claim, request, context);
    const Change change =
        update(context.directory.flows, flow_of_receiver(packet), record_of(found), claim,
               may_replace, context.table.timeouts.flow, context);
    if (change == Change::none) return;
    if (change == Change::created) context.counters.flows_committed.add(1);
    if (change == Change::moved) context.counters.flows_moved.add(1);
    if (change == Change::refreshed) refresh_spis(packet.destination, *found, context);
    if (context.table.backends[packet.backend].is_ambiguous() && is_by_keys(claim))
        forget_other_vips(packet, claim.backend, context);
    claim.gateway = std::nullopt;
    if (packet.datagram.kind == ike::Kind::esp) confirm_login(packet, claim, context);
    learn_binding(packet, claim, context);
}

/// Anybody can have logins answered, if only that they failed: each source has its share.
Proof within_limits(const Packet& packet, Proof proof, const std::optional<sessions::Noted>& pair,
                    Context& context) noexcept {
    WorkerMemory& memory = context.memory;
    const forwarding::AbuseLimits& limits = context.table.limits;
    const bool is_login_known = pair && pair->record.state != RecordState::half_open;
    if (proof == RecordState::answered && !is_login_known &&
        !memory.logins_by_source.take(packet.destination, context.table.hash_key,
                                      context.now_micros, limits.logins_per_source))
        return RecordState::half_open;
    // A backend that opens an SA towards the clients.
    if (proof == RecordState::half_open && packet.ike_header().responder_spi.wire() == 0 &&
        !packet.frame.was_held &&
        !memory.opened_by_backends.take(context.now_micros, limits.opened_by_backends))
        return std::nullopt;
    return proof;
}

void count_answer(const Packet& packet, Context& context) noexcept {
    const ike::Header& header = packet.ike_header();
    if (header.major_version() == 2 && !header.is_response()) return;
    const auto member = context.table.member(packet.service, packet.backend);
    if (member) context.counters.ike[*member].answers.add(1);
}

}  // namespace

void learn(Packet& packet, Context& context) noexcept {
    if (packet.is_later_fragment || packet.is_icmp_error) return;
    const std::size_t position = forwarding::service_port_position(packet.source_port);
    if (packet.frontend == forwarding::no_frontend)
        packet.frontend = find_vip(
            packet, context.table.backends[packet.backend].frontends[position], context);
    if (packet.frontend == forwarding::no_frontend) {
        packet.verdict = Verdict::reply_vip_unknown;
        return;
    }
    packet.service = context.table.frontends[packet.frontend].service;
    const bool is_ike = packet.datagram.kind == ike::Kind::ike;
    const auto pair =
        is_ike ? context.directory.pairs.find_noted(sessions::pair_key(packet.ike_header()),
                                                    context.table.timeouts.pair, context.now)
               : std::nullopt;
    const auto said = proof_of(packet, pair);
    const auto proof = within_limits(packet, said, pair, context);
    if (is_ike) {
        count_answer(packet, context);
        learn_pair(packet, pair, proof, context);
    }
    learn_client(packet, said, proof, context);
}

}  // namespace ikelb::pipeline
