// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <chrono>

#include "config/text/address.h"
#include "controlplane/kernel/netlink/mirror.h"
#include "controlplane/kernel/netlink/neighbour_request.h"

namespace ikelb::netlink {
namespace {

using namespace std::chrono_literals;
using net::IpAddress;

class ChangeDebounceTest : public testing::Test {
protected:
    const ChangeDebounce::Clock::time_point start{1000s};
    ChangeDebounce debounce{20ms, 100ms};
};

TEST_F(ChangeDebounceTest, NothingIsDueWithoutAChange) {
    EXPECT_FALSE(debounce.due().has_value());
}

TEST_F(ChangeDebounceTest, OneChangeIsToldAfterTheQuietTime) {
    debounce.note_change(start);
    EXPECT_EQ(debounce.due(), start + 20ms);
    debounce.told();
    EXPECT_FALSE(debounce.due().has_value());
}

TEST_F(ChangeDebounceTest, SteadyChangesAreToldAtTheLimit) {
    for (auto at = 0ms; at <= 95ms; at += 5ms) debounce.note_change(start + at);
    EXPECT_EQ(debounce.due(), start + 100ms);
    debounce.told();
    debounce.note_change(start + 130ms);
    EXPECT_EQ(debounce.due(), start + 150ms) << "the limit counts from the first change of a run";
}

TEST(RequestLimiter, AsksForOneAddressOncePerInterval) {
    const RequestLimiter::Clock::time_point start{1000s};
    RequestLimiter limiter{1s, 16};
    const IpAddress a = *text::parse_address("10.0.0.1"), b = *text::parse_address("10.0.0.2");
    EXPECT_TRUE(limiter.allow(1, a, start));
    EXPECT_FALSE(limiter.allow(1, a, start + 999ms));
    EXPECT_TRUE(limiter.allow(1, b, start + 1ms)) << "another address has its own time";
    EXPECT_TRUE(limiter.allow(2, a, start + 1ms)) << "so has another device";
    EXPECT_TRUE(limiter.allow(1, a, start + 1s));
}

TEST(RequestLimiter, AScanOfASubnetIsBounded) {
    const RequestLimiter::Clock::time_point start{1000s};
    RequestLimiter limiter{1s, 100};
    unsigned allowed = 0;
    for (std::uint32_t i = 0; i < 10000; ++i)
        allowed += limiter.allow(1, IpAddress::from_v4_host(0x0a000000 + i), start) ? 1U : 0U;
    EXPECT_EQ(allowed, 100U);
    EXPECT_TRUE(limiter.allow(1, IpAddress::from_v4_host(0x0b000000), start + 2s));
}

}  // namespace
}  // namespace ikelb::netlink
