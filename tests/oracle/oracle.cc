// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/oracle/oracle.h"

#include <algorithm>

namespace ikelb::oracle {

namespace {

constexpr Seconds half_open_life = 30, fragment_life = 5, hint_life = 10, cookie_grace = 30,
                  flow_life = 45 * 60;

Decision drop(const char* verdict, const char* rule = "") {
    return {.verdict = verdict, .rule = rule};
}

bool is_response(const Ike& ike) { return ike.version == 2 && ike.is_response; }

bool is_cookie_retry(const Event& event) {
    return event.kind == Kind::ike && event.ike.version == 2 && event.ike.exchange == sa_init &&
           !event.ike.is_response && event.ike.first == First::notify;
}

}  // namespace

Oracle::Oracle(World world, Hash hash) : world_{std::move(world)}, hash_{std::move(hash)} {
    for (int b = 0; b < world_.backends; ++b)
        servers_.push_back({.flush_on_down = world_.flush_on_down[static_cast<std::size_t>(b)]});
    for (const Service& service : world_.services) {
        members_.emplace_back(service.members.begin(), service.members.end());
        hashed_.push_back({.takers = takers(static_cast<int>(hashed_.size()))});
    }
}

Decision Oracle::step(const Event& event) {
    switch (event.what) {
        case What::time: now_ += event.seconds; return {};
        case What::pool: change(event); return {};
        case What::from_client: return from_client(event);
        case What::from_backend: return from_backend(event);
    }
    return {};
}

// --- the pool -----------------------------------------------------------------------------------

void Oracle::change(const Event& event) {
    Server& server = servers_.at(static_cast<std::size_t>(event.backend));
    switch (event.change) {
        case Change::down: server.is_up = false; break;
        case Change::up: server.is_up = true; break;
        case Change::enable: server.mode = Mode::enabled; break;
        case Change::drain_keep: server.mode = Mode::drain_keep; break;
        case Change::drain_refuse: server.mode = Mode::drain_refuse; break;
        case Change::remove:
            if (server.is_present) ++server.generation;
            server.is_present = false;
            break;
        case Change::add: server.is_present = true; break;
        case Change::flush: ++server.generation; break;
    }
    for (std::size_t vip = 0; vip < hashed_.size(); ++vip) {
        Hashed& hashed = hashed_[vip];
        const std::set<int> now = takers(static_cast<int>(vip));
        if (now == hashed.takers) continue;
        hashed = {.takers = now, .has_previous = !hashed.takers.empty(), .rebuilt_at = now_};
    }
}

bool Oracle::is_member(int vip, int backend) const {
    return members_.at(static_cast<std::size_t>(vip)).contains(backend) &&
           servers_.at(static_cast<std::size_t>(backend)).is_present;
}

bool Oracle::takes_new(int backend) const {
    const Server& server = servers_.at(static_cast<std::size_t>(backend));
    return server.is_present && server.is_up && server.mode == Mode::enabled;
}

bool Oracle::takes_returning(int backend) const {
    const Server& server = servers_.at(static_cast<std::size_t>(backend));
    return server.is_present && server.is_up && server.mode != Mode::drain_refuse;
}

int Oracle::generation(int backend) const {
    return servers_.at(static_cast<std::size_t>(backend)).generation;
}

bool Oracle::by_sa(const Event& event) const {
    return world_.services.at(static_cast<std::size_t>(event.vip)).by_sa;
}

std::set<int> Oracle::takers(int vip) const {
    std::set<int> found;
    for (const int member : members_.at(static_cast<std::size_t>(vip)))
        if (takes_new(member)) found.insert(member);
    return found;
}

bool Oracle::may_be_chosen(int vip, int backend) const {
    return backend >= 0 && is_member(vip, backend) && takes_new(backend);
}

/// Section 2: a generation changes on removal and flush; a hit counts if its backend serves the
/// addressed VIP.
bool Oracle::counts(int backend, int generation, int vip) const {
    return is_member(vip, backend) &&
           servers_.at(static_cast<std::size_t>(backend)).generation == generation;
}

// --- records ------------------------------------------------------------------------------------

/// Section 6.
Seconds Oracle::life_of(State state, bool is_pair) {
    switch (state) {
        case State::half_open: return half_open_life;
        case State::answered: return 5 * 60;
        case State::established: return is_pair ? 24 * 3600 : 45 * 60;
        case State::closing: return 3 * 60;
    }
    return 0;
}

bool Oracle::is_alive(const Record& record, bool is_pair) const {
    return now_ - record.last_seen <= life_of(record.state, is_pair);
}

const Oracle::Pair* Oracle::pair(const PairKey& key, int vip) const {
    const auto found = pairs_.find(key);
    if (found == pairs_.end() || !is_alive(found->second, true) ||
        !counts(found->second.backend, found->second.generation, vip))
        return nullptr;
    return &found->second;
}

Oracle::Flow* Oracle::flow(const FlowKey& key) {
    const auto found = flows_.find(key);
    if (found == flows_.end() || !is_alive(found->second, false) ||
        !counts(found->second.backend, found->second.generation, key.second))
        return nullptr;
    return &found->second;
}

const Oracle::Record* Oracle::binding(const Address& client, int vip) const {
    const auto found = bindings_.find({client, vip});  // by SA there are none
    if (found == bindings_.end() || !is_alive(found->second, false) ||
        !counts(found->second.backend, found->second.generation, vip))
        return nullptr;
    return &found->second;
}

std::optional<int> Oracle::half_open(const Event& event) const {
    const auto found = half_open_.find({event.place.client, event.ike.spi_i, event.vip});
    if (found == half_open_.end() || now_ - found->second.since > half_open_life ||
        !counts(found->second.backend, found->second.generation, event.vip))
        return std::nullopt;
    return found->second.backend;
}

std::optional<int> Oracle::esp_of_client(const EspKey& key, int vip) const {
    const auto found = esp_.find(key);
    if (found == esp_.end() || now_ - found->second.since > flow_life ||
        !counts(found->second.backend, found->second.generation, vip))
        return std::nullopt;
    return found->second.backend;
}

/// Section 2, ESP 4: the SPI alone, if exactly one backend claims it for whomever.
std::optional<int> Oracle::esp_alone(std::uint32_t spi, int vip) const {
    std::set<int> claimants;
    for (const auto& [key, claim] : esp_) {
        const Server& server = servers_.at(static_cast<std::size_t>(claim.backend));
        if (key.second == spi && now_ - claim.since <= flow_life && server.is_present &&
            server.generation == claim.generation)
            claimants.insert(claim.backend);
    }
    if (claimants.size() != 1 || !is_member(vip, *claimants.begin())) return std::nullopt;
    return *claimants.begin();
}

// --- from the client ----------------------------------------------------------------------------

Decision Oracle::from_client(const Event& event) {
    if (event.part == Part::later) return later_from_client(event);
    const Decision decision = steer(event);
    if (event.kind == Kind::ike && decision.verdict == "to_server" && !decision.any_member)
        note_request(event, decision.backend);
    if (event.part == Part::first)
        fragments_[{0, event.place.client, event.vip, event.fragment_id}] = {decision, now_};
    return decision;
}

/// Section 1.
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

/// Section 2: down is a flag, not an end.
Decision Oracle::session(int backend, const char* rule) const {
    const Server& server = servers_.at(static_cast<std::size_t>(backend));
    if (!server.is_up && server.flush_on_down) return drop("backend_down", rule);
    return {.verdict = "to_server", .backend = backend, .rule = rule};
}

Decision Oracle::new_sa(const Event& event) {
    if (const auto choice = half_open(event); choice && takes_returning(*choice))
        return {.verdict = "to_server", .backend = *choice, .rule = "half-open choice"};
    if (const Record* bound = binding(event.place.client, event.vip);
        bound && takes_returning(bound->backend)) {
        keep_choice(event, bound->backend, false);
        return {.verdict = "to_server", .backend = bound->backend, .rule = "client binding"};
    }
    return schedule(event, true);
}

/// Keeps a half-open choice where the hash would not make it again, or where the reply of a
/// backend with several VIPs has to find the one that was asked.
void Oracle::keep_choice(const Event& event, int backend, bool took_turns) {
    int vips = 0;
    for (std::size_t vip = 0; vip < members_.size(); ++vip)
        vips += is_member(static_cast<int>(vip), backend) ? 1 : 0;
    if (!took_turns && vips < 2) return;
    half_open_[{event.place.client, event.ike.spi_i, event.vip}] = {backend, generation(backend),
                                                                    now_};
}

void Oracle::chosen(const Event& event, int backend) {
    keep_choice(event, backend, true);
    note_request(event, backend);
    if (event.part == Part::first)
        fragments_[{0, event.place.client, event.vip, event.fragment_id}].decision.backend =
            backend;
}

/// Rule 3.4: an answer to a request from where another backend has the flow may move it.
void Oracle::note_request(const Event& event, int backend) {
    if (is_response(event.ike)) return;
    const FlowKey place{event.place, event.vip};
    const auto at = flows_.find(place);
    if (at == flows_.end() || !is_alive(at->second, false) ||
        (at->second.backend == backend && at->second.generation == generation(backend)))
        return;
    pending_[{place, event.ike.spi_i, event.ike.message_id}] = {backend, generation(backend), now_};
}

Decision Oracle::schedule(const Event& event, bool is_new) {
    const Hashed& hashed = hashed_.at(static_cast<std::size_t>(event.vip));
    const bool is_hashed = world_.services.at(static_cast<std::size_t>(event.vip)).is_hashed;
    if (is_new && !is_hashed) {
        if (hashed.takers.empty()) return drop("no_backend");
        return {.verdict = "to_server", .any_member = true, .rule = "scheduler"};
    }
    // Section 2, retries.
    if (is_cookie_retry(event) && hashed.has_previous && now_ - hashed.rebuilt_at <= cookie_grace) {
        const int old = hash_(event, Table::previous);
        if (old >= 0 && takes_returning(old)) {
            if (is_new) keep_choice(event, old, false);
            return {.verdict = "to_server", .backend = old, .rule = "previous hash"};
        }
    }
    if (hashed.takers.empty()) return drop("no_backend");
    const int choice = hash_(event, Table::current);
    if (is_new) keep_choice(event, choice, false);
    return {.verdict = "to_server", .backend = choice, .rule = "hash"};
}

Decision Oracle::known_ike(const Event& event) {
    const FlowKey place{event.place, event.vip};
    if (const Pair* known = pair({event.ike.spi_i, event.ike.spi_r}, event.vip))
        return session(known->backend, "pair");
    // By SA: clients of one address share the flow of its port 500.
    if (const Flow* at = flow(place); at && !(by_sa(event) && !event.place.nat_t))
        return session(at->backend, "flow");
    if (const auto hint = hints_.find(place);
        hint != hints_.end() && now_ - hint->second.since <= hint_life &&
        counts(hint->second.backend, hint->second.generation, event.vip))
        return session(hint->second.backend, "hint of an ESP SPI");
    if (const Record* bound = binding(event.place.client, event.vip))
        return session(bound->backend, "client binding");
    if (is_response(event.ike)) return drop("unknown_response");
    return by_sa(event) ? drop("unknown_sa") : schedule(event, false);
}

Decision Oracle::esp(const Event& event) {
    const FlowKey place{event.place, event.vip};
    Flow* const at = flow(place);
    if (const auto its = esp_of_client({event.place.client, event.esp.spi}, event.vip)) {
        if (at && at->backend == *its && at->state == State::established &&
            at->latest_spi != event.esp.spi && at->earlier_spi != event.esp.spi) {
            at->earlier_spi = at->latest_spi;
            at->latest_spi = event.esp.spi;
            Seconds& since = esp_[{event.place.client, event.esp.spi}].since;
            since = std::max(since, at->last_seen);
        }
        return session(*its, "client and ESP SPI");
    }
    if (at != nullptr) {
        note_candidate(event, *at);
        return session(at->backend, "flow");
    }
    if (const auto alone = esp_alone(event.esp.spi, event.vip)) {
        Timed& hint = hints_[place];
        if (hint.backend != *alone || hint.generation != generation(*alone) ||
            now_ - hint.since > hint_life / 2)
            hint = {*alone, generation(*alone), now_};
        return session(*alone, "ESP SPI alone");
    }
    if (const Record* bound = binding(event.place.client, event.vip))
        return session(bound->backend, "client binding");
    return by_sa(event) ? drop("unknown_sa") : schedule(event, false);
}

/// Rule 3.9: client ESP, ESP of the flow's backend to that very place, client ESP that advances.
void Oracle::note_candidate(const Event& event, Flow& at) {
    constexpr int most_of_a_flow = 8;
    constexpr Seconds grace = 2;
    if (at.state != State::established || at.latest_spi == event.esp.spi ||
        at.earlier_spi == event.esp.spi)
        return;
    Candidate& candidate = candidates_[{event.place, event.vip}];
    if (candidate.backend != at.backend || candidate.generation != at.generation ||
        now_ - candidate.since > flow_life)
        candidate = {};
    if (candidate.taught >= most_of_a_flow) return;
    if (candidate.spi != event.esp.spi) {
        if (candidate.backend_spoke && now_ - candidate.since <= grace) return;
        static_cast<Timed&>(candidate) = {at.backend, at.generation, now_};
        candidate.spi = event.esp.spi;
        candidate.first_sequence = event.esp.sequence;
        candidate.backend_spoke = false;
        at.awaits_esp = true;
    } else if (!candidate.backend_spoke) {
        at.awaits_esp = true;
    } else if (event.esp.sequence > candidate.first_sequence) {
        // Never over another's: it may be of another VIP, whose flows are this client's too.
        if (const auto other = esp_.find({event.place.client, event.esp.spi});
            other != esp_.end() && now_ - other->second.since <= flow_life &&
            other->second.backend != at.backend &&
            servers_.at(static_cast<std::size_t>(other->second.backend)).is_present &&
            other->second.generation == generation(other->second.backend))
            return;
        esp_[{event.place.client, event.esp.spi}] = {at.backend, at.generation, now_};
        ++candidate.taught;
        candidate.spi = 0;
        candidate.backend_spoke = false;
        candidate.since = now_;
    }
}

Decision Oracle::keepalive(const Event& event) {
    if (const Flow* at = flow({event.place, event.vip})) return session(at->backend, "flow");
    if (const Record* bound = binding(event.place.client, event.vip))
        return session(bound->backend, "client binding");
    return drop("unknown_keepalive");
}

Decision Oracle::later_from_client(const Event& event) {
    const auto first = fragments_.find({0, event.place.client, event.vip, event.fragment_id});
    if (first != fragments_.end() && now_ - first->second.since <= fragment_life) {
        const Decision& decision = first->second.decision;
        if (decision.verdict != "to_server") return drop("fragment_of_drop");
        if (servers_.at(static_cast<std::size_t>(decision.backend)).is_present)
            return {.verdict = decision.verdict, .backend = decision.backend, .rule = "fragment"};
    }
    return drop(event.may_hold ? "hold_fragment" : "fragment_timeout");
}

}  // namespace ikelb::oracle
