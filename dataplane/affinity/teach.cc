// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <array>
#include <mutex>

#include "dataplane/affinity/commit.h"
#include "dataplane/affinity/learn.h"
#include "dataplane/ike/payload_walk.h"

namespace ikelb::affinity {
namespace {

using forwarding::is_within, forwarding::GatewayIndex;
using pipeline::Verdict, sessions::IkeSa, sessions::Login, sessions::Pending, sessions::SaState;

// ESP that was on its way when an SA ended comes no later than this after the delete.
constexpr Seconds in_flight = 5;

/// New places of one IKE SA, and of one client prefix, since a request can be replayed from any
/// place; and of one prefix by speech, which one SA on the move can have anywhere.
constexpr forwarding::Rate places_per_pair{.per_second = 1, .burst = 8},
    places_per_source{.per_second = 10, .burst = 200},
    speech_per_source{.per_second = 20, .burst = 4000};

/// True if the proof raises the state; a confirmed state yields to another confirmed one only.
constexpr bool raises(SaState proof, SaState state) noexcept {
    return state >= SaState::established ? proof != state && proof >= SaState::established
                                         : proof > state;
}

/// A Peer's word: where the SA's backend sends now, for people to see. before: 0 for a new SA.
std::uint64_t peer_after(const Packet& packet, std::uint64_t before, bool is_confirmed,
                         Seconds now) noexcept {
    sessions::Peer peer = sessions::Peer::unpack(before);
    const std::uint32_t client = sessions::name_of(packet.destination);
    const std::uint16_t port = packet.destination_port.to_host();
    const Seconds age = before == 0 ? 0 : std::min(peer.age(now), sessions::Peer::oldest);
    peer.created = sessions::Peer::created_at(now - age);
    const bool has_moved = before != 0 && (peer.client != client || peer.port != port);
    if (has_moved && is_confirmed && peer.moves < 31) ++peer.moves;
    peer.client = client;
    peer.port = port;
    return peer.pack();
}

std::uint64_t began_after(const Packet& packet, std::uint64_t before, const Lesson& lesson,
                          bool is_new, const Context& context) noexcept {
    sessions::Began began = sessions::Began::unpack(before);
    if (is_new && lesson.sa == SaState::half_open)
        began.client = sessions::origin_of(packet.destination, context.table.hash_key);
    const std::uint32_t id = packet.ike_header().message_id.to_host();
    if (lesson.is_answer && id >= began.next_id && id != ~0u) began.next_id = id + 1;
    return began.pack();
}

/// An answered login may have failed, and a delete may be of a child alone. Later ESP tells, but
/// names no SPI of its IKE SA, so the tuple's record has to say which SA the ESP confirms.
void note_login(const Packet& packet, const sessions::IkeSaKey& ike_sa, SaState state,
                Context& context) noexcept {
    const Login login{ref_of(packet.backend, context), state == SaState::closing, context.now};
    keep(context.sessions.logins, login_of_receiver(packet, context), login, context, &ike_sa);
}

/// ESP confirms the login that its backend answered last at its tuple, among SAs that began at this
/// very address, or the SA that was confirmed before the hint of a delete.
void confirm_login(const Packet& packet, BackendRef ref, Context& context) noexcept {
    const auto key = login_of_receiver(packet, context);
    auto& logins = context.sessions.logins;
    const auto login = find_noted(logins, key, context);
    if (!login || login->record.backend != ref ||
        (login->record.is_closing && is_within(in_flight, login->record.last_seen, context.now)))
        return;
    note(logins.erase(key), context);
    const sessions::IkeSaKey& ike_sa = login->notes;
    const auto found =
        ike_sa[0] == 0 ? std::nullopt : find_noted(context.sessions.ike_sas, ike_sa, context);
    if (!found || found->record.backend != ref) return;
    IkeSa confirmed = found->record;
    confirmed.state = SaState::established;
    confirmed.is_over |= login->record.is_over;
    confirmed.last_seen = context.now;
    const std::optional<IkeSa> before = found->record;
    write_to(context.sessions.ike_sas, ike_sa, confirmed, sessions::Evict::oldest_by_half, context,
             &found->notes, &before);
}

void teach_ike_sa(const Packet& packet, const std::optional<Pair>& found, const Lesson& lesson,
                  Context& context) noexcept {
    if (!lesson.sa || packet.ike_header().responder_spi.wire() == 0) return;
    const SaState proof = *lesson.sa;
    const auto key = sessions::ike_sa_key(packet.ike_header());
    const BackendRef ref = ref_of(packet.backend, context);
    // Another backend's IKE SA stays its own as long as that backend counts.
    const bool is_own = found && found->record.backend == ref;
    if (proof == SaState::closing && !(is_own && found->record.is_confirmed())) return;
    if (found && !is_own && counts(found->record.backend, packet.service, context)) return;
    const Pair none;
    const Pair& known = is_own ? *found : none;
    // A login that began elsewhere would hide the login that ESP is to confirm here.
    if (proof == SaState::closing ||
        (proof == SaState::answered && is_own && began_here(packet, found, context)))
        note_login(packet, key, proof, context);
    auto& ike_sas = context.sessions.ike_sas;
    const bool is_raised = !is_own || raises(proof, found->record.state);
    IkeSa desired{.backend = ref,
                  .state = is_raised ? proof : found->record.state,
                  .is_over = lesson.ends_sa,
                  .service = packet.service,
                  .last_seen = context.now};
    const std::array notes{peer_after(packet, known.notes[0], desired.is_confirmed(), context.now),
                           began_after(packet, known.notes[1], lesson, !is_own, context)};
    const bool is_due = is_raised || desired.service != known.record.service ||
                        desired.is_over != known.record.is_over ||
                        !is_within(refresh_interval - 1, known.record.last_seen, context.now);
    if (!is_due && notes == known.notes) return;
    if (!is_due) desired.last_seen = known.record.last_seen;
    const auto before = found ? std::optional{found->record} : std::nullopt;
    const bool is_written =
        write_to(ike_sas, key, desired, sessions::Evict::oldest_by_half, context, &notes, &before);
    if (is_written && !found) context.counters.pairs_learned.add(1);
    if (is_written || !is_own || !is_due) return;
    IkeSa renewed = known.record;  // the known state lives on
    renewed.last_seen = context.now;
    ike_sas.refresh(key, known.record, renewed);
}

/// Client persistence keeps its backend, else one roamer who enters an office's NAT would take the
/// office along. But a backend that takes no returning clients gives way to one that does, or the
/// client would leave its present server at its next login.
void teach_persistence(const Packet& packet, BackendRef ref, Context& context) noexcept {
    const forwarding::Service& service = context.table.services[packet.service];
    if (service.affinity != forwarding::Affinity::source) return;
    const auto found = find_persistence(packet.destination, packet.service, context);
    const auto key =
        sessions::persistence_key(service.client_of(packet.destination), packet.service);
    sessions::Persistence persistence{.backend = ref, .last_seen = context.now};
    auto& persistences = context.sessions.persistences;
    if (found && found->backend == ref) {
        if (!is_within(refresh_interval - 1, found->last_seen, context.now))
            persistences.refresh(key, *found, persistence);
        return;
    }
    const auto takes = [&](BackendRef one) {
        return context.table.backends[one.index].takes_returning_clients(packet.is_v6);
    };
    if (!found || !counts(found->backend, packet.service, context) ||
        (takes(ref) && !takes(found->backend)))
        write_to(persistences, key, persistence, sessions::Evict::never, context, nullptr, &found);
}

/// The remembered request that a backend's IKE message answers.
std::optional<Pending> answered_request(const Packet& packet, const Context& context) noexcept {
    if (packet.datagram.kind != ike::Kind::ike) return std::nullopt;
    const ike::Header& header = packet.ike_header();
    if (header.major_version() == 2 && !header.is_response()) return std::nullopt;
    return find_live(context.sessions.pending,
                     request_key(flow_of_receiver(packet), header, context), context);
}

/// Returns true if the backend may get a new place at a client tuple. Spends tokens.
bool may_add_place(const Packet& packet, const Lesson& lesson, Context& context) noexcept {
    const net::HashKey& secret = context.table.hash_key;
    const std::uint64_t now = context.now_micros;
    pipeline::WorkerMemory& memory = context.memory;
    if (lesson.said == Said::spoke)
        return memory.speech_by_source.take(packet.destination, secret, now, speech_per_source);
    if (lesson.said < Said::nominated) return true;
    // By both SPIs: any client can begin an SA under another's first SPI. No replay is answered
    // afresh, or as a login's next message: fresh answers and login messages have their own shares.
    const ike::Header& header = packet.ike_header();
    const auto ike_sa = sessions::WholeKey::hash(sessions::ike_sa_key(header), secret);
    if (lesson.said != Said::nominated)
        return memory.nominations_by_pair.take(~ike_sa, now, places_per_pair);
    const std::uint32_t step = lesson.sa == SaState::answered ? header.message_id.wire() : 0;
    return memory.nominations_by_pair.take(net::keyed_hash(step, ike_sa, secret), now,
                                           places_per_pair) &&
           memory.nominations_by_source.take(packet.destination, secret, now, places_per_source);
}

/// Enters the backend at a tuple of other backends, or of none. False: nothing has changed.
bool join(const Packet& packet, const std::optional<Flow>& flow, const Lesson& lesson,
          GatewayIndex gateway, Context& context) noexcept {
    const BackendRef ref = ref_of(packet.backend, context);
    const auto key = flow_of_receiver(packet);
    Tuple tuple = flow ? tuple_of(key, *flow, packet.service, context) : Tuple{};
    const bool is_new = tuple.find(ref) == nullptr;
    if (is_new && (lesson.said <= Said::alive || !may_add_place(packet, lesson, context)))
        return false;
    const bool was_empty = tuple.all().empty();
    const bool has_changed = tuple.hear(ref, lesson.said, context.now);
    const auto all = tuple.all();
    // The flow's former backend may have gone since.
    const bool is_left = flow && !all.empty() && all.front().backend != flow->backend;
    if (!has_changed && !is_left) return false;
    const bool has_rivals = all.size() > 1;
    // Written first: a reader that finds the flow's mark finds the rivals.
    const auto write_rivals = [&] {
        if (!has_rivals) return sessions::WriteOutcome::written;
        const Tuple::Notes notes = tuple.notes(context.now);
        return context.sessions.rivals.write(sessions::hashed(key, context.sessions.secret),
                                             tuple.rivals(context.now), context.table.timeouts,
                                             context.now, sessions::Evict::oldest_by_half, &notes);
    };
    const Stander& first = all.front();
    const bool is_same = flow && flow->backend == first.backend;
    const Flow desired{.backend = first.backend,
                       .standing = first.standing,
                       .awaits = is_same && flow->awaits,
                       .has_rivals = has_rivals,
                       .is_over = is_same && flow->is_over,
                       .gateway = gateway,
                       .last_seen = first.last};
    if (flow == std::optional{desired}
            ? !note(write_rivals(), context)
            : !write_to(context.sessions.flows, key, desired, sessions::Evict::oldest_by_half,
                        context, nullptr, &flow, write_rivals))
        return false;
    if (was_empty)
        context.counters.flows_committed.add(1);
    else if (!is_same)
        context.counters.flows_moved.add(1);
    return true;
}

/// Sets the packet's gateway and teaches its tuple. False: the tuple has not changed.
bool teach_tuple(Packet& packet, const Lesson& lesson, GatewayIndex way,
                 Context& context) noexcept {
    const auto key = flow_of_receiver(packet);
    const auto flow = find_live(context.sessions.flows, key, context);
    const bool has_way = way != forwarding::no_gateway;
    GatewayIndex usual = flow ? flow->gateway : forwarding::no_gateway;
    if (usual == forwarding::no_gateway && lesson.said != Said::nothing)
        usual = context.table.default_gateway(packet.destination, packet.frontend);
    packet.gateway = has_way ? way : usual;
    const GatewayIndex stored = has_way && lesson.turns_gateway ? way : usual;
    const bool is_own = flow && flow->backend == ref_of(packet.backend, context);
    // An IKEv1 answer at its backend's own flow proves life, and no more.
    const bool is_weak = is_own && lesson.said == Said::nominated &&
                         packet.ike_header().major_version() == 1 &&
                         flow->standing >= Standing::strong;
    const Said said = is_weak ? Said::alive : lesson.said;
    const bool is_over = lesson.ends_sa || (lesson.sa == SaState::closing && !lesson.is_answer);
    Flow desired{};
    if (is_own) {
        desired = renewed(*flow, said, context.now);
        desired.gateway = stored;
        const bool has_changed = desired != *flow;
        if (has_changed || is_over) desired.is_over = is_over;
        if (!has_changed && is_over) context.sessions.flows.refresh(key, *flow, desired);
        if (!has_changed) return false;
    } else if (!flow && said <= Said::alive) {
        return false;
    }
    // No worker waits for the lock: the backend's next datagram teaches the same again.
    const std::unique_lock hold{context.sessions.tuple(hash_of(key, context)), std::try_to_lock};
    if (!hold) return note(sessions::WriteOutcome::busy, context);
    if (!is_own) return join(packet, flow, lesson, stored, context);
    const bool is_rewritten =
        desired.standing != flow->standing || desired.gateway != flow->gateway;
    if (is_rewritten && write_to(context.sessions.flows, key, desired,
                                 sessions::Evict::oldest_by_half, context, nullptr, &flow))
        return true;
    desired.standing = flow->standing;  // the known state lives on
    desired.gateway = flow->gateway;
    return context.sessions.flows.refresh(key, *flow, desired);
}

void count_answer(const Packet& packet, Context& context) noexcept {
    const ike::Header& header = packet.ike_header();
    if (header.major_version() == 2 && !header.is_response()) return;
    const auto member = context.table.member(packet.service, packet.backend);
    if (member) context.counters.ike[*member].answers.add(1);
}

/// Serves the retry that a COOKIE or another group asks for; steers the client's own SPIi alone.
void teach_choice(const Packet& packet, Context& context) noexcept {
    if (packet.ike_header().exchange != ike::exchange::ike_sa_init || !is_response(packet)) return;
    const std::uint64_t cookie = ike::cookie_of(packet.ike_message(), context.table.hash_key);
    keep_choice(packet, static_cast<std::uint8_t>(cookie), context);
}

/// An unprotected notify: servers send it about foreign SPIs.
bool is_refusal(const Packet& packet) noexcept {
    const ike::Header& header = packet.ike_header();
    return is_response(packet) && header.exchange != ike::exchange::ike_sa_init &&
           header.next_payload == ike::payload::notify;
}

}  // namespace

void take_reply(Packet& packet, Context& context) noexcept {
    if (packet.is_later_fragment || packet.is_icmp_error) return;
    const bool is_ike = packet.datagram.kind == ike::Kind::ike;
    const auto ike_sa = is_ike ? find_noted(context.sessions.ike_sas,
                                            sessions::ike_sa_key(packet.ike_header()), context)
                               : std::nullopt;
    // A record from before a flush or a removal says nothing about the present backend.
    const std::optional<Pair> none;
    const auto& known = ike_sa && context.table.is_current(ike_sa->record.backend) ? ike_sa : none;
    packet.frontend = reply_vip(packet, known, context);
    if (packet.frontend == forwarding::no_frontend)
        return packet.decide(Verdict::reply_vip_unknown);
    packet.service = context.table.frontends[packet.frontend].service;
    Lesson lesson = learn(packet, known, context);
    const BackendRef ref = ref_of(packet.backend, context);
    const auto request = answered_request(packet, context);
    // RFC 7296 section 1.4.1: the answer to a child's delete deletes the child's other half.
    lesson.ends_sa = request && request->is_delete && lesson.said == Said::strong &&
                     lesson.sa == SaState::established;
    if (is_ike) {
        if (request && request->steers() && request->backend != ref && is_refusal(packet))
            return packet.decide(Verdict::refusal_of_copy);
        count_answer(packet, context);
        teach_choice(packet, context);
        teach_ike_sa(packet, ike_sa, lesson, context);
    }
    const GatewayIndex way = request ? request->gateway : forwarding::no_gateway;
    if (!teach_tuple(packet, lesson, way, context) || lesson.said != Said::spoke) return;
    if (!is_ike) confirm_login(packet, ref, context);
    teach_persistence(packet, ref, context);
}

}  // namespace ikelb::affinity
