// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "dataplane/worker/held_frames.h"

namespace ikelb::worker {
namespace {

using pipeline::Verdict;

/// Names for frames that nobody looks into.
class Held : public testing::Test {
protected:
    HeldFrames held;
    std::array<std::uint64_t, 4096> frames{};
    std::size_t used = 0;

    rte_mbuf* frame() { return reinterpret_cast<rte_mbuf*>(&frames.at(used++ % frames.size())); }
    rte_mbuf* add(std::uint64_t source, Verdict reason = Verdict::hold_fragment) {
        rte_mbuf* const one = frame();
        last_lost = held.add({.packet = one, .source = source, .reason = reason});
        return one;
    }
    bool has(const rte_mbuf* packet) const {
        return std::ranges::any_of(held.all(),
                                   [&](const auto& one) { return one.packet == packet; });
    }
    rte_mbuf* last_lost = nullptr;
};

/// A datagram of many parts that comes in reverse, and many users behind one address.
TEST_F(Held, OneSourceHasAllPlacesThatNobodyElseWants) {
    auto* const first = add(1);
    for (int i = 0; i < 31; ++i) add(1);
    EXPECT_EQ(last_lost, nullptr);
    add(1);
    EXPECT_EQ(last_lost, first);
}

TEST_F(Held, WhoHasMostLosesItsOldest) {
    const auto* const before = add(2);
    auto* const first = add(1);
    for (int i = 0; i < 30; ++i) add(1);
    const auto* const newcomer = add(3);
    EXPECT_EQ(last_lost, first);
    EXPECT_TRUE(has(before));
    EXPECT_TRUE(has(newcomer));
    EXPECT_EQ(held.all().size(), 32u);
}

/// The parts of one user stay, whatever one other sends.
TEST_F(Held, ASprayerLosesItsOwn) {
    std::vector<const rte_mbuf*> parts;
    for (int i = 0; i < 12; ++i) parts.push_back(add(1));
    for (int orphan = 0; orphan < 1000; ++orphan) add(2);
    for (const auto* const part : parts) EXPECT_TRUE(has(part));
}

TEST_F(Held, OfAKindAreHalfAndTheOldestGoes) {
    const auto* const neighbour = add(1, Verdict::hold_neighbour);
    auto* const first = add(1);
    for (std::uint64_t source = 2; source <= 32; ++source) add(source);
    EXPECT_EQ(last_lost, nullptr);
    add(33);
    EXPECT_EQ(last_lost, first);
    EXPECT_TRUE(has(neighbour));
    EXPECT_EQ(held.all().size(), 33u);
}

TEST_F(Held, OfTheServersSideDoNotShare) {
    for (int i = 0; i < 32; ++i) add(0, Verdict::hold_neighbour);
    EXPECT_EQ(last_lost, nullptr);
    add(0, Verdict::hold_neighbour);
    EXPECT_NE(last_lost, nullptr);
}

/// Forty datagrams of a user come with their parts in reverse, and between the two parts of each
/// come a hundred orphans of every one of seven others.
TEST_F(Held, APartOutlastsASprayOfOthersFragments) {
    for (int datagram = 0; datagram < 40; ++datagram) {
        const auto* const later = add(100);
        for (int orphan = 0; orphan < 100; ++orphan)
            for (std::uint64_t source = 1; source <= 7; ++source) add(source);
        EXPECT_TRUE(has(later)) << datagram;
        // Its first part is there: all are tried again, and the others stay.
        const std::vector<HeldFrames::Held> before{held.all().begin(), held.all().end()};
        held.clear();
        for (const auto& one : before)
            if (one.packet != later) held.add(one);
    }
}

}  // namespace
}  // namespace ikelb::worker
