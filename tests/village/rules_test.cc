// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <string>
#include <vector>

#include "tests/village/by_oracle.h"
#include "tests/village/scenarios_testlib.h"

// The rules without the product: what they decide keeps every tunnel of the village.

namespace ikelb::village {

namespace {

class Rules : public testing::TestWithParam<Scenario> {};

void expect_good_end(const Scenario& scenario, MakeBalancer make) {
    for (const bool is_v6 : {false, true}) {
        Site site = scenario.site;
        site.is_v6 = is_v6;
        World world{site, make};
        EXPECT_TRUE(scenario.holds(world))
            << "over IPv" << (is_v6 ? 6 : 4) << "; the last that happened:\n" << world.tail(40);
    }
}

TEST_P(Rules, KeepTheTunnels) {
    // A server that does not know the VIP answers from the one where the SA began.
    if (std::string{GetParam().name}.starts_with("e26_")) {
        World world{GetParam().site, make_by_oracle};
        EXPECT_FALSE(GetParam().holds(world));
        return;
    }
    expect_good_end(GetParam(), make_by_oracle);
}

TEST_P(Rules, KeepTheTunnelsOfServersThatKnowTheVip) {
    expect_good_end(GetParam(), make_by_oracle_with_aliases);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Rules, testing::ValuesIn(scenarios()), name_of);

}  // namespace
}  // namespace ikelb::village
