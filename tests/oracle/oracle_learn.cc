// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "tests/oracle/oracle.h"

namespace ikelb::oracle {

// Lessons from a backend's datagram: docs/life-of-a-packet.md.

namespace {

constexpr Seconds fragment_life = 5, login_life = 5 * 60;
/// A shared last_seen is written at most this often.
constexpr Seconds refresh_interval = 30;
/// ESP that the dead SA sent before its delete may still come.
constexpr Seconds in_flight = 5, closing_life = 3 * 60;
/// Limits on new places of backends.
constexpr Rate places_of_pair{.per_second = 1, .burst = 8},
    places_of_source{.per_second = 10, .burst = 200},
    speech_of_source{.per_second = 20, .burst = 4000};

bool is_encrypted(const Ike& ike) {
    return ike.first == First::encrypted || ike.first == First::encrypted_fragment;
}

bool is_malformed(const Event& event) {
    if (event.kind == Kind::cut) return true;
    if (event.kind == Kind::esp) return event.esp.spi < 256;
    if (event.kind == Kind::keepalive) return false;
    return event.ike.version == 0 || event.ike.spi_i == 0 ||
           (event.ike.version == 2 && event.ike.exchange == sa_init && !event.ike.is_response &&
            event.ike.spi_r != 0);
}

bool is_ike(const Event& event) { return event.kind == Kind::ike && !is_malformed(event); }

/// An answer under the keys of an SA: IKEv2 only, whose header tells.
bool is_answer(const Event& event) {
    return is_ike(event) && event.ike.version == 2 && event.ike.is_response &&
           event.ike.spi_r != 0 && is_encrypted(event.ike);
}

Stander stander(int backend, int generation, Seconds now) {
    return {.backend = backend, .generation = generation, .last = now};
}

}  // namespace

/// The datagram's proof of its IKE SA; nullopt: none.
std::optional<Oracle::State> Oracle::proof(const Event& event) const {
    if (!is_ike(event)) return std::nullopt;
    const Ike& ike = event.ike;
    const auto known = ike_sas_.find({ike.spi_i, ike.spi_r});
    const auto is_known_as = [&](State state) {
        return known != ike_sas_.end() && is_alive(known->second) && is_current(known->second) &&
               known->second.state == state;
    };
    if (ike.spi_r == 0) return std::nullopt;
    if (ike.version == 1) {
        const bool is_phase_1 = ike.exchange == main_mode;
        if (!is_encrypted(ike)) return is_phase_1 ? std::optional{State::half_open} : std::nullopt;
        if (is_phase_1 || ike.exchange == v1_transaction) return State::answered;
        // A failed login is answered in this exchange, too.
        if (ike.exchange == v1_informational) {
            if (is_known_as(State::answered)) return State::answered;
            if (!is_known_as(State::established) && !is_known_as(State::closing))
                return std::nullopt;
        }
        return State::established;
    }
    if (is_encrypted(ike)) {
        if (ike.exchange == ike_auth || ike.exchange == intermediate) return State::answered;
        // Under the INIT's keys a message proves no session.
        if (is_known_as(State::half_open)) return std::nullopt;
        return State::established;
    }
    if (ike.is_response && (ike.exchange == sa_init || ike.exchange == session_resume) &&
        ike.holds_sa)
        return State::half_open;
    return std::nullopt;
}

/// Evidence about the backend at the client's place.
Said Oracle::said(const Event& event, int vip, const std::optional<Pair>& fresh_of) {
    if (is_malformed(event) || event.kind == Kind::keepalive) return Said::alive;
    if (event.kind == Kind::esp) return Said::spoke;
    const Ike& ike = event.ike;
    if (ike.version == 1) {
        if (ike.spi_r == 0) return Said::called;
        if (!is_encrypted(ike)) return Said::nothing;
        const auto there = standers({event.place, vip});
        const bool has_flow = !there.empty() && there.front().backend == event.backend &&
                              there.front().standing >= Standing::nominated &&
                              standers_[{event.place, vip}].is_first(event.backend);
        return has_flow ? Said::alive : Said::nominated;
    }
    if (ike.spi_r == 0)
        return ike.exchange == sa_init && !ike.is_response ? Said::called : Said::nothing;
    if (!is_encrypted(ike)) return Said::nothing;
    if (!ike.is_response) return Said::spoke;
    const Pair* const its = ike_sa({ike.spi_i, ike.spi_r}, vip);
    if (!fresh_of || its == nullptr) return Said::nominated;
    const bool is_of_sa = its->state == State::established || its->state == State::closing;
    const bool is_of_login = ike.exchange == ike_auth && fresh_of->began == event.place.client;
    return is_of_sa ? Said::strong : is_of_login ? Said::login : Said::nominated;
}

/// The IKE SA of an answer with a fresh message ID, before the ID is noted.
std::optional<Oracle::Pair> Oracle::fresh_pair(const Event& event) const {
    if (!is_answer(event)) return std::nullopt;
    const auto found = ike_sas_.find({event.ike.spi_i, event.ike.spi_r});
    if (found == ike_sas_.end() || !is_alive(found->second) || !is_current(found->second))
        return std::nullopt;
    const Pair& its = found->second;
    const bool is_fresh =
        its.answered ? event.ike.message_id > *its.answered : its.began.has_value();
    return is_fresh && its.backend == event.backend ? std::optional{its} : std::nullopt;
}

Decision Oracle::from_backend(const Event& event) {
    if (event.part == Part::later) return later_from_backend(event);
    const int vip = vip_of_reply(event);
    Decision decision{.verdict = vip < 0 ? "reply_vip_unknown" : "to_client", .vip = vip};
    if (vip >= 0 && is_refusal_of_copy(event, vip)) decision = {.verdict = "refusal_of_copy"};
    const auto way = way_of_answer(event, vip);
    const int recorded = way.value_or(router_of({event.place, vip}));
    if (decision.verdict == "to_client")
        decision.router = router_to(event.place.client, recorded);
    if (event.part == Part::first)
        passing_.fragments[{1, event.place.client, event.backend, event.fragment_id}] = {
            decision, now_, recorded};
    if (decision.verdict != "to_client") return decision;
    const auto fresh_of = fresh_pair(event);
    if (is_over_share(event)) {
        learn_ike_sa(event, vip, State::half_open);
        decision.rule = learn_place(event, vip, Said::alive) + ", above its share";
        return decision;
    }
    bool turns = is_v1_before_its_sa(event);
    const auto its = proof(event);
    // A server repeats an old delete for a repeated request.
    const bool is_old_delete = event.ike.holds_delete && is_answer(event) && !fresh_of;
    if (is_ike(event)) learn_ike_sa(event, vip, is_old_delete ? std::nullopt : its);
    if (its && !is_old_delete) note_answer(event, vip);
    const Said what = said(event, vip, fresh_of);
    turns = turns || what == Said::login || what == Said::strong;
    // Without a record each part leaves by the usual router of its time.
    if (event.part == Part::first && what == Said::nothing && !way &&
        !standers_[{event.place, vip}].flow(now_))
        passing_.fragments[{1, event.place.client, event.backend, event.fragment_id}].router = {};
    decision.rule = learn_place(event, vip, what, turns ? way : std::nullopt);
    return decision;
}

/// Any source can have failing logins answered. SAs that began at another address draw on another
/// share than SAs that began at this one.
bool Oracle::is_over_share(const Event& event) {
    if (proof(event) != State::answered) return false;
    const auto found = ike_sas_.find({event.ike.spi_i, event.ike.spi_r});
    const bool is_known =
        found != ike_sas_.end() && is_alive(found->second) && is_current(found->second);
    if (is_known && found->second.state != State::half_open) return false;
    const bool began_here = is_known && found->second.backend == event.backend &&
                            found->second.began == event.place.client;
    return !passing_.logins_of_source
                .try_emplace({event.worker, source_of(event.place.client), began_here},
                             world_.logins_per_source)
                .first->second.take(now_);
}

Decision Oracle::later_from_backend(const Event& event) const {
    const auto first =
        passing_.fragments.find({1, event.place.client, event.backend, event.fragment_id});
    if (first == passing_.fragments.end() || now_ - first->second.since > fragment_life)
        return {.verdict = event.may_hold ? "hold_fragment" : "fragment_timeout"};
    if (first->second.decision.verdict == "to_client") {
        Decision decision = first->second.decision;
        const auto& recorded = first->second.router;
        decision.router = recorded ? router_to(event.place.client, *recorded) : usual_router();
        return decision;
    }
    return {.verdict = "fragment_of_drop"};
}

/// E15: the refusal of a backend that was asked by a copy and does not know the SA.
bool Oracle::is_refusal_of_copy(const Event& event, int vip) const {
    const Ike& ike = event.ike;
    if (!is_ike(event) || ike.version != 2 || !ike.is_response || ike.first != First::notify ||
        ike.exchange == sa_init)
        return false;
    const Pending* const asked = pending(event, vip);
    return asked && (asked->backend != event.backend ||
                     asked->generation != server(event.backend).generation);
}

/// The router of the request that this datagram answers. IKEv1 does not tell answers from requests.
std::optional<int> Oracle::way_of_answer(const Event& event, int vip) const {
    if (!is_ike(event) || (event.ike.version == 2 && !event.ike.is_response)) return std::nullopt;
    const Pending* const asked = pending(event, vip);
    return asked ? asked->router : std::nullopt;
}

/// True if an IKEv1 answer's router may become its flow's. It may answer a replay, so no longer
/// once the SA is confirmed.
bool Oracle::is_v1_before_its_sa(const Event& event) const {
    if (!is_ike(event) || event.ike.version != 1 || event.ike.spi_r == 0 ||
        !is_encrypted(event.ike))
        return false;
    const auto found = ike_sas_.find({event.ike.spi_i, event.ike.spi_r});
    return found == ike_sas_.end() || !is_alive(found->second) || !is_current(found->second) ||
           found->second.state == State::half_open || found->second.state == State::answered;
}

/// By the IKE SA, then by the tuple, then the only VIP that this client and this backend use.
int Oracle::vip_of_reply(const Event& event) {
    std::set<int> vips;
    for (std::size_t vip = 0; vip < members_.size(); ++vip)
        if (is_member(static_cast<int>(vip), event.backend)) vips.insert(static_cast<int>(vip));
    if (world_.has_aliases) return vips.contains(event.vip) ? event.vip : -1;
    if (vips.size() == 1) return *vips.begin();
    const auto the_only = [&](auto&& holds) {
        int only = -1;
        for (const int vip : vips) {
            if (!holds(vip)) continue;
            if (only >= 0) return -1;
            only = vip;
        }
        return only;
    };
    int vip = vip_of_spis(event, vips);
    if (vip < 0) vip = vip_of_standing(event, vips);
    if (vip < 0)
        vip = the_only([&](int one) {
            const Record* const bound = persistence(event.place.client, one);
            return bound && bound->backend == event.backend;
        });
    return vip;
}

int Oracle::vip_of_standing(const Event& event, const std::set<int>& vips) {
    int best = -1;
    Stander highest{.standing = Standing::called};
    for (const int vip : vips)
        for (const Stander& one : standers({event.place, vip})) {
            const auto rank = std::pair{one.standing, one.last};
            const auto other = std::pair{highest.standing, highest.last};
            if (one.backend != event.backend || rank < other) continue;
            best = rank == other ? -1 : vip;
            highest = one;
        }
    return best;
}

int Oracle::vip_of_spis(const Event& event, const std::set<int>& vips) const {
    if (!is_ike(event)) return -1;
    int only = -1;
    for (const int vip : vips) {
        const auto known = ike_sas_.find({event.ike.spi_i, event.ike.spi_r});
        bool is_its = false;
        if (known != ike_sas_.end() && is_alive(known->second) && is_current(known->second)) {
            is_its = known->second.backend == event.backend && known->second.vip == vip;
        } else {
            const auto asked =
                passing_.choices.find({event.place.client, event.ike.spi_i, vip});
            is_its = asked != passing_.choices.end() && is_current(asked->second) &&
                     asked->second.backend == event.backend &&
                     is_fresh(asked->second);
        }
        if (!is_its) continue;
        if (only >= 0) return -1;
        only = vip;
    }
    return only;
}

/// A stronger proof raises an IKE SA; a sign of life renews it every refresh_interval.
void Oracle::renew(Pair& its, State proof) const {
    const bool is_confirmed = proof == State::established || proof == State::closing;
    const bool raises = its.state == State::half_open  ? proof != State::half_open
                        : its.state == State::answered ? is_confirmed
                                                       : is_confirmed && its.state != proof;
    if (raises) its.state = proof;
    if (raises || now_ - its.last >= refresh_interval) its.last = now_;
}

void Oracle::learn_ike_sa(const Event& event, int vip, std::optional<State> proof) {
    const Ike& ike = event.ike;
    // A COOKIE's retry must reach the server that made the COOKIE.
    if (ike.version == 2 && ike.is_response && ike.exchange == sa_init)
        passing_.choices[{event.place.client, ike.spi_i, vip}] = {record_of(event.backend), true};
    if (!proof) return;
    const IkeSaKey key{ike.spi_i, ike.spi_r};
    if (ike.holds_delete && ike.version == 2 && *proof != State::half_open) proof = State::closing;
    if (proof == State::closing) {  // a delete shortens a known SA's life
        const auto found = ike_sas_.find(key);
        if (found == ike_sas_.end() || !is_alive(found->second) || !is_current(found->second) ||
            found->second.backend != event.backend || found->second.state == State::half_open ||
            found->second.state == State::answered)
            return;
    }
    const Pair* const begun = ike_sa(key, vip);
    const bool began_here = begun != nullptr && begun->backend == event.backend &&
                            begun->began == event.place.client;
    if (proof == State::closing || (proof == State::answered && began_here)) {
        Login& login = passing_.logins[{event.place.client, event.place.port, event.backend}];
        static_cast<Record&>(login) = record_of(event.backend);
        login.ike_sa = key;
        login.is_closing = proof == State::closing;
    }
    if (Pair* const known = ike_sa(key, vip)) {
        if (known->backend == event.backend) renew(*known, *proof);
        return;
    }
    Pair learned;
    static_cast<Record&>(learned) = record_of(event.backend);
    learned.state = *proof;
    learned.vip = vip;
    if (proof == State::half_open) learned.began = event.place.client;
    ike_sas_[key] = learned;
}

void Oracle::note_answer(const Event& event, int vip) {
    if (!is_answer(event)) return;
    if (Pair* const its = ike_sa({event.ike.spi_i, event.ike.spi_r}, vip);
        its && its->backend == event.backend)
        its->answered = std::max(its->answered.value_or(0), event.ike.message_id);
}

/// Limits how often a backend may get a new place.
bool Oracle::may_add_place(const Event& event, Said its) {
    if (its == Said::spoke)
        return passing_.speech_of_source
            .try_emplace({event.worker, source_of(event.place.client)}, speech_of_source)
            .first->second.take(now_);
    if (its == Said::nominated) return may_nominate(event);
    if (its < Said::nominated) return true;
    return passing_.fresh_answers_of_pair
        .try_emplace({event.worker, {event.ike.spi_i, event.ike.spi_r}}, places_of_pair)
        .first->second.take(now_);
}

/// A replay is answered under its old message ID: a login's next message has places of its own.
bool Oracle::may_nominate(const Event& event) {
    const std::uint32_t step = proof(event) == State::answered ? event.ike.message_id : 0;
    Bucket& of_step =
        passing_.nominations
            .try_emplace({event.worker, {event.ike.spi_i, event.ike.spi_r}, step}, places_of_pair)
            .first->second;
    Bucket& of_source =
        passing_.nominations_of_source
            .try_emplace({event.worker, source_of(event.place.client)}, places_of_source)
            .first->second;
    return of_step.take(now_) && of_source.take(now_);
}

/// Returns the change of the tuple.
std::string Oracle::learn_place(const Event& event, int vip, Said its, std::optional<int> way) {
    const Tuple tuple{event.place, vip};
    const auto before = standers(tuple);
    const int router = way.value_or(router_of(tuple));
    const Stander* const flow = standers_[tuple].flow(now_);
    const bool had_flow = flow && flow->backend == event.backend &&
                          flow->generation == server(event.backend).generation;
    const bool has_changed = standers_[tuple].hear(
        stander(event.backend, server(event.backend).generation, now_), its,
        [&](const Stander& one) {
            return counts({.backend = one.backend, .generation = one.generation}, vip);
        },
        [&] { return may_add_place(event, its); });
    if (has_changed || had_flow) standers_[tuple].router = router;
    if (!has_changed) return its == Said::nothing ? "says nothing" : "says nothing new";
    if (its == Said::spoke) {
        if (event.kind == Kind::esp) confirm_login(event);
        learn_persistence(event, vip);
    }
    const auto after = standers(tuple);
    if (before.empty()) return "fills a tuple";
    if (after.empty() || after.front().backend != before.front().backend) return "takes the flow";
    return after.front().backend == event.backend ? "renews its flow" : "stands beside";
}

/// ESP names no SPI of its IKE SA: it confirms its server's last login at this place, among SAs
/// that began at this address, or shows that only a child was deleted.
void Oracle::confirm_login(const Event& event) {
    const auto login = passing_.logins.find({event.place.client, event.place.port, event.backend});
    if (login == passing_.logins.end() ||
        login->second.generation != server(event.backend).generation)
        return;
    const Seconds age = now_ - login->second.last;
    const bool is_closing = login->second.is_closing;
    if (age > (is_closing ? closing_life : login_life) || (is_closing && age <= in_flight)) return;
    const auto its = ike_sas_.find(login->second.ike_sa);
    if (its != ike_sas_.end() && is_alive(its->second) && its->second.backend == event.backend &&
        its->second.generation == login->second.generation) {
        its->second.state = State::established;
        its->second.last = now_;
    }
    passing_.logins.erase(login);
}

/// Speech fills client persistence, and nothing changes it. A backend that takes no returning
/// clients counts as none against one that does.
void Oracle::learn_persistence(const Event& event, int vip) {
    if (service(vip).by_sa) return;
    Record* const bound = persistence(event.place.client, vip);
    if (bound && bound->backend == event.backend) {
        if (now_ - bound->last >= refresh_interval) bound->last = now_;
    } else if (!bound || (takes_returning(event.backend) && !takes_returning(bound->backend))) {
        persistences_[persistence_key(event.place.client, vip)] = record_of(event.backend);
    }
}

}  // namespace ikelb::oracle
