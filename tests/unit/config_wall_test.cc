// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// What may pass that is no service's: transit, own_services, host_ports. How they are read, and one
// test a rule.

#include "config/scalar.h"
#include "config/text/address.h"
#include "config/wall_summary.h"
#include "tests/unit/config_testlib.h"

namespace ikelb::config {
namespace {

using testing::expect_among;
using testing::expect_only;
using testing::findings_of;
using testing::parse_errors;
using testing::parse_good;
using testing::with;
using testing::with_added;

/// good_yaml with one rule in transit.allow, on line 15.
std::string with_rule(std::string_view rule) {
    return with_added("transit:\n  allow: [{" + std::string{rule} + "}]\n");
}

/// good_yaml with one entry in own_services, on line 14.
std::string with_own(std::string_view entry) {
    return with_added("own_services: [{" + std::string{entry} + "}]\n");
}

std::string with_host_ports(std::string_view list) {
    return with("pool: rras}", "pool: rras, host_ports: " + std::string{list} + "}");
}

net::IpPrefix prefix(std::string_view text) { return text::parse_prefix(text).value(); }

TEST(ConfigWall, IsClosedUnlessSaidOtherwise) {
    const Config config = parse_good(testing::good_yaml);
    EXPECT_EQ(config.transit, Transit{});
    EXPECT_FALSE(config.transit.is_open);
    EXPECT_TRUE(config.own_services.empty());
    EXPECT_TRUE(config.services[0].host_ports.empty());
    EXPECT_EQ(parse_good(with_added("transit: closed\n")), config);
    EXPECT_EQ(parse_good(with_added("transit: {allow: []}\n")), config);
}

TEST(ConfigWall, ReadsEveryValue) {
    const Config config = parse_good(with_host_ports("[tcp/22, udp/161, tcp/8000-8080]") +
                                     "transit:\n"
                                     "  allow:\n"
                                     "    - {from: 0.0.0.0/0, to: 10.30.0.0/24}\n"
                                     "    - {from: 'fd01::/16', to: 'fd00:30::/64', protocol: tcp,"
                                     " ports: 80-88, established: true}\n"
                                     "    - {from: 192.0.2.0/24, to: 10.30.0.0/24, protocol: 47}\n"
                                     "own_services:\n"
                                     "  - {address: 10.255.0.1, from: 198.51.100.0/24,"
                                     " protocol: tcp, ports: 179}\n"
                                     "limits: {transit: 1024}\n"
                                     "timeouts: {transit_tcp: 1h, transit_tcp_opening: 1m,"
                                     " transit_udp: 2m, transit_icmp: 30s, transit_other: 3m,"
                                     " transit_grace: 0s}\n");
    const std::vector<AllowRule> rules{
        {.from = prefix("0.0.0.0/0"), .to = prefix("10.30.0.0/24")},
        {.from = prefix("fd01::/16"),
         .to = prefix("fd00:30::/64"),
         .port = {.protocol = 6, .ports = {80, 88}},
         .is_established = true},
        {.from = prefix("192.0.2.0/24"), .to = prefix("10.30.0.0/24"), .port = {.protocol = 47}}};
    EXPECT_EQ(config.transit.allow, rules);
    EXPECT_EQ(config.transit.allow[2].line.number, 18);
    const std::vector<OwnService> own{
        {.address = text::parse_address("10.255.0.1").value(),
         .from = prefix("198.51.100.0/24"),
         .port = {.protocol = 6, .ports = {179, 179}}}};
    EXPECT_EQ(config.own_services, own);
    const std::vector<OpenPort> ports{{.protocol = 6, .ports = {22, 22}},
                                      {.protocol = 17, .ports = {161, 161}},
                                      {.protocol = 6, .ports = {8000, 8080}}};
    EXPECT_EQ(config.services[0].host_ports, ports);
    EXPECT_EQ(config.limits.transit, 1024u);
    EXPECT_EQ(config.timeouts.transit_tcp, std::chrono::hours{1});
    EXPECT_EQ(config.timeouts.transit_tcp_opening, std::chrono::minutes{1});
    EXPECT_EQ(config.timeouts.transit_udp, std::chrono::minutes{2});
    EXPECT_EQ(config.timeouts.transit_icmp, std::chrono::seconds{30});
    EXPECT_EQ(config.timeouts.transit_other, std::chrono::minutes{3});
    EXPECT_EQ(config.timeouts.transit_grace, std::chrono::seconds{0});
    EXPECT_TRUE(parse_good(with_added("transit: open\n")).transit.is_open);
}

TEST(ConfigWall, WrongValuesSayWhatToType) {
    const std::string any_rule = "from: 192.0.2.0/24, to: 10.30.0.0/24";
    expect_only(parse_errors(with_added("transit: opne\n")),
                "t.yaml:14: error: transit: is 'opne'; write a map, or closed or open, such as "
                "closed (did you mean open?)");
    expect_only(parse_errors(with_added("transit: none\n")),
                "t.yaml:14: error: transit: is 'none'; write a map, or closed or open");
    expect_only(parse_errors(with_rule("to: 10.30.0.0/24")),
                "t.yaml:15: error: transit.allow[0].from: is missing; write a prefix "
                "ADDRESS/LENGTH, such as 0.0.0.0/0");
    expect_only(parse_errors(with_rule(any_rule + ", protocol: tpc")),
                "t.yaml:15: error: transit.allow[0].protocol: is 'tpc'; write a protocol's number, "
                "any, tcp, udp, icmp, icmpv6, gre, esp, ah, ospf or sctp, such as any (did you "
                "mean tcp?)");
    expect_only(parse_errors(with_rule(any_rule + ", protocol: 256")),
                "t.yaml:15: error: transit.allow[0].protocol: is '256'");
    expect_only(parse_errors(with_rule(any_rule + ", ports: 90-80")),
                "t.yaml:15: error: transit.allow[0].ports: is '90-80'; write a port, or a range "
                "FIRST-LAST, such as 0-65535");
    expect_only(parse_errors(with_rule(any_rule + ", ports: tcp/80")),
                "t.yaml:15: error: transit.allow[0].ports: is 'tcp/80'; write a port, or a range "
                "FIRST-LAST, such as 0-65535 (without the PROTOCOL/, which is a key of its own)");
    expect_only(parse_errors(with_rule(any_rule + ", ports: [80, 443]")),
                "t.yaml:15: error: transit.allow[0].ports: is a list; write a port, or a range "
                "FIRST-LAST, such as 0-65535 (each of them needs a rule of its own)");
    expect_only(parse_errors(with_rule(any_rule + ", established: yes")),
                "t.yaml:15: error: transit.allow[0].established: is 'yes'; write true or false");
    expect_only(parse_errors(with_rule(any_rule + ", port: 80")),
                "t.yaml:15: error: transit.allow[0].port: unknown key; did you mean ports?");
    expect_only(parse_errors(with_own("from: 192.0.2.0/24")),
                "t.yaml:14: error: own_services[0].address: is missing; write an IP address, such "
                "as 10.255.0.1");
    expect_only(parse_errors(with_host_ports("[22]")),
                "t.yaml:13: error: services[0].host_ports[0]: is '22'; write a list of at most 64 "
                "ports PROTOCOL/PORT or PROTOCOL/FIRST-LAST, such as [tcp/22, udp/161, "
                "tcp/8000-8080] (the PROTOCOL/ is missing: tcp/22 or udp/22)");
    expect_only(parse_errors(with_host_ports("[gre/1]")),
                "t.yaml:13: error: services[0].host_ports[0]: is 'gre/1'");
    expect_only(parse_errors(with_added("timeouts: {transit_udp: 300}\n")),
                "t.yaml:14: error: timeouts.transit_udp: is '300'; write a duration 1s..24h");
}

TEST(ConfigWall, OpenTransitIsNamed) {
    expect_only(findings_of(with_added("transit: open\n")),
                "t.yaml:14: warning: transit: whatever has a route passes from the clients' side, "
                "to the servers' RDP and SMB as well");
    EXPECT_EQ(findings_of(with_added("transit: closed\n")).to_string(), "");
}

TEST(ConfigWall, AllowRulesAreWellFormed) {
    const std::string good = "from: 192.0.2.0/24, to: 10.30.0.0/24, protocol: tcp, ports: 443";
    EXPECT_EQ(findings_of(with_rule(good)).to_string(), "");
    expect_only(findings_of(with_rule("from: 192.0.2.1/24, to: 10.30.0.0/24")),
                "t.yaml:15: error: transit.allow[0].from: 192.0.2.1/24 has bits set behind its "
                "length; write 192.0.2.0/24");
    expect_only(findings_of(with_rule("from: 192.0.2.0/24, to: 10.30.0.9/24")),
                "t.yaml:15: error: transit.allow[0].to: 10.30.0.9/24 has bits set");
    expect_only(findings_of(with_rule("from: 192.0.2.0/24, to: 'fd00:30::/64'")),
                "t.yaml:15: error: transit.allow[0].from: 192.0.2.0 is IPv4 and fd00:30:: is IPv6; "
                "write a rule for each family");
    expect_only(findings_of(with_rule("from: 192.0.2.0/24, to: 10.30.0.0/24, ports: 443")),
                "t.yaml:15: error: transit.allow[0].ports: only tcp and udp have ports, and the "
                "protocol is any; write protocol: tcp or udp, or leave ports out");
    expect_only(findings_of(with_rule("from: 192.0.2.0/24, to: 10.30.0.0/24, protocol: icmpv6")),
                "t.yaml:15: error: transit.allow[0].protocol: icmpv6 is not of the family of "
                "10.30.0.0; write icmp");
    expect_only(findings_of(with_rule("from: 192.0.2.0/24, to: 10.30.0.0/24, protocol: udp, "
                                      "established: true")),
                "t.yaml:15: error: transit.allow[0].established: only tcp has segments that begin "
                "nothing, and the protocol is udp; write protocol: tcp, or leave established out");
    expect_only(findings_of(with_added("transit:\n  allow:\n    - {" + good + "}\n    - {" + good +
                                       "}\n")),
                "t.yaml:17: warning: transit.allow[1]: the rule of line 16 says the same; remove "
                "one of them");
}

TEST(ConfigWall, AllowRulesCanMatch) {
    expect_only(findings_of(with_rule("from: 10.20.0.0/25, to: 10.30.0.0/24")),
                "t.yaml:15: warning: transit.allow[0].from: 10.20.0.0/25 lies in 10.20.0.0/24, on "
                "the servers' side, and what comes from there on the clients' side is dropped as "
                "spoofed_source: the rule never matches; write sources of the clients' side");
    expect_only(findings_of(with("transit", "inside_prefixes: [10.0.0.0/8]\ntransit",
                                 with_rule("from: 10.9.0.0/16, to: 10.30.0.0/24"))),
                "t.yaml:16: warning: transit.allow[0].from: 10.9.0.0/16 lies in 10.0.0.0/8");
    expect_only(findings_of(with_rule("from: 0.0.0.0/0, to: 203.0.113.10/32")),
                "t.yaml:15: warning: transit.allow[0].to: 203.0.113.10 is the VIP of 'aovpn', and "
                "no transit: the rule never matches; write services[].host_ports");
    expect_only(findings_of(with_rule("from: 0.0.0.0/0, to: 10.20.0.1/32")),
                "t.yaml:15: warning: transit.allow[0].to: 10.20.0.1 is this host's own address");
    expect_only(findings_of(with_rule("from: 0.0.0.0/0, to: 10.20.0.11/32, protocol: udp, ports: "
                                      "4500")),
                "t.yaml:15: warning: transit.allow[0]: clients' udp/4500 straight to the backend "
                "10.20.0.11 is dropped as direct_to_backend whatever the rules say");
    EXPECT_EQ(findings_of(with_rule("from: 0.0.0.0/0, to: 10.20.0.11/32, protocol: tcp, ports: "
                                    "443"))
                  .to_string(),
              "");
}

TEST(ConfigWall, OwnServicesAreUsable) {
    EXPECT_EQ(findings_of(with_own("address: 10.255.0.1, from: 198.51.100.0/24, protocol: udp, "
                                   "ports: 3784-3785"))
                  .to_string(),
              "");
    expect_only(findings_of(with_own("address: 203.0.113.10, from: 0.0.0.0/0")),
                "t.yaml:14: error: own_services[0].address: 203.0.113.10 is the VIP of 'aovpn'; "
                "write services[].host_ports there");
    expect_only(findings_of(with_own("address: 10.20.0.11, from: 0.0.0.0/0")),
                "t.yaml:14: error: own_services[0].address: 10.20.0.11 is a backend's; write one "
                "of this host's, or a rule in transit.allow");
    expect_only(findings_of(with_own("address: 224.0.0.5, from: 0.0.0.0/0")),
                "t.yaml:14: error: own_services[0].address: 224.0.0.5 is no address that packets "
                "come to");
    expect_only(findings_of(with_own("address: 10.255.0.1, from: '::/0'")),
                "t.yaml:14: error: own_services[0].from: :: is IPv6 and 10.255.0.1 is IPv4");
    expect_only(findings_of(with_own("address: 10.255.0.1, from: 0.0.0.0/0, ports: 179")),
                "t.yaml:14: error: own_services[0].ports: only tcp and udp have ports");
}

TEST(ConfigWall, HostPortsAreNoServicePorts) {
    EXPECT_EQ(findings_of(with_host_ports("[tcp/500, udp/501-4499]")).to_string(), "");
    expect_only(findings_of(with_host_ports("[tcp/22, udp/4500]")),
                "t.yaml:13: error: services[0].host_ports[1]: udp/4500 holds udp/4500, which is "
                "the service's; write the ports around it");
    expect_only(findings_of(with_host_ports("[udp/400-600]")),
                "t.yaml:13: error: services[0].host_ports[0]: udp/400-600 holds udp/500");
}

TEST(ConfigWall, InterfacesWithVipsHaveAddresses) {
    expect_only(findings_of(with("addresses: [198.51.100.1/24], ", "")),
                "t.yaml:5: warning: interfaces[0].addresses: 'ext' has VIPs but no address of its "
                "own: at a VIP this host answers ping and nothing else, so that BGP or ssh find "
                "none to go to; write one, unless keepalived or ip address brings it");
}

TEST(ConfigWall, ServersAreNotBehindTheClientsRouter) {
    const auto one_armed = [](std::string_view routes) {
        return "ports: [{name: nic, device: 'net_af_xdp0,iface=eth1'}]\n"
               "interfaces: [{name: farm, port: nic, addresses: [192.0.2.1/24], side: both}]\n"
               "routes: [" + std::string{routes} + "]\n"
               "pools: [{name: p, backends: [{name: b, address: 10.20.0.11}]}]\n"
               "services: [{name: s, vip: 192.0.2.10, interface: farm, pool: p}]\n";
    };
    const std::string to_clients = "{to: 0.0.0.0/0, via: 192.0.2.254}";
    expect_only(findings_of(one_armed(to_clients)),
                "t.yaml:4: warning: pools[0].backends[0].address: 10.20.0.11 is reached through "
                "192.0.2.254, which leads to clients as well: what has its source and comes from "
                "there may be a client's, and is dropped as spoofed_backend; give the servers a "
                "router or an interface of their own");
    expect_only(findings_of(one_armed(to_clients + ", {to: 10.20.0.0/24, via: 192.0.2.254}")),
                "t.yaml:4: warning: pools[0].backends[0].address: 10.20.0.11 is reached through");
    EXPECT_EQ(findings_of(one_armed(to_clients + ", {to: 10.20.0.0/24, via: 192.0.2.253}"))
                  .to_string(),
              "");
}

TEST(ConfigWall, InsidePrefixesAreNotTheClients) {
    expect_only(findings_of(with_added("inside_prefixes: [198.51.0.0/16]\n")),
                "t.yaml:14: warning: inside_prefixes[0]: 198.51.0.0/16 holds the clients' side "
                "subnet 198.51.100.1/24 of 'ext': what comes from there is dropped as "
                "spoofed_source; write prefixes of the servers' side alone");
    expect_only(findings_of(with_added("inside_prefixes: [198.51.100.128/25]\n")),
                "t.yaml:14: warning: inside_prefixes[0]: 198.51.100.128/25 lies in the clients' "
                "side subnet 198.51.100.1/24 of 'ext'");
}

TEST(ConfigWall, LimitsAndTimesFit) {
    expect_only(testing::parse_errors(with_added("limits: {transit: 3000}\n")),
                "t.yaml:14: error: limits.transit: is '3000'; write a power of two: 2048 or 4096");
    expect_only(findings_of(with_added("timeouts: {transit_tcp: 1m}\n")),
                "t.yaml:14: error: timeouts.transit_tcp_opening: 4m is longer than transit_tcp, "
                "1m; an answer must not shorten a life");
}

TEST(ConfigWall, IsSummedUpInALine) {
    const auto summary = [](const std::string& yaml) { return wall_summary(parse_good(yaml)); };
    const std::string host =
        "; this host answers them at the address of the interface they come in by";
    EXPECT_EQ(summary(std::string{testing::good_yaml}),
              "nothing that clients begin is routed" + host);
    EXPECT_EQ(summary(with_added("transit: open\n")),
              "whatever clients begin is routed (transit: open)" + host);
    EXPECT_EQ(summary(with_rule("from: 0.0.0.0/0, to: 10.30.0.0/24")),
              "what clients begin is routed by 1 rule" + host);
    EXPECT_EQ(summary(with_host_ports("[tcp/22]") +
                      "own_services: [{address: 10.255.0.1, from: 192.0.2.0/24, protocol: tcp, "
                      "ports: 179}]\n"),
              "nothing that clients begin is routed" + host +
                  ", at 10.255.0.1 tcp/179, at 203.0.113.10 tcp/22");
}

TEST(ConfigPorts, ReadAndWritten) {
    for (const std::string_view text : {"tcp/22", "udp/161", "tcp/8000-8080", "udp/0-1"})
        EXPECT_EQ(to_string(parse_open_port(text).value()), text);
    EXPECT_EQ(to_string(parse_open_port("tcp/0-65535").value()), "tcp");
    EXPECT_EQ(to_string(parse_open_port("6/22").value()), "tcp/22");
    for (const std::string_view bad :
         {"", "/", "tcp", "tcp/", "/22", "22", "tcp/65536", "tcp/-1", "tcp/2-1", "tcp/1-", "icmp/8",
          "any/22", "tcp/ 22", "tcp/22/23", "0/22"})
        EXPECT_EQ(parse_open_port(bad), std::nullopt) << bad;
    EXPECT_EQ(parse_protocol("any"), std::uint8_t{0});
    EXPECT_EQ(parse_protocol("47"), std::uint8_t{47});
    EXPECT_EQ(parse_protocol("0"), std::nullopt);
    EXPECT_EQ(parse_protocol("TCP"), std::nullopt);
    EXPECT_EQ(protocol_to_string(47), "gre");
    EXPECT_EQ(protocol_to_string(99), "99");
}

}  // namespace
}  // namespace ikelb::config
