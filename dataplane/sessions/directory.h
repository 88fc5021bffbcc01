// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/sessions/family_table.h"
#include "dataplane/sessions/ike_sa.h"
#include "dataplane/sessions/keys.h"
#include "dataplane/sessions/records.h"
#include "dataplane/wall/transit.h"
#include "dataplane/wall/upper.h"

namespace ikelb::sessions {

/// How many live records of each kind the directory is made for: of flows, bindings, ESP SPIs and
/// transit in each family, of the others in both together.
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
template <typename Key, typename Value, typename Table>
struct TwoRegions {
    using Notes = typename Table::Notes;
    using Noted = typename Table::Noted;

    Table confirmed;
    Table provisional;

    TwoRegions(std::size_t capacity, net::HashKey key)
        : confirmed{capacity, key}, provisional{capacity / 12 + 1024, key} {}

    /// Starts loading the places of the key in both.
    template <bool for_write = false>
    [[gnu::always_inline]] void prefetch(const Key& key) const noexcept {
        in_both(
            key, [](const auto& first, const auto& second, const auto& words)
                     __attribute__((always_inline)) {
                         const std::uint64_t hash = first.hash(words);
                         first.template prefetch<for_write>(hash);
                         second.template prefetch<for_write>(hash);
                     });
    }
    /// The key's live record.
    std::optional<Value> find(const Key& key, const Timeouts& lives, Seconds now) const noexcept {
        return look(key, lives, now, [](const auto& table, const auto& words, std::uint64_t hash) {
            return table.find(words, hash);
        });
    }
    /// As find(), with the notes.
    std::optional<Noted> find_noted(const Key& key, const Timeouts& lives,
                                    Seconds now) const noexcept {
        return look(key, lives, now, [](const auto& table, const auto& words, std::uint64_t hash) {
            return table.find_noted(words, hash);
        });
    }

    /// Brings what find() has returned up to date, where the new record belongs. Of provisional
    /// ones half of the room is for those that have more than begun, whatever floods the other
    /// half; a confirmed one is never evicted while it lives. first: see RecordTable::write().
    template <typename First = AtOnce>
    WriteOutcome write(const Key& key, const std::optional<Value>& found, const Value& record,
                       const Timeouts& lives, Seconds now, const Notes* notes = nullptr,
                       const First& first = {}) noexcept {
        const bool was_confirmed = found && found->is_confirmed();
        if (!found || was_confirmed == record.is_confirmed())
            return put(key, found, record, lives, now, notes, first);
        const auto move = [&] {
            const WriteOutcome outcome =
                put(key, std::nullopt, record, lives, now, notes, first);
            moves_.fetch_add(1, std::memory_order_acq_rel);
            return outcome;
        };
        // Left there, the other one would hide this one, or speak again when it has ended.
        return was_confirmed ? confirmed.erase(key, move) : provisional.erase(key, move);
    }
    /// Replaces the notes of the record that find() has returned.
    WriteOutcome annotate(const Key& key, const Value& found, const Notes& notes) noexcept {
        return (found.is_confirmed() ? confirmed : provisional).annotate(key, notes, found.backend);
    }
    /// Renews last_seen of a record that find() has returned, or changes a flag.
    bool refresh(const Key& key, const Value& expected, const Value& desired) noexcept {
        return (expected.is_confirmed() ? confirmed : provisional).refresh(key, expected, desired);
    }

    std::size_t bytes() const noexcept { return confirmed.bytes() + provisional.bytes(); }

private:
    [[gnu::always_inline]] WriteOutcome put(const Key& key, const std::optional<Value>& here,
                                            const Value& record, const Timeouts& lives,
                                            Seconds now, const Notes* notes,
                                            const auto& first) noexcept {
        return record.is_confirmed()
                   ? confirmed.write(key, record, lives, now, Evict::never, notes, &here, first)
                   : provisional.write(key, record, lives, now, Evict::oldest_by_half, notes, &here,
                                       first);
    }
    /// The confirmed one first, and again if any has moved meanwhile.
    template <typename Get>
    [[gnu::always_inline]] auto look(const Key& key, const Timeouts& lives, Seconds now,
                                     Get&& get) const noexcept {
        return in_both(key, [&](const auto& first, const auto& second, const auto& words) {
            const std::uint64_t hash = first.hash(words);
            const std::uint32_t before = moves_.load(std::memory_order_acquire);
            auto found = get(first, words, hash);
            if (found && found->is_alive(lives, now)) return found;
            found = get(second, words, hash);
            if (found && found->is_alive(lives, now)) return found;
            if (moves_.load(std::memory_order_acquire) != before) found = get(first, words, hash);
            if (found && !found->is_alive(lives, now)) found.reset();
            return found;
        });
    }
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

    alignas(64) std::atomic<std::uint32_t> moves_{0};  ///< between the regions, so far
};

/// Of a conversation by routed transit. Protocols' lives differ: it says itself when it ends.
struct Conversation {
    wall::Progress progress = wall::Progress::asked;
    Seconds ends_at = 0;

    constexpr std::uint64_t pack() const noexcept {
        return packed::head(ends_at, {}, static_cast<unsigned>(progress));
    }
    static constexpr Conversation unpack(std::uint64_t bits) noexcept {
        return {.progress = static_cast<wall::Progress>(packed::code(bits)),
                .ends_at = packed::last_seen(bits)};
    }
    constexpr bool is_alive(const Timeouts&, Seconds now) const noexcept {
        return forwarding::is_within(0, ends_at, now);
    }
    constexpr bool is_begun() const noexcept { return progress == wall::Progress::asked; }
    constexpr bool is_confirmed() const noexcept { return !is_begun(); }
    friend constexpr bool operator==(const Conversation&, const Conversation&) = default;
};

/// Everything that workers learn and share. Readers take no lock; writers never wait.
/// Threads: any worker; the control thread, and one that saves, walk it.
class Directory {
public:
    Directory(const DirectoryLimits& limits, net::HashKey key)
        : secret{.k0 = net::keyed_hash(1, key), .k1 = net::keyed_hash(2, key)},
          flows{limits.flows, key},
          bindings{limits.bindings, key},
          pairs{limits.pairs, key},
          claims{limits.esp_spis, key},
          choices{limits.half_open, key},
          rivals{limits.half_open / 4 + 1024, key},
          pending{limits.half_open / 4 + 1024, key},
          candidates{limits.half_open / 4 + 1024, key},
          logins{limits.half_open / 4 + 1024, key},
          fragments{limits.fragments, key},
          transit{
              {{limits.transit / 4, key}, {limits.transit / 4, key}, {limits.transit / 2, key}}} {}

    const net::HashKey secret;  ///< of HashedKey: what clients see of hashes is under another one
    TwoRegions<FlowKey, Flow, FamilyTable<Flow, FlowKey>> flows;
    FamilyTable<Binding, BindingKey> bindings;
    TwoRegions<PairKey, IkeSa, RecordTable<IkeSa, 2, 2>> pairs;
    FamilyTable<Claim, EspKey, BySpi> claims;
    RecordTable<Choice, 1> choices;  ///< by half_open_key()
    RecordTable<Rivals, 1, Rivals::most / 2> rivals;  ///< by hashed(), of the flow
    RecordTable<Pending, 1> pending;          ///< by affinity::request_key()
    RecordTable<Candidate, 1, 1> candidates;  ///< by the SPI alone
    RecordTable<Login, 1, 2> logins;  ///< by hashed(), of client tuple and backend
    RecordTable<FragmentFate, 1> fragments;  ///< by what a receiver puts together
    /// By a flow's hash. Whoever changes the flow or its rivals holds it, and nobody has since they
    /// were read: else of what two workers hear there at once one writes over the other's.
    std::array<TryLock, 1024> tuples{};
    TryLock& tuple(std::uint64_t hash) noexcept { return tuples[hash % tuples.size()]; }
    /// By wall::TransitShare.
    std::array<
        TwoRegions<wall::TransitKey, Conversation, FamilyTable<Conversation, wall::TransitKey>>,
        wall::transit_shares>
        transit;

    /// Live SAs of each backend at the control thread's last count; read by least_sas.
    std::array<std::atomic<std::uint32_t>, forwarding::max_backends> sas{};
    std::atomic<std::uint32_t> sa_counts{0};  ///< how often they have been counted
    /// The half-open region was over its watermark at that count.
    std::atomic<bool> is_half_open_crowded{false};

    /// Of the tables that an IPv4 client fills.
    std::size_t bytes() const noexcept {
        return flows.bytes() + bindings.bytes() + pairs.bytes() + claims.bytes() + choices.bytes() +
               rivals.bytes() + pending.bytes() + candidates.bytes() + logins.bytes() +
               fragments.bytes();
    }
};

}  // namespace ikelb::sessions
