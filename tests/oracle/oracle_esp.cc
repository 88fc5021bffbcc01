// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "tests/oracle/oracle.h"

namespace ikelb::oracle {

// Where a client's ESP goes: section 2 and rules 3.4(d) and 3.9.

namespace {

constexpr Seconds claim_life = 45 * 60, claim_is_young = 60, dispute_after = 300;
constexpr Seconds full_life = 300, candidate_life = 300, a_minute = 60;
constexpr std::uint32_t copies_a_second = 8, claims_at_once = 8;
constexpr std::size_t most_claimants = 4;
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

/// Its backend was not heard there for long, and another one was that is asked in full.
bool Oracle::is_disputed(const Claim& its, const Asked& asked) const {
    return now_ - its.last > dispute_after &&
           std::any_of(asked.full.begin(), asked.full.end(),
                       [&](int one) { return one != its.backend; });
}

/// Who claims the SPI: for this client first, then for others, the oldest first.
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

/// Who is asked in full, and who is the main one of them.
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
        own && counts(*own, event.vip) && own->tag == event.place.port) {
        hear_claim(*own, asked);
        if (!own->is_shared) {
            if (!is_disputed(*own, asked)) return session(own->backend, "client and ESP SPI");
            claims_.erase(key);
        }
    }
    const std::vector<int> those = claimants(event);
    if (asked.main < 0 && !those.empty()) {
        asked.main = those.front();
        asked.rule = "ESP SPI";
    }
    if (asked.main < 0) {
        if (const Record* bound = binding(event.place.client, event.vip))
            return session(bound->backend, "client binding");
        return service(event.vip).by_sa ? Decision{.verdict = "unknown_sa"}
                                        : schedule(event, false);
    }
    Decision decision = session(asked.main, asked.rule);
    if (decision.verdict != "to_server") return decision;
    std::vector<int> besides;
    for (const Stander& one : asked.standers) besides.push_back(one.backend);
    besides.insert(besides.end(), those.begin(), those.end());
    if (asked.standers.empty())
        if (const Record* bound = binding(event.place.client, event.vip))
            besides.push_back(bound->backend);
    for (const int one : besides) {
        if (one == asked.main || is_left_out(one) || is_among(one, decision.copies)) continue;
        if (is_among(one, asked.full))
            decision.full.insert(one);
        else
            decision.copies.push_back(one);
    }
    const Tuple tuple{event.place, event.vip};
    Bucket& bucket =
        passing_.copies.try_emplace({event.worker, tuple}, copies_a_second, copies_a_second)
            .first->second;
    while (decision.copies_left < decision.copies.size() && bucket.take(now_))
        ++decision.copies_left;
    note_candidate(event, asked);
    return decision;
}

/// Rule 3.9: client ESP, anything of the flow's backend to that very place, other client ESP.
void Oracle::note_candidate(const Event& event, const Asked& asked) {
    const Tuple tuple{event.place, event.vip};
    if (asked.standers.empty()) return;
    const Stander& flow = asked.standers.front();
    if (!is_among(flow.backend, asked.full) || !standers_[tuple].is_first(flow.backend)) return;
    const bool is_shared = asked.full.size() > 1;
    const Claim* const present = claim({event.place.client, event.esp.spi});
    if (present && (is_shared || !present->is_shared)) return;
    const CandidateKey key{tuple, event.esp.spi};
    const auto found = passing_.candidates.find(key);
    if (found == passing_.candidates.end() || now_ - found->second.last > candidate_life ||
        found->second.backend != flow.backend || found->second.generation != flow.generation) {
        Candidate& candidate = passing_.candidates[key];
        static_cast<Record&>(candidate) = record_of(flow.backend);
        candidate.sequence = event.esp.sequence;
        standers_[tuple].awaits = true;
    } else if (event.esp.sequence == found->second.sequence) {
        return;  // the same packet again
    } else if (standers_[tuple].awaits || flow.last < found->second.last) {
        standers_[tuple].awaits = true;
    } else {
        Bucket& budget =
            passing_.claims.try_emplace({event.worker, tuple}, claims_at_once, 1, a_minute)
                .first->second;
        if (!present && !budget.take(now_)) return;
        write_claim(event, flow, is_shared);
        passing_.candidates.erase(found);
    }
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
    written.tag = event.place.port;
    written.is_shared = is_shared;
    written.rank = rank.value_or(std::min(highest + 1, highest_rank));
}

}  // namespace ikelb::oracle
