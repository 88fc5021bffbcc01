// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/ike/payload_walk.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

using tables::FrontendIndex;
using tables::GatewayIndex;
using tables::Record;
using tables::RecordState;
using tables::WriteOutcome;
using tables::is_confirmed;

// A shared last_seen is written at most this often: its cache line is read by every worker.
constexpr tables::Seconds refresh_interval = 30;

/// What a packet of a backend says about one record.
struct Claim {
    tables::BackendRef backend{};
    tables::ServiceIndex service = 0;
    std::optional<RecordState> proof{};      ///< nullopt: sign of life only
    std::optional<GatewayIndex> gateway{};   ///< to store now; nullopt: keep what is there
};

bool note(WriteOutcome outcome, Context& context) noexcept {
    if (outcome == WriteOutcome::busy) context.counters.directory_busy.add(1);
    if (outcome == WriteOutcome::full) context.counters.directory_full.add(1);
    return outcome == WriteOutcome::written;
}

/// Does the proof raise the state? A tentative record becomes what a session proves, no less: it
/// stands among the confirmed ones.
constexpr bool raises(RecordState proof, RecordState state) noexcept {
    if (state == RecordState::tentative) return is_confirmed(proof);
    if (state == RecordState::half_open) return proof != RecordState::half_open;
    if (state == RecordState::answered) return is_confirmed(proof);
    return state != proof && is_confirmed(proof);
}

/// May another backend's packet take a record over? Only where the recorded one cannot have the
/// client any more: a stale SA's chatter must not flap a live client. And only with a proof that
/// somebody who merely spoofs the client's address cannot provoke. The claim has a proof.
bool may_take_over(const Record& record, const Claim& claim, const Context& context) noexcept {
    if (!context.table.is_current(record.backend) || record.state == RecordState::tentative ||
        context.table.member(claim.service, record.backend.index) == tables::no_member)
        return true;
    return *claim.proof != RecordState::half_open &&
           !context.table.backends[record.backend.index].takes_returning_clients();
}

enum class Change : std::uint8_t { none, refreshed, created, moved };

/// Brings one record up to date. found: what find() says now.
template <typename Regions, typename Key>
Change update(Regions& regions, const Key& key, const std::optional<Record>& found,
              const Claim& claim, const tables::Lifetimes& lives, Context& context) noexcept {
    if (found && found->backend == claim.backend) {
        Record desired = *found;
        if (claim.proof && raises(*claim.proof, found->state)) desired.state = *claim.proof;
        if (claim.gateway) desired.gateway = *claim.gateway;
        if (desired == *found &&
            is_within(refresh_interval - 1, found->last_seen, context.now))
            return Change::none;
        desired.last_seen = context.now;
        Record renewed = *found;
        renewed.last_seen = context.now;
        if (renewed == desired) {
            regions.refresh(key, *found, renewed);
        } else if (!note(regions.write(key, desired, lives, context.now), context)) {
            // No room or no lock for what is proven: what was known lives on meanwhile.
            regions.refresh(key, *found, renewed);
        } else if (is_confirmed(desired.state) && !is_confirmed(found->state)) {
            // Left there, it could speak again when the confirmed one has ended.
            note(regions.provisional.erase(key), context);
        }
        return Change::refreshed;
    }
    if (!claim.proof || (found && !may_take_over(*found, claim, context)))
        return Change::none;
    if (found && is_confirmed(found->state) && !is_confirmed(*claim.proof) &&
        !note(regions.forget_confirmed(key), context))
        return Change::none;
    const Record record{.backend = claim.backend,
                        .state = *claim.proof,
                        .gateway = claim.gateway.value_or(tables::no_gateway),
                        .last_seen = context.now};
    if (!note(regions.write(key, record, lives, context.now), context)) return Change::none;
    return found ? Change::moved : Change::created;
}

std::optional<RecordState> proof_of(const Packet& packet) noexcept {
    if (packet.datagram.kind == ike::Kind::esp) return RecordState::established;
    if (packet.datagram.kind != ike::Kind::ike) return std::nullopt;
    switch (ike::evidence_of(packet.ike_message())) {
        case ike::Evidence::half_open: return RecordState::half_open;
        case ike::Evidence::login: return RecordState::answered;
        case ike::Evidence::session: return RecordState::established;
        case ike::Evidence::none: break;
    }
    // A backend that opens an SA itself wants the answer back (it fills an empty flow only).
    const ike::Header& header = packet.ike_header();
    const bool opens = header.responder_spi.wire() == 0 &&
                       (header.major_version() == 1 ||
                        (header.exchange == ike::exchange::ike_sa_init && !header.is_response()));
    return opens ? std::optional{RecordState::half_open} : std::nullopt;
}

tables::BackendRef ref_of(const Packet& packet, const Context& context) noexcept {
    return {.index = packet.backend,
            .generation = context.table.backends[packet.backend].generation};
}

std::optional<Record> flow_at(const Packet& packet, FrontendIndex frontend,
                              const Context& context) noexcept {
    return context.directory.flows.find(
        tables::flow_key(packet.destination, packet.destination_port, frontend),
        context.table.timeouts.flow, context.now);
}

/// The VIP of a reply from a backend that serves several: the SA's own by its SPIs, else the one
/// that holds this flow, else the one that this client uses. Two candidates are as bad as none.
FrontendIndex find_vip(const Packet& packet, const std::vector<FrontendIndex>& candidates,
                       const Context& context) noexcept {
    const tables::ForwardingTable& table = context.table;
    const auto ref = ref_of(packet, context);
    const auto the_only_one = [&](auto&& holds) {
        FrontendIndex only = tables::no_frontend;
        for (const FrontendIndex candidate : candidates) {
            if (!holds(candidate)) continue;
            if (only != tables::no_frontend) return tables::no_frontend;
            only = candidate;
        }
        return only;
    };
    const auto is_ours = [&](const std::optional<Record>& record) {
        return record && record->backend == ref;
    };
    FrontendIndex vip = tables::no_frontend;
    if (packet.datagram.kind == ike::Kind::ike) {
        const auto pair = context.directory.pairs.find(tables::pair_key(packet.ike_header()),
                                                       table.timeouts.pair, context.now);
        vip = the_only_one([&](FrontendIndex candidate) {
            const auto service = table.frontends[candidate].service;
            if (pair) return is_ours(pair) && pair->gateway == service;
            const auto choice = context.directory.half_open.find(
                tables::half_open_key(packet.ike_header(), packet.destination, service));
            return is_ours(choice) &&
                   is_within(table.timeouts.half_open, choice->last_seen, context.now);
        });
    }
    if (vip == tables::no_frontend)
        vip = the_only_one([&](FrontendIndex candidate) {
            return is_ours(flow_at(packet, candidate, context));
        });
    if (vip == tables::no_frontend)
        vip = the_only_one([&](FrontendIndex candidate) {
            return is_ours(context.directory.bindings.find(
                tables::binding_key(packet.destination, table.frontends[candidate].service),
                table.timeouts.flow, context.now));
        });
    return vip;
}

/// The gateway that the request came from which this packet answers, if it was another one than
/// replies take without a record.
std::optional<GatewayIndex> pending_gateway(const Packet& packet,
                                            const Context& context) noexcept {
    if (packet.datagram.kind != ike::Kind::ike) return std::nullopt;
    const ike::Header& header = packet.ike_header();
    // IKEv1 has no response flag: whatever follows the request is its answer.
    if (header.major_version() == 2 && !header.is_response()) return std::nullopt;
    const auto flow =
        tables::flow_key(packet.destination, packet.destination_port, packet.frontend);
    const auto pending = context.directory.pending_gateways.find(
        {request_key(flow, header, context.table.hash_key)});
    if (!pending ||
        !is_within(context.table.timeouts.pending, pending->last_seen, context.now))
        return std::nullopt;
    return pending->gateway;
}

/// Sets the gateway this packet takes; returns the one that the flow's record is to remember.
std::optional<GatewayIndex> choose_gateway(Packet& packet, const std::optional<Record>& own,
                                           std::optional<RecordState> proof,
                                           const Context& context) noexcept {
    const auto pending = pending_gateway(packet, context);
    if (own) {
        packet.gateway = pending.value_or(own->gateway);
        // Whoever spoofs an address is answered an IKE_SA_INIT too. A confirmed flow's way back
        // changes only by an answer that was made for the holder of the SA's keys.
        const bool may_change = !is_confirmed(own->state) ||
                                (proof && proof != RecordState::half_open);
        return may_change ? pending : std::nullopt;
    }
    if (!proof && packet.datagram.kind != ike::Kind::ike) return std::nullopt;
    packet.gateway =
        pending.value_or(default_gateway(packet.destination, packet.frontend, context.table));
    return packet.gateway;
}

tables::FlowKey flow_key_of(const Packet& packet) noexcept {
    return tables::flow_key(packet.destination, packet.destination_port, packet.frontend);
}

Login& login_of(const tables::FlowKey& flow, Context& context) noexcept {
    auto& logins = context.memory.logins;
    return logins[tables::keyed_hash(flow[0], context.table.hash_key) % logins.size()];
}

/// An answered login is not yet a session: anybody can be answered that he has failed. ESP is,
/// but names no SPI of its IKE SA, so the flow has to tell which one it confirms.
void confirm_login(const Packet& packet, const Claim& claim, Context& context) noexcept {
    const auto flow = flow_key_of(packet);
    Login& login = login_of(flow, context);
    if (login.flow != flow) return;
    const auto& lives = context.table.timeouts.pair;
    const auto found = context.directory.pairs.find(login.pair, lives, context.now);
    if (found && found->backend == claim.backend)
        update(context.directory.pairs, login.pair, found,
               {.backend = claim.backend,
                .service = claim.service,
                .proof = RecordState::established}, lives, context);
    login = {};
}

void learn_pair(const Packet& packet, std::optional<RecordState> proof,
                Context& context) noexcept {
    const ike::Header& header = packet.ike_header();
    if (!proof || header.responder_spi.wire() == 0) return;
    if (ike::hints_at_delete(packet.ike_message())) proof = RecordState::closing;
    const auto key = tables::pair_key(header);
    const auto& lives = context.table.timeouts.pair;
    const auto found = context.directory.pairs.find(key, lives, context.now);
    if (proof == RecordState::closing && !(found && is_confirmed(found->state))) return;
    if (proof == RecordState::answered) {
        const auto flow = flow_key_of(packet);
        login_of(flow, context) = {.flow = flow, .pair = key};
    }
    const Claim claim{.backend = ref_of(packet, context),
                      .service = packet.service,
                      .proof = proof,
                      .gateway = static_cast<GatewayIndex>(packet.service)};
    if (update(context.directory.pairs, key, found, claim, lives, context) == Change::created)
        context.counters.pairs_learned.add(1);
}

bool backend_is_ambiguous(const Packet& packet, const Context& context) noexcept {
    return context.table.backends[packet.backend].is_ambiguous();
}

/// The same client tuple on another VIP of the same backend: the server cannot tell the two apart,
/// and the SA that was proven last is the one that its ESP is of.
void forget_other_vips(const Packet& packet, tables::BackendRef ref, Context& context) noexcept {
    const auto position = tables::service_port_position(packet.source_port);
    for (const FrontendIndex other :
         context.table.backends[packet.backend].frontends[position]) {
        if (other == packet.frontend) continue;
        const auto record = flow_at(packet, other, context);
        if (!record || record->backend != ref) continue;
        const auto key =
            tables::flow_key(packet.destination, packet.destination_port, other);
        note(context.directory.flows.confirmed.erase(key), context);
        note(context.directory.flows.provisional.erase(key), context);
    }
}

/// The flow first; the binding follows when the flow's record was written, so that a packet of an
/// established SA costs one look-up.
void learn_client(Packet& packet, std::optional<RecordState> proof, Context& context) noexcept {
    const auto& lives = context.table.timeouts.flow;
    const auto found = flow_at(packet, packet.frontend, context);
    Claim claim{
        .backend = ref_of(packet, context), .service = packet.service, .proof = proof};
    const bool is_own = found && found->backend == claim.backend;
    claim.gateway =
        choose_gateway(packet, is_own ? found : std::nullopt, proof, context);
    const Change change = update(
        context.directory.flows,
        tables::flow_key(packet.destination, packet.destination_port, packet.frontend), found,
        claim, lives, context);
    if (change == Change::none) return;
    if (change == Change::created) context.counters.flows_committed.add(1);
    if (change == Change::moved) context.counters.flows_moved.add(1);
    const auto key = tables::binding_key(packet.destination, packet.service);
    if (backend_is_ambiguous(packet, context) && proof && proof != RecordState::half_open)
        forget_other_vips(packet, claim.backend, context);
    claim.gateway = std::nullopt;
    if (packet.datagram.kind == ike::Kind::esp) confirm_login(packet, claim, context);
    update(context.directory.bindings, key,
           context.directory.bindings.find(key, lives, context.now), claim, lives, context);
}

}  // namespace

void learn(Packet& packet, Context& context) noexcept {
    if (packet.is_later_fragment || packet.is_icmp_error) return;
    const tables::Backend& backend = context.table.backends[packet.backend];
    const std::size_t position = tables::service_port_position(packet.source_port);
    packet.frontend = backend.reply_frontend[position];
    if (packet.frontend == tables::no_frontend)
        packet.frontend = find_vip(packet, backend.frontends[position], context);
    if (packet.frontend == tables::no_frontend) {
        packet.verdict = Verdict::reply_vip_unknown;
        return;
    }
    packet.service = context.table.frontends[packet.frontend].service;
    const auto proof = proof_of(packet);
    if (packet.datagram.kind == ike::Kind::ike) learn_pair(packet, proof, context);
    learn_client(packet, proof, context);
}

}  // namespace ikelb::pipeline
