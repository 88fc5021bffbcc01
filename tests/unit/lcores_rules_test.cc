// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Rules as rte_acl compiles them say of every packet what the plain list of them says.

#include <gtest/gtest.h>

#include <random>

#include "config/text/address.h"
#include "controlplane/lcores/dataplane.h"
#include "controlplane/lcores/eal.h"
#include "controlplane/replay/linear_rules.h"

namespace ikelb::lcores {
namespace {

using wall::AllowRule;
using wall::TransitPacket;

class CompiledRules : public testing::Test {
protected:
    static void SetUpTestSuite() {
        EalOptions options;
        options.huge_pages = HugePages::off;
        options.memory_mib = 96;
        const auto eal = Eal::start(options);
        if (!eal) FAIL() << eal.error().message;
    }

    std::mt19937 random{5};

    std::uint32_t one_of(std::initializer_list<std::uint32_t> choices) {
        return choices.begin()[random() % choices.size()];
    }
    /// Few bits vary, so that rules and packets meet.
    net::IpAddress address(bool is_v4) {
        const auto low =
            static_cast<std::uint32_t>(random() % 4 << 16 | random() % 4 << 8 | random() % 8);
        if (is_v4) return net::IpAddress::from_v4_host(0x0a000000 | low);
        return net::IpAddress::from_halves(
            0x2001'0db8'0000'0000 | random() % 4 << 16 | random() % 3,
            std::uint64_t{random() % 2} << 63 | low);
    }
    net::IpPrefix network(bool is_v4) {
        const std::uint32_t length = is_v4 ? one_of({0, 1, 8, 15, 16, 23, 24, 29, 31, 32})
                                           : one_of({0, 16, 32, 47, 48, 63, 64, 65, 96, 127, 128});
        return {.address = address(is_v4), .length = static_cast<std::uint8_t>(length)};
    }
    std::uint8_t protocol() { return static_cast<std::uint8_t>(one_of({0, 1, 6, 17, 58, 255})); }
    std::uint16_t port() {
        return static_cast<std::uint16_t>(one_of({0, 1, 22, 255, 256, 443, 8000, 65534, 65535}));
    }
    AllowRule rule() {
        const bool is_v4 = random() % 2 == 0;
        AllowRule rule{.from = network(is_v4),
                       .to = network(is_v4),
                       .protocol = protocol(),
                       .is_established = random() % 4 == 0};
        if (random() % 2 == 0) {
            rule.first_port = port();
            rule.last_port = std::max(rule.first_port, port());
        }
        return rule;
    }
    TransitPacket packet() {
        const bool is_v4 = random() % 2 == 0;
        return {.source = address(is_v4),
                .destination = address(is_v4),
                .protocol = protocol(),
                .destination_port = port(),
                .is_established = random() % 2 == 0};
    }
};

TEST_F(CompiledRules, SayWhatTheListOfThemSays) {
    std::size_t allowed = 0, refused = 0;
    for (int round = 0; round < 60; ++round) {
        std::vector<AllowRule> rules(1 + random() % 12);
        for (AllowRule& made : rules) made = rule();
        const auto compiled = compile_rules(rules);
        ASSERT_TRUE(compiled) << compiled.error().message;
        const replay::LinearRules linear{rules};
        for (int i = 0; i < 4000; ++i) {
            const TransitPacket asked = packet();
            const bool is_allowed = linear.allow(asked);
            ASSERT_EQ((*compiled)->allow(asked), is_allowed)
                << text::to_text(asked.source) << " > " << text::to_text(asked.destination) << ' '
                << int{asked.protocol} << ' ' << asked.destination_port;
            ++(is_allowed ? allowed : refused);
        }
    }
    EXPECT_GT(allowed, 10000u) << "else the comparison says little";
    EXPECT_GT(refused, 20000u);
}

TEST_F(CompiledRules, OfNoneAllowNothing) {
    const auto compiled = compile_rules({});
    ASSERT_TRUE(compiled);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE((*compiled)->allow(packet()));
}

TEST_F(CompiledRules, OfOneFamilyNameNothingOfTheOther) {
    const auto compiled = compile_rules(std::vector<AllowRule>{
        {.from = *text::parse_prefix("::/0"), .to = *text::parse_prefix("::/0")}});
    ASSERT_TRUE(compiled);
    EXPECT_FALSE((*compiled)->allow({.source = address(true), .destination = address(true)}));
    EXPECT_TRUE((*compiled)->allow({.source = address(false), .destination = address(false)}));
}

TEST_F(CompiledRules, StandBesideThoseOfTheTableBefore) {
    const std::vector<AllowRule> all{
        {.from = *text::parse_prefix("0.0.0.0/0"), .to = *text::parse_prefix("0.0.0.0/0")}};
    const std::vector<AllowRule> one{{.from = *text::parse_prefix("192.0.2.1/32"),
                                      .to = *text::parse_prefix("0.0.0.0/0")}};
    const auto before = compile_rules(all), after = compile_rules(one);
    ASSERT_TRUE(before && after);
    const TransitPacket asked{.source = address(true), .destination = address(true)};
    EXPECT_TRUE((*before)->allow(asked));
    EXPECT_FALSE((*after)->allow(asked));
}

}  // namespace
}  // namespace ikelb::lcores
