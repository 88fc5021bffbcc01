// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "tests/oracle/oracle.h"

namespace ikelb::oracle {

// Rules for a client's ESP, and for claims of its SPI: docs/affinity.md.

namespace {

constexpr Seconds claim_life = 45 * 60, claim_is_young = 60, dispute_after = 300;
constexpr Seconds full_life = 300, candidate_life = 300, a_minute = 60;
constexpr std::uint32_t copies_a_second = 8, claims_at_once = 24, candidates_a_second = 8;
constexpr std::size_t most_claimants = 4, most_claims = 32;  ///< most_claims: of one SPI
constexpr int highest_rank = 7;

bool is_among(int one, const std::vector<int>& those) {
    return std::find(those.begin(), those.end(), one) != those.end();
}

}  // namespace

Oracle::Claim* Oracle::claim(const EspKey& key) {
    const auto found = claims_.find(key);
    if (found == claims_.end() || now_ - found->second.last > claim_life ||
        !is_current(found->second))
        return nullptr;
    return &found->second;
}

void Oracle::hear_claim(Claim& its, const Asked& asked) const {
    if (now_ - its.last <= claim_is_young) return;
    for (const Stander& one : asked.standers)
        if (one.backend == its.backend) its.last = std::max(its.last, one.last);
}

/// True if the claim's backend was long silent there, and another one is asked in full.
bool Oracle::is_disputed(const Claim& its, const Asked& asked) const {
    return now_ - its.last > dispute_after &&
           std::any_of(asked.full.begin(), asked.full.end(),
                       [&](int one) { return one != its.backend; });
}

/// True if the SPI may belong to a backend without a claim. Where a shared claim is decided at its
/// own place, the backends that may have the SPI are asked in full.
bool Oracle::is_open(const Event& event, const EspKey& key) {
    return std::any_of(claims_.begin(), claims_.end(), [&](const auto& one) {
        const Claim* const its = claim(one.first);
        return one.first.second == event.esp.spi && its != nullptr && its->is_shared &&
               counts(*its, event.vip) &&
               (one.first != key || its->tag != tag_(event));
    });
}

/// Backends that claim the SPI: this client's claim first, then others, the oldest first.
std::vector<int> Oracle::claimants(const Event& event) {
    std::vector<int> those;
    const Claim* const own = claim({event.place.client, event.esp.spi});
    if (own && counts(*own, event.vip)) those.push_back(own->backend);
    std::vector<Claim> others;
    for (const auto& [key, ignored] : claims_)
        if (const Claim* const one = claim(key); key.second == event.esp.spi && one != nullptr &&
                                                 one != own && counts(*one, event.vip))
            others.push_back(*one);
    std::stable_sort(others.begin(), others.end(), [](const Claim& one, const Claim& other) {
        return std::pair{one.rank, one.backend} < std::pair{other.rank, other.backend};
    });
    for (const Claim& one : others)
        if (!is_among(one.backend, those) && those.size() < most_claimants)
            those.push_back(one.backend);
    return those;
}

/// The backends that are asked in full, and the main one.
Oracle::Asked Oracle::ask(const Event& event) {
    Asked asked{.standers = standers({event.place, event.vip})};
    const Stander* best = nullptr;
    for (const Stander& one : asked.standers) {
        if (one.standing < Standing::strong || now_ - one.last > full_life) continue;
        asked.full.push_back(one.backend);
        if (!best || is_better(one, *best)) best = &one;
    }
    if (asked.standers.empty()) return asked;
    const Stander& first = asked.standers.front();
    if (best) asked.best = is_among(first.backend, asked.full) ? first : *best;
    const bool is_first = !best || first.standing == Standing::spoke ||
                          is_among(first.backend, asked.full);
    asked.main = is_first ? first.backend : best->backend;
    asked.rule = "flow";
    return asked;
}

Decision Oracle::esp(const Event& event) {
    if (const auto its = labelled(event)) return session(*its, "label");
    const EspKey key{event.place.client, event.esp.spi};
    Asked asked = ask(event);
    if (Claim* const own = claim(key);
        own && counts(*own, event.vip) && own->tag == tag_(event)) {
        hear_claim(*own, asked);
        if (!own->is_shared) {
            if (!is_disputed(*own, asked)) return session(own->backend, "client and ESP SPI");
            claims_.erase(key);
        }
    }
    if (asked.main < 0)
        if (const std::vector<int> those = claimants(event); !those.empty()) {
            asked.main = those.front();
            asked.rule = "ESP SPI";
        }
    if (asked.main < 0) {
        if (const Record* bound = persistence(event.place.client, event.vip))
            return session(bound->backend, "client binding");
        return service(event.vip).by_sa ? Decision{.verdict = "unknown_sa"}
                                        : schedule(event, false);
    }
    Decision decision = session(asked.main, asked.rule);
    if (decision.verdict != "to_server") return decision;
    note_candidate(event, asked);
    std::vector<int> besides;
    for (const Stander& one : asked.standers) besides.push_back(one.backend);
    if (!asked.standers.empty())
        if (const auto its = without_flow(event)) besides.push_back(*its);
    for (const int one : claimants(event)) besides.push_back(one);
    const std::size_t named = besides.size();
    if (decision.rule == "ESP SPI" || (decision.rule == "flow" && is_open(event, key)))
        for (const int one : members_.at(static_cast<std::size_t>(event.vip)))
            if (is_member(event.vip, one)) besides.push_back(one);
    std::size_t copies_by_name = 0;
    for (std::size_t i = 0; i < besides.size(); ++i) {
        const int one = besides[i];
        if (one == asked.main || is_left_out(one) || is_among(one, decision.copies)) continue;
        if (is_among(one, asked.full))
            decision.full.insert(one);
        else
            decision.copies.push_back(one);
        if (i < named) copies_by_name = decision.copies.size();
    }
    const Tuple tuple{event.place, event.vip};
    Bucket& bucket =
        passing_.copies.try_emplace({event.worker, tuple}, copies_a_second, copies_a_second)
            .first->second;
    while (decision.copies_left < decision.copies.size() && bucket.take(now_) &&
           (decision.copies_left < copies_by_name || copies_of_service(event).take(now_)))
        ++decision.copies_left;
    return decision;
}

/// A claim takes client ESP, then any datagram of the only backend asked in full to that very
/// place, then other client ESP. Where other backends are asked too, the owner is unknown: the
/// claim is shared, and made at once.
void Oracle::note_candidate(const Event& event, const Asked& asked) {
    const Tuple tuple{event.place, event.vip};
    if (asked.full.empty()) return;
    const Stander& flow = asked.standers.front();
    if (!standers_[tuple].is_first(flow.backend)) return;
    const bool is_alone = asked.full == std::vector{flow.backend};
    const EspKey key{event.place.client, event.esp.spi};
    const Claim* const present = claim(key);
    const bool is_anothers = present && !present->is_shared;
    const Stander& its = asked.best;
    if (is_anothers && present->backend == its.backend) return;
    const Word word = is_alone ? hear_candidate(event, flow) : Word::contested;
    if (word == Word::waits) return;
    const bool is_shared = share(event, its, word == Word::confirmed);
    if (is_anothers || (present && is_shared)) return;
    Bucket& budget = passing_.claims.try_emplace({event.worker, tuple}, claims_at_once, 1, a_minute)
                         .first->second;
    const auto its_claims = std::count_if(claims_.begin(), claims_.end(), [&](const auto& one) {
        return one.first.second == event.esp.spi && claim(one.first) != nullptr;
    });
    if (!present && !budget.take(now_)) return;
    if (static_cast<std::size_t>(its_claims) >= most_claims) return;
    write_claim(event, its, is_shared);
    if (!is_shared) passing_.candidates.erase(event.esp.spi);
}

/// A claim from elsewhere that is another backend's, or may be, and the new claim make each other
/// shared.
bool Oracle::share(const Event& event, const Stander& its, bool is_confirmed) {
    bool is_shared = !is_confirmed;
    for (auto& [key, ignored] : claims_) {
        Claim* const other = claim(key);
        if (key.second != event.esp.spi || other == nullptr ||
            (key.first == event.place.client && other->tag == tag_(event)))
            continue;
        if (is_confirmed && !other->is_shared && other->backend == its.backend) continue;
        is_shared = other->is_shared = true;
    }
    return is_shared;
}

/// An SPI that two backends have is certain for neither, as long as both go on.
Oracle::Word Oracle::hear_candidate(const Event& event, const Stander& flow) {
    const Tuple tuple{event.place, event.vip};
    auto found = passing_.candidates.find(event.esp.spi);
    if (found != passing_.candidates.end() &&
        (now_ - found->second.last > candidate_life || !is_current(found->second))) {
        passing_.candidates.erase(found);
        found = passing_.candidates.end();
    }
    if (found == passing_.candidates.end()) {
        Bucket& tokens = passing_.candidate_tokens
                             .try_emplace({event.worker, tuple}, candidates_a_second,
                                          candidates_a_second)
                             .first->second;
        if (!tokens.take(now_)) return Word::waits;
        Candidate& candidate = passing_.candidates[event.esp.spi];
        static_cast<Record&>(candidate) = record_of(flow.backend);
        candidate.sequence = event.esp.sequence;
        standers_[tuple].awaits = true;
        return Word::waits;
    }
    Candidate& candidate = found->second;
    if (candidate.backend != flow.backend) {
        static_cast<Record&>(candidate) = record_of(flow.backend);
        candidate.is_contested = true;
    }
    if (candidate.is_contested) return Word::contested;
    if (event.esp.sequence == candidate.sequence) return Word::waits;  // the same packet again
    const bool is_heard = !standers_[tuple].awaits && flow.last >= candidate.last;
    if (!is_heard) standers_[tuple].awaits = true;
    return is_heard ? Word::confirmed : Word::waits;
}

void Oracle::write_claim(const Event& event, const Stander& flow, bool is_shared) {
    std::optional<int> rank;
    int highest = -1;
    for (const auto& [key, ignored] : claims_) {
        const Claim* const one = claim(key);
        if (key.second != event.esp.spi || one == nullptr) continue;
        if (one->backend == flow.backend) rank = one->rank;
        highest = std::max(highest, one->rank);
    }
    Claim& written = claims_[{event.place.client, event.esp.spi}];
    static_cast<Record&>(written) = record_of(flow.backend);
    written.last = flow.last;
    written.tag = tag_(event);
    written.is_shared = is_shared;
    written.rank = rank.value_or(std::min(highest + 1, highest_rank));
}

}  // namespace ikelb::oracle
