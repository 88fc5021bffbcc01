// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/sessions/session_tables.h"

#include "tests/unit/random_testlib.h"

namespace ikelb::sessions {
namespace {

constexpr Timeouts lives;
constexpr Seconds now = 1000;
constexpr SessionLimits few{.flows = 1024,
                            .persistences = 64,
                            .ike_sas = 64,
                            .esp_spis = 64,
                            .half_open = 64,
                            .fragments = 64,
                            .transit = 64};

FlowKey key_of(std::uint32_t n) {
    return flow_key(net::IpAddress::from_v4_host(0x0b000000 + n), net::be16::from_host(4500), 1);
}
Flow flow_of(Standing standing, Seconds last_seen = now) {
    return {.backend = {.index = 7}, .standing = standing, .last_seen = last_seen};
}

class Flows : public testing::Test {
protected:
    SessionTables sessions{few, test::hash_key};

    std::optional<Flow> find(std::uint32_t n) { return sessions.flows.find(key_of(n), lives, now); }
    template <typename First = AtOnce>
    WriteOutcome write(std::uint32_t n, const std::optional<Flow>& expected, const Flow& flow,
                       const First& first = {}) {
        return sessions.flows.write(key_of(n), flow, lives, now, Evict::oldest_by_half, nullptr,
                                    &expected, first);
    }
    WriteOutcome write(std::uint32_t n, const Flow& flow) { return write(n, find(n), flow); }
    template <typename Table>
    static std::size_t count(const Table& table) {
        std::size_t count = 0;
        table.for_each(0, table.buckets(), [&](const auto&, const auto&) { ++count; });
        return count;
    }
};

TEST_F(Flows, RiseAndFallWhereTheyStand) {
    for (const Standing standing : {Standing::nominated, Standing::strong, Standing::spoke,
                                    Standing::strong, Standing::spoke}) {
        ASSERT_EQ(write(1, flow_of(standing)), WriteOutcome::written);
        EXPECT_EQ(find(1), flow_of(standing));
        EXPECT_EQ(count(sessions.flows), 1u);
    }
}

TEST_F(Flows, StayAsTheyAreIfWhatHasToComeFirstIsRefused) {
    const auto refuse = [] { return WriteOutcome::busy; };
    for (const Standing before : {Standing::strong, Standing::spoke})
        for (const Standing after : {Standing::strong, Standing::spoke}) {
            ASSERT_EQ(write(1, flow_of(before)), WriteOutcome::written);
            EXPECT_EQ(write(1, find(1), flow_of(after, now + 1), refuse), WriteOutcome::busy);
            EXPECT_EQ(find(1), flow_of(before));
        }
    EXPECT_EQ(write(2, std::nullopt, flow_of(Standing::spoke), refuse), WriteOutcome::busy);
    EXPECT_FALSE(find(2));
}

TEST_F(Flows, AreNotWrittenOverWhatTheCallerHasNotSeen) {
    write(1, flow_of(Standing::strong));
    EXPECT_EQ(write(1, std::nullopt, flow_of(Standing::nominated)), WriteOutcome::changed);
    EXPECT_EQ(write(1, flow_of(Standing::strong, now - 1), flow_of(Standing::nominated)),
              WriteOutcome::changed);
    EXPECT_EQ(find(1), flow_of(Standing::strong));
}

TEST_F(Flows, ThatSpokeAreEvictedByNobody) {
    std::uint32_t n = 0;
    while (write(n, flow_of(Standing::spoke)) == WriteOutcome::written) ++n;
    EXPECT_GE(n, few.flows);
    for (const Standing standing : {Standing::nominated, Standing::strong, Standing::spoke})
        for (std::uint32_t i = n; i < n + 10'000; ++i) write(i, flow_of(standing));
    for (std::uint32_t i = 0; i < n; ++i) ASSERT_EQ(find(i), flow_of(Standing::spoke)) << i;
}

/// However many have only begun: some that speak stood among them, some stood nowhere.
TEST_F(Flows, ThatSpeakFindRoomInAFloodOfOthers) {
    for (const Standing standing : {Standing::nominated, Standing::strong}) {
        SessionTables other{few, test::hash_key};
        const auto put = [&](std::uint32_t n, Standing as) {
            const auto key = key_of(n);
            const auto before = other.flows.find(key, lives, now);
            return other.flows.write(key, flow_of(as), lives, now, Evict::oldest_by_half, nullptr,
                                     &before);
        };
        for (std::uint32_t n = 0; n < 20'000; ++n) put(n, standing);
        EXPECT_EQ(count(other.flows), other.flows.slots());
        for (std::uint32_t n = 20'000 - few.flows / 2; n < 20'000 + few.flows / 2; ++n)
            ASSERT_EQ(put(n, Standing::spoke), WriteOutcome::written) << n;
        for (std::uint32_t n = 0; n < 20'000 - few.flows / 2; ++n) put(n, standing);
        for (std::uint32_t n = 20'000 - few.flows / 2; n < 20'000 + few.flows / 2; ++n)
            ASSERT_TRUE(other.flows.find(key_of(n), lives, now)) << n;
    }
}

TEST_F(Flows, BeginThoughAsManyHaveSpokenAsTheLimitSays) {
    for (std::uint32_t n = 0; n < few.flows; ++n) write(n, flow_of(Standing::spoke));
    for (std::uint32_t n = few.flows; n < few.flows + 10'000; ++n) {
        ASSERT_EQ(write(n, flow_of(Standing::nominated)), WriteOutcome::written);
        ASSERT_TRUE(find(n)) << n;
    }
}

TEST_F(Flows, OfStrongAnswersAreFlushedByNoFloodOfWeakOnes) {
    constexpr std::uint32_t strong = 100;
    for (std::uint32_t n = 0; n < strong; ++n) write(n, flow_of(Standing::strong, now - 100));
    for (std::uint32_t n = strong; n < 100'000; ++n)
        ASSERT_EQ(write(n, flow_of(Standing::nominated)), WriteOutcome::written);
    for (std::uint32_t n = 0; n < strong; ++n) EXPECT_TRUE(find(n)) << n;
}

}  // namespace
}  // namespace ikelb::sessions
