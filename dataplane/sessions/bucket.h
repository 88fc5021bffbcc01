// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#ifdef __SANITIZE_THREAD__
#define IKELB_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define IKELB_THREAD_SANITIZER
#endif
#endif

#include <smmintrin.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <type_traits>

#include "dataplane/net/branchless.h"
#include "dataplane/sessions/records.h"

namespace ikelb::sessions {

/// A record and its notes.
template <typename Value, std::size_t NoteWords>
struct Noted {
    Value record;
    std::array<std::uint64_t, NoteWords> notes{};

    bool is_alive(const Timeouts& lives, Seconds now) const noexcept {
        return record.is_alive(lives, now);
    }
};

/// Bit mask of the four slots whose first word is `word`. words: aligned to 32 bytes. A concurrent
/// write shows its old or new word, since the processor loads aligned 8 bytes at once. The language
/// has no atomic load of several words: the caller must read a match again by an atomic load, and
/// ThreadSanitizer gets only atomic loads.
[[gnu::always_inline]] inline std::uint32_t match_words(const std::uint64_t* words,
                                                        std::uint64_t word) noexcept {
#ifdef IKELB_THREAD_SANITIZER
    std::uint32_t found = 0;
    for (unsigned slot = 0; slot < 4; ++slot) {
        std::atomic_ref<std::uint64_t> at{const_cast<std::uint64_t&>(words[slot])};
        found |= static_cast<std::uint32_t>(at.load(std::memory_order_acquire) == word) << slot;
    }
    return found;
#else
    const __m128i wanted = _mm_set1_epi64x(static_cast<long long>(word));
    const auto* const two = reinterpret_cast<const __m128i*>(words);
    const __m128i is_equal =
        _mm_packs_epi32(_mm_cmpeq_epi64(_mm_load_si128(two), wanted),
                        _mm_cmpeq_epi64(_mm_load_si128(two + 1), wanted));
    return static_cast<std::uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(is_equal)));
#endif
}

/// A record table's bucket of four slots: layout and access. set_notes(), set_value() and
/// set_reach() require the shard's lock; any thread may call the others. RecordTable explains the
/// order of loads and stores.
template <typename Value, std::size_t KeyWords, std::size_t NoteWords>
struct Bucket {
    using Key = std::array<std::uint64_t, KeyWords>;
    using Notes = std::array<std::uint64_t, NoteWords>;

    static constexpr std::size_t slot_words = KeyWords + 1 + NoteWords;
    static constexpr std::size_t slots_per_bucket = 4;

    // The words lie in mapped pages, which start the lifetime of plain integers only; every access
    // goes through std::atomic_ref. A slot is a pointer to its first key word; its other words
    // follow at distances of slots_per_bucket: the key's, the value, the notes.
    using Word = std::uint64_t;
    static_assert(std::atomic_ref<Word>::is_always_lock_free);

    static constexpr std::size_t bucket_words = slots_per_bucket * slot_words;
    static constexpr std::size_t value_offset = slots_per_bucket * KeyWords;
    static constexpr std::size_t note_offset = value_offset + slots_per_bucket;
    static constexpr Word reach_bit = spare_bit;
    /// Slot i's bit set: keys of this bucket stand more than reach[i] buckets away. Each level
    /// implies the lower ones, so a reader needs no consistent view of the bits.
    static constexpr std::array<unsigned, slots_per_bucket + 1> reach{0, 1, 3, 9, 31};

    /// A bucket's state for a writer.
    struct Survey {
        unsigned live = 0;
        Word* vacant = nullptr;  ///< empty or dead
    };

    static Word load(const Word& word) noexcept {  // atomic_ref takes no const before C++26
        return std::atomic_ref<Word>{const_cast<Word&>(word)}.load(std::memory_order_acquire);
    }
    static void store(Word& word, Word value) noexcept {
        std::atomic_ref<Word>{word}.store(value, std::memory_order_release);
    }

    static Key key_at(const Word* slot) noexcept {
        Key key;
        for (std::size_t i = 0; i < KeyWords; ++i) key[i] = load(slot[i * slots_per_bucket]);
        return key;
    }
    /// Loads the first word first: if it was republished, this load makes the other words visible.
    [[gnu::always_inline]] static bool holds(const Word* slot, const Key& key) noexcept {
        bool is_equal = load(slot[0]) == key[0];
        for (std::size_t i = 1; i < KeyWords; ++i)
            is_equal &= load(slot[i * slots_per_bucket]) == key[i];
        return is_equal;
    }
    [[gnu::always_inline]] static Word* match(Word* words, const Key& key) noexcept {
        static_assert(slots_per_bucket == 4);
        std::uint32_t found = match_words(words, key[0]);
        if constexpr (KeyWords == 1)
            return found == 0 ? nullptr : words + std::countr_zero(found);
        // Few keys share their first word.
        for (; found != 0; found &= found - 1)
            if (Word* const slot = words + std::countr_zero(found); holds(slot, key)) [[likely]]
                return slot;
        return nullptr;
    }

    /// Distance of this bucket's furthest key. Most buckets have never spilled.
    static unsigned reach_of(const Word* words) noexcept {
        if ((word_at(words) & reach_bit) == 0) [[likely]]
            return 0;
        std::size_t level = 1;
        while (level < slots_per_bucket && (word_at(words + level) & reach_bit) != 0) ++level;
        return reach[level];
    }
    static void set_reach(Word* words, unsigned distance) noexcept {
        for (std::size_t level = 0; level < slots_per_bucket; ++level) {
            std::atomic_ref<Word> value{words[value_offset + level]};
            if (distance > reach[level])
                value.fetch_or(reach_bit, std::memory_order_release);
            else
                value.fetch_and(~reach_bit, std::memory_order_release);
        }
    }

    static Survey survey(Word* words, const Timeouts& lives, Seconds now) noexcept {
        Survey result;
        for (Word* slot = words; slot != words + slots_per_bucket; ++slot) {
            const bool is_live =
                net::all_of(load(*slot) != 0, value_at(slot).is_alive(lives, now));
            result.live += is_live;
            result.vacant = is_live ? result.vacant : slot;
        }
        return result;
    }
    /// The oldest record of one kind.
    struct Oldest {
        unsigned count = 0;
        Word* slot = nullptr;
        std::int32_t age = std::numeric_limits<std::int32_t>::min();
    };
    /// In this order: records of neither kind, only begun, confirmed by sessions.
    static std::array<Oldest, 3> oldest(std::initializer_list<Word*> buckets,
                                        Seconds now) noexcept {
        std::array<Oldest, 3> result;
        for (Word* const words : buckets) {
            for (Word* slot = words; slot != words + slots_per_bucket; ++slot) {
                const Value value = value_at(slot);
                Oldest& kind = result[is_begun(value) + 2 * is_confirmed(value)];
                const auto age = static_cast<std::int32_t>(now - dated(value));
                ++kind.count;
                kind.slot = age < kind.age ? kind.slot : slot;
                kind.age = std::max(age, kind.age);
            }
        }
        return result;
    }

    static Value value_at(const Word* slot) noexcept {
        return Value::unpack(word_at(slot) & ~reach_bit);
    }
    /// The packed value with the reach bit; valid only if the slot holds the key afterwards too.
    [[gnu::always_inline]] static Word word_at(const Word* slot) noexcept {
        return load(slot[value_offset]);
    }
    [[gnu::always_inline]] static std::optional<Value> read(const Word* slot,
                                                            const Key& key) noexcept {
        const Word value = word_at(slot);
        return holds(slot, key) ? std::optional{Value::unpack(value & ~reach_bit)} : std::nullopt;
    }
    [[gnu::always_inline]] static std::optional<Noted<Value, NoteWords>> read_noted(
        const Word* slot, const Key& key) noexcept {
        const Word value = word_at(slot);
        const Notes notes = notes_at(slot);
        // Read again: else the notes could be of a later record of the key than the value.
        if ((NoteWords > 0 && word_at(slot) != value) || !holds(slot, key)) [[unlikely]]
            return std::nullopt;
        return Noted<Value, NoteWords>{.record = Value::unpack(value & ~reach_bit),
                                       .notes = notes};
    }

    static bool exchange(const Word* slot, Word expected, Word desired) noexcept {
        std::atomic_ref<Word> value{const_cast<Word*>(slot)[value_offset]};
        return value.compare_exchange_strong(expected, desired, std::memory_order_acq_rel,
                                             std::memory_order_acquire);
    }

    static Notes notes_at(const Word* slot) noexcept {
        Notes notes{};
        for (std::size_t i = 0; i < NoteWords; ++i)
            notes[i] = load(slot[note_offset + i * slots_per_bucket]);
        return notes;
    }
    static void set_notes(Word* slot, const Notes& notes) noexcept {
        for (std::size_t i = 0; i < NoteWords; ++i)
            store(slot[note_offset + i * slots_per_bucket], notes[i]);
    }
    /// Notes belong to a backend.
    static bool is_same(const Value& one, const Value& other) noexcept {
        if constexpr (requires { one.backend; })
            return one.backend == other.backend;
        else
            return true;
    }
    static void set_value(Word* slot, const Value& record) noexcept {
        Word& value = slot[value_offset];
        const Word before = load(value);
        if (NoteWords > 0 && !is_same(Value::unpack(before & ~reach_bit), record))
            set_notes(slot, {});
        store(value, record.pack() | (before & reach_bit));
    }

    /// Notes that change meanwhile are passed in their later state.
    template <typename Visit>
    static void for_each_slot(const Word* words, Visit&& visit) {
        for (const Word* slot = words; slot != words + slots_per_bucket; ++slot)
            for (Key key; (key = key_at(slot))[0] != 0;) {
                const auto found = read_noted(slot, key);
                if (!found) continue;
                if constexpr (std::is_invocable_v<Visit, const Key&, const Value&, const Notes&>)
                    visit(key, found->record, found->notes);
                else
                    visit(key, found->record);
                break;
            }
    }
};

}  // namespace ikelb::sessions
