// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/sessions/directory.h"

#include "tests/unit/random_testlib.h"

namespace ikelb::sessions {
namespace {

constexpr Timeouts lives;
constexpr Seconds now = 1000;
constexpr DirectoryLimits few{.flows = 1024,
                              .bindings = 64,
                              .pairs = 64,
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
    Directory directory{few, test::hash_key};

    std::optional<Flow> find(std::uint32_t n) {
        return directory.flows.find(key_of(n), lives, now);
    }
    WriteOutcome write(std::uint32_t n, const Flow& flow) {
        return directory.flows.write(key_of(n), find(n), flow, lives, now);
    }
    template <typename Table>
    static std::size_t count(const Table& table) {
        std::size_t count = 0;
        table.for_each(0, table.buckets(), [&](const auto&, const auto&) { ++count; });
        return count;
    }
};

TEST_F(Flows, StandWhereTheirStandingBelongsAndNowhereElse) {
    for (const Standing standing : {Standing::nominated, Standing::strong, Standing::spoke,
                                    Standing::strong, Standing::spoke}) {
        ASSERT_EQ(write(1, flow_of(standing)), WriteOutcome::written);
        EXPECT_EQ(find(1), flow_of(standing));
        const bool is_confirmed = standing == Standing::spoke;
        EXPECT_EQ(count(directory.flows.confirmed), is_confirmed ? 1u : 0u);
        EXPECT_EQ(count(directory.flows.provisional), is_confirmed ? 0u : 1u);
    }
}

TEST_F(Flows, StayAsTheyAreIfWhatHasToComeFirstIsRefused) {
    const auto refuse = [] { return WriteOutcome::busy; };
    for (const Standing before : {Standing::strong, Standing::spoke})
        for (const Standing after : {Standing::strong, Standing::spoke}) {
            ASSERT_EQ(write(1, flow_of(before)), WriteOutcome::written);
            EXPECT_EQ(directory.flows.write(key_of(1), find(1), flow_of(after, now + 1), lives, now,
                                            nullptr, refuse),
                      WriteOutcome::busy);
            EXPECT_EQ(find(1), flow_of(before));
        }
    EXPECT_EQ(directory.flows.write(key_of(2), std::nullopt, flow_of(Standing::spoke), lives, now,
                                    nullptr, refuse),
              WriteOutcome::busy);
    EXPECT_FALSE(find(2));
}

TEST_F(Flows, AreNotWrittenOverWhatTheCallerHasNotSeen) {
    write(1, flow_of(Standing::strong));
    EXPECT_EQ(directory.flows.write(key_of(1), std::nullopt, flow_of(Standing::nominated), lives,
                                    now),
              WriteOutcome::changed);
    EXPECT_EQ(directory.flows.write(key_of(1), flow_of(Standing::strong, now - 1),
                                    flow_of(Standing::nominated), lives, now),
              WriteOutcome::changed);
    EXPECT_EQ(find(1), flow_of(Standing::strong));
}

TEST_F(Flows, ThatSpokeAreEvictedByNobody) {
    std::uint32_t n = 0;
    while (write(n, flow_of(Standing::spoke)) == WriteOutcome::written) ++n;
    EXPECT_GE(n, few.flows);
    for (std::uint32_t i = 0; i < n; ++i) ASSERT_TRUE(find(i)) << i;
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
