// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/sessions/family_table.h"
#include "dataplane/sessions/ike_sa.h"
#include "dataplane/sessions/keys.h"
#include "dataplane/sessions/records.h"
#include "dataplane/wall/upper.h"

namespace ikelb::sessions {

/// Capacity in live records of each kind: flows, client persistence, ESP SPIs and transit for each
/// family, the other kinds for both together.
struct SessionLimits {
    std::size_t flows = 262144;
    std::size_t persistences = 262144;
    std::size_t ike_sas = 262144;
    std::size_t esp_spis = 262144;
    std::size_t half_open = 65536;
    std::size_t fragments = 4096;
    std::size_t transit = 262144;
};

/// Capacity of a table whose full number of confirmed records leaves room for begun ones.
constexpr std::size_t with_beginnings(std::size_t confirmed) noexcept {
    return confirmed + confirmed / 12 + 1024;
}

/// All state that workers learn and share: the session tables. Readers take no lock; writers never
/// wait. Threads: any worker; the control thread and the thread that saves state walk the tables.
class SessionTables {
public:
    SessionTables(const SessionLimits& limits, net::HashKey key)
        : secret{.k0 = net::keyed_hash(1, key), .k1 = net::keyed_hash(2, key)},
          flows{with_beginnings(limits.flows), key},
          persistences{limits.persistences, key},
          ike_sas{with_beginnings(limits.ike_sas), key},
          claims{limits.esp_spis, key},
          choices{limits.half_open, key},
          rivals{limits.half_open / 4 + 1024, key},
          pending{limits.half_open / 4 + 1024, key},
          candidates{limits.half_open / 4 + 1024, key},
          logins{limits.half_open / 4 + 1024, key},
          fragments{limits.fragments, key},
          transit{{{with_beginnings(limits.transit / 4), key},
                   {with_beginnings(limits.transit / 4), key},
                   {with_beginnings(limits.transit / 2), key}}} {}

    const net::HashKey secret;  ///< of HashedKey: clients see hashes under another key only
    FamilyTable<Flow, FlowKey> flows;
    FamilyTable<Persistence, PersistenceKey> persistences;
    RecordTable<IkeSa, 2, 2> ike_sas;
    FamilyTable<Claim, EspKey, BySpi> claims;
    RecordTable<Choice, 1> choices;                   ///< by half_open_key()
    RecordTable<Rivals, 1, Rivals::most / 2> rivals;  ///< by hashed(), of the flow
    RecordTable<Pending, 1> pending;                  ///< by affinity::request_key()
    RecordTable<Candidate, 1, 1> candidates;          ///< by the SPI alone
    RecordTable<Login, 1, 2> logins;                  ///< by hashed(), of client tuple and backend
    RecordTable<FragmentWay, 1> fragments;            ///< by the receiver's reassembly key
    /// By a flow's hash. A worker that changes a flow or its rivals holds the lock before it reads
    /// the rivals: else one of two workers at a flow overwrites the other's news.
    std::array<TryLock, 1024> tuples{};
    TryLock& tuple(std::uint64_t hash) noexcept { return tuples[hash % tuples.size()]; }
    /// By wall::TransitShare.
    std::array<FamilyTable<wall::Conversation, wall::TransitKey>, wall::transit_shares> transit;

    /// Live SAs of each backend at the control thread's last count; read by least_sas.
    std::array<std::atomic<std::uint32_t>, forwarding::max_backends> sas{};
    std::atomic<std::uint32_t> sa_counts{0};  ///< number of counts so far
    /// At the last count the half-open region was over its watermark.
    std::atomic<bool> is_half_open_crowded{false};

    /// Memory of the tables that an IPv4 client fills.
    std::size_t bytes() const noexcept {
        return flows.bytes() + persistences.bytes() + ike_sas.bytes() + claims.bytes() +
               choices.bytes() + rivals.bytes() + pending.bytes() + candidates.bytes() +
               logins.bytes() + fragments.bytes();
    }
};

}  // namespace ikelb::sessions
