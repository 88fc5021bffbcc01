// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "tests/oracle/oracle.h"

namespace ikelb::oracle {

// Rules for a client's datagram other than ESP: docs/life-of-a-packet.md.

namespace {

constexpr Seconds fragment_life = 5, pending_life = 10, cookie_grace = 30;
constexpr int most_rounds = 2;
constexpr std::uint32_t questions_burst = 2, copies_a_second = 1000;

Decision drop(const char* verdict, const char* rule = "") {
    return {.verdict = verdict, .rule = rule};
}

bool is_response(const Ike& ike) { return ike.version == 2 && ike.is_response; }

bool is_cookie_retry(const Event& event) {
    return event.kind == Kind::ike && event.ike.version == 2 && event.ike.exchange == sa_init &&
           !event.ike.is_response && event.ike.first == First::notify;
}

/// IKEv2 only, whose header tells requests from answers.
bool is_encrypted_request(const Ike& ike) {
    return ike.version == 2 && !ike.is_response &&
           (ike.first == First::encrypted || ike.first == First::encrypted_fragment);
}

}  // namespace

Decision Oracle::from_client(const Event& event) {
    if (event.part == Part::later) return later_from_client(event);
    const Decision decision = steer(event);
    if (event.part == Part::first)
        passing_.fragments[{0, event.place.client, event.vip, event.fragment_id}] = {decision,
                                                                                     now_};
    return decision;
}

/// A malformed datagram is dropped by name; any other goes by the rules of its kind.
Decision Oracle::steer(const Event& event) {
    const Ike& ike = event.ike;
    switch (event.kind) {
        case Kind::cut: return drop("ike_truncated");
        case Kind::keepalive: return keepalive(event);
        case Kind::esp:
            if (event.esp.spi < 256) return drop("esp_reserved_spi");
            return esp(event);
        case Kind::ike: break;
    }
    if (ike.version == 0) return drop("ike_version_zero");
    if (ike.spi_i == 0) return drop("ike_zero_spi");
    if (ike.version == 2 && ike.exchange == sa_init && !ike.is_response && ike.spi_r != 0)
        return drop("ike_init_with_spi");
    // A response without a responder's SPI answers an SA that a backend opens.
    return ike.spi_r == 0 && !is_response(ike) ? new_sa(event) : known_ike(event);
}

/// A backend that is down keeps its sessions.
Decision Oracle::session(int backend, const char* rule) const {
    if (is_left_out(backend)) return drop("backend_down", rule);
    return {.verdict = "to_server", .backend = backend, .rule = rule};
}

Decision Oracle::new_sa(const Event& event) {
    const Decision decision = choose(event);
    if (decision.verdict == "to_server" && !decision.any_member)
        note_request(event, decision.backend, false);
    return decision;
}

Decision Oracle::choose(const Event& event) {
    if (const auto its = choice(event))
        return {.verdict = "to_server", .backend = *its, .rule = "half-open choice"};
    if (const Record* bound = persistence(event.place.client, event.vip);
        bound && takes_returning(bound->backend)) {
        keep_choice(event, bound->backend, false);
        return {.verdict = "to_server", .backend = bound->backend, .rule = "client binding"};
    }
    return schedule(event, true);
}

/// Keeps a half-open choice if the hash would not repeat it, or if the reply of a backend with
/// several VIPs must find the VIP that was asked.
void Oracle::keep_choice(const Event& event, int backend, bool took_turns) {
    int vips = 0;
    for (std::size_t vip = 0; vip < members_.size(); ++vip)
        vips += is_member(static_cast<int>(vip), backend) ? 1 : 0;
    if (!took_turns && vips < 2) return;
    passing_.choices[{event.place.client, event.ike.spi_i, event.vip}] = {record_of(backend)};
}

void Oracle::chosen(const Event& event, int backend) {
    keep_choice(event, backend, true);
    note_request(event, backend, false);
    if (event.part == Part::first)
        passing_.fragments[{0, event.place.client, event.vip, event.fragment_id}]
            .decision.backend = backend;
}

Decision Oracle::schedule(const Event& event, bool is_new) {
    const Hashed& hashed = hashed_.at(static_cast<std::size_t>(event.vip));
    if (is_new && !service(event.vip).is_hashed) {
        if (hashed.takers.empty()) return drop("no_backend");
        return {.verdict = "to_server", .any_member = true, .rule = "scheduler"};
    }
    // A COOKIE goes back by the table that chose its server.
    if (is_cookie_retry(event) && hashed.has_previous && now_ - hashed.rebuilt_at <= cookie_grace) {
        const int old = hash_(event, Table::previous);
        if (old >= 0 && takes_returning(old)) {
            if (is_new) keep_choice(event, old, false);
            return {.verdict = "to_server", .backend = old, .rule = "previous hash"};
        }
    }
    if (hashed.takers.empty()) return drop("no_backend");
    const int its = hash_(event, Table::current);
    if (is_new) keep_choice(event, its, false);
    return {.verdict = "to_server", .backend = its, .rule = "hash"};
}

Decision Oracle::by_known_sa(const Event& event) {
    if (const auto its = labelled(event)) return session(*its, "label");
    if (const Pair* known = ike_sa({event.ike.spi_i, event.ike.spi_r}, event.vip))
        return session(known->backend, "pair");
    return {};
}

Decision Oracle::known_ike(const Event& event) {
    if (const Decision known = by_known_sa(event); !known.verdict.empty()) {
        note_request(event, known.backend, false);
        return known;
    }
    Decision decision = by_records(event);
    if (decision.rule == "flow" && decision.verdict == "to_server" &&
        is_encrypted_request(event.ike)) {
        std::vector<int> besides = ask(event).full;
        if (const auto its = without_flow(event)) besides.push_back(*its);
        for (const int one : besides)
            if (one != decision.backend && !is_left_out(one)) decision.full.insert(one);
    }
    ask_all(event, decision);
    note_request(event, decision.backend, is_encrypted_request(event.ike));
    return decision;
}

/// Backend without the flow: an attacker may have made the flow's backend answer.
std::optional<int> Oracle::without_flow(const Event& event) {
    if (service(event.vip).by_sa) return std::nullopt;
    if (const Record* bound = persistence(event.place.client, event.vip)) return bound->backend;
    const Decision decision = schedule(event, false);
    return decision.backend < 0 ? std::nullopt : std::optional{decision.backend};
}

Decision Oracle::by_records(const Event& event) {
    const bool by_sa = service(event.vip).by_sa;
    // With affinity by SA, clients of one address share the flow of its port 500.
    if (event.place.nat_t || !by_sa)
        if (const auto there = standers({event.place, event.vip}); !there.empty())
            return session(there.front().backend, "flow");
    if (const Record* bound = persistence(event.place.client, event.vip))
        return session(bound->backend, "client binding");
    if (is_response(event.ike)) return drop("unknown_response");
    return by_sa ? drop("unknown_sa") : schedule(event, false);
}

/// E15: a request that got no answer goes to all backends that may have the SA.
void Oracle::ask_all(const Event& event, Decision& decision) {
    if (!is_encrypted_request(event.ike)) return;
    const auto found = passing_.pending.find(pending_key(event, event.vip));
    if (found == passing_.pending.end() || now_ - found->second.last > pending_life) return;
    const bool is_unknown = decision.verdict == "unknown_sa";
    if (decision.verdict != "to_server" && !is_unknown) return;
    if (!may_ask_all(event, found->second)) return;
    if (is_unknown) decision = schedule(event, false);
    if (decision.verdict != "to_server") return;
    for (const int member : members_.at(static_cast<std::size_t>(event.vip)))
        if (member != decision.backend && is_member(event.vip, member) && !is_left_out(member) &&
            !decision.full.contains(member))
            decision.copies.push_back(member);
    while (decision.copies_left < decision.copies.size() && copies_of_service(event).take(now_))
        ++decision.copies_left;
}

/// Copies that go to all backends.
Bucket& Oracle::copies_of_service(const Event& event) {
    return passing_.copies_of_service
        .try_emplace({event.worker, event.vip}, copies_a_second, copies_a_second)
        .first->second;
}

bool Oracle::may_ask_all(const Event& event, Pending& pending) {
    const std::uint32_t a_second = service(event.vip).ask_all_per_second;
    if (a_second == 0 || pending.rounds >= most_rounds) return false;
    Bucket& of_source =
        passing_.questions_of_source
            .try_emplace({event.worker, source_of(event.place.client)}, questions_burst)
            .first->second;
    Bucket& of_service =
        passing_.questions_of_service.try_emplace({event.worker, event.vip}, a_second, a_second)
            .first->second;
    if (!of_source.take(now_) || !of_service.take(now_)) return false;
    ++pending.rounds;
    return true;
}

/// The answer may add the responder's SPI.
Oracle::PendingKey Oracle::pending_key(const Event& event, int vip) {
    const Ike& ike = event.ike;
    const bool begins = ike.version == 1 || ike.exchange == sa_init;
    return {{event.place, vip},
            ike.spi_i,
            begins ? std::nullopt : std::optional{ike.spi_r},
            ike.message_id};
}

const Oracle::Pending* Oracle::pending(const Event& event, int vip) const {
    const auto found = passing_.pending.find(pending_key(event, vip));
    return found != passing_.pending.end() && now_ - found->second.last <= pending_life
               ? &found->second
               : nullptr;
}

/// The router recorded with the tuple.
int Oracle::router_of(const Tuple& tuple) const {
    const auto found = standers_.find(tuple);
    return found != standers_.end() && found->second.flow(now_) ? found->second.router
                                                                : usual_router();
}

/// The router by which a reply leaves, given the recorded one.
int Oracle::router_to(const Address& client, int recorded) const {
    const bool leads = recorded == 0 || second_has_default_ ||
                       (client.number < 20 && client.number % 2 == 1);
    const bool lives = router_lives_.at(static_cast<std::size_t>(recorded));
    return lives && leads ? recorded : usual_router();
}

void Oracle::change_router(const Event& event) {
    const bool both_lead = router_lives_[0] && router_lives_[1] && second_has_default_;
    bool& lives = router_lives_.at(static_cast<std::size_t>(event.router));
    switch (event.fate) {
        case Disposition::dies: lives &= !(event.router == 0 ? both_lead : router_lives_[0]); break;
        case Disposition::lives: lives = true; break;
        case Disposition::withdrawn: second_has_default_ &= !router_lives_[0]; break;
        case Disposition::announced: second_has_default_ = true; break;
    }
}

/// Notes an unknown SA's request, to recognize its repetition and its answer; and a request by an
/// unusual router, by which its answer leaves, unless two routers conflict.
void Oracle::note_request(const Event& event, int backend, bool is_unknown) {
    if (is_response(event.ike)) return;
    std::optional<int> router = event.router;
    if (!router_lives_.at(static_cast<std::size_t>(event.router))) router.reset();
    if (router == router_of({event.place, event.vip})) router.reset();
    const Pending* const before = event.ike.spi_r == 0 ? nullptr : pending(event, event.vip);
    const bool is_contested = before && before->router != router;
    if (is_contested) router.reset();
    if (!is_contested && !router && !is_unknown) return;
    Pending noted;
    noted.backend = backend;
    noted.generation = backend < 0 ? 0 : server(backend).generation;
    noted.last = now_;
    noted.router = router;
    noted.rounds = before ? before->rounds : 0;
    passing_.pending[pending_key(event, event.vip)] = noted;
}

Decision Oracle::keepalive(const Event& event) {
    if (const auto there = standers({event.place, event.vip}); !there.empty())
        return session(there.front().backend, "flow");
    if (const Record* bound = persistence(event.place.client, event.vip))
        return session(bound->backend, "client binding");
    return drop("unknown_keepalive");
}

Decision Oracle::later_from_client(const Event& event) {
    const auto first =
        passing_.fragments.find({0, event.place.client, event.vip, event.fragment_id});
    if (first != passing_.fragments.end() && now_ - first->second.since <= fragment_life) {
        const Decision& decision = first->second.decision;
        if (decision.verdict != "to_server") return drop("fragment_of_drop");
        if (server(decision.backend).is_present)
            return {.verdict = decision.verdict, .backend = decision.backend, .rule = "fragment"};
    }
    return drop(event.may_hold ? "hold_fragment" : "fragment_timeout");
}

}  // namespace ikelb::oracle
