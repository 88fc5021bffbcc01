// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/product.h"
#include "tests/village/scenarios_testlib.h"
#include "tests/village/simpletons.h"

namespace ikelb::village {

namespace {

class Village : public testing::TestWithParam<Scenario> {};

void expect_of_ikelb(const Scenario& scenario, const Site& site) {
    World world{site, make_product};
    EXPECT_TRUE(scenario.holds(world)) << "the last that happened:\n" << world.tail(40);
}

TEST_P(Village, Ikelb) {
    expect_of_ikelb(GetParam(), GetParam().site);
}

TEST_P(Village, IkelbOverIpv6) {
    Site site = GetParam().site;
    site.is_v6 = !site.is_dual;
    expect_of_ikelb(GetParam(), site);
}

/// With a balancer that knows no better, what a scenario takes for granted may not come about.
bool holds_at_all(const Scenario& scenario, MakeBalancer make) {
    World world{scenario.site, make};
    try {
        return scenario.holds(world);
    } catch (const SetupFailed&) {
        return false;
    }
}

/// A scenario that any balancer passes shows nothing of ikelb.
TEST_P(Village, ABalancerByTheSourcesHash) {
    const Scenario& scenario = GetParam();
    EXPECT_EQ(holds_at_all(scenario, make_by_hash), passes_by_hash(scenario.name));
}

TEST_P(Village, ABalancerThatRemembersSourceAddresses) {
    const Scenario& scenario = GetParam();
    EXPECT_EQ(holds_at_all(scenario, make_by_address), passes_by_address(scenario.name));
}

/// An attack that does nothing to such a one is none.
TEST_P(Village, ABalancerThatBelievesAnswers) {
    const Scenario& scenario = GetParam();
    EXPECT_EQ(holds_at_all(scenario, make_by_answers), passes_by_answers(scenario.name));
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Village, testing::ValuesIn(scenarios()), name_of);

}  // namespace
}  // namespace ikelb::village
