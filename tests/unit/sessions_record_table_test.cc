// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/sessions/record_table.h"

#include <map>
#include <new>
#include <set>
#include <vector>

#include "dataplane/sessions/ike_sa.h"
#include "tests/unit/random_testlib.h"

namespace ikelb::sessions {
namespace {

using test::hash_key;
using test::Random;

constexpr Timeouts lives;
constexpr Seconds life = lives.half_open;

template <std::size_t KeyWords, std::size_t NoteWords = 0>
using Table = RecordTable<Choice, KeyWords, NoteWords>;

/// The n-th of a sequence of distinct keys; only the last word differs between neighbours, as
/// with the addresses of one IPv6 network.
template <std::size_t KeyWords>
typename Table<KeyWords>::Key key_of(std::uint64_t n) {
    typename Table<KeyWords>::Key key{};
    key.fill(0x20010db8);
    key.back() = n + 1;
    return key;
}

Choice record_of(std::uint64_t n, Seconds last_seen) {
    return {
        .backend = {.index = static_cast<forwarding::BackendIndex>(n % forwarding::max_backends),
                    .generation = static_cast<std::uint8_t>(n >> 10)},
        .last_seen = last_seen};
}

template <typename Width>
class RecordTableOf : public ::testing::Test {
public:
    static constexpr std::size_t words = Width::value;
    using Table = RecordTable<Choice, words>;
    using Key = typename Table::Key;

    static Key key(std::uint64_t n) { return key_of<words>(n); }

    static std::map<Key, Choice> contents(const Table& table) {
        std::map<Key, Choice> found;
        table.for_each(0, table.buckets(), [&](const Key& key, const Choice& record) {
            EXPECT_TRUE(found.emplace(key, record).second) << "a key stands in two slots";
        });
        return found;
    }
};
template <std::size_t N>
using Width = std::integral_constant<std::size_t, N>;
using Widths = ::testing::Types<Width<1>, Width<2>, Width<3>>;
TYPED_TEST_SUITE(RecordTableOf, Widths);

TYPED_TEST(RecordTableOf, StartsEmpty) {
    const typename TestFixture::Table table{1000, hash_key};
    EXPECT_EQ(table.find(this->key(1)), std::nullopt);
    EXPECT_TRUE(this->contents(table).empty());
}

TYPED_TEST(RecordTableOf, TakesTheMemoryThatItsCapacityPromises) {
    const typename TestFixture::Table table{262144, hash_key};
    const double per_record = static_cast<double>(table.bytes()) / 262144;
    EXPECT_GE(static_cast<double>(table.slots()) * 0.75, 262144.0);
    EXPECT_LE(per_record, (this->words + 1) * 8 / 0.75 * 1.01);
}

TYPED_TEST(RecordTableOf, AgreesWithAMapOverRandomOperations) {
    Random random;
    typename TestFixture::Table table{2000, hash_key};
    std::map<typename TestFixture::Key, Choice> expected;
    Seconds now = 1;
    for (int step = 0; step < 200000; ++step) {
        now += random.one_in(1000) ? 1 : 0;
        const auto key = this->key(random.below(3000));
        const Choice record = record_of(random(), now - static_cast<Seconds>(random.below(2)));
        // Keep within the capacity: what a full table does is for other tests.
        if (random.one_in(3) || expected.size() >= 2000) {
            ASSERT_EQ(table.erase(key), WriteOutcome::written);
            expected.erase(key);
        } else if (random.one_in(4)) {
            const auto known = expected.find(key);
            const bool is_known = known != expected.end();
            ASSERT_EQ(table.refresh(key, is_known ? known->second : record, record), is_known);
            if (is_known) known->second = record;
        } else {
            ASSERT_EQ(table.write(key, record, {.half_open = 9999}, now, Evict::never),
                      WriteOutcome::written);
            expected[key] = record;
        }
        const auto other = this->key(random.below(3000));
        const auto known = expected.find(other);
        ASSERT_EQ(table.find(other),
                  known == expected.end() ? std::nullopt : std::optional{known->second});
    }
    EXPECT_EQ(this->contents(table), expected);
}

TYPED_TEST(RecordTableOf, HoldsItsCapacityAndGoesOnHoldingItWhileRecordsComeAndGo) {
    constexpr std::size_t capacity = 20000;
    Random random;
    typename TestFixture::Table table{capacity, hash_key};
    std::vector<std::uint64_t> present(capacity);
    std::uint64_t next = 0;
    const auto write_next = [&] {
        return table.write(this->key(next), record_of(next, 1), lives, 1, Evict::never);
    };
    for (std::uint64_t& n : present) {
        ASSERT_EQ(write_next(), WriteOutcome::written);
        n = next++;
    }
    for (std::size_t i = 0; i < 4 * capacity; ++i) {
        std::uint64_t& n = present[random.below(capacity)];
        ASSERT_EQ(table.erase(this->key(n)), WriteOutcome::written);
        ASSERT_EQ(write_next(), WriteOutcome::written);
        n = next++;
    }
    for (const std::uint64_t n : present)
        ASSERT_EQ(table.find(this->key(n)), record_of(n, 1)) << "key " << n;
    EXPECT_EQ(this->contents(table).size(), capacity);
}

TYPED_TEST(RecordTableOf, RefusesWhatDoesNotFitAndLosesNothingThatDid) {
    typename TestFixture::Table table{500, hash_key};
    std::set<std::uint64_t> written;
    for (std::uint64_t n = 0; n < 3 * table.slots(); ++n) {
        const auto outcome =
            table.write(this->key(n), record_of(n, 1), lives, 1 + life, Evict::never);
        if (outcome == WriteOutcome::written)
            written.insert(n);
        else
            ASSERT_EQ(outcome, WriteOutcome::full);
    }
    EXPECT_LE(written.size(), table.slots());
    EXPECT_GE(written.size(), table.slots() * 9 / 10);
    for (const std::uint64_t n : written) ASSERT_EQ(table.find(this->key(n)), record_of(n, 1));
    EXPECT_EQ(this->contents(table).size(), written.size());
}

TYPED_TEST(RecordTableOf, ReusesTheSlotsOfExpiredRecords) {
    constexpr std::size_t capacity = 5000;
    typename TestFixture::Table table{capacity, hash_key};
    for (std::uint64_t n = 0; n < 10 * capacity; ++n) {
        const auto now = static_cast<Seconds>(1 + n / capacity * (life + 1));
        ASSERT_EQ(table.write(this->key(n), record_of(n, now), lives, now, Evict::never),
                  WriteOutcome::written);
    }
    for (std::uint64_t n = 9 * capacity; n < 10 * capacity; ++n)
        ASSERT_TRUE(table.find(this->key(n)));
}

TYPED_TEST(RecordTableOf, ReturnsAnExpiredRecordThatNobodyHasReplaced) {
    typename TestFixture::Table table{100, hash_key};
    table.write(this->key(1), record_of(1, 1), lives, 1, Evict::never);
    const auto found = table.find(this->key(1));
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->is_alive(lives, 1 + life + 1));
}

TYPED_TEST(RecordTableOf, EvictsTheOldestOfTheKeysTwoBuckets) {
    // One shard of two buckets: both are everybody's.
    typename TestFixture::Table table{4, hash_key};
    ASSERT_EQ(table.buckets(), 2u);
    const std::uint64_t slots = table.slots();
    for (std::uint64_t n = 0; n < slots; ++n) {
        const auto last_seen = static_cast<Seconds>(10 + (n + 3) % slots);
        ASSERT_EQ(table.write(this->key(n), record_of(n, last_seen), lives, 20, Evict::oldest),
                  WriteOutcome::written);
    }
    const std::uint64_t oldest = slots - 3;
    ASSERT_EQ(table.write(this->key(99), record_of(99, 20), lives, 20, Evict::never),
              WriteOutcome::full);
    ASSERT_EQ(table.write(this->key(99), record_of(99, 20), lives, 20, Evict::oldest),
              WriteOutcome::written);
    for (std::uint64_t n = 0; n < slots; ++n)
        EXPECT_EQ(table.find(this->key(n)).has_value(), n != oldest) << "key " << n;
    EXPECT_EQ(table.find(this->key(99)), record_of(99, 20));
}

TYPED_TEST(RecordTableOf, ByHalvesNeitherKindFlushesTheOther) {
    for (const bool is_answered_flood : {false, true}) {
        RecordTable<IkeSa, TestFixture::words> table{4, hash_key};
        const auto write = [&](std::uint64_t n, bool is_answered) {
            const IkeSa record{.state = is_answered ? SaState::answered : SaState::half_open,
                               .last_seen = static_cast<Seconds>(10 + n)};
            return table.write(this->key(n), record, lives, 30, Evict::oldest_by_half);
        };
        const std::uint64_t half = table.slots() / 2;
        for (std::uint64_t n = 0; n < half; ++n) write(n, !is_answered_flood);
        for (std::uint64_t n = half; n < 20; ++n)
            ASSERT_EQ(write(n, is_answered_flood), WriteOutcome::written);
        for (std::uint64_t n = 0; n < 20; ++n) {
            const bool is_latest = n >= 20 - half;
            EXPECT_EQ(table.find(this->key(n)).has_value(), n < half || is_latest) << "key " << n;
        }
    }
}

/// A begun one where three quarters are confirmed, and one that is neither: of the two places that
/// are left each kind keeps one, and of a single one it is the latter's.
TYPED_TEST(RecordTableOf, WhatIsConfirmedLeavesTheHalvesOfTheRest) {
    RecordTable<IkeSa, TestFixture::words> table{4, hash_key};
    const auto write = [&](std::uint64_t n, SaState state) {
        return table.write(this->key(n),
                           IkeSa{.state = state, .last_seen = static_cast<Seconds>(5 + n)}, lives,
                           30, Evict::oldest_by_half);
    };
    const auto is_there = [&](std::uint64_t n) { return table.find(this->key(n)).has_value(); };
    const std::uint64_t confirmed = table.slots() - 2;
    for (std::uint64_t n = 0; n < confirmed; ++n) write(n, SaState::established);
    ASSERT_EQ(write(10, SaState::answered), WriteOutcome::written);
    for (std::uint64_t n = 11; n < 15; ++n) {
        ASSERT_EQ(write(n, SaState::half_open), WriteOutcome::written);
        EXPECT_TRUE(is_there(10) && is_there(n));
    }
    ASSERT_EQ(write(15, SaState::answered), WriteOutcome::written);
    EXPECT_TRUE(!is_there(10) && is_there(14) && is_there(15));
    ASSERT_EQ(write(16, SaState::established), WriteOutcome::written);
    ASSERT_EQ(write(17, SaState::answered), WriteOutcome::written);
    ASSERT_EQ(write(18, SaState::half_open), WriteOutcome::full);
    EXPECT_TRUE(is_there(17));
    ASSERT_EQ(write(19, SaState::established), WriteOutcome::written);
    ASSERT_EQ(write(20, SaState::answered), WriteOutcome::full);
    ASSERT_EQ(write(21, SaState::established), WriteOutcome::full);
    for (std::uint64_t n = 0; n < confirmed; ++n) EXPECT_TRUE(is_there(n)) << "key " << n;
}

/// Where its two buckets are full of others, a confirmed one spills as if nobody had begun.
TYPED_TEST(RecordTableOf, FillsUpWithConfirmedOnesThoughBegunOnesStandEverywhere) {
    const auto confirm_until_full = [&](auto& table) {
        const auto write = [&](std::uint64_t n) {
            return table.write(this->key(n), {.state = SaState::established, .last_seen = 1},
                               lives, 1, Evict::oldest_by_half);
        };
        std::uint64_t n = 0;
        while (write(n) == WriteOutcome::written) ++n;
        for (std::uint64_t i = 0; i < n; ++i)
            EXPECT_TRUE(table.find(this->key(i))->is_confirmed()) << "key " << i;
        return n;
    };
    RecordTable<IkeSa, TestFixture::words> empty{1000, hash_key}, flooded{1000, hash_key};
    for (std::uint64_t n = 100'000; n < 120'000; ++n)
        flooded.write(this->key(n), {.last_seen = 1}, lives, 1, Evict::oldest_by_half);
    const std::uint64_t confirmed = confirm_until_full(empty);
    EXPECT_GT(confirmed, empty.slots() * 9 / 10);
    EXPECT_GT(confirm_until_full(flooded), confirmed * 9 / 10);
}

/// Of a crowd that logs in while two thirds of the places are sessions' none loses its own.
TYPED_TEST(RecordTableOf, TakesNobodysPlaceWhileThereIsOneNearby) {
    RecordTable<IkeSa, TestFixture::words> table{60'000, hash_key};
    const auto write = [&](std::uint64_t first, std::uint64_t count, SaState state) {
        for (std::uint64_t n = first; n < first + count; ++n)
            ASSERT_EQ(table.write(this->key(n), {.state = state, .last_seen = 1}, lives, 1,
                                  Evict::oldest_by_half),
                      WriteOutcome::written);
    };
    write(0, 50'000, SaState::established);
    write(50'000, 4'000, SaState::half_open);
    for (std::uint64_t n = 0; n < 54'000; ++n) ASSERT_TRUE(table.find(this->key(n))) << "key " << n;
}

TYPED_TEST(RecordTableOf, EvictsNothingWhileAnExpiredRecordIsInReach) {
    typename TestFixture::Table table{4, hash_key};
    for (std::uint64_t n = 0; n < table.slots(); ++n)
        table.write(this->key(n), record_of(n, n == 5 ? 1 : 20), lives, 1, Evict::never);
    ASSERT_EQ(table.write(this->key(99), record_of(99, 40), lives, 40, Evict::oldest),
              WriteOutcome::written);
    for (std::uint64_t n = 0; n < table.slots(); ++n)
        EXPECT_EQ(table.find(this->key(n)).has_value(), n != 5) << "key " << n;
}

TYPED_TEST(RecordTableOf, ReplacesTheRecordOfAKeyThatIsThere) {
    typename TestFixture::Table table{100, hash_key};
    table.write(this->key(1), record_of(1, 1), lives, 1, Evict::never);
    table.write(this->key(1), record_of(2, 5), lives, 5, Evict::never);
    EXPECT_EQ(table.find(this->key(1)), record_of(2, 5));
    EXPECT_EQ(this->contents(table).size(), 1u);
}

TYPED_TEST(RecordTableOf, WritesOnlyOverWhatTheCallerHasFound) {
    typename TestFixture::Table table{100, hash_key};
    const auto write = [&](const std::optional<Choice>& expected, const Choice& record,
                           Seconds now) {
        return table.write(this->key(1), record, lives, now, Evict::never, nullptr, &expected);
    };
    EXPECT_EQ(write(record_of(1, 1), record_of(2, 1), 1), WriteOutcome::changed);
    EXPECT_EQ(table.find(this->key(1)), std::nullopt);
    EXPECT_EQ(write(std::nullopt, record_of(1, 1), 1), WriteOutcome::written);
    EXPECT_EQ(write(std::nullopt, record_of(2, 1), 1), WriteOutcome::changed);
    EXPECT_EQ(write(record_of(3, 1), record_of(2, 1), 1), WriteOutcome::changed);
    EXPECT_EQ(table.find(this->key(1)), record_of(1, 1));
    EXPECT_EQ(write(record_of(1, 1), record_of(2, 1), 1), WriteOutcome::written);
    // Whoever has looked has found nothing of a dead one.
    EXPECT_EQ(write(std::nullopt, record_of(3, 40), 1 + life + 1), WriteOutcome::written);
    EXPECT_EQ(table.find(this->key(1)), record_of(3, 40));
}

TYPED_TEST(RecordTableOf, RefreshesOnlyTheRecordThatTheCallerHasSeen) {
    typename TestFixture::Table table{100, hash_key};
    EXPECT_FALSE(table.refresh(this->key(1), record_of(1, 1), record_of(1, 2)));
    table.write(this->key(1), record_of(1, 1), lives, 1, Evict::never);
    EXPECT_TRUE(table.refresh(this->key(1), record_of(1, 1), record_of(1, 31)));
    EXPECT_FALSE(table.refresh(this->key(1), record_of(1, 1), record_of(1, 32)));
    EXPECT_EQ(table.find(this->key(1)), record_of(1, 31));
    table.erase(this->key(1));
    EXPECT_FALSE(table.refresh(this->key(1), record_of(1, 31), record_of(1, 32)));
    EXPECT_EQ(table.find(this->key(1)), std::nullopt);
}

TYPED_TEST(RecordTableOf, SurvivesKeysThatAreAllAimedAtOneBucket) {
    // What an attacker could do who knows the secret. The top bits choose the first bucket.
    typename TestFixture::Table table{20000, hash_key};
    std::vector<std::uint64_t> aimed;
    for (std::uint64_t n = 0; aimed.size() < 400; ++n)
        if (table.hash(this->key(n)) >> 50 == 0) aimed.push_back(n);
    std::set<std::uint64_t> written;
    for (const std::uint64_t n : aimed)
        if (table.write(this->key(n), record_of(n, 1), lives, 1, Evict::never) ==
            WriteOutcome::written)
            written.insert(n);
    EXPECT_GT(written.size(), 100u);
    for (const std::uint64_t n : aimed) {
        ASSERT_EQ(table.find(this->key(n)).has_value(), written.contains(n));
        if (n % 3 == 0) table.erase(this->key(n));
    }
    for (const std::uint64_t n : aimed)
        ASSERT_EQ(table.find(this->key(n)).has_value(), written.contains(n) && n % 3 != 0);
    for (const std::uint64_t n : aimed) table.erase(this->key(n));
    EXPECT_TRUE(this->contents(table).empty());
}

TYPED_TEST(RecordTableOf, VisitsEachRecordOnceWhenWalkedInPieces) {
    typename TestFixture::Table table{3000, hash_key};
    for (std::uint64_t n = 0; n < 3000; ++n)
        table.write(this->key(n), record_of(n, 1), lives, 1, Evict::never);
    std::map<typename TestFixture::Key, Choice> found;
    for (std::size_t first = 0; first < table.buckets(); first += 7)
        table.for_each(first, 7, [&](const auto& key, const Choice& record) {
            EXPECT_TRUE(found.emplace(key, record).second);
        });
    ASSERT_EQ(found.size(), 3000u);
    for (std::uint64_t n = 0; n < 3000; ++n) ASSERT_EQ(found[this->key(n)], record_of(n, 1));
    table.for_each(table.buckets(), 10, [](const auto&, const Choice&) { ADD_FAILURE(); });
}

TEST(RecordTable, TellsKeysApartThatDifferInOneWordOnly) {
    Table<3> table{100, hash_key};
    const Table<3>::Key keys[] = {{1, 2, 3}, {1, 2, 4}, {1, 5, 3}, {6, 2, 3}, {3, 2, 1}};
    for (std::uint64_t n = 0; const auto& key : keys)
        table.write(key, record_of(n++, 1), lives, 1, Evict::never);
    for (std::uint64_t n = 0; const auto& key : keys) EXPECT_EQ(table.find(key), record_of(n++, 1));
    EXPECT_EQ(table.find({1, 5, 4}), std::nullopt);
}

TEST(RecordTable, OfBothKindsTheOldestGoesFirst) {
    for (const bool is_begun_oldest : {false, true}) {
        RecordTable<IkeSa, 1> table{4, hash_key};
        for (std::uint64_t n = 0; n < table.slots(); ++n) {
            const bool is_begun = (n == 0) == is_begun_oldest;
            table.write({1 + n},
                        {.state = is_begun ? SaState::half_open : SaState::answered,
                         .last_seen = static_cast<Seconds>(10 + n)},
                        lives, 20, Evict::oldest);
        }
        ASSERT_EQ(table.write({99}, {.last_seen = 20}, lives, 20, Evict::oldest),
                  WriteOutcome::written);
        EXPECT_FALSE(table.find({1}));
        for (std::uint64_t n = 1; n < table.slots(); ++n) EXPECT_TRUE(table.find({1 + n})) << n;
    }
}

TEST(RecordTable, NotesEndWithTheirRecordOrItsBackend) {
    Table<1, 1> table{100, hash_key};
    const Table<1, 1>::Notes notes{42};
    const auto note = [&] { return table.find_noted({1})->notes[0]; };
    table.write({1}, record_of(1, 1), lives, 1, Evict::never, &notes);
    table.write({1}, record_of(1, 5), lives, 5, Evict::never);
    EXPECT_EQ(note(), 42u);
    table.write({1}, record_of(2, 5), lives, 5, Evict::never);
    EXPECT_EQ(note(), 0u) << "it is another backend's by now";
    table.write({1}, record_of(2, 5), lives, 5, Evict::never, &notes);
    EXPECT_EQ(note(), 42u);
    table.write({1}, record_of(2, 50), lives, 5 + life + 1, Evict::never);
    EXPECT_EQ(note(), 0u) << "those of a dead record";
}

TEST(RecordTable, SaysThatThereIsNoMemoryInsteadOfPromisingIt) {
    EXPECT_THROW((Table<1>{std::size_t{1} << 60, hash_key}), std::bad_alloc);
}

TEST(RecordTable, WorksAtTheSmallestCapacity) {
    Table<1> table{0, hash_key};
    EXPECT_EQ(table.write({7}, record_of(7, 1), lives, 1, Evict::never), WriteOutcome::written);
    EXPECT_EQ(table.find({7}), record_of(7, 1));
}

}  // namespace
}  // namespace ikelb::sessions
