// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/oracle/oracle.h"

namespace ikelb::oracle {

// What a backend's datagram teaches: section 3 of the rules.

namespace {

constexpr Seconds fragment_life = 5, pending_life = 10, half_open_life = 30, login_life = 5 * 60,
                  flow_life = 45 * 60;
/// A shared last_seen is written at most this often; a flow's, more often.
constexpr Seconds refresh_interval = 30, flow_refresh_interval = 5;
/// A backend that sent within 10 s, seen through last_seen.
constexpr Seconds presence = 10 + flow_refresh_interval;
/// After a delete, what the dead SA has sent before may still come.
constexpr Seconds in_flight = 5, closing_life = 3 * 60;

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

}  // namespace

/// Rules 3.1, 3.10 and 3.12, and the three states of section 6.
std::optional<Oracle::State> Oracle::proof(const Event& event) const {
    if (is_malformed(event) || event.kind == Kind::keepalive) return std::nullopt;
    if (event.kind == Kind::esp) return State::established;
    const Ike& ike = event.ike;
    const auto known = pairs_.find({ike.spi_i, ike.spi_r});
    const auto is_known_as = [&](State state) {
        return known != pairs_.end() && is_alive(known->second, true) &&
               known->second.state == state;
    };
    if (ike.version == 1) {
        if (ike.spi_r == 0) return State::half_open;
        const bool is_phase_1 = ike.exchange == main_mode;
        if (!is_encrypted(ike)) return is_phase_1 ? std::optional{State::half_open} : std::nullopt;
        if (is_phase_1 || ike.exchange == v1_transaction) return State::answered;
        // A login that failed is answered in it, too.
        if (ike.exchange == v1_informational) {
            if (is_known_as(State::answered)) return State::answered;
            if (!is_known_as(State::established) && !is_known_as(State::closing))
                return std::nullopt;
        }
        return State::established;
    }
    if (ike.spi_r == 0)
        return ike.exchange == sa_init && !ike.is_response ? std::optional{State::half_open}
                                                           : std::nullopt;
    if (is_encrypted(ike)) {
        if (ike.exchange == ike_auth || ike.exchange == intermediate) return State::answered;
        // Under the keys of the INIT alone.
        if (is_known_as(State::half_open)) return std::nullopt;
        return State::established;
    }
    if (ike.is_response && (ike.exchange == sa_init || ike.exchange == session_resume) &&
        ike.holds_sa)
        return State::half_open;
    return std::nullopt;
}

Decision Oracle::from_backend(const Event& event) {
    if (event.part == Part::later) return later_from_backend(event);
    const int vip = vip_of_reply(event);
    Decision decision{.verdict = vip < 0 ? "reply_vip_unknown" : "to_client", .vip = vip};
    if (event.part == Part::first)
        fragments_[{1, event.place.client, event.backend, event.fragment_id}] = {decision, now_};
    if (vip < 0) return decision;
    const auto its_proof = proof(event);
    if (event.kind == Kind::ike && !is_malformed(event)) learn_pair(event, vip, its_proof);
    decision.rule = learn_flow(event, vip, its_proof);
    return decision;
}

Decision Oracle::later_from_backend(const Event& event) const {
    const auto first =
        fragments_.find({1, event.place.client, event.backend, event.fragment_id});
    if (first == fragments_.end() || now_ - first->second.since > fragment_life)
        return {.verdict = event.may_hold ? "hold_fragment" : "fragment_timeout"};
    if (first->second.decision.verdict == "to_client") return first->second.decision;
    return {.verdict = "fragment_of_drop"};
}

/// Rule 3.8: flow, then IKE pair, then the one VIP that this client and this backend use.
int Oracle::vip_of_reply(const Event& event) {
    std::set<int> candidates;
    for (std::size_t vip = 0; vip < members_.size(); ++vip)
        if (is_member(static_cast<int>(vip), event.backend))
            candidates.insert(static_cast<int>(vip));
    if (candidates.size() == 1) return *candidates.begin();
    const auto the_only = [&](auto&& holds) {
        int only = -1;
        for (const int vip : candidates) {
            if (!holds(vip)) continue;
            if (only >= 0) return -1;
            only = vip;
        }
        return only;
    };
    int vip = -1;
    if (event.kind == Kind::ike && !is_malformed(event))
        vip = the_only([&](int one) {
            const auto known = pairs_.find({event.ike.spi_i, event.ike.spi_r});
            if (known != pairs_.end() && is_alive(known->second, true) &&
                servers_.at(static_cast<std::size_t>(known->second.backend)).is_present &&
                known->second.generation == generation(known->second.backend))
                return known->second.backend == event.backend && known->second.vip == one;
            const auto asked = half_open_.find({event.place.client, event.ike.spi_i, one});
            return asked != half_open_.end() && asked->second.backend == event.backend &&
                   asked->second.generation == generation(event.backend) &&
                   now_ - asked->second.since <= half_open_life;
        });
    if (vip < 0)  // an INIT's answer proves nobody's presence
        vip = the_only([&](int one) {
            const Flow* at = flow({event.place, one});
            return at && at->backend == event.backend && at->state != State::half_open;
        });
    if (vip < 0)
        vip = the_only([&](int one) {
            const Flow* at = flow({event.place, one});
            return at && at->backend == event.backend;
        });
    if (vip < 0)
        vip = the_only([&](int one) {
            const Record* bound = binding(event.place.client, one);
            return bound && bound->backend == event.backend;
        });
    return vip;
}

Oracle::Record Oracle::fresh(int backend, State state) const {
    return {.backend = backend,
            .generation = servers_.at(static_cast<std::size_t>(backend)).generation,
            .state = state,
            .last_seen = now_};
}

/// A stronger proof raises a record; a sign of life renews it, so long after the last time. True:
/// it was written.
bool Oracle::renew(Record& record, std::optional<State> proof, Seconds after) const {
    const bool is_confirmed = proof == State::established || proof == State::closing;
    const bool raises =
        proof && (record.state == State::half_open  ? *proof != State::half_open
                  : record.state == State::answered ? is_confirmed
                                                    : is_confirmed && record.state != *proof);
    if (raises) record.state = *proof;
    if (!raises && now_ - record.last_seen < after) return false;
    record.last_seen = now_;
    return true;
}

void Oracle::learn_pair(const Event& event, int vip, std::optional<State> proof) {
    if (!proof || event.ike.spi_r == 0) return;
    const PairKey key{event.ike.spi_i, event.ike.spi_r};
    const Pair* const known = pair(key, vip);
    if (event.ike.holds_delete) proof = State::closing;
    if (proof == State::closing) {  // it shortens what there is
        const auto found = pairs_.find(key);
        if (found == pairs_.end() || !is_alive(found->second, true) ||
            found->second.state == State::half_open || found->second.state == State::answered)
            return;
    }
    if (proof == State::half_open) note_answered_init(event, vip);
    if (proof == State::answered || proof == State::closing) {
        Login& login = logins_[{event.place, vip}];
        static_cast<Timed&>(login) = {event.backend, generation(event.backend), now_};
        login.pair = key;
        login.is_closing = proof == State::closing;
    }
    if (known && known->backend == event.backend) {
        renew(pairs_[key], proof, refresh_interval);
    } else if (!known) {
        Pair learned;
        static_cast<Record&>(learned) = fresh(event.backend, *proof);
        learned.vip = vip;
        pairs_[key] = learned;
    }
}

/// Section 6: half-open is a request, or an INIT's answer seen.
void Oracle::note_answered_init(const Event& event, int vip) {
    const HalfOpenKey key{event.place.client, event.ike.spi_i, vip};
    const Timed answered{event.backend, generation(event.backend), now_};
    half_open_[key] = answered;
    answered_inits_[key] = answered;
}

/// Rule 3.4: the answer to a request, at the very place it came from.
bool Oracle::may_move(const Event& event, const FlowKey& key, const Flow& flow,
                      std::optional<State> proof) const {
    if (event.kind != Kind::ike || is_malformed(event) || !proof) return false;
    if (event.ike.version == 2 && !event.ike.is_response) return false;
    const auto asked = pending_.find({key, event.ike.spi_i, event.ike.message_id});
    if (asked == pending_.end() || asked->second.backend != event.backend ||
        now_ - asked->second.since > pending_life)
        return false;
    if (flow.state == State::half_open || flow.state == State::answered) return true;
    if (proof == State::half_open) return false;
    if (now_ - flow.last_seen > presence) return true;
    return began_here(event, key.second);
}

bool Oracle::began_here(const Event& event, int vip) const {
    if (event.kind != Kind::ike || is_malformed(event)) return false;
    const auto init = answered_inits_.find({event.place.client, event.ike.spi_i, vip});
    return init != answered_inits_.end() && init->second.backend == event.backend &&
           init->second.generation == generation(event.backend) &&
           now_ - init->second.since <= half_open_life;
}

/// Rule 3.4(c): does the backend send there on its own? IKEv1 has no flag that tells.
bool Oracle::speaks(const Event& event, std::optional<State> proof) {
    if (event.kind != Kind::ike || is_malformed(event)) return true;
    return proof && *proof != State::half_open && event.ike.version == 2 && !event.ike.is_response;
}

/// Returns what became of the flow.
std::string Oracle::learn_flow(const Event& event, int vip, std::optional<State> proof) {
    const FlowKey key{event.place, vip};
    Flow* const at = flow(key);
    if (proof == State::half_open && event.ike.spi_r != 0) return "an INIT's answer";
    if (at && at->backend == event.backend) {
        if (proof == State::established && at->awaits_esp) {
            at->awaits_esp = false;
            if (const auto found = candidates_.find(key);
                found != candidates_.end() && found->second.backend == event.backend)
                found->second.backend_spoke = true;
        }
        if (!renew(*at, proof, flow_refresh_interval)) return "its flow";
        for (const std::uint32_t spi : {at->latest_spi, at->earlier_spi})
            if (const auto claim = esp_.find({event.place.client, spi});
                claim != esp_.end() && claim->second.backend == event.backend &&
                claim->second.generation == at->generation &&
                now_ - claim->second.since <= flow_life)
                claim->second.since = now_;
        after_flow(event, key, proof);
        return "renews its flow";
    }
    if (!proof) return "proves nothing";
    if (at && !may_move(event, key, *at, proof)) return "leaves another's flow";
    const std::string what = at ? "moves a flow" : "fills a flow";
    Flow learned;
    static_cast<Record&>(learned) = fresh(event.backend, *proof);
    flows_[key] = learned;
    after_flow(event, key, proof);
    return what;
}

/// What is done whenever a flow's record was written.
void Oracle::after_flow(const Event& event, const FlowKey& key, std::optional<State> proof) {
    const int vip = key.second;
    if (proof && proof != State::half_open)
        for (std::size_t other = 0; other < members_.size(); ++other)
            if (static_cast<int>(other) != vip) {
                const auto same = flows_.find({event.place, static_cast<int>(other)});
                if (same != flows_.end() && same->second.backend == event.backend &&
                    same->second.generation == generation(event.backend))
                    flows_.erase(same);
            }
    if (const auto login = logins_.find(key);
        event.kind == Kind::esp && !is_malformed(event) && login != logins_.end() &&
        login->second.backend == event.backend &&
        login->second.generation == generation(event.backend) &&
        now_ - login->second.since <= (login->second.is_closing ? closing_life : login_life) &&
        !(login->second.is_closing && now_ - login->second.since <= in_flight)) {
        // ESP names no SPI of its IKE SA: it confirms the login answered last at this place, or
        // shows that only a child was deleted.
        if (const auto its = pairs_.find(login->second.pair);
            its != pairs_.end() && is_alive(its->second, true) &&
            its->second.backend == event.backend &&
            its->second.generation == login->second.generation)
            renew(its->second, State::established, refresh_interval);
        logins_.erase(login);
    }
    learn_binding(event, vip, proof);
}

/// Rules 3.4(c) and 3.5: speech may fill it, and nothing changes it. One whose backend takes no SA
/// back counts as empty.
void Oracle::learn_binding(const Event& event, int vip, std::optional<State> proof) {
    if (world_.services.at(static_cast<std::size_t>(vip)).by_sa || !speaks(event, proof)) return;
    const BindingKey key{event.place.client, vip};
    const Record* const bound = binding(event.place.client, vip);
    if (bound && bound->backend == event.backend)
        renew(bindings_[key], proof, refresh_interval);
    else if (proof && (!bound || !takes_returning(bound->backend)))
        bindings_[key] = fresh(event.backend, *proof);
}

}  // namespace ikelb::oracle
