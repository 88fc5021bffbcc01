// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Backends with an address of each family: how they are read and listed, one test a rule.

#include "config/diff.h"
#include "config/text/address.h"
#include "tests/unit/config_testlib.h"

namespace ikelb::config {
namespace {

using testing::expect_among;
using testing::expect_only;
using testing::findings_of;
using testing::parse_errors;
using testing::parse_good;
using testing::with;

/// good_yaml with an IPv6 service over the same pool, on line 14, and what stands behind the
/// addresses of rras1 and rras2 on lines 10 and 11.
std::string both(std::string_view of_first = ", address6: 'fd00:20::11'",
                 std::string_view of_second = ", address6: 'fd00:20::12'") {
    return with(
        "198.51.100.1/24", "198.51.100.1/24, '2001:db8:100::1/64'",
        with("10.20.0.1/24", "10.20.0.1/24, 'fd00:20::1/64'",
             with("address: 10.20.0.11", "address: 10.20.0.11" + std::string{of_first},
                  with("address: 10.20.0.12", "address: 10.20.0.12" + std::string{of_second},
                       testing::with_added("  - {name: six, vip: '2001:db8:200::10', "
                                           "interface: ext, pool: rras}\n")))));
}

TEST(ConfigFamilies, AreReadAndFindNothingWrong) {
    const Config config = parse_good(both());
    const Backend& backend = config.pools[0].backends[0];
    EXPECT_EQ(backend.address6, text::parse_address("fd00:20::11"));
    EXPECT_EQ(*backend.own_address(true), *text::parse_address("10.20.0.11"));
    EXPECT_EQ(*backend.own_address(false), *text::parse_address("fd00:20::11"));
    EXPECT_EQ(backend.addresses().size(), 2u);
    EXPECT_EQ(findings_of(both()).to_string(), "");
    const Config before = parse_good(testing::good_yaml);
    EXPECT_FALSE(before.pools[0].backends[0].address6);
    EXPECT_EQ(before.pools[0].backends[0].own_address(false), nullptr);
    EXPECT_EQ(parse_good(testing::ipv6()).pools[0].backends[0].own_address(true), nullptr);
}

TEST(ConfigFamilies, AChangeIsLive) {
    const Diff added = diff(parse_good(both("")), parse_good(both()));
    EXPECT_FALSE(added.needs_restart());
    EXPECT_EQ(added.to_string(),
              "pools[rras].backends[rras1].address6: (not set) -> fd00:20::11\n");
}

TEST(ConfigFamilies, AnAddressIsOneAddress) {
    expect_only(parse_errors(both(", address6: fd00")),
                "t.yaml:10: error: pools[0].backends[0].address6: is 'fd00'; write an IP address, "
                "such as fd00:20::11");
}

TEST(ConfigFamilies, Address6IsIpv6AndBesideAnIpv4Address) {
    expect_among(findings_of(both(", address6: 10.20.0.21")),
                 "t.yaml:10: error: pools[0].backends[0].address6: 10.20.0.21 is an IPv4 address; "
                 "write the server's IPv6 address, and its IPv4 one as address");
    expect_among(findings_of(with("address: 10.20.0.11", "address: 'fd00:20::21'", both())),
                 "t.yaml:10: error: pools[0].backends[0].address6: the backend 'rras1' has an IPv6 "
                 "address, fd00:20::21, as address already; write its IPv4 one there, or leave "
                 "address6 out");
}

TEST(ConfigFamilies, WhatHoldsForAnAddressHoldsForBoth) {
    const std::string at = "t.yaml:10: error: pools[0].backends[0].address6: ";
    expect_among(findings_of(both(", address6: 'fe80::11'")), at + "fe80::11 is link-local");
    expect_among(findings_of(both(", address6: 'fd00:20::1'")),
                 at + "fd00:20::1 is ikelb's own address on 'int'");
    expect_among(findings_of(both(", address6: '2001:db8:200::10'")),
                 at + "2001:db8:200::10 is the VIP of the service 'six'");
    expect_among(findings_of(both(", address6: '2001:db8:100::11'")),
                 at + "2001:db8:100::11 is in the subnet of 'ext'");
    expect_among(findings_of(both(", address6: 'fd00:99::11'")),
                 "t.yaml:10: warning: pools[0].backends[0].address6: fd00:99::11 is in no subnet");
    expect_among(findings_of(both(", address6: 'fd00:20::12'")),
                 "t.yaml:11: error: pools[0].backends[1].address6: fd00:20::12 is an address of "
                 "the backend 'rras1'");
}

TEST(ConfigFamilies, WhoLacksTheFamilyOfAVipIsNoMemberOfItsService) {
    expect_only(findings_of(both("")),
                "t.yaml:14: warning: services[1].pool: of the pool 'rras' the service does without "
                "'rras1', which have no IPv6 address: they get none of its clients, and a client "
                "of theirs that moves to 2001:db8:200::10 (MOBIKE) loses its tunnel; write "
                "address6 of each");
    const std::string six_alone =
        with("address: 10.20.0.11, address6: 'fd00:20::11'", "address: 'fd00:20::11'", both());
    expect_only(findings_of(six_alone),
                "t.yaml:13: warning: services[0].pool: of the pool 'rras' the service does without "
                "'rras1', which have no IPv4 address");
}

TEST(ConfigFamilies, AServiceNeedsABackendOfItsFamily) {
    expect_only(findings_of(both("", "")),
                "t.yaml:14: error: services[1].vip: 2001:db8:200::10 and the backend 'rras1' "
                "(10.20.0.11) are of two families, and nothing is translated between them; write "
                "the IPv6 address of each server as address6, or make a second service and pool");
    expect_only(findings_of(with("2001:db8:200::10", "203.0.113.10", testing::ipv6())),
                "t.yaml:13: error: services[0].vip: 203.0.113.10 and the backend 'rras1' "
                "(fd00:20::11) are of two families, and nothing is translated between them; write "
                "the IPv4 address of each server as address and its IPv6 one as address6, or make "
                "a second service and pool");
}

TEST(ConfigFamilies, AServiceNeedsWeightInItsFamily) {
    expect_among(findings_of(both("", ", address6: 'fd00:20::12', weight: 0")),
                 "t.yaml:14: error: services[1].pool: all backends of the pool 'rras' with an IPv6 "
                 "address have weight 0");
}

TEST(ConfigFamilies, VipsOfTwoFamiliesShareNoAddress) {
    const std::string two_v4 =
        both() + "  - {name: b, vip: 203.0.113.11, interface: ext, pool: rras}\n";
    expect_only(findings_of(two_v4),
                "t.yaml:15: warning: services[2].pool: the pool 'rras' serves "
                "'aovpn' as well");
    const std::string two_v6 =
        both("") + "  - {name: b, vip: '2001:db8:200::11', interface: ext, pool: rras}\n";
    expect_among(findings_of(two_v6),
                 "t.yaml:15: warning: services[2].pool: the pool 'rras' serves "
                 "'six' as well, and one address of 'rras2' is for both");
}

TEST(ConfigFamilies, AnAliasNeedsAnOwnAddressBesideIt) {
    expect_among(findings_of(both(", aliases: [{service: six, address: 'fd00:20::111'}]")),
                 "t.yaml:10: error: pools[0].backends[0].aliases[0].service: the backend 'rras1' "
                 "has no IPv6 address of its own, at which its health is asked for 'six'; write it "
                 "as address6");
    EXPECT_EQ(findings_of(both(", address6: 'fd00:20::11', "
                               "aliases: [{service: six, address: 'fd00:20::111'}]"))
                  .to_string(),
              "");
}

}  // namespace
}  // namespace ikelb::config
