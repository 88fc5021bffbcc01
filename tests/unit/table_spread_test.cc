// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/table_testlib.h"

namespace ikelb::table {
namespace {

using namespace testlib;
using forwarding::AddressRole;
using forwarding::BackendIndex;
using forwarding::Mode;

/// Entries of each backend.
std::map<BackendIndex, std::size_t> shares(const forwarding::BackendList& maglev) {
    std::map<BackendIndex, std::size_t> result;
    for (const BackendIndex index : maglev) ++result[index];
    return result;
}

std::vector<BackendIndex> indices(const Site& site, const std::vector<std::string>& names) {
    std::vector<BackendIndex> result;
    for (const std::string& name : names) result.push_back(site.registry.backend(name)->index);
    return result;
}

TEST(TableSpread, FollowsTheWeights) {
    Site site;
    site.config.pools[0].backends[0].weight = 200;
    site.config.pools[0].backends[2].weight = 0;
    site.build();
    const auto found = shares(site.service("aovpn").maglev);
    EXPECT_EQ(site.service("aovpn").maglev.size(), 4099u);
    EXPECT_EQ(site.service("aovpn").members, indices(site, {"rras1", "rras2"}));
    EXPECT_NEAR(static_cast<double>(found.at(0)), 4099 * 2.0 / 3, 2);
    EXPECT_NEAR(static_cast<double>(found.at(1)), 4099 / 3.0, 2);
    EXPECT_FALSE(found.contains(2));
}

TEST(TableSpread, WithoutAnybodyIsEmptyAndWorthARemark) {
    Site site;
    site.down = {{"rras1", true}, {"rras2", true}, {"rras3", true}};
    site.build();
    EXPECT_TRUE(site.service("aovpn").members.empty());
    EXPECT_TRUE(site.service("aovpn").maglev.empty());
    EXPECT_TRUE(site.has_remark("service aovpn: no backend takes new clients at the moment"));
}

TEST(TableSpread, IsSharedWhileItStays) {
    Site site;
    site.build();
    const forwarding::BackendList first = site.service("aovpn").maglev;
    site.now += 100;
    site.kernel.neighbours.pop_back();
    std::ranges::reverse(site.config.pools[0].backends);
    site.build();
    EXPECT_TRUE(is_shared(site.service("aovpn").maglev, first));
    EXPECT_EQ(site.service("aovpn").rebuilt_at, 1000u);
    EXPECT_TRUE(site.service("aovpn").old_maglev.empty());
}

TEST(TableSpread, AChangeKeepsTheOldOneForCookieRetries) {
    Site site;
    site.build();
    const forwarding::BackendList first = site.service("aovpn").maglev;
    site.now = 1100;
    site.down["rras1"] = true;
    site.build();
    const forwarding::BackendList second = site.service("aovpn").maglev;
    EXPECT_TRUE(is_shared(site.service("aovpn").old_maglev, first));
    EXPECT_EQ(site.service("aovpn").rebuilt_at, 1100u);
    site.now = 1105;
    site.build();
    EXPECT_TRUE(is_shared(site.service("aovpn").maglev, second));
    EXPECT_TRUE(is_shared(site.service("aovpn").old_maglev, first));
    EXPECT_EQ(site.service("aovpn").rebuilt_at, 1100u);
}

TEST(TableSpread, EachReasonForAnotherSpreadIsSeen) {
    const auto rebuilds = [](auto&& change) {
        Site site;
        site.build();
        site.now = 1100;
        change(site);
        site.build();
        return site.service("aovpn").rebuilt_at == 1100;
    };
    EXPECT_FALSE(rebuilds([](Site&) {}));
    EXPECT_FALSE(rebuilds([](Site& site) {
        site.config.pools[0].on_down = config::OnDown::flush;
    }));
    EXPECT_TRUE(rebuilds([](Site& site) { site.config.pools[0].backends[0].weight = 99; }));
    EXPECT_TRUE(rebuilds([](Site& site) { site.config.pools[0].backends.pop_back(); }));
    EXPECT_TRUE(rebuilds([](Site& site) {
        site.config.pools[0].backends[0].address = ip("10.20.0.99");
    }));
    EXPECT_TRUE(rebuilds([](Site& site) { site.config.maglev_table_size = 5003; }));
    EXPECT_TRUE(rebuilds([](Site& site) {
        site.modes.set("rras1", Mode::drain_keep, site.registry);
    }));
}

// The shares of the others grow; beyond that, Maglev moves few of them (NSDI 2016, section 5.3).
TEST(TableSpread, PropertyARemovalMovesFewOfTheOthersAndNoIndex) {
    for (int removed = 0; removed < 12; ++removed) {
        Site site;
        site.config.maglev_table_size = 65537;
        site.config.pools[0].backends.clear();
        for (int i = 0; i < 12; ++i)
            site.config.pools[0].backends.push_back(
                {.name = "b" + std::to_string(i),
                 .address = ip("10.20.0." + std::to_string(20 + i))});
        site.build();
        const forwarding::BackendList before = site.service("aovpn").maglev;
        auto& backends = site.config.pools[0].backends;
        backends.erase(backends.begin() + removed);
        site.build();
        const forwarding::BackendList after = site.service("aovpn").maglev;
        ASSERT_EQ(before.size(), after.size());
        std::size_t moved = 0;
        for (std::size_t i = 0; i < before.size(); ++i) {
            ASSERT_NE(after[i], removed);
            if (before[i] != removed && before[i] != after[i]) ++moved;
        }
        EXPECT_LT(moved, before.size() / 20);
        for (int i = 0; i < 12; ++i) {
            if (i == removed) continue;
            const forwarding::BackendRef expected{.index = static_cast<BackendIndex>(i),
                                                  .generation = 1};
            EXPECT_EQ(site.registry.backend("b" + std::to_string(i)), expected);
        }
    }
}

TEST(TableSpread, RoundRobinHasTurnsByWeight) {
    Site site;
    site.config.services[0].scheduler = config::Scheduler::weighted_round_robin;
    site.config.pools[0].backends[0].weight = 200;
    site.build();
    EXPECT_EQ(site.service("aovpn").scheduler, forwarding::Scheduler::weighted_round_robin);
    EXPECT_EQ(shares(site.service("aovpn").round_robin),
              (std::map<BackendIndex, std::size_t>{{0, 2}, {1, 1}, {2, 1}}));
    EXPECT_FALSE(site.service("aovpn").maglev.empty()) << "what it falls back to";
    const forwarding::BackendList first = site.service("aovpn").round_robin;
    site.build();
    EXPECT_TRUE(is_shared(site.service("aovpn").round_robin, first));
    site.config.services[0].scheduler = config::Scheduler::least_sas;
    site.build();
    EXPECT_EQ(site.service("aovpn").scheduler, forwarding::Scheduler::least_sas);
    EXPECT_TRUE(site.service("aovpn").round_robin.empty());
}

TEST(TableSpread, AChangeToRoundRobinAloneBringsTheTurns) {
    Site site;
    site.build();
    site.config.services[0].scheduler = config::Scheduler::weighted_round_robin;
    site.build();
    EXPECT_EQ(site.service("aovpn").round_robin.size(), 3u);
    EXPECT_EQ(site.service("aovpn").rebuilt_at, 1000u);
}

// Its servers answer with the VIP of the service that they are of now.
TEST(TableSpread, AnOldSpreadOverAnotherServicesServersIsForgotten) {
    Site site;
    add_second_vip(site);
    add_second_pool(site);
    site.config.services[1].pool = "other";
    site.build();
    site.now = 1100;
    std::swap(site.config.services[0].pool, site.config.services[1].pool);
    site.build();
    EXPECT_TRUE(site.service("aovpn").old_maglev.empty());
    EXPECT_TRUE(site.service("legacy").old_maglev.empty());
    EXPECT_EQ(site.service("aovpn").members, indices(site, {"other1", "other2"}));
}

TEST(TableSpread, AnOldSpreadMayNameServersThatAreGone) {
    Site site;
    site.build();
    site.config.pools[0].backends.pop_back();
    site.build();
    EXPECT_EQ(shares(site.service("aovpn").old_maglev).size(), 3u);
    EXPECT_FALSE(site.table->backends[2].takes_returning_clients(false));
}

TEST(TableModes, DrainKeepTakesReturningClientsOnly) {
    Site site;
    site.modes.set("rras1", Mode::drain_keep, site.registry);
    site.build();
    EXPECT_EQ(site.service("aovpn").members, indices(site, {"rras2", "rras3"}));
    EXPECT_FALSE(site.backend("rras1").takes_new_clients(false));
    EXPECT_TRUE(site.backend("rras1").takes_returning_clients(false));
    EXPECT_TRUE(site.table->is_current({.index = 0, .generation = 1}));
}

TEST(TableModes, DrainRefuseKeepsOnlyWhatIsEstablished) {
    Site site;
    site.modes.set("rras1", Mode::drain_refuse, site.registry);
    site.build();
    EXPECT_EQ(site.service("aovpn").members, indices(site, {"rras2", "rras3"}));
    EXPECT_FALSE(site.backend("rras1").takes_returning_clients(false));
    EXPECT_TRUE(site.table->is_current({.index = 0, .generation = 1}));
    EXPECT_NE(site.reply_frontend("10.20.0.11", 0), forwarding::no_frontend);
}

TEST(TableModes, DisableEndsAllRecordsAndEnableDoesNotBringThemBack) {
    Site site;
    site.build();
    site.modes.set("rras1", Mode::disabled, site.registry);
    site.build();
    EXPECT_EQ(site.backend("rras1").mode, Mode::disabled);
    for (int generation = 0; generation < 256; ++generation)
        EXPECT_FALSE(site.table->is_current(
            {.index = 0, .generation = static_cast<std::uint8_t>(generation)}));
    EXPECT_EQ(site.reply_frontend("10.20.0.11", 1), forwarding::no_frontend);
    EXPECT_TRUE(site.backend("rras1").homes[0].frontends[1].empty());
    EXPECT_EQ(site.table->addresses.find(ip("10.20.0.11"))->role, AddressRole::backend)
        << "nothing of it leaves untranslated";
    EXPECT_EQ(site.service("aovpn").members, indices(site, {"rras2", "rras3"}));

    const auto learned_meanwhile = *site.registry.backend("rras1");
    site.modes.set("rras1", Mode::enabled, site.registry);
    site.build();
    EXPECT_TRUE(site.backend("rras1").takes_new_clients(false));
    EXPECT_FALSE(site.table->is_current({.index = 0, .generation = 1}));
    EXPECT_FALSE(site.table->is_current(learned_meanwhile));
}

TEST(TableModes, AnotherAddressEndsTheRecordsOfThatBackendAlone) {
    Site site;
    site.build();
    site.config.pools[0].backends[0].address = ip("10.20.0.99");
    site.build();
    EXPECT_FALSE(site.table->is_current({.index = 0, .generation = 1}));
    EXPECT_TRUE(site.table->is_current({.index = 0, .generation = 2}));
    EXPECT_TRUE(site.table->is_current({.index = 1, .generation = 1}));
    EXPECT_EQ(site.table->addresses.find(ip("10.20.0.11")), nullptr);
}

}  // namespace
}  // namespace ikelb::table
