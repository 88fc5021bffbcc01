// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <atomic>
#include <barrier>
#include <chrono>
#include <thread>
#include <vector>

#include "dataplane/sessions/record_table.h"
#include "tests/unit/random_testlib.h"

// Run under ThreadSanitizer these tests check the memory orders; without it, that a reader never
// gets the record of another key.

namespace ikelb::sessions {
namespace {

using test::hash_key;

constexpr Timeouts lives;

template <std::size_t KeyWords, std::size_t NoteWords = 0>
using TableOf = RecordTable<Choice, KeyWords, NoteWords>;
constexpr Seconds now = 1000;

/// Two threads each: more would only wait for a core on small machines.
constexpr int writers = 2;
constexpr int readers = 2;
constexpr std::uint64_t keys = 600;
constexpr auto duration = std::chrono::milliseconds{700};

/// Keys that share all words but the last, so that a torn read would look like another key.
template <std::size_t KeyWords>
typename TableOf<KeyWords>::Key key_of(std::uint64_t n) {
    typename TableOf<KeyWords>::Key key{};
    key.fill(0xfe80);
    key.back() = n + 1;
    return key;
}

/// The record tells its key (n < 1024) and, in last_seen, how recent it is.
Choice record_of(std::uint64_t n, Seconds last_seen) {
    return {.backend = {.index = static_cast<forwarding::BackendIndex>(n),
                        .generation = static_cast<std::uint8_t>(n * 7)},
            .cookie = static_cast<std::uint8_t>(n * 13),
            .last_seen = last_seen};
}

bool belongs_to(const Choice& record, std::uint64_t n) {
    return record == record_of(n, record.last_seen);
}

class Xorshift {
public:
    explicit Xorshift(std::uint64_t seed) : state_{seed | 1} {}
    std::uint64_t below(std::uint64_t bound) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return (state_ >> 11) % bound;
    }

private:
    std::uint64_t state_;
};

template <typename Body>
void run_threads(int count, std::vector<std::thread>& threads, std::atomic<bool>& stop, Body body) {
    for (int i = 0; i < count; ++i)
        threads.emplace_back([&stop, body, i] {
            Xorshift random{static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15ULL + 17};
            while (!stop.load(std::memory_order_relaxed)) body(random);
        });
}

template <std::size_t KeyWords>
void expect_no_reader_is_misled() {
    using Table = TableOf<KeyWords>;
    // 64 slots for 600 keys: slots change hands all the time, by eviction as well.
    Table table{40, hash_key};
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> found{0}, wrong{0}, written{0}, refreshed{0};
    std::vector<std::thread> threads;
    run_threads(writers, threads, stop, [&](Xorshift& random) {
        const std::uint64_t n = random.below(keys);
        if (random.below(4) == 0) {
            table.erase(key_of<KeyWords>(n));
            return;
        }
        const auto last_seen = now - static_cast<Seconds>(random.below(20));
        const auto evict = random.below(2) == 0 ? Evict::oldest : Evict::never;
        if (table.write(key_of<KeyWords>(n), record_of(n, last_seen), lives, now, evict) ==
            WriteOutcome::written)
            written.fetch_add(1, std::memory_order_relaxed);
    });
    run_threads(readers, threads, stop, [&](Xorshift& random) {
        const std::uint64_t n = random.below(keys);
        const auto record = table.find(key_of<KeyWords>(n));
        if (!record) return;
        found.fetch_add(1, std::memory_order_relaxed);
        if (!belongs_to(*record, n)) wrong.fetch_add(1, std::memory_order_relaxed);
        if (table.refresh(key_of<KeyWords>(n), *record, record_of(n, now)))
            refreshed.fetch_add(1, std::memory_order_relaxed);
    });
    std::uint64_t visited = 0;
    const auto deadline = std::chrono::steady_clock::now() + duration;
    while (std::chrono::steady_clock::now() < deadline)
        table.for_each(0, table.buckets(), [&](const auto& key, const Choice& record) {
            ++visited;
            if (!belongs_to(record, key.back() - 1)) wrong.fetch_add(1);
        });
    stop = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0u);
    EXPECT_GT(found, 0u);
    EXPECT_GT(written, 0u);
    EXPECT_GT(refreshed, 0u);
    EXPECT_GT(visited, 0u);
}

/// One key, whose record goes to another backend with each write; the note tells whose it is.
TEST(RecordTableThreads, ANoteIsNeverOfAnotherBackend) {
    using Table = TableOf<1, 1>;
    Table table{40, hash_key};
    const Table::Key key{1};
    constexpr Timeouts eternal{.half_open = ~Seconds{0} / 2};
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> read{0}, noted{0}, wrong{0};
    std::thread writer{[&] {
        // No two records are alike, as none are whose seconds differ.
        for (Seconds last_seen = 1; !stop.load(std::memory_order_relaxed); ++last_seen) {
            const std::uint64_t backend = last_seen % 1000;
            const Table::Notes notes{1 + backend};
            table.write(key, record_of(backend, last_seen), eternal, last_seen, Evict::never,
                        last_seen % 8 == 0 ? nullptr : &notes);
        }
    }};
    const auto check = [&](const Choice& record, std::uint64_t note) {
        read.fetch_add(1, std::memory_order_relaxed);
        if (note == 0) return;
        noted.fetch_add(1, std::memory_order_relaxed);
        if (note != 1u + record.backend.index) wrong.fetch_add(1, std::memory_order_relaxed);
    };
    std::thread visitor{[&] {
        while (!stop.load(std::memory_order_relaxed))
            table.for_each(0, table.buckets(),
                           [&](const Table::Key&, const Choice& record, const Table::Notes& notes) {
                               check(record, notes[0]);
                           });
    }};
    const auto deadline = std::chrono::steady_clock::now() + duration;
    while (std::chrono::steady_clock::now() < deadline)
        for (int i = 0; i < 1000; ++i)
            if (const auto found = table.find_noted(key))
                check(found->record, found->notes[0]);
    stop = true;
    writer.join();
    visitor.join();
    EXPECT_EQ(wrong, 0u) << "of " << read;
    EXPECT_GT(noted, 0u);
}

TEST(RecordTableThreads, NoReaderGetsTheRecordOfAnotherKeyOfOneWord) {
    expect_no_reader_is_misled<1>();
}
TEST(RecordTableThreads, NoReaderGetsTheRecordOfAnotherKeyOfTwoWords) {
    expect_no_reader_is_misled<2>();
}
TEST(RecordTableThreads, NoReaderGetsTheRecordOfAnotherKeyOfThreeWords) {
    expect_no_reader_is_misled<3>();
}

TEST(RecordTableThreads, ARecordThatIsNeverRemovedIsNeverMissed) {
    // The lasting keys stand among others that come, spill and go around them.
    constexpr std::uint64_t lasting = 100;
    TableOf<2> table{256, hash_key};
    for (std::uint64_t n = 0; n < lasting; ++n)
        ASSERT_EQ(table.write(key_of<2>(n), record_of(n, now), lives, now, Evict::never),
                  WriteOutcome::written);
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> missed{0}, looked{0};
    std::vector<std::thread> threads;
    run_threads(writers, threads, stop, [&](Xorshift& random) {
        const std::uint64_t n = random.below(keys);
        const Choice record = record_of(n, now - static_cast<Seconds>(random.below(2)));
        if (n >= lasting && random.below(2) == 0)
            table.erase(key_of<2>(n));
        else
            table.write(key_of<2>(n), record, lives, now, Evict::never);
    });
    run_threads(readers, threads, stop, [&](Xorshift& random) {
        looked.fetch_add(1, std::memory_order_relaxed);
        if (!table.find(key_of<2>(random.below(lasting))))
            missed.fetch_add(1, std::memory_order_relaxed);
    });
    const auto deadline = std::chrono::steady_clock::now() + duration;
    while (std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    stop = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(missed, 0u);
    EXPECT_GT(looked, 0u);
}

TEST(RecordTableThreads, OfManyRefreshesOfOneRecordExactlyOneWins) {
    TableOf<1> table{16, hash_key};
    table.write({7}, record_of(7, 1), lives, 1, Evict::never);
    constexpr Seconds rounds = 5000;
    std::atomic<std::uint64_t> wins{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] {
            for (Seconds round = 1; round < rounds;) {
                const auto seen = table.find({7});
                if (!seen || seen->last_seen != round) {
                    ++round;
                    continue;
                }
                if (table.refresh({7}, record_of(7, round), record_of(7, round + 1)))
                    wins.fetch_add(1, std::memory_order_relaxed);
            }
        });
    for (std::thread& thread : threads) thread.join();
    const auto last = table.find({7});
    ASSERT_TRUE(last);
    EXPECT_EQ(wins, last->last_seen - 1);
}

TEST(RecordTableThreads, OfTwoWritesFromOneReadingOneIsMadeAndTheOtherToldSo) {
    TableOf<1> table{16, hash_key};
    table.write({7}, record_of(0, 0), lives, 0, Evict::never);
    constexpr Seconds rounds = 1000;
    std::atomic<std::uint64_t> made{0}, refused{0}, undone{0};
    std::barrier both{2};
    std::vector<std::thread> threads;
    for (const std::uint64_t n : {std::uint64_t{1}, std::uint64_t{2}})
        threads.emplace_back([&, n] {
            for (Seconds round = 1; round <= rounds; ++round) {
                const auto before = table.find({7});
                both.arrive_and_wait();
                const Choice desired = record_of(n, round);
                WriteOutcome outcome = WriteOutcome::busy;
                while (outcome == WriteOutcome::busy)
                    outcome = table.write({7}, desired, lives, round, Evict::never, nullptr,
                                          &before);
                both.arrive_and_wait();
                made += outcome == WriteOutcome::written;
                refused += outcome == WriteOutcome::changed;
                undone += outcome == WriteOutcome::written && table.find({7}) != desired;
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(made, rounds);
    EXPECT_EQ(refused, rounds);
    EXPECT_EQ(undone, 0u);
}

TEST(RecordTableThreads, AWriterWhoFindsTheShardHeldIsToldSoAtOnce) {
    TryLock lock;
    const std::unique_lock first{lock, std::try_to_lock};
    EXPECT_TRUE(first.owns_lock());
    {
        const std::unique_lock second{lock, std::try_to_lock};
        EXPECT_FALSE(second.owns_lock());
    }
    const std::unique_lock third{lock, std::try_to_lock};
    EXPECT_FALSE(third.owns_lock()) << "the failed attempt has released it";
}

}  // namespace
}  // namespace ikelb::sessions
