// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "config/text/address.h"
#include "controlplane/replay/linear_rules.h"

namespace ikelb::wall {
namespace {

using replay::LinearRules;

net::IpAddress address(const char* text) { return *text::parse_address(text); }
net::IpPrefix prefix(const char* text) { return *text::parse_prefix(text); }

constexpr std::uint8_t tcp = 6, udp = 17;

TransitPacket packet() {
    return {.source = address("192.0.2.7"),
            .destination = address("10.20.0.11"),
            .protocol = tcp,
            .destination_port = 443,
            .is_established = false};
}

TEST(LinearRules, NameByEachFieldAlone) {
    const LinearRules rules{{{.from = prefix("192.0.2.0/24"),
                              .to = prefix("10.20.0.0/28"),
                              .protocol = tcp,
                              .first_port = 443,
                              .last_port = 444}}};
    EXPECT_TRUE(rules.allow(packet()));
    TransitPacket other = packet();
    other.destination_port = 444;
    EXPECT_TRUE(rules.allow(other));
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{442, 445}) {
        other.destination_port = port;
        EXPECT_FALSE(rules.allow(other));
    }
    other = packet();
    other.source = address("192.0.3.7");
    EXPECT_FALSE(rules.allow(other));
    other = packet();
    other.destination = address("10.20.0.16");
    EXPECT_FALSE(rules.allow(other));
    other = packet();
    other.protocol = udp;
    EXPECT_FALSE(rules.allow(other));
}

TEST(LinearRules, OfTheOtherFamilyNameNothing) {
    const LinearRules rules{{{.from = prefix("::/0"), .to = prefix("::/0")}}};
    EXPECT_FALSE(rules.allow(packet()));
}

TEST(LinearRules, OneOfSeveralIsEnoughAndNoneIsNone) {
    const AllowRule no{.from = prefix("10.0.0.0/8"), .to = prefix("10.0.0.0/8")};
    const AllowRule yes{.from = prefix("0.0.0.0/0"), .to = prefix("10.0.0.0/8")};
    EXPECT_TRUE((LinearRules{{no, yes}}.allow(packet())));
    EXPECT_FALSE((LinearRules{{no}}.allow(packet())));
    EXPECT_FALSE(LinearRules{{}}.allow(packet()));
}

TEST(LinearRules, MayAskForEstablishedSegments) {
    const LinearRules rules{
        {{.from = prefix("0.0.0.0/0"), .to = prefix("0.0.0.0/0"), .is_established = true}}};
    EXPECT_FALSE(rules.allow(packet()));
    TransitPacket established = packet();
    established.is_established = true;
    EXPECT_TRUE(rules.allow(established));
}

TEST(Wall, KnowsItsOwnServices) {
    const Wall wall{.own_services = {{.address = address("10.255.0.1"),
                                      .from = prefix("198.51.100.0/24"),
                                      .port = {.protocol = tcp, .first_port = 179,
                                               .last_port = 179}}}};
    EXPECT_TRUE(wall.opens(address("10.255.0.1"), address("198.51.100.9"), tcp, 179));
    EXPECT_FALSE(wall.opens(address("10.255.0.2"), address("198.51.100.9"), tcp, 179));
    EXPECT_FALSE(wall.opens(address("10.255.0.1"), address("198.51.101.9"), tcp, 179));
    EXPECT_FALSE(wall.opens(address("10.255.0.1"), address("198.51.100.9"), udp, 179));
    EXPECT_FALSE(wall.opens(address("10.255.0.1"), address("198.51.100.9"), tcp, 180));
}

TEST(OpenPort, OfAnyProtocolNamesEach) {
    EXPECT_TRUE((OpenPort{.protocol = any_protocol}.names(112, 0)));
    EXPECT_FALSE((OpenPort{.protocol = tcp}.names(112, 0)));
}

}  // namespace
}  // namespace ikelb::wall
