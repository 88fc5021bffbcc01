// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>

#include "controlplane/table/index_registry.h"
#include "tests/unit/table_testlib.h"

namespace ikelb::table {
namespace {

using namespace testlib;
using forwarding::Mode;

config::Config config_with_backends(const std::vector<std::string>& names) {
    config::Config config;
    config::Pool pool{.name = "pool"};
    for (const std::string& name : names)
        pool.backends.push_back({.name = name, .address = ip("10.20.0.11")});
    config.pools = {pool};
    return config;
}

TEST(NamedIndices, AreGivenInTheOrderOfTheNames) {
    NamedIndices<std::string> indices{1, 4};
    EXPECT_EQ(indices.end(), 1u);
    EXPECT_TRUE(indices.assign(std::vector<std::string>{"b", "a"}));
    EXPECT_EQ(indices.find("b"), 1);
    EXPECT_EQ(indices.find("a"), 2);
    EXPECT_EQ(indices.end(), 3u);
}

TEST(NamedIndices, ANameThatComesBackGetsItsIndexBack) {
    NamedIndices<std::string> indices{0, 4};
    indices.assign(std::vector<std::string>{"a", "b"});
    indices.assign(std::vector<std::string>{"b", "c"});
    EXPECT_EQ(indices.find("a"), std::nullopt);
    EXPECT_EQ(indices.find("c"), 2);
    indices.assign(std::vector<std::string>{"c", "a"});
    EXPECT_EQ(indices.find("a"), 0);
}

TEST(NamedIndices, AFullRangeTakesTheIndexOfTheNameThatIsGoneLongest) {
    NamedIndices<std::string> indices{0, 3};
    indices.assign(std::vector<std::string>{"a", "b", "c"});
    indices.assign(std::vector<std::string>{"a", "c"});
    indices.assign(std::vector<std::string>{"c"});
    EXPECT_TRUE(indices.assign(std::vector<std::string>{"c", "d"}));
    EXPECT_EQ(indices.find("d"), 1) << "b went before a";
    EXPECT_EQ(indices.find("c"), 2);
    EXPECT_EQ(indices.end(), 3u);
}

TEST(NamedIndices, MoreNamesThanIndicesFail) {
    NamedIndices<std::string> indices{0, 2};
    EXPECT_FALSE(indices.assign(std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(indices.find("b"), 1);
    EXPECT_EQ(indices.find("c"), std::nullopt);
}

// While the range lasts no index ever has two names, whatever comes and goes.
TEST(NamedIndices, PropertyNoIndexIsSharedBeforeTheRangeIsUsedUp) {
    std::mt19937 random{7};
    NamedIndices<int> indices{0, 64};
    std::map<std::uint16_t, int> owner;
    for (int round = 0; round < 500; ++round) {
        std::vector<int> names;
        for (int name = 0; name < 64; ++name)
            if (random() % 3 == 0) names.push_back(name);
        std::ranges::shuffle(names, random);
        ASSERT_TRUE(indices.assign(names));
        for (const int name : names) {
            const auto index = indices.find(name);
            ASSERT_TRUE(index);
            ASSERT_EQ(owner.try_emplace(*index, name).first->second, name);
        }
    }
}

// Beyond it, those that are there at one time still have different indices, and keep them.
TEST(NamedIndices, PropertyTheLivingAreApartAndStayWhenTheRangeWraps) {
    std::mt19937 random{8};
    NamedIndices<int> indices{0, 16};
    std::map<int, std::uint16_t> before;
    for (int round = 0; round < 1000; ++round) {
        std::set<int> names;
        for (const auto& [name, index] : before)
            if (random() % 4 != 0) names.insert(name);
        while (names.size() < 12) names.insert(static_cast<int>(random() % 1000));
        ASSERT_TRUE(indices.assign(std::vector<int>(names.begin(), names.end())));
        std::map<int, std::uint16_t> now;
        std::set<std::uint16_t> used;
        for (const int name : names) {
            now[name] = *indices.find(name);
            ASSERT_TRUE(used.insert(now[name]).second);
            if (before.contains(name)) {
                ASSERT_EQ(now[name], before[name]);
            }
        }
        before = now;
    }
}

TEST(IndexRegistry, KnowsAllThatTheConfigurationNames) {
    IndexRegistry registry;
    ASSERT_TRUE(registry.update(make_config()).has_value());
    EXPECT_EQ(registry.service("aovpn"), 0);
    EXPECT_EQ(registry.frontend(ip("203.0.113.10"), 500), 0);
    EXPECT_EQ(registry.frontend(ip("203.0.113.10"), 4500), 1);
    EXPECT_EQ(registry.backend("rras3"), (forwarding::BackendRef{.index = 2, .generation = 1}));
    EXPECT_EQ(registry.member("aovpn", "rras2"), 1);
    EXPECT_EQ(registry.service_count(), 1u);
    EXPECT_EQ(registry.frontend_count(), 2u);
    EXPECT_EQ(registry.backend_count(), 3u);
    EXPECT_EQ(registry.member_count(), 3u);
    EXPECT_EQ(registry.service("other"), std::nullopt);
    EXPECT_EQ(registry.frontend(ip("203.0.113.10"), 501), std::nullopt);
    EXPECT_EQ(registry.backend("other"), std::nullopt);
    EXPECT_EQ(registry.member("aovpn", "other"), std::nullopt);
}

TEST(IndexRegistry, RemovalAndAnotherAddressChangeTheGenerationOfThatBackendAlone) {
    IndexRegistry registry;
    config::Config config = make_config();
    registry.update(config).value();
    config.pools[0].backends[0].address = ip("10.20.0.99");
    registry.update(config).value();
    EXPECT_EQ(registry.backend("rras1")->generation, 2);
    EXPECT_EQ(registry.backend("rras2")->generation, 1);
    EXPECT_EQ(registry.backend("rras3")->generation, 1);

    config.pools[0].backends.erase(config.pools[0].backends.begin());
    registry.update(config).value();
    EXPECT_EQ(registry.backend("rras1"), std::nullopt);
    registry.update(make_config()).value();
    EXPECT_EQ(registry.backend("rras1"), (forwarding::BackendRef{.index = 0, .generation = 3}));
    EXPECT_EQ(registry.backend("rras2")->generation, 1);
}

TEST(IndexRegistry, WeightPoolAndHealthLeaveTheGenerationAlone) {
    IndexRegistry registry;
    config::Config config = make_config();
    registry.update(config).value();
    config.pools[0].backends[0].weight = 1;
    config.pools[0].name = "renamed";
    config.pools[0].on_down = config::OnDown::flush;
    std::ranges::reverse(config.pools[0].backends);
    registry.update(config).value();
    EXPECT_EQ(registry.backend("rras1"), (forwarding::BackendRef{.index = 0, .generation = 1}));
    EXPECT_EQ(registry.backend("rras3"), (forwarding::BackendRef{.index = 2, .generation = 1}));
}

TEST(IndexRegistry, AFlushChangesTheGenerationAndNeverMakesItZero) {
    IndexRegistry registry;
    registry.update(make_config()).value();
    std::uint8_t before = registry.backend("rras1")->generation;
    for (int i = 0; i < 600; ++i) {
        registry.flush("rras1");
        const std::uint8_t now = registry.backend("rras1")->generation;
        ASSERT_NE(now, before);
        ASSERT_NE(now, 0);
        before = now;
    }
    registry.flush("nobody");
    EXPECT_EQ(registry.backend("rras2")->generation, 1);
}

// The index of a backend that is gone goes to a new one: what was recorded must not be its.
TEST(IndexRegistry, ARecycledBackendIndexHasANewGeneration) {
    IndexRegistry registry;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < forwarding::max_backends; ++i)
        names.push_back("b" + std::to_string(i));
    registry.update(config_with_backends(names)).value();
    const auto old = *registry.backend("b7");
    names[7] = "new";
    registry.update(config_with_backends(names)).value();
    EXPECT_EQ(registry.backend("new")->index, old.index);
    EXPECT_NE(registry.backend("new")->generation, old.generation);
}

TEST(IndexRegistry, TooManyBackendsAreRefusedByTheLimitAndChangeNothing) {
    IndexRegistry registry;
    registry.update(make_config()).value();
    std::vector<std::string> names;
    for (std::size_t i = 0; i <= forwarding::max_backends; ++i)
        names.push_back("b" + std::to_string(i));
    const auto result = registry.update(config_with_backends(names));
    ASSERT_TRUE(result.has_error());
    EXPECT_EQ(result.error().message,
              "the configuration has 1025 backends, and this version is made for 1024");
    EXPECT_EQ(registry.backend("rras1"), (forwarding::BackendRef{.index = 0, .generation = 1}));
    EXPECT_EQ(registry.backend("b0"), std::nullopt);
    EXPECT_EQ(registry.backend_count(), 3u);
}

TEST(IndexRegistry, EveryLimitIsNamed) {
    const auto message_of = [](const config::Config& config) {
        IndexRegistry registry;
        const auto result = registry.update(config);
        return result.has_error() ? result.error().message : "no error";
    };
    config::Config services = make_config();
    for (std::uint32_t i = 0; i < forwarding::max_services; ++i) {
        config::Service service = make_service("s" + std::to_string(i), "203.0.113.1", "none");
        service.vip = net::IpAddress::from_v4_host(0xc6120000 + i);
        services.services.push_back(service);
    }
    EXPECT_EQ(message_of(services),
              "the configuration has 257 services, and this version is made for 256");

    std::vector<std::string> names;
    for (int i = 0; i < 1000; ++i) names.push_back("b" + std::to_string(i));
    config::Config members = config_with_backends(names);
    for (int i = 1; i <= 5; ++i)
        members.services.push_back(make_service("s" + std::to_string(i),
                                                "203.0.113." + std::to_string(i), "pool"));
    EXPECT_EQ(message_of(members),
              "the configuration has 5000 pairs of a service and a backend, and this version is "
              "made for 4096");

    config::Config interfaces = make_config();
    interfaces.interfaces.resize(33);
    EXPECT_EQ(message_of(interfaces),
              "the configuration has 33 interfaces, and this version is made for 32");
}

TEST(IndexRegistry, GatewaysHaveTheIndices1To254) {
    IndexRegistry registry;
    EXPECT_EQ(registry.gateway_count(), 1u);
    std::vector<GatewayName> gateways;
    for (std::uint32_t i = 0; i < forwarding::max_gateways; ++i)
        gateways.emplace_back(ext_index, net::IpAddress::from_v4_host(0x0a000001 + i));
    EXPECT_TRUE(registry.update_gateways(gateways));
    EXPECT_EQ(registry.gateway(gateways.front()), 1);
    EXPECT_EQ(registry.gateway(gateways.back()), 254);
    EXPECT_EQ(registry.gateway({farm_index, gateways.front().second}), std::nullopt);

    const GatewayName another{farm_index, ip("10.20.0.254")};
    gateways.push_back(another);
    EXPECT_FALSE(registry.update_gateways(gateways));
    EXPECT_EQ(registry.gateway(another), std::nullopt);
    EXPECT_EQ(registry.gateway(gateways.front()), 1);

    gateways.erase(gateways.begin() + 9);
    EXPECT_TRUE(registry.update_gateways(gateways));
    EXPECT_EQ(registry.gateway(another), 10);
}

TEST(BackendModes, EveryBackendIsEnabledUntilSomebodySaysSo) {
    IndexRegistry registry;
    BackendModes modes;
    EXPECT_EQ(modes.mode("rras1"), Mode::enabled);
    EXPECT_FALSE(modes.set("rras1", Mode::enabled, registry));
    EXPECT_TRUE(modes.set("rras1", Mode::drain_keep, registry));
    EXPECT_EQ(modes.mode("rras1"), Mode::drain_keep);
    EXPECT_FALSE(modes.set("rras1", Mode::drain_keep, registry));
    EXPECT_TRUE(modes.set("rras1", Mode::enabled, registry));
    EXPECT_EQ(modes.mode("rras1"), Mode::enabled);
}

TEST(BackendModes, OnlyTheBeginAndTheEndOfDisabledEndRecords) {
    IndexRegistry registry;
    registry.update(make_config()).value();
    BackendModes modes;
    const auto generation = [&] { return registry.backend("rras1")->generation; };
    modes.set("rras1", Mode::drain_keep, registry);
    modes.set("rras1", Mode::drain_refuse, registry);
    modes.set("rras1", Mode::enabled, registry);
    EXPECT_EQ(generation(), 1);
    modes.set("rras1", Mode::disabled, registry);
    EXPECT_EQ(generation(), 2);
    modes.set("rras1", Mode::disabled, registry);
    EXPECT_EQ(generation(), 2);
    modes.set("rras1", Mode::drain_keep, registry);
    EXPECT_EQ(generation(), 3);
    EXPECT_EQ(registry.backend("rras2")->generation, 1);
}

TEST(BackendModes, AReloadKeepsTheModesOfThoseThatStayAndForgetsTheOthers) {
    IndexRegistry registry;
    BackendModes modes;
    modes.set("rras1", Mode::drain_keep, registry);
    modes.set("rras2", Mode::disabled, registry);
    config::Config config = make_config();
    config.pools[0].backends[0].address = ip("10.20.0.99");
    config.pools[0].backends.erase(config.pools[0].backends.begin() + 1);
    modes.retain(config);
    modes.retain(make_config());
    EXPECT_EQ(modes.mode("rras1"), Mode::drain_keep);
    EXPECT_EQ(modes.mode("rras2"), Mode::enabled);
}

TEST(BackendModes, HaveTheNamesOfTheAdminApi) {
    EXPECT_EQ(to_string(Mode::enabled), "enabled");
    EXPECT_EQ(to_string(Mode::drain_keep), "drain_keep");
    EXPECT_EQ(to_string(Mode::drain_refuse), "drain_refuse");
    EXPECT_EQ(to_string(Mode::disabled), "disabled");
}

}  // namespace
}  // namespace ikelb::table
