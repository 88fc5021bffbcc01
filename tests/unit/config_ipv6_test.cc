// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "config/diff.h"
#include "tests/unit/config_testlib.h"

namespace ikelb::config {
namespace {

using testing::expect_among;
using testing::expect_only;
using testing::findings_of;
using testing::ipv6;
using testing::parse_errors;
using testing::parse_good;
using testing::with;
using testing::with_added;

TEST(ConfigIpv6, Ipv6IsBalancedAsIpv4Is) {
    EXPECT_EQ(findings_of(ipv6()).to_string(), "");
}

TEST(ConfigIpv6, LinkLocalAddressesAreNoVipsAndNoBackends) {
    expect_only(findings_of(with("2001:db8:200::10", "fe80::10", ipv6())),
                "t.yaml:13: error: services[0].vip: fe80::10 is link-local: it names another "
                "machine on each link, and is never routed (RFC 4291 2.5.6); write a global or a "
                "unique local (fd00::/8) address");
    expect_among(findings_of(with("fd00:20::12", "febf::12", ipv6())),
                 "t.yaml:11: error: pools[0].backends[1].address: febf::12 is link-local");
    EXPECT_EQ(findings_of(with("2001:db8:200::10", "fec0::10", ipv6())).to_string(), "");
}

TEST(ConfigIpv6, OneIpv6AddressHasManySpellings) {
    expect_only(findings_of(with("2001:db8:200::10", "FD00:0020:0::0:11", ipv6())),
                "t.yaml:10: error: pools[0].backends[0].address: fd00:20::11 is the VIP of the "
                "service 'aovpn'");
    expect_only(findings_of(with("fd00:20::12", "FD00:20:0:0:0:0:0:11", ipv6())),
                "t.yaml:11: error: pools[0].backends[1].address: fd00:20::11 is an address of the "
                "backend 'rras1'");
    expect_only(findings_of(with("2001:db8:200::10", "2001:DB8:100:0::0001", ipv6())),
                "t.yaml:13: error: services[0].vip: 2001:db8:100::1 is the address of the "
                "interface 'ext'");
    expect_among(findings_of(with("fd00:20::1/64", "2001:DB8:100:0000:ffff::1/64", ipv6())),
                "t.yaml:6: warning: interfaces[1].addresses: 2001:db8:100:0:ffff::1/64 overlaps "
                 "with 2001:db8:100::1/64 on 'ext'");
}

TEST(ConfigIpv6, Ipv6InterfacesMayShareALinkLocalAddress) {
    const std::string shared =
        with("fd00:20::1/64", "fd00:20::1/64, fe80::1/64",
             with("2001:db8:100::1/64", "2001:db8:100::1/64, fe80::1/64", ipv6()));
    EXPECT_EQ(findings_of(shared).to_string(), "");
    expect_only(findings_of(with("fd00:20::1/64", "fd00:20::/64", ipv6())),
                "t.yaml:6: error: interfaces[1].addresses[0]: fd00:20::/64 is the first or last "
                "address of its subnet; write one of its hosts");
}

TEST(ConfigIpv6, LinkLocalGatewaysNeedTheirInterface) {
    EXPECT_EQ(findings_of(ipv6() + "routes: [{to: '::/0', via: 'fe80::1', dev: ext}]\n")
                  .to_string(),
              "");
    expect_only(findings_of(ipv6() + "routes: [{to: '::/0', via: 'fe80::1'}]\n"),
                "t.yaml:14: error: routes[0].via: fe80::1 is link-local and can be on any "
                "interface; write dev with the name of the gateway's");
}

TEST(ConfigIpv6, PortsBelowIpv6HaveItsMtu) {
    const std::string small = with("'net_af_xdp0,iface=eth1'",
                                   "'net_af_xdp0,iface=eth1', mtu: 1279", ipv6());
    expect_only(findings_of(small),
                "t.yaml:2: error: ports[0].mtu: 1279 is too little for the IPv6 addresses of "
                "'ext'; write at least 1280");
    EXPECT_EQ(findings_of(with("1279", "1280", small)).to_string(), "");
    EXPECT_EQ(findings_of(with("eth1'", "eth1', mtu: 1279")).to_string(), "");
}

TEST(ConfigIpv6, AnotherSpellingIsNoChange) {
    const Config before = parse_good(ipv6());
    const Config after = parse_good(with("fd00:20::11", "FD00:20:0::11", ipv6()));
    EXPECT_TRUE(diff(before, after).changes.empty());
}

TEST(ConfigIpv6, Ipv4InIpv6FormIsRefusedEverywhere) {
    expect_only(parse_errors(with("203.0.113.10", "'::ffff:203.0.113.10'")),
                "t.yaml:13: error: services[0].vip: is '::ffff:203.0.113.10'; write an IP address, "
                "such as 203.0.113.10 (IPv4 in IPv6 form is on no wire; write 203.0.113.10)");
    expect_only(parse_errors(with("10.20.0.11", "'::FFFF:a14:b'")),
                "t.yaml:10: error: pools[0].backends[0].address: is '::FFFF:a14:b'; write an IP "
                "address, such as 10.20.0.11 (IPv4 in IPv6 form is on no wire; write 10.20.0.11)");
    expect_only(parse_errors(with_added("inside_prefixes: ['::ffff:10.0.0.0/104']\n")),
                "t.yaml:14: error: inside_prefixes[0]: is '::ffff:10.0.0.0/104'");
    expect_only(parse_errors(with_added("metrics: {listen: '[::ffff:127.0.0.1]:80'}\n")),
                "t.yaml:14: error: metrics.listen: is '[::ffff:127.0.0.1]:80'");
    expect_only(parse_errors(with("10.20.0.1/24", "'::ffff:10.20.0.1/24'")),
                "t.yaml:6: error: interfaces[1].addresses[0]: is '::ffff:10.20.0.1/24'");
}

}  // namespace
}  // namespace ikelb::config
