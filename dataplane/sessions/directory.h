// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/sessions/family_table.h"
#include "dataplane/sessions/keys.h"
#include "dataplane/sessions/records.h"
#include "dataplane/wall/transit.h"

namespace ikelb::sessions {

/// How many live records of each kind the directory is made for, in each family.
struct DirectoryLimits {
    std::size_t flows = 262144;
    std::size_t bindings = 262144;
    std::size_t pairs = 262144;
    std::size_t esp_spis = 262144;
    std::size_t half_open = 65536;
    std::size_t fragments = 4096;
    std::size_t transit = 262144;
};

/// A kind of record in two regions of their own memory: what a backend's session has confirmed,
/// and what is only on its way there. Whatever floods the second cannot evict from the first.
template <typename Key, typename Table>
struct TwoRegions {
    using Notes = typename Table::Notes;

    Table confirmed;
    Table provisional;

    TwoRegions(std::size_t capacity, net::HashKey key)
        : confirmed{capacity, key}, provisional{capacity / 12 + 1024, key} {}

    /// Starts loading the places of the key in both.
    template <bool for_write = false>
    [[gnu::always_inline]] void prefetch(const Key& key) const noexcept {
        in_both(key, [](const auto& first, const auto& second,
                        const auto& words) __attribute__((always_inline)) {
            const std::uint64_t hash = first.hash(words);
            first.template prefetch<for_write>(hash);
            second.template prefetch<for_write>(hash);
        });
    }
    /// The key's live record, the confirmed one first.
    std::optional<Record> find(const Key& key, const Lifetimes& lives,
                               Seconds now) const noexcept {
        return in_both(key, [&](const auto& first, const auto& second, const auto& words) {
            const std::uint64_t hash = first.hash(words);
            auto record = first.find(words, hash);
            if (record && record->is_alive(lives, now)) return record;
            record = second.find(words, hash);
            if (record && !record->is_alive(lives, now)) record.reset();
            return record;
        });
    }
    /// As find(), with the first note.
    std::optional<Noted> find_noted(const Key& key, const Lifetimes& lives,
                                    Seconds now) const noexcept {
        return in_both(key, [&](const auto& first, const auto& second, const auto& words) {
            const std::uint64_t hash = first.hash(words);
            auto found = first.find_noted(words, hash);
            if (found && found->record.is_alive(lives, now)) return found;
            found = second.find_noted(words, hash);
            if (found && !found->record.is_alive(lives, now)) found.reset();
            return found;
        });
    }

    /// Writes where the record's state belongs. A provisional record gives way to a later one, so
    /// that half of the room is for logins that are under way, whatever floods the other half; a
    /// confirmed one is never evicted while it lives.
    WriteOutcome write(const Key& key, const Record& record, const Lifetimes& lives,
                       Seconds now, const Notes* notes = nullptr) noexcept {
        return is_confirmed(record.state)
                   ? confirmed.write(key, record, lives, now, Evict::never, notes)
                   : provisional.write(key, record, lives, now, Evict::oldest_by_half, notes);
    }
    /// Replaces the notes of the record that find() has returned.
    WriteOutcome annotate(const Key& key, const Record& found, const Notes& notes) noexcept {
        return is_confirmed(found.state) ? confirmed.annotate(key, notes, found.backend)
                                         : provisional.annotate(key, notes, found.backend);
    }

    /// Renews last_seen of a record that find() has returned, or changes its mark.
    bool refresh(const Key& key, const Record& expected, const Record& desired) noexcept {
        return is_confirmed(expected.state) ? confirmed.refresh(key, expected, desired)
                                            : provisional.refresh(key, expected, desired);
    }

    std::size_t bytes() const noexcept { return confirmed.bytes() + provisional.bytes(); }

private:
    /// Calls use(confirmed, provisional, words) with the tables of the key's family.
    template <typename Use>
    [[gnu::always_inline]] auto in_both(const Key& key, Use&& use) const noexcept {
        if constexpr (requires { key.is_narrow(); }) {
            if (key.is_narrow()) [[likely]]
                return use(confirmed.narrow(), provisional.narrow(), key.narrow());
            return use(confirmed.wide(), provisional.wide(), key.wide());
        } else {
            return use(confirmed, provisional, key);
        }
    }
};

/// Of a transit record last_seen is when it ends: who makes room has one measure for protocols
/// whose lives differ.
inline constexpr Lifetimes transit_lives = Lifetimes::of(0);

/// What the first fragment of a datagram was, for the fragments that carry no ports.
struct FragmentFate {
    enum class Kind : std::uint8_t { to_server, to_client, transit, punt, drop };
    Kind kind = Kind::drop;
    std::uint16_t index = 0;  ///< backend, or frontend of a reply
    forwarding::GatewayIndex gateway = forwarding::no_gateway;  ///< a reply's; else its service
};

/// Everything that workers learn and share. Readers take no lock; writers never wait.
/// Threads: any worker; the control thread walks it for counts and listings, and a thread of its
/// own for what a restart has to know.
class Directory {
public:
    Directory(const DirectoryLimits& limits, net::HashKey key)
        : flows{limits.flows, key},
          bindings{limits.bindings, key},
          pairs{limits.pairs, key},
          esp{limits.esp_spis, key},
          half_open{limits.half_open, key},
          pending{limits.half_open / 4 + 1024, key},
          candidates{limits.half_open / 4 + 1024, key},
          logins{limits.half_open / 4 + 1024, key},
          hints{limits.half_open / 4 + 1024, key},
          fragments{limits.fragments, key},
          transit{{{limits.transit / 4, key},
                   {limits.transit / 4, key},
                   {limits.transit / 2, key}}} {}

    /// The note: FlowSpis, the ESP SPIs that the full order has resolved to the flow's backend.
    TwoRegions<FlowKey, FamilyTable<FlowKey, 1>> flows;
    TwoRegions<BindingKey, FamilyTable<BindingKey>> bindings;
    /// The gateway field holds the service. The note: PairNote, for people only.
    TwoRegions<PairKey, RecordTable<2, 1>> pairs;
    /// Whose ESP an SPI is, by the client that was seen to use it.
    FamilyTable<EspKey, 0, BySpi> esp;
    FamilyTable<HalfOpenKey> half_open;   ///< a choice for (client, SPIi), or an answered INIT
    RecordTable<1> pending;               ///< by request_key(): a request that an answer may commit
    FamilyTable<FlowKey, 1> candidates;   ///< an SPI on its way into esp; the note: Candidate
    FamilyTable<FlowKey, 2> logins;       ///< the pair whose login was answered last on a flow
    FamilyTable<FlowKey> hints;           ///< where ESP of an unknown tuple went by its SPI alone
    FamilyTable<FragmentKey> fragments;   ///< FragmentFate by datagram
    /// By wall::TransitShare. Half-open: not answered yet; established; closing: after FIN or RST.
    std::array<TwoRegions<wall::TransitKey, FamilyTable<wall::TransitKey>>, wall::transit_shares>
        transit;

    /// Live SAs of each backend at the control thread's last count; read by least_sas.
    std::array<std::atomic<std::uint32_t>, forwarding::max_backends> sas{};
    std::atomic<std::uint32_t> sa_counts{0};  ///< how often they have been counted
    /// The half-open region was over its watermark at that count.
    std::atomic<bool> is_half_open_crowded{false};

    /// Of the tables that an IPv4 client fills.
    std::size_t bytes() const noexcept {
        return flows.bytes() + bindings.bytes() + pairs.bytes() + esp.bytes() +
               half_open.bytes() + pending.bytes() + candidates.bytes() + logins.bytes() +
               hints.bytes() + fragments.bytes();
    }
};

inline Record to_record(const FragmentFate& fate, Seconds now) noexcept {
    return {.backend = {.index = fate.index},
            .state = static_cast<RecordState>(fate.kind),
            .gateway = fate.gateway,
            .last_seen = now};
}
inline FragmentFate to_fate(const Record& record) noexcept {
    return {.kind = static_cast<FragmentFate::Kind>(record.state),
            .index = record.backend.index,
            .gateway = record.gateway};
}

}  // namespace ikelb::sessions
