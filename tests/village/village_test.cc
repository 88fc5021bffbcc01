// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <string>
#include <vector>

#include "tests/village/product.h"
#include "tests/village/scenarios_testlib.h"
#include "tests/village/simpletons.h"
#include "tests/village/to_come.h"

namespace ikelb::village {

namespace {

class Village : public testing::TestWithParam<Scenario> {};

void expect_of_ikelb(const Scenario& scenario, const Site& site) {
    World world{site, make_product};
    const bool holds = scenario.holds(world);
    const ToCome* const lacks = find_to_come(scenario.name);
    if (lacks != nullptr)
        EXPECT_FALSE(holds) << "it holds: it is not to come any more";
    else
        EXPECT_TRUE(holds) << "the last that happened:\n" << world.tail(40);
}

TEST_P(Village, Ikelb) {
    expect_of_ikelb(GetParam(), GetParam().site);
}

TEST_P(Village, IkelbOverIpv6) {
    Site site = GetParam().site;
    site.is_v6 = true;
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

INSTANTIATE_TEST_SUITE_P(Scenarios, Village, testing::ValuesIn(scenarios()), name_of);

TEST(ToComeList, NamesScenariosThatThereAre) {
    const std::vector<Scenario> all = scenarios();
    for (const ToCome& one : to_come())
        EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Scenario& scenario) {
            return std::string{scenario.name} == one.scenario;
        })) << one.scenario;
}

}  // namespace
}  // namespace ikelb::village
