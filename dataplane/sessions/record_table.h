// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>

#include "dataplane/net/hash.h"
#include "dataplane/sessions/bucket.h"
#include "dataplane/sessions/mapped_memory.h"
#include "dataplane/sessions/records.h"
#include "dataplane/sessions/try_lock.h"

namespace ikelb::sessions {

/// What became of an attempt to write.
enum class WriteOutcome : std::uint8_t {
    written,
    busy,     ///< another worker holds the shard: the caller defers the event, nobody spins
    full,     ///< every place of the key holds a live record that may not be evicted
    changed,  ///< another worker has written since the caller looked
};

/// A condition of a write that is always met: see RecordTable::write().
struct AtOnce {
    WriteOutcome operator()() const noexcept { return WriteOutcome::written; }
};

/// May a live record give way to a new one? `oldest`: of the two buckets the one seen longest ago;
/// no other bucket is looked at, so that a flood costs no more than that. `oldest_by_half`: of what
/// no session has confirmed, in the two buckets, else where a key spills. Of those that have only
/// begun or the others, whichever would have more than half of their places with the new one, so
/// that neither can flush the other.
enum class Evict : std::uint8_t { never, oldest, oldest_by_half };

/// Which part of a key chooses its buckets.
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
/// A note is written behind its record's value, and is zero from before the backend changes. Who
/// reads both reads value, note, value again, so the note is never another backend's. (Left over:
/// within one look-up the record goes to another backend and back, with the same last_seen.)
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

    /// capacity: live records the table is meant to hold; memory is capacity * 4 / 3 slots, rounded
    /// up to whole shards of a power of two of buckets. Throws std::bad_alloc.
    RecordTable(std::size_t capacity, net::HashKey hash_key, Touch touch = Touch::now)
        : RecordTable{plan(capacity), hash_key, touch} {}
    RecordTable(const RecordTable&) = delete;
    RecordTable& operator=(const RecordTable&) = delete;

    std::uint64_t hash(const Key& key) const noexcept { return Hashing::hash(key, hash_key_); }

    /// What look-ups in steps need of a table. A value, so that a loop that writes to packets need
    /// not read the table's fields again and again; as long-lived as the table.
    /// Inlined by force: a call that only prefetches has no effect in g++'s eyes, which drops it.
    class Reader {
    public:
        [[gnu::always_inline]] std::uint64_t hash(const Key& key) const noexcept {
            return Hashing::hash(key, hash_key_);
        }
        /// The bucket where a key belongs, by the hash's high bits, scaled; and the one where it is
        /// if that was full, by its low bits within that one's shard.
        [[gnu::always_inline]] std::uint64_t* first_of(std::uint64_t hash) const noexcept {
            return words_ + (net::Uint128{hash} * buckets_ >> 64) * bucket_words;
        }
        [[gnu::always_inline]] std::uint64_t* second_of(std::uint64_t hash,
                                                        const Word* first) const noexcept {
            const std::size_t at = index_of(first);
            const std::size_t second = (at & ~shard_mask_) | (hash & shard_mask_);
            return words_ + (second ^ static_cast<std::size_t>(second == at)) * bucket_words;
        }
        [[gnu::always_inline]] void prefetch(const Word* bucket) const noexcept {
            for (std::size_t at = 0; at < bucket_words; at += 8) __builtin_prefetch(bucket + at);
        }
        /// Where the key stands in a bucket now; nullptr: it does not.
        [[gnu::always_inline]] const Word* slot_in(const Word* bucket,
                                                   const Key& key) const noexcept {
            return match(const_cast<Word*>(bucket), key);
        }
        std::size_t index_of(const Word* bucket) const noexcept {
            return static_cast<std::size_t>(bucket - words_) / bucket_words;
        }

        net::HashKey hash_key_;
        std::size_t buckets_;
        std::size_t shard_mask_;
        std::uint64_t* words_;
    };
    Reader reader() const noexcept { return {hash_key_, buckets_, shard_mask_, words_}; }
    /// Where a key stands that is in neither of its two buckets; nullptr: nowhere.
    const std::uint64_t* find_spilled(const Key& key, const std::uint64_t* first) const noexcept {
        if (Slots::reach_of(const_cast<std::uint64_t*>(first)) == 0) [[likely]]
            return nullptr;
        return locate_spilled(reader().index_of(first), key);
    }
    /// Starts loading both buckets, and for a writer their lock.
    template <bool for_write = false>
    [[gnu::always_inline]] void prefetch(const Key& key) const noexcept {
        const Home home = home_of(hash(key));
        for (const std::size_t index : {home.first, home.second}) reader().prefetch(bucket(index));
        if constexpr (for_write) __builtin_prefetch(&lock_of(home.first), 1);
    }

    /// The record of the key, dead or alive. key[0] must not be 0.
    std::optional<Value> find(const Key& key) const noexcept {
        assert(key[0] != 0);
        const Home home = home_of(hash(key));
        while (const Word* const slot = locate(home, key))
            if (const auto value = Slots::read(slot, key)) [[likely]]
                return value;
        return std::nullopt;
    }
    /// If it is alive.
    std::optional<Value> find(const Key& key, const Timeouts& lives, Seconds now) const noexcept {
        auto value = find(key);
        if (value && !value->is_alive(lives, now)) value.reset();
        return value;
    }

    /// As find(), with the notes.
    std::optional<Noted> find_noted(const Key& key) const noexcept requires(NoteWords > 0) {
        assert(key[0] != 0);
        const Home home = home_of(hash(key));
        while (const Word* const slot = locate(home, key))
            if (const auto noted = Slots::read_noted(slot, key)) [[likely]]
                return noted;
        return std::nullopt;
    }
    std::optional<Noted> find_noted(const Key& key, const Timeouts& lives,
                                    Seconds now) const noexcept requires(NoteWords > 0) {
        auto noted = find_noted(key);
        if (noted && !noted->is_alive(lives, now)) noted.reset();
        return noted;
    }
    /// Replaces the notes of a key that is still of this backend.
    WriteOutcome annotate(const Key& key, const Notes& notes, forwarding::BackendRef of) noexcept {
        const Home home = home_of(hash(key));
        const TryHold hold{lock_of(home.first)};
        if (!hold.is_held()) return WriteOutcome::busy;
        Word* const slot = locate(home, key);
        if (slot != nullptr && Slots::value_at(slot).backend == of) set_notes(slot, notes);
        return WriteOutcome::written;
    }

    /// Calls visit(const Key&, const Value&) for each record, dead or alive, that stands where a
    /// key of this hash may. Lock-free; a record written meanwhile may be missed.
    template <typename Visit>
    void visit_homes(std::uint64_t hash, Visit&& visit) const noexcept {
        const Home home = home_of(hash);
        Slots::for_each_slot(bucket(home.first), visit);
        Slots::for_each_slot(bucket(home.second), visit);
        const unsigned last = reach_of(home.first);
        for (unsigned distance = 1; distance <= last; ++distance)
            if (const std::size_t index = neighbour(home.first, distance); index != home.second)
                Slots::for_each_slot(bucket(index), visit);
    }

    /// Inserts or replaces the key's record, and its notes if there are any here. Takes a slot that
    /// is empty or holds a dead record, else as `evict` allows.
    /// expected: what find() has said; if something else is there by now, nothing is written.
    /// first: called once nothing else can fail; unless it says written, nothing is.
    template <typename First = AtOnce>
    WriteOutcome write(const Key& key, const Value& record, const Timeouts& lives, Seconds now,
                       Evict evict, const Notes* notes = nullptr,
                       const std::optional<Value>* expected = nullptr,
                       const First& first = {}) noexcept {
        assert(key[0] != 0);
        const Home home = home_of(hash(key));
        const TryHold hold{lock_of(home.first)};
        if (!hold.is_held()) return WriteOutcome::busy;
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
            if (place.distance != 0) Slots::raise_reach(bucket(home.first), place.distance);
            replace(place.slot, &key, record, notes);
            return WriteOutcome::written;
        }
        // A dead record's notes are over with it.
        if (!is_there) set_notes(slot, {});
        set_value(slot, record);
        if (notes != nullptr) set_notes(slot, *notes);
        return WriteOutcome::written;
    }

    /// Changes the key's record from expected to desired if it still is expected. Lock-free. A
    /// slot that passes to another key with an equal record in the middle of the call would give
    /// that key the desired record: renew last_seen with it, and leave other changes to write().
    bool refresh(const Key& key, const Value& expected, const Value& desired) noexcept {
        assert(key[0] != 0);
        Word* const slot = locate(home_of(hash(key)), key);
        if (slot == nullptr) return false;
        // Another turn only if the reach bit alone has changed.
        for (Word seen; ((seen = load(slot[value_offset])) & ~reach_bit) == expected.pack() &&
                        holds(slot, key);)
            if (Slots::exchange(slot, seen, desired.pack() | (seen & reach_bit))) return true;
        return false;
    }

    /// Removes the key; written also if it was not there.
    WriteOutcome erase(const Key& key) noexcept {
        assert(key[0] != 0);
        const Home home = home_of(hash(key));
        const TryHold hold{lock_of(home.first)};
        if (!hold.is_held()) return WriteOutcome::busy;
        if (Word* const slot = locate(home, key)) replace(slot, nullptr, {});
        return WriteOutcome::written;
    }

    /// Calls visit(const Key&, const Value&) for each occupied slot, dead or alive, of buckets
    /// [first, first + count). Safe beside writers; a record written meanwhile may be missed.
    template <typename Visit>
    void for_each(std::size_t first, std::size_t count, Visit&& visit) const {
        const std::size_t begin = std::min(first, buckets());
        const std::size_t end = begin + std::min(count, buckets() - begin);
        for (std::size_t index = begin; index != end; ++index)
            Slots::for_each_slot(bucket(index), visit);
    }

    std::size_t buckets() const noexcept { return buckets_; }
    std::size_t slots() const noexcept { return buckets() * slots_per_bucket; }
    std::size_t bytes() const noexcept { return buckets() * bucket_words * sizeof(Word); }

private:
    using Slots::holds, Slots::key_at, Slots::load, Slots::match;
    using Slots::notes_at, Slots::reach, Slots::reach_bit;
    using Slots::set_notes, Slots::set_value, Slots::store, Slots::value_offset;
    using typename Slots::Survey;

    /// So many that the shards of a full table are about equally full.
    static constexpr std::size_t min_shard_buckets = 512;
    static constexpr std::size_t max_shards = 1024;

    struct Geometry {
        std::size_t shards;
        unsigned shard_bits;
    };
    struct Home {
        std::size_t first;
        std::size_t second;
    };
    /// Where a record goes; distance counts from the first bucket, 0 in one of the two.
    struct Place {
        Word* slot = nullptr;
        unsigned distance = 0;
    };

    RecordTable(Geometry geometry, net::HashKey hash_key, Touch touch)
        : hash_key_{hash_key},
          buckets_{geometry.shards << geometry.shard_bits},
          shard_bits_{geometry.shard_bits},
          shard_mask_{(std::size_t{1} << geometry.shard_bits) - 1},
          memory_{bytes(), touch},
          words_{static_cast<Word*>(memory_.data())},
          locks_{std::make_unique<TryLock[]>(geometry.shards)} {}

    static Geometry plan(std::size_t capacity) {
        if (capacity > std::size_t{1} << 32) refuse_memory();
        const std::size_t slots = capacity * 4 / 3 + 1;
        const std::size_t needed = (slots + slots_per_bucket - 1) / slots_per_bucket;
        std::size_t per_shard =
            std::min(std::bit_ceil(std::max<std::size_t>(needed, 2)), min_shard_buckets);
        while (needed / per_shard >= max_shards) per_shard *= 2;
        return {.shards = (needed + per_shard - 1) / per_shard,
                .shard_bits = static_cast<unsigned>(std::countr_zero(per_shard))};
    }

    Home home_of(std::uint64_t hash) const noexcept {
        const Reader at = reader();
        const Word* const first = at.first_of(hash);
        return {.first = at.index_of(first), .second = at.index_of(at.second_of(hash, first))};
    }
    /// The bucket where a key of bucket first spills at this distance. Distance 1 is the other
    /// bucket of an aligned pair, which hardware tends to fetch along with it.
    std::size_t neighbour(std::size_t first, unsigned distance) const noexcept {
        if (distance == 1) return first ^ 1;
        return (first & ~shard_mask_) | (((first & ~std::size_t{1}) + distance) & shard_mask_);
    }
    /// No further than once around the shard.
    unsigned furthest() const noexcept {
        return static_cast<unsigned>(std::min<std::size_t>(reach.back(), shard_mask_));
    }
    Word* bucket(std::size_t index) const noexcept { return words_ + index * bucket_words; }
    TryLock& lock_of(std::size_t bucket) const noexcept { return locks_[bucket >> shard_bits_]; }

    /// The slot that holds the key, or nullptr.
    Word* locate(const Home& home, const Key& key) const noexcept {
        Word* const first = bucket(home.first);
        if (Word* const slot = match(first, key)) return slot;
        if (Word* const slot = match(bucket(home.second), key)) return slot;
        return const_cast<Word*>(find_spilled(key, first));
    }
    Word* locate_spilled(std::size_t first, const Key& key) const noexcept {
        const unsigned last = reach_of(first);
        for (unsigned distance = 1; distance <= last; ++distance)
            if (Word* const slot = match(bucket(neighbour(first, distance)), key)) return slot;
        return nullptr;
    }

    unsigned reach_of(std::size_t first) const noexcept {
        return std::min(Slots::reach_of(bucket(first)), furthest());
    }
    /// Lowers a bucket's reach to what its spilled keys still need.
    void tighten_reach(std::size_t first) noexcept {
        unsigned needed = 0;
        for (unsigned distance = reach_of(first); distance >= 1 && needed == 0; --distance)
            if (holds_spilled_key_of(first, neighbour(first, distance))) needed = distance;
        Slots::lower_reach(bucket(first), needed);
    }

    bool holds_spilled_key_of(std::size_t first, std::size_t index) const noexcept {
        for (std::size_t s = 0; s < slots_per_bucket; ++s) {
            const Key key = key_at(bucket(index) + s);
            if (key[0] == 0) continue;
            const Home home = home_of(hash(key));
            if (home.first == first && home.second != index) return true;
        }
        return false;
    }

    Place choose(const Home& home, bool has_only_begun, const Timeouts& lives, Seconds now,
                 Evict evict) const noexcept {
        const Survey first = Slots::survey(bucket(home.first), lives, now);
        const Survey second = Slots::survey(bucket(home.second), lives, now);
        const bool is_in_second = first.vacant == nullptr ||
                                  (evict != Evict::never && first.live > second.live);
        const Survey& chosen = is_in_second ? second : first;
        if (chosen.vacant != nullptr) return {.slot = chosen.vacant};
        // Among live ones alone; nullptr: of these none gives way.
        const auto oldest = [=](std::initializer_list<Word*> full) -> Word* {
            if (evict == Evict::never) return nullptr;
            const auto [others, begun, confirmed] = Slots::oldest(full, now);
            const bool is_begun =
                evict == Evict::oldest_by_half
                    ? 2 * (begun.count + has_only_begun) > begun.count + others.count
                    : begun.age > others.age;
            return is_begun ? begun.slot : others.slot;
        };
        if (Word* const slot = oldest({bucket(home.second), bucket(home.first)}))
            return {.slot = slot};
        for (unsigned distance = 1; distance <= furthest(); ++distance) {
            Word* const words = bucket(neighbour(home.first, distance));
            const Survey found = Slots::survey(words, lives, now);
            Word* const slot = found.vacant != nullptr ? found.vacant : oldest({words});
            if (slot != nullptr) return {.slot = slot, .distance = distance};
        }
        return {};
    }

    /// Gives the slot to another key, or to none. The order of the stores is what readers rely on.
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
        const Home home = home_of(hash(before));
        const auto index = static_cast<std::size_t>(slot - words_) / bucket_words;
        if (index != home.first && index != home.second) tighten_reach(home.first);
    }

    net::HashKey hash_key_;
    std::size_t buckets_;
    unsigned shard_bits_;
    std::size_t shard_mask_;
    MappedMemory memory_;
    Word* words_;
    std::unique_ptr<TryLock[]> locks_;  ///< one for each shard
};

}  // namespace ikelb::sessions
