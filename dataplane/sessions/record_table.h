// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "dataplane/net/hash.h"
#include "dataplane/sessions/bucket.h"
#include "dataplane/sessions/mapped_memory.h"
#include "dataplane/sessions/records.h"

namespace ikelb::sessions {

/// A lock without waiting, on a cache line of its own: for std::unique_lock with std::try_to_lock.
/// A thread that does not own the lock must not write.
class alignas(64) TryLock {
public:
    [[gnu::always_inline]] bool try_lock() noexcept {
        return !is_held_.exchange(true, std::memory_order_acquire);
    }
    void unlock() noexcept { is_held_.store(false, std::memory_order_release); }

private:
    std::atomic<bool> is_held_{false};
};

/// Result of an attempt to write.
enum class WriteOutcome : std::uint8_t {
    written,
    busy,     ///< another worker holds the shard: the caller defers the event, no thread spins
    full,     ///< all places of the key hold live records that may not be evicted
    changed,  ///< another worker has written since the caller looked
};

/// A condition of a write that always holds: see RecordTable::write().
struct AtOnce {
    WriteOutcome operator()() const noexcept { return WriteOutcome::written; }
};

/// Rule for evicting live records. `oldest`: the oldest record in the key's two buckets; other
/// buckets are not read, which bounds the cost of a flood. `oldest_by_half`: if the first three
/// spill buckets are full too, the oldest record that no session has confirmed, in the two buckets,
/// else where the key spills. It is one of the begun records or of the others, whichever kind would
/// hold more than half of the places with the new record: neither kind can flush the other.
enum class Evict : std::uint8_t { never, oldest, oldest_by_half };

/// Hashes the whole key to choose its buckets.
struct WholeKey {
    template <std::size_t Words>
    static constexpr std::uint64_t hash(const std::array<std::uint64_t, Words>& key,
                                        net::HashKey secret) noexcept {
        std::uint64_t result = net::keyed_hash(key[0], secret);
        for (std::size_t i = 1; i < Words; ++i) result = net::keyed_hash(key[i], result, secret);
        return result;
    }
};

/// Theory of operation. A bounded hash table from KeyWords 64-bit words to a Value, a type of
/// sessions/records.h, and to NoteWords words more whose meaning is the caller's.
///
/// A bucket has 4 slots: one cache line for one-word keys, more for longer ones, equal words of
/// the slots side by side. A key belongs into the first of two buckets of one shard, and into the
/// second if that is full; where records may be evicted, into the emptier. Both are derived from
/// a keyed hash, so that an attacker who chooses keys cannot choose buckets. When both are full of
/// live records it spills into the bucket that shares an aligned pair of lines with its first, then
/// into those behind, up to 31 buckets away. A bucket keeps how far its keys have spilled (its
/// reach) in a spare bit of each of its slots, so that few look-ups go further than the two.
///
/// Readers take no lock. The first key word of a slot is zero while the slot is empty, and a slot
/// changes its key only by way of zero: first word := 0, value, notes, other key words, first word,
/// each a release store. A reader reads key, value, key again, each an acquire load; a value newer
/// than the first reading of the key makes the second one differ. (Left over: within the
/// nanoseconds of one look-up the slot goes to another key and back to the first. One packet is
/// then steered by the other key's record.) The record of a key that stays is replaced in place, so
/// a live key is never missing. Writers hold their shard's try-lock. Records expire by their
/// last_seen; an expired record is no record, and its slot is reused by the next writer that needs
/// it. Nothing is ever moved between slots, so a reader cannot miss a record that is being moved.
///
/// Threads: any, for every member; for_each() is slow and belongs beside the packet path.
/// Memory: allocated once, in the constructor, never grown.
///
/// A note is written behind its record's value, and is zero from before the backend changes. A
/// reader of both reads value, note, value again, so the note is never another backend's. (Left
/// over: within one look-up the record goes to another backend and back, with the same last_seen.)
/// tests/model/table.pml has all of these orders, and what is left over.
template <typename Value, std::size_t KeyWords, std::size_t NoteWords = 0,
          typename Hashing = WholeKey>
class RecordTable : Bucket<Value, KeyWords, NoteWords> {
    static_assert(KeyWords >= 1 && KeyWords <= 5 && NoteWords <= 6);

public:
    using Slots = Bucket<Value, KeyWords, NoteWords>;
    using Slots::bucket_words, Slots::slot_words, Slots::slots_per_bucket;
    using typename Slots::Key, typename Slots::Notes, typename Slots::Word;
    using Noted = sessions::Noted<Value, NoteWords>;

    /// capacity: live records; memory is capacity * 4 / 3 slots, rounded up to whole shards of a
    /// power of two of buckets. Throws std::bad_alloc.
    RecordTable(std::size_t capacity, net::HashKey hash_key, Touch touch = Touch::now)
        : RecordTable{plan(capacity), hash_key, touch} {}
    RecordTable(const RecordTable&) = delete;
    RecordTable& operator=(const RecordTable&) = delete;

    /// The state for look-ups in steps, by value, for loops that write to packets. Inlined by
    /// force: g++ sees no effect in a call that only prefetches, and drops it.
    struct Reader {
        net::HashKey hash_key;
        std::size_t buckets;
        std::size_t shard_mask;
        Word* words;

        [[gnu::always_inline]] std::uint64_t hash(const Key& key) const noexcept {
            return Hashing::hash(key, hash_key);
        }
        /// A key's first bucket, by the scaled high bits of its hash, and its second bucket for a
        /// full first one, by the low bits within the same shard.
        [[gnu::always_inline]] Word* first_of(std::uint64_t hash) const noexcept {
            return bucket(static_cast<std::size_t>(net::Uint128{hash} * buckets >> 64));
        }
        [[gnu::always_inline]] Word* second_of(std::uint64_t hash,
                                               const Word* first) const noexcept {
            const std::size_t at = index_of(first);
            const std::size_t second = (at & ~shard_mask) | (hash & shard_mask);
            return bucket(second ^ static_cast<std::size_t>(second == at));
        }
        [[gnu::always_inline]] void prefetch(const Word* bucket) const noexcept {
            for (std::size_t at = 0; at < bucket_words; at += 8) __builtin_prefetch(bucket + at);
        }
        Word* bucket(std::size_t index) const noexcept { return words + index * bucket_words; }
        std::size_t index_of(const Word* word) const noexcept {
            return static_cast<std::size_t>(word - words) / bucket_words;
        }
    };
    const Reader& reader() const noexcept { return at_; }
    std::uint64_t hash(const Key& key) const noexcept { return at_.hash(key); }
    /// Slot of a key that stands in neither of its two buckets, or nullptr.
    Word* find_spilled(const Key& key, Word* first) const noexcept {
        for (unsigned distance = 1, last = reach_of(first); distance <= last; ++distance)
            if (Word* const slot = match(neighbour(first, distance), key)) return slot;
        return nullptr;
    }
    [[gnu::always_inline]] void prefetch(const Key& key) const noexcept {
        const Home home = home_of(key);
        for (const Word* const bucket : {home.first, home.second}) at_.prefetch(bucket);
    }

    /// The record of the key, dead or alive. key[0] must not be 0.
    std::optional<Value> find(const Key& key) const noexcept { return look_up<&Slots::read>(key); }
    /// The same, nullopt unless the record is alive.
    std::optional<Value> find(const Key& key, const Timeouts& lives, Seconds now) const noexcept {
        return alive(find(key), lives, now);
    }
    /// As find(), with the notes.
    std::optional<Noted> find_noted(const Key& key) const noexcept {
        return look_up<&Slots::read_noted>(key);
    }
    std::optional<Noted> find_noted(const Key& key, const Timeouts& lives,
                                    Seconds now) const noexcept {
        return alive(find_noted(key), lives, now);
    }
    /// Calls visit(const Key&, const Value&) for each record, dead or alive, in the buckets of the
    /// hash. Lock-free; may miss a record that is being written.
    template <typename Visit>
    void visit_homes(std::uint64_t hash, Visit&& visit) const noexcept {
        Word* const first = at_.first_of(hash);
        Word* const second = at_.second_of(hash, first);
        for_each_slot(first, visit);
        for_each_slot(second, visit);
        for (unsigned distance = 1, last = reach_of(first); distance <= last; ++distance)
            if (Word* const bucket = neighbour(first, distance); bucket != second)
                for_each_slot(bucket, visit);
    }

    /// Inserts or replaces the key's record, and its notes if given. Takes an empty slot or a dead
    /// record's, else evicts as `evict` allows. expected: the result of find(); a different record
    /// now makes the outcome `changed`. first: called when nothing else can fail; any outcome but
    /// written stops the write.
    template <typename First = AtOnce>
    WriteOutcome write(const Key& key, const Value& record, const Timeouts& lives, Seconds now,
                       Evict evict, const Notes* notes = nullptr,
                       const std::optional<Value>* expected = nullptr,
                       const First& first = {}) noexcept {
        assert(key[0] != 0);
        const Home home = home_of(key);
        const std::unique_lock hold{lock_of(home), std::try_to_lock};
        if (!hold) return WriteOutcome::busy;
        Word* const slot = locate(home, key);
        const Value before = slot == nullptr ? Value{} : Slots::value_at(slot);
        const bool is_there = slot != nullptr && before.is_alive(lives, now);
        if (expected != nullptr && (expected->has_value() != is_there ||
                                    (is_there && (*expected)->pack() != before.pack())))
            return WriteOutcome::changed;
        const Place place = slot != nullptr ? Place{.slot = slot}
                                            : choose(home, is_begun(record), lives, now, evict);
        if (place.slot == nullptr) return WriteOutcome::full;
        if (const WriteOutcome outcome = first(); outcome != WriteOutcome::written) return outcome;
        if (slot == nullptr) {
            if (place.distance > reach_of(home.first)) Slots::set_reach(home.first, place.distance);
            replace(place.slot, &key, record, notes);
            return WriteOutcome::written;
        }
        // A dead record's notes end with it.
        if (!is_there) set_notes(slot, {});
        set_value(slot, record);
        if (notes != nullptr) set_notes(slot, *notes);
        return WriteOutcome::written;
    }

    /// Changes the key's record from expected to desired if the record is still expected.
    /// Lock-free. If the slot passes to another key with an equal record during the call, that key
    /// gets the desired record: renew only last_seen here, and leave other changes to write().
    bool refresh(const Key& key, const Value& expected, const Value& desired) noexcept {
        assert(key[0] != 0);
        Word* const slot = locate(home_of(key), key);
        if (slot == nullptr) return false;
        // Repeats only if the reach bit alone has changed.
        for (Word seen; ((seen = load(slot[value_offset])) & ~reach_bit) == expected.pack() &&
                        holds(slot, key);)
            if (Slots::exchange(slot, seen, desired.pack() | (seen & reach_bit))) return true;
        return false;
    }

    /// Removes the key; returns written also for a missing key.
    WriteOutcome erase(const Key& key) noexcept {
        assert(key[0] != 0);
        const Home home = home_of(key);
        const std::unique_lock hold{lock_of(home), std::try_to_lock};
        if (!hold) return WriteOutcome::busy;
        if (Word* const slot = locate(home, key)) replace(slot, nullptr, {});
        return WriteOutcome::written;
    }

    /// Calls visit(const Key&, const Value&) for each record, dead or alive, in buckets [first,
    /// first + count). Safe beside writers; may miss a record that is being written.
    template <typename Visit>
    void for_each(std::size_t first, std::size_t count, Visit&& visit) const {
        const std::size_t begin = std::min(first, buckets());
        const std::size_t end = begin + std::min(count, buckets() - begin);
        for (std::size_t index = begin; index != end; ++index)
            for_each_slot(at_.bucket(index), visit);
    }

    std::size_t buckets() const noexcept { return at_.buckets; }
    std::size_t slots() const noexcept { return buckets() * slots_per_bucket; }
    std::size_t bytes() const noexcept { return buckets() * bucket_words * sizeof(Word); }

private:
    using Slots::for_each_slot, Slots::holds, Slots::key_at, Slots::load, Slots::match;
    using Slots::reach, Slots::reach_bit, Slots::set_notes, Slots::set_value, Slots::store;
    using Slots::value_offset, typename Slots::Survey;

    /// Shards of this size are about equally full in a full table.
    static constexpr std::size_t min_shard_buckets = 512;
    static constexpr std::size_t max_shards = 1024;

    struct Geometry {
        std::size_t shards;
        unsigned shard_bits;
    };
    struct Home {
        Word* first;
        Word* second;
    };
    /// Place for a record; distance counts from the first bucket and is 0 in both home buckets.
    struct Place {
        Word* slot = nullptr;
        unsigned distance = 0;
    };

    RecordTable(Geometry geometry, net::HashKey hash_key, Touch touch)
        : shard_bits_{geometry.shard_bits},
          memory_{(geometry.shards << shard_bits_) * bucket_words * sizeof(Word), touch},
          at_{.hash_key = hash_key,
              .buckets = geometry.shards << shard_bits_,
              .shard_mask = (std::size_t{1} << shard_bits_) - 1,
              .words = static_cast<Word*>(memory_.data())},
          locks_{std::make_unique<TryLock[]>(geometry.shards)} {}

    static Geometry plan(std::size_t capacity) {
        if (capacity > std::size_t{1} << 32) return {};  // MappedMemory refuses zero bytes
        const std::size_t slots = capacity * 4 / 3 + 1;
        const std::size_t needed = (slots + slots_per_bucket - 1) / slots_per_bucket;
        std::size_t per_shard =
            std::min(std::bit_ceil(std::max<std::size_t>(needed, 2)), min_shard_buckets);
        while (needed / per_shard >= max_shards) per_shard *= 2;
        return {.shards = (needed + per_shard - 1) / per_shard,
                .shard_bits = static_cast<unsigned>(std::countr_zero(per_shard))};
    }

    Home home_of(const Key& key) const noexcept {
        const std::uint64_t hash = at_.hash(key);
        Word* const first = at_.first_of(hash);
        return {.first = first, .second = at_.second_of(hash, first)};
    }
    /// Spill bucket of `first` at this distance. Distance 1 is the other bucket of an aligned pair,
    /// which hardware tends to fetch too.
    Word* neighbour(const Word* first, unsigned distance) const noexcept {
        const std::size_t at = at_.index_of(first);
        if (distance == 1) return at_.bucket(at ^ 1);
        return at_.bucket((at & ~at_.shard_mask) |
                          (((at & ~std::size_t{1}) + distance) & at_.shard_mask));
    }
    /// At most once around the shard.
    unsigned furthest() const noexcept {
        return static_cast<unsigned>(std::min<std::size_t>(reach.back(), at_.shard_mask));
    }
    TryLock& lock_of(const Home& home) const noexcept {
        return locks_[at_.index_of(home.first) >> shard_bits_];
    }

    Word* locate(const Home& home, const Key& key) const noexcept {
        if (Word* const slot = match(home.first, key)) return slot;
        if (Word* const slot = match(home.second, key)) return slot;
        return find_spilled(key, home.first);
    }
    template <auto read>
    auto look_up(const Key& key) const noexcept -> decltype(read(nullptr, key)) {
        assert(key[0] != 0);
        const Home home = home_of(key);
        while (const Word* const slot = locate(home, key))
            if (const auto found = read(slot, key)) [[likely]]
                return found;
        return std::nullopt;
    }
    static auto alive(auto found, const Timeouts& lives, Seconds now) noexcept {
        if (found && !found->is_alive(lives, now)) found.reset();
        return found;
    }

    unsigned reach_of(const Word* first) const noexcept {
        return std::min(Slots::reach_of(first), furthest());
    }
    /// Lowers a bucket's reach to the furthest of its spilled keys.
    void tighten_reach(Word* first) noexcept {
        unsigned needed = reach_of(first);
        while (needed != 0 && !holds_spilled_key_of(first, neighbour(first, needed))) --needed;
        Slots::set_reach(first, needed);
    }
    bool holds_spilled_key_of(const Word* first, Word* bucket) const noexcept {
        for (Word* slot = bucket; slot != bucket + slots_per_bucket; ++slot) {
            const Key key = key_at(slot);
            if (key[0] == 0) continue;
            const Home home = home_of(key);
            if (home.first == first && home.second != bucket) return true;
        }
        return false;
    }

    Place choose(const Home& home, bool has_only_begun, const Timeouts& lives, Seconds now,
                 Evict evict) const noexcept {
        const Survey first = Slots::survey(home.first, lives, now);
        const Survey second = Slots::survey(home.second, lives, now);
        const bool is_in_second = first.vacant == nullptr ||
                                  (evict != Evict::never && first.live > second.live);
        const Survey& chosen = is_in_second ? second : first;
        if (chosen.vacant != nullptr) return {.slot = chosen.vacant};
        // Evicts live records only; nullptr: none of these buckets' records may go.
        const auto oldest = [=](std::initializer_list<Word*> full) -> Word* {
            if (evict == Evict::never) return nullptr;
            const auto [others, begun, confirmed] = Slots::oldest(full, now);
            const bool is_begun =
                evict == Evict::oldest_by_half
                    ? 2 * (begun.count + has_only_begun) > begun.count + others.count
                    : begun.age > others.age;
            return is_begun ? begun.slot : others.slot;
        };
        // A free place nearby spares a live record.
        const unsigned nearby = evict == Evict::oldest ? 0 : std::min(reach[2], furthest());
        for (const bool may_evict : {false, true}) {
            Word* const worst = may_evict ? oldest({home.second, home.first}) : nullptr;
            if (worst != nullptr) return {.slot = worst};
            const unsigned last = may_evict ? furthest() : nearby;
            for (unsigned distance = 1; distance <= last; ++distance) {
                Word* const words = neighbour(home.first, distance);
                const Survey found = Slots::survey(words, lives, now);
                Word* const slot = found.vacant != nullptr ? found.vacant
                                   : may_evict             ? oldest({words})
                                                           : nullptr;
                if (slot != nullptr) return {.slot = slot, .distance = distance};
            }
        }
        return {};
    }

    /// Gives the slot to another key, or to none. Readers rely on the order of the stores.
    void replace(Word* slot, const Key* key, const Value& record,
                 const Notes* notes = nullptr) noexcept {
        const Key before = key_at(slot);
        store(slot[0], 0);
        if (key != nullptr) {
            set_value(slot, record);
            set_notes(slot, notes == nullptr ? Notes{} : *notes);
            for (std::size_t i = 1; i < KeyWords; ++i) store(slot[i * slots_per_bucket], (*key)[i]);
            store(slot[0], (*key)[0]);
        }
        if (before[0] == 0) return;
        const Home home = home_of(before);
        const Word* const bucket = at_.bucket(at_.index_of(slot));
        if (bucket != home.first && bucket != home.second) tighten_reach(home.first);
    }

    unsigned shard_bits_;
    MappedMemory memory_;
    const Reader at_;
    std::unique_ptr<TryLock[]> locks_;  ///< one for each shard
};

}  // namespace ikelb::sessions
