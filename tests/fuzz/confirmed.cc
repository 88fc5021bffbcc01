// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/fuzz/confirmed.h"

#include <algorithm>
#include <optional>

#include "controlplane/state/snapshot.h"
#include "tests/testlib/rivals.h"

namespace ikelb::fuzz {

namespace {

using forwarding::Seconds;

bool is_later(Seconds one, Seconds other) {
    return static_cast<std::int32_t>(one - other) > 0;
}

/// Zeros of a key that is not there; none of a table without notes.
template <typename Table>
typename Table::Notes notes_of(const Table& table, const auto& key) {
    if constexpr (requires { table.find_noted(key); })
        if (const auto found = table.find_noted(key)) return found->notes;
    return {};
}

template <typename Entries, typename Table>
void take(Entries& entries, const Table& table, testlib::Bench& bench) {
    table.for_each(0, table.buckets(), [&](const auto& key, const auto& record) {
        if constexpr (requires { record.is_confirmed(); })
            if (!record.is_confirmed()) return;
        if (record.is_alive(bench.table().timeouts, bench.now()))
            entries.push_back({key, record, notes_of(table, key)});
    });
}

/// What clients may change by themselves.
void forgive(sessions::Flow& now, const sessions::Flow& before) { now.awaits = before.awaits; }
template <typename Record>
void forgive(Record&, const Record&) {}

template <typename Entries, typename Table>
void compare(std::set<std::string>& found, const std::string& kind, const Entries& entries,
             const Table& table, testlib::Bench& bench) {
    for (const auto& entry : entries) {
        if (!entry.record.is_alive(bench.table().timeouts, bench.now())) continue;
        auto record = table.find(entry.key, bench.table().timeouts, bench.now());
        if (!record) {
            found.insert(kind + "-other");
            continue;
        }
        forgive(*record, entry.record);
        if (record->last_seen != entry.record.last_seen) found.insert(kind + "-renewal");
        record->last_seen = entry.record.last_seen;
        if (*record != entry.record) found.insert(kind + "-other");
        if (notes_of(table, entry.key) != entry.note) found.insert(kind + "-note");
    }
}

}  // namespace

Confirmed::Confirmed(testlib::Bench& bench) {
    const sessions::SessionTables& sessions = bench.sessions();
    take(flows_, sessions.flows, bench);
    take(persistences_, sessions.persistences, bench);
    take(ike_sas_, sessions.ike_sas, bench);
    take(claims_, sessions.claims, bench);
    const auto take_place = [&](const sessions::FlowKey& key, const sessions::Flow& flow) {
        Place place{.key = key, .heard = {{flow.backend.index, flow.last_seen}}};
        for (const auto& entry : testlib::rivals_of(key, sessions))
            place.heard.try_emplace(entry.backend.index,
                                    bench.now() - ((bench.now() - entry.seconds) & 0xfff));
        places_.push_back(std::move(place));
    };
    const auto& flows = sessions.flows;
    flows.for_each(0, flows.buckets(), take_place);
}

std::set<std::string> Confirmed::changed_claims(testlib::Bench& bench) const {
    const forwarding::Timeouts& lives = bench.table().timeouts;
    const auto is_silent = [&](Seconds last) {
        return !forwarding::is_within(lives.standing, last, bench.now());
    };
    std::set<std::string> found;
    for (const auto& entry : claims_) {
        sessions::Claim before = entry.record;
        if (!before.is_alive(lives, bench.now())) continue;
        Seconds heard = before.last_seen;
        bool may_be_disputed = false, may_be_at_odds = false;
        for (const Place& place : places_) {
            for (const auto& [backend, last] : place.heard)
                may_be_at_odds |= backend != before.backend.index && !is_silent(last);
            const auto port = net::be16::from_host(state::client_port_of(place.key));
            if (place.key.client != entry.key.client ||
                sessions::claim_tag(entry.key.narrow(), port, state::frontend_of(place.key),
                                    bench.table().hash_key) != before.tag)
                continue;
            const auto own = place.heard.find(before.backend.index);
            if (own != place.heard.end() && is_later(own->second, heard)) heard = own->second;
            may_be_disputed |= own == place.heard.end() ||
                               (is_silent(own->second) && place.heard.size() > 1);
        }
        const auto claim = bench.sessions().claims.find(entry.key, lives, bench.now());
        if (!claim) {
            if (!may_be_disputed || !is_silent(before.last_seen)) found.insert("claim-other");
            continue;
        }
        if (is_later(before.last_seen, claim->last_seen) || is_later(claim->last_seen, heard))
            found.insert("claim-renewal");
        before.last_seen = claim->last_seen;
        before.is_shared |= may_be_at_odds && claim->is_shared;
        if (*claim != before) found.insert("claim-other");
    }
    return found;
}

std::set<std::string> Confirmed::changes(testlib::Bench& bench) const {
    const sessions::SessionTables& sessions = bench.sessions();
    std::set<std::string> found = changed_claims(bench);
    compare(found, "flow", flows_, sessions.flows, bench);
    compare(found, "binding", persistences_, sessions.persistences, bench);
    compare(found, "pair", ike_sas_, sessions.ike_sas, bench);
    return found;
}

}  // namespace ikelb::fuzz
