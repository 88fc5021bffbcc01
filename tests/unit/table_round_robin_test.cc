// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/spread.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "tests/unit/random_testlib.h"

namespace ikelb::table {
namespace {

using Sequence = std::vector<std::uint16_t>;

std::map<std::uint16_t, std::size_t> turns(const Sequence& sequence) {
    std::map<std::uint16_t, std::size_t> counts;
    for (const std::uint16_t value : sequence) ++counts[value];
    return counts;
}

/// The longest way from one turn of a member to its next, the sequence being repeated.
std::size_t widest_gap(const Sequence& sequence, std::uint16_t value) {
    std::size_t widest = 0, since = 0;
    for (std::size_t i = 0; i < 2 * sequence.size(); ++i) {
        ++since;
        if (sequence[i % sequence.size()] != value) continue;
        if (i >= sequence.size()) widest = std::max(widest, since);
        since = 0;
    }
    return widest;
}

std::vector<SpreadMember> random_members(test::Random& random, std::size_t count,
                                         std::uint64_t max_weight) {
    std::vector<SpreadMember> members;
    for (std::size_t i = 0; i < count; ++i)
        members.push_back({.value = static_cast<std::uint16_t>(i),
                           .weight = 1 + static_cast<std::uint32_t>(random.below(max_weight))});
    return members;
}

double sum_of_weights(const std::vector<SpreadMember>& members) {
    double sum = 0;
    for (const SpreadMember& member : members) sum += member.weight;
    return sum;
}

TEST(RoundRobin, SpreadsTurnsAsNginxDoes) {
    const SpreadMember members[] = {{0, 5}, {1, 1}, {2, 1}};
    EXPECT_EQ(build_round_robin(members), (Sequence{0, 0, 1, 0, 2, 0, 0}));
}

TEST(RoundRobin, TakesEqualMembersInTurn) {
    const SpreadMember members[] = {{4, 100}, {5, 100}, {6, 100}};
    EXPECT_EQ(build_round_robin(members), (Sequence{4, 5, 6}));
}

TEST(RoundRobin, LeavesOutMembersOfWeightZero) {
    const SpreadMember members[] = {{1, 0}, {2, 30}, {3, 0}};
    EXPECT_EQ(build_round_robin(members), (Sequence{2}));
    EXPECT_TRUE(build_round_robin({}).empty());
    EXPECT_TRUE(build_round_robin(std::span{members}.first(1)).empty());
}

TEST(RoundRobin, ReducesWeightsByTheirCommonDivisor) {
    const SpreadMember members[] = {{1, 900}, {2, 600}};
    EXPECT_EQ(build_round_robin(members).size(), 5u);
}

TEST(RoundRobin, GivesTurnsInExactProportionWhenTheSequenceIsShortEnough) {
    test::Random random;
    for (int round = 0; round < 50; ++round) {
        const auto members = random_members(random, 1 + random.below(20), 200);
        const Sequence sequence = build_round_robin(members);
        const auto counts = turns(sequence);
        const double unit = sum_of_weights(members) / static_cast<double>(sequence.size());
        for (const SpreadMember& member : members)
            ASSERT_DOUBLE_EQ(static_cast<double>(counts.at(member.value)) * unit, member.weight);
    }
}

TEST(RoundRobin, LetsNoMemberWaitMuchLongerThanItsShare) {
    test::Random random;
    for (int round = 0; round < 50; ++round) {
        const auto members = random_members(random, 2 + random.below(8), 50);
        const Sequence sequence = build_round_robin(members);
        for (const SpreadMember& member : members) {
            const double fair = sum_of_weights(members) / member.weight;
            // Twice the fair distance: turns of several members may be due at once.
            ASSERT_LE(static_cast<double>(widest_gap(sequence, member.value)),
                      2 * fair + static_cast<double>(members.size()));
        }
    }
}

TEST(RoundRobin, GivesEqualMembersTurnsAtEqualDistances) {
    std::vector<SpreadMember> members;
    for (std::uint16_t i = 0; i < 40; ++i) members.push_back({.value = i, .weight = 7});
    const Sequence sequence = build_round_robin(members);
    for (std::uint16_t i = 0; i < 40; ++i) EXPECT_EQ(widest_gap(sequence, i), 40u);
}

TEST(RoundRobin, ScalesLongSequencesWithinItsDocumentedError) {
    test::Random random;
    for (int round = 0; round < 5; ++round) {
        const auto members = random_members(random, 2 + random.below(1000), 1000);
        const Sequence sequence = build_round_robin(members);
        ASSERT_LE(sequence.size(), max_round_robin_entries);
        const auto counts = turns(sequence);
        ASSERT_EQ(counts.size(), members.size()) << "a member has no turn";
        const double bound = (static_cast<double>(members.size()) + 1) / 4096;
        for (const SpreadMember& member : members)
            ASSERT_LT(std::abs(static_cast<double>(counts.at(member.value)) /
                                   static_cast<double>(sequence.size()) -
                               member.weight / sum_of_weights(members)),
                      bound);
    }
}

TEST(RoundRobin, ScalesWithoutMuchErrorWhenEveryWeightIsWorthATurn) {
    test::Random random;
    std::vector<SpreadMember> members = random_members(random, 100, 900);
    for (SpreadMember& member : members) member.weight += 100;
    const auto sequence = build_round_robin(members);
    const auto counts = turns(sequence);
    for (const SpreadMember& member : members)
        EXPECT_NEAR(static_cast<double>(counts.at(member.value)) /
                        static_cast<double>(sequence.size()),
                    member.weight / sum_of_weights(members), 1.0 / 2048);
}

TEST(RoundRobin, KeepsATurnForTheLightestBesideTheHeaviest) {
    const SpreadMember members[] = {{1, 0xffffffff}, {2, 1}};
    const auto counts = turns(build_round_robin(members));
    EXPECT_EQ(counts.at(2), 1u);
    EXPECT_EQ(counts.at(1), 4095u);
}

TEST(RoundRobin, IsBoundedEvenByMembersBeyondNumber) {
    std::vector<SpreadMember> members(5000, {.value = 1, .weight = 3});
    EXPECT_LE(build_round_robin(members).size(), max_round_robin_entries);
}

}  // namespace
}  // namespace ikelb::table
