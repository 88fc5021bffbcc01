// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "config/text/address.h"
#include "tests/unit/state_life.h"

namespace ikelb::state {
namespace {

using namespace test;

/// Transit of two lives of ikelbd.
class StateTransit : public testing::Test {
protected:
    StateTransit() {
        for (Life* life : {&before, &after})
            life->config.inside_prefixes = {*text::parse_prefix("10.30.0.0/16"),
                                            *text::parse_prefix("fd00:30::/32")};
    }

    static wall::TransitKey key(const char* inside, std::uint8_t protocol = 6) {
        const net::IpAddress from = address(inside);
        return {.inside = from,
                .outside = address(from.is_v4() ? "192.0.2.80" : "2001:db8::80"),
                .inside_port = 50'000,
                .outside_port = 443,
                .protocol = protocol};
    }
    /// A conversation that would live for so long without another packet.
    void begin(const wall::TransitKey& key, wall::TransitShare share,
               wall::Progress progress = wall::Progress::answered,
               forwarding::Seconds left = 7440) {
        before.bench->sessions().transit[static_cast<std::size_t>(share)].write(
            key, {.progress = progress, .ends_at = before.bench->now() + left},
            forwarding::Timeouts{}, before.bench->now(), sessions::Evict::oldest_by_half);
    }
    std::optional<wall::Conversation> find(const wall::TransitKey& key,
                                               wall::TransitShare share) {
        return after.bench->sessions().transit[static_cast<std::size_t>(share)].find(
            key, {}, after.bench->now());
    }

    Life before, after;
};

TEST_F(StateTransit, ComesBackInItsShareAndState) {
    using enum wall::TransitShare;
    begin(key("10.20.0.11"), backends);
    begin(key("10.30.1.1"), inside_prefixes, wall::Progress::closing);
    begin(key("fd00:30::1"), inside_prefixes);
    begin(key("172.16.0.1"), others, wall::Progress::asked);
    before.bench->advance(20);
    const Restored restored = after.restore(before.save(), start_of_wall_clock + 5s);
    EXPECT_EQ(restored.transit, 4u);
    ASSERT_TRUE(find(key("10.20.0.11"), backends));
    EXPECT_EQ(find(key("10.20.0.11"), backends)->progress, wall::Progress::answered);
    EXPECT_EQ(find(key("10.20.0.11"), backends)->ends_at, after.bench->now() + 7440 - 25);
    ASSERT_TRUE(find(key("10.30.1.1"), inside_prefixes));
    EXPECT_EQ(find(key("10.30.1.1"), inside_prefixes)->progress, wall::Progress::closing);
    EXPECT_TRUE(find(key("fd00:30::1"), inside_prefixes));
    ASSERT_TRUE(find(key("172.16.0.1"), others));
    EXPECT_EQ(find(key("172.16.0.1"), others)->progress, wall::Progress::asked);
    EXPECT_FALSE(find(key("10.20.0.11"), others));
}

TEST_F(StateTransit, BelongsToNoBackend) {
    begin(key("10.20.0.11"), wall::TransitShare::backends);
    Life without{{{"other", "10.20.0.99"}}};
    EXPECT_EQ(without.restore(before.save()).transit, 1u);
}

TEST_F(StateTransit, LivesNoLongerForTheRestart) {
    using enum wall::TransitShare;
    begin(key("172.16.0.1"), others);
    begin(key("172.16.0.2"), others, wall::Progress::closing, 240);
    begin(key("172.16.0.3", 1), others, wall::Progress::asked, 60);
    const auto bytes = before.save();
    const auto left_after = [&](std::chrono::seconds pause) {
        Life later;
        return later.restore(bytes, start_of_wall_clock + pause).transit;
    };
    EXPECT_EQ(left_after(60s), 3u);
    EXPECT_EQ(left_after(61s), 2u);
    EXPECT_EQ(left_after(241s), 1u);
    EXPECT_EQ(left_after(45min + 1s), 1u) << "longer than a flow lives";
    EXPECT_EQ(left_after(7441s), 0u);
    before.bench->advance(61);
    EXPECT_EQ(decode(before.save())->transit.size(), 2u) << "the dead are not saved";
}

}  // namespace
}  // namespace ikelb::state
