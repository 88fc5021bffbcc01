// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/spread.h"

#include <algorithm>
#include <map>
#include <string>

#include "dataplane/forwarding/forwarding_table.h"
#include "tests/unit/random_testlib.h"

namespace ikelb::table {
namespace {

constexpr std::size_t table_size = 65537;

/// A farm of servers; owns the identities that the members point to.
class Farm {
public:
    explicit Farm(std::size_t servers) {
        for (std::size_t i = 0; i < servers; ++i)
            members.push_back(
                {.value = static_cast<std::uint16_t>(i),
                 .weight = 100,
                 .identity = "rras" + std::to_string(i) + " 10.20.0." + std::to_string(i)});
    }
    std::vector<SpreadMember> members;
};

std::map<std::uint16_t, std::size_t> shares(const std::vector<std::uint16_t>& table) {
    std::map<std::uint16_t, std::size_t> counts;
    for (const std::uint16_t value : table) ++counts[value];
    return counts;
}

/// How many entries changed between two tables, of those that the given member has in neither.
std::size_t innocent_moves(const std::vector<std::uint16_t>& a, const std::vector<std::uint16_t>& b,
                           std::uint16_t member) {
    std::size_t moves = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        moves += a[i] != b[i] && a[i] != member && b[i] != member ? 1 : 0;
    return moves;
}

TEST(Maglev, LeavesNoHoles) {
    const Farm farm{7};
    for (const std::size_t size : {1u, 2u, 7u, 13u, 251u, 65537u}) {
        const auto table = build_maglev(farm.members, size);
        ASSERT_EQ(table.size(), size);
        EXPECT_TRUE(std::ranges::all_of(table, [](std::uint16_t value) { return value < 7; }));
    }
}

TEST(Maglev, FillsATableWhoseSizeIsNotPrime) {
    const Farm farm{5};
    for (const std::size_t size : {4u, 100u, 4096u, 65536u})
        EXPECT_EQ(build_maglev(farm.members, size).size(), size);
}

TEST(Maglev, IsEmptyWithoutMembersOrEntries) {
    Farm farm{2};
    EXPECT_TRUE(build_maglev({}, table_size).empty());
    EXPECT_TRUE(build_maglev(farm.members, 0).empty());
    for (SpreadMember& member : farm.members) member.weight = 0;
    EXPECT_TRUE(build_maglev(farm.members, table_size).empty());
}

TEST(Maglev, TreatsWeightZeroAsAbsence) {
    Farm farm{5};
    farm.members[2].weight = 0;
    const auto with_zero = build_maglev(farm.members, table_size);
    farm.members.erase(farm.members.begin() + 2);
    EXPECT_EQ(with_zero, build_maglev(farm.members, table_size));
}

TEST(Maglev, DoesNotDependOnTheOrderOfItsMembers) {
    test::Random random;
    Farm farm{20};
    for (SpreadMember& member : farm.members)
        member.weight = 1 + static_cast<std::uint32_t>(random.below(100));
    const auto table = build_maglev(farm.members, table_size);
    for (int i = 0; i < 5; ++i) {
        for (std::size_t n = farm.members.size(); n > 1; --n)
            std::swap(farm.members[n - 1], farm.members[random.below(n)]);
        ASSERT_EQ(build_maglev(farm.members, table_size), table);
    }
}

TEST(Maglev, IsTheSameOnEveryNodeAndInEveryRelease) {
    // A change of these numbers moves every client that is not recorded: never change them.
    const SpreadMember members[] = {{1, 100, "rras1 10.20.0.11"}, {2, 50, "rras2 10.20.0.12"}};
    const auto table = build_maglev(members, 13);
    const std::vector<std::uint16_t> expected{1, 1, 2, 2, 1, 2, 1, 1, 1, 1, 1, 1, 2};
    EXPECT_EQ(table, expected);
}

TEST(Maglev, MapsAMemberByItsIdentityAndNotByItsValue) {
    Farm farm{10};
    const auto before = build_maglev(farm.members, table_size);
    for (SpreadMember& member : farm.members)
        member.value = static_cast<std::uint16_t>(member.value + 500);
    const auto after = build_maglev(farm.members, table_size);
    for (std::size_t i = 0; i < table_size; ++i) ASSERT_EQ(after[i], before[i] + 500);
}

TEST(Maglev, GivesEqualMembersEqualShares) {
    const Farm farm{100};
    for (const auto& [value, count] : shares(build_maglev(farm.members, table_size)))
        EXPECT_NEAR(static_cast<double>(count), 655.37, 1.0) << "member " << value;
}

TEST(Maglev, GivesSharesInProportionToTheWeights) {
    test::Random random;
    Farm farm{50};
    double sum = 0;
    for (SpreadMember& member : farm.members) {
        member.weight = 1 + static_cast<std::uint32_t>(random.below(1000));
        sum += member.weight;
    }
    const auto counts = shares(build_maglev(farm.members, table_size));
    for (const SpreadMember& member : farm.members) {
        const auto found = counts.find(member.value);
        const double count = found == counts.end() ? 0 : static_cast<double>(found->second);
        EXPECT_NEAR(count, member.weight / sum * table_size, 2.0) << "weight " << member.weight;
    }
}

TEST(Maglev, MovesFewOfTheOthersWhenAMemberLeavesOrComes) {
    Farm farm{20};
    const auto with = build_maglev(farm.members, table_size);
    farm.members.erase(farm.members.begin() + 7);
    const auto without = build_maglev(farm.members, table_size);
    EXPECT_EQ(shares(without).count(7), 0u);
    // The member's own 5 % have to move; of the rest the paper reports a few percent.
    EXPECT_LT(innocent_moves(with, without, 7), table_size * 4 / 100);
}

TEST(Maglev, MovesFewWhenAWeightChanges) {
    Farm farm{20};
    const auto before = build_maglev(farm.members, table_size);
    farm.members[7].weight = 90;
    const auto after = build_maglev(farm.members, table_size);
    EXPECT_LT(innocent_moves(before, after, 7), table_size * 4 / 100);
}

TEST(Maglev, SpreadsTheClientsOfALostMemberOverAllOthers) {
    Farm farm{10};
    const auto with = build_maglev(farm.members, table_size);
    farm.members.erase(farm.members.begin() + 3);
    const auto without = build_maglev(farm.members, table_size);
    std::map<std::uint16_t, std::size_t> heirs;
    for (std::size_t i = 0; i < table_size; ++i)
        if (with[i] == 3) ++heirs[without[i]];
    ASSERT_EQ(heirs.size(), 9u);
    for (const auto& [value, count] : heirs)
        EXPECT_NEAR(static_cast<double>(count), 6554.0 / 9, 150.0) << "member " << value;
}

TEST(Maglev, ServesMembersOfEqualIdentityInTurn) {
    const SpreadMember members[] = {{1, 1, "same"}, {2, 1, "same"}};
    const auto counts = shares(build_maglev(members, 251));
    EXPECT_NEAR(static_cast<double>(counts.at(1)), 125.5, 1.0);
}

TEST(MaglevIndex, CoversTheTableEvenlyAndNeverLeavesIt) {
    EXPECT_EQ(forwarding::maglev_index(0, table_size), 0u);
    EXPECT_EQ(forwarding::maglev_index(~0ULL, table_size), table_size - 1);
    EXPECT_EQ(forwarding::maglev_index(1ULL << 63, table_size), table_size / 2);
}

}  // namespace
}  // namespace ikelb::table
