// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/net/hash.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "dataplane/forwarding/forwarding_table.h"
#include "tests/unit/random_testlib.h"

namespace ikelb::net {
namespace {

using test::hash_key;

constexpr std::size_t cells = 1024;
constexpr std::size_t draws = 1024 * 256;

/// Pearson's statistic over cells equally likely cells; about cells, with a deviation of 45.
double chi_squared(const std::vector<std::uint32_t>& counts) {
    const double expected = static_cast<double>(draws) / cells;
    double sum = 0;
    for (const std::uint32_t count : counts)
        sum += (count - expected) * (count - expected) / expected;
    return sum;
}

/// Neighbouring clients with the ports that NATs give out: the least random keys that occur.
std::uint64_t plain_key(std::size_t i) {
    const std::uint64_t address = 0x0a000000 + i / 4;
    const std::uint64_t port = 1024 + i % 4;
    return address << 32 | port << 16 | 0x8001;
}

TEST(KeyedHash, SpreadsNeighbouringKeysOverItsHighBits) {
    std::vector<std::uint32_t> counts(cells);
    for (std::size_t i = 0; i < draws; ++i)
        ++counts[forwarding::maglev_index(keyed_hash(plain_key(i), hash_key), cells)];
    EXPECT_LT(chi_squared(counts), cells + 6 * 45);
}

TEST(KeyedHash, SpreadsNeighbouringKeysOverItsLowBits) {
    std::vector<std::uint32_t> counts(cells);
    for (std::size_t i = 0; i < draws; ++i)
        ++counts[keyed_hash(plain_key(i), hash_key) % cells];
    EXPECT_LT(chi_squared(counts), cells + 6 * 45);
}

TEST(KeyedHash, SpreadsTheSecondWordOfAKeyWhoseFirstStaysTheSame) {
    std::vector<std::uint32_t> counts(cells);
    const std::uint64_t first = keyed_hash(0x20010db800000000ULL, hash_key);
    for (std::size_t i = 0; i < draws; ++i) ++counts[keyed_hash(i, first, hash_key) % cells];
    EXPECT_LT(chi_squared(counts), cells + 6 * 45);
}

TEST(KeyedHash, ChangesHalfOfItsBitsWithAnyBitOfTheKey) {
    test::Random random;
    for (int bit = 0; bit < 64; ++bit) {
        int changed = 0;
        for (int i = 0; i < 1000; ++i) {
            const std::uint64_t word = random();
            changed += std::popcount(keyed_hash(word, hash_key) ^
                                     keyed_hash(word ^ 1ULL << bit, hash_key));
        }
        EXPECT_NEAR(changed / 1000.0, 32.0, 2.0) << "bit " << bit;
    }
}

TEST(KeyedHash, KeysThatCollideUnderOneSecretDoNotUnderAnother) {
    const HashKey other{.k0 = hash_key.k0 + 1, .k1 = hash_key.k1};
    std::vector<std::uint64_t> colliding;
    for (std::uint64_t i = 1; colliding.size() < 256; ++i)
        if (keyed_hash(i, hash_key) % cells == 0) colliding.push_back(i);
    const auto together = std::ranges::count_if(
        colliding, [&](std::uint64_t word) { return keyed_hash(word, other) % cells == 0; });
    EXPECT_LE(together, 4);
}

TEST(KeyedHash, DependsOnTheOrderOfTheWords) {
    const std::uint64_t ab = keyed_hash(2, keyed_hash(1, hash_key), hash_key);
    const std::uint64_t ba = keyed_hash(1, keyed_hash(2, hash_key), hash_key);
    EXPECT_NE(ab, ba);
}

}  // namespace
}  // namespace ikelb::net
