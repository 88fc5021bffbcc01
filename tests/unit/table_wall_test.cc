// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "config/prefix.h"
#include "config/text/address.h"
#include "controlplane/table/table_builder.h"
#include "tests/unit/table_testlib.h"

namespace ikelb::table {
namespace {

using namespace testlib;
using forwarding::AddressRole;

const forwarding::AddressEntry* entry(const Site& site, const std::string& address) {
    return site.table->addresses.find(ip(address));
}

bool faces_clients(const Site& site, forwarding::InterfaceIndex interface,
                   const std::string& address) {
    return site.table->gateways[site.gateway(interface, address)].faces_clients;
}

std::vector<std::string> texts(const std::vector<net::IpPrefix>& prefixes) {
    std::vector<std::string> list;
    for (const net::IpPrefix& each : prefixes) list.push_back(text::to_text(each));
    return list;
}

/// One NIC for both sides: farm, with the clients' router 10.20.0.254 and servers beside it.
Site one_armed() {
    Site site;
    site.config.interfaces = {{.name = "farm",
                               .port = "lan",
                               .addresses = {prefix("10.20.0.1/24")},
                               .side = config::Side::both}};
    site.config.inside_prefixes = {prefix("10.30.0.0/16")};
    site.config.services[0].interface = "farm";
    site.interfaces = {{.name = "farm", .port = 1, .mac = mac(0xa1), .ifindex = farm}};
    site.kernel.routes.clear();
    site.kernel.addresses.clear();
    add_address(site.kernel, "10.20.0.1/24", farm);
    add_route(site.kernel, "0.0.0.0/0", "10.20.0.254", farm);
    add_neighbour(site.kernel, "10.20.0.254", farm, 0xfe);
    return site;
}

TEST(TableWall, IsClosedByDefault) {
    Site site;
    const wall::Wall& wall = site.build().wall;
    EXPECT_FALSE(wall.is_open);
    EXPECT_EQ(wall.allow, nullptr);
    EXPECT_TRUE(wall.own_services.empty());
    EXPECT_EQ(wall.grace_until, 0u);
    EXPECT_EQ(wall.timeouts.tcp, 7440u);
    EXPECT_EQ(wall.timeouts.tcp_opening, 240u);
    EXPECT_EQ(wall.timeouts.udp, 300u);
    EXPECT_EQ(wall.timeouts.icmp, 60u);
    EXPECT_EQ(wall.timeouts.other, 600u);
}

class Nothing final : public wall::AllowRules {
public:
    bool allow(const wall::TransitPacket&) const noexcept override { return false; }
};

TEST(TableWall, KnowsTheServersOfOneArmByTheirMacs) {
    Site site = one_armed();
    site.config.interfaces[0].server_macs = {mac(0x77), mac(0xfe)};
    add_route(site.kernel, "10.30.0.0/16", "10.20.0.253", farm);
    add_neighbour(site.kernel, "10.20.0.253", farm, 0xfd);
    add_neighbour(site.kernel, "10.20.0.11", farm, 0x0b);
    add_neighbour(site.kernel, "10.20.0.50", farm, 0x32);
    const auto& table = site.build();
    const auto is_listed = [&](std::uint8_t last) {
        return table.server_macs.find(forwarding::gateway_key(0, mac(last))) != nullptr;
    };
    EXPECT_TRUE(is_listed(0x0b)) << "a backend";
    EXPECT_TRUE(is_listed(0xfd)) << "a router of theirs";
    EXPECT_TRUE(is_listed(0x77)) << "configured";
    EXPECT_FALSE(is_listed(0x32)) << "a neighbour speaks for itself alone";
    EXPECT_FALSE(is_listed(0xfe)) << "a router of clients, whatever is configured";
}

TEST(TableWall, IsAsConfigured) {
    Site site;
    site.config.transit.is_open = true;
    site.config.own_services = {{.address = ip("10.255.0.1"),
                                 .from = prefix("198.51.100.0/24"),
                                 .port = {.protocol = 6, .ports = {179, 179}}}};
    site.config.timeouts.transit_udp = std::chrono::milliseconds{1500};
    site.config.services[0].host_ports = {{.protocol = 6, .ports = {22, 23}}};
    site.grace_until = 1060;
    site.allow_rules = std::make_shared<Nothing>();
    const auto& table = site.build();
    EXPECT_TRUE(table.wall.is_open);
    EXPECT_EQ(table.wall.allow, site.allow_rules);
    ASSERT_EQ(table.wall.own_services.size(), 1u);
    EXPECT_EQ(table.wall.own_services[0].address, ip("10.255.0.1"));
    EXPECT_EQ(table.wall.own_services[0].from, prefix("198.51.100.0/24"));
    EXPECT_EQ(table.wall.own_services[0].port.protocol, 6);
    EXPECT_EQ(table.wall.own_services[0].port.first_port, 179);
    EXPECT_EQ(table.wall.timeouts.udp, 2u);  // rounded up: nothing ends before its time
    EXPECT_EQ(table.wall.grace_until, 1060u);
    const auto& host_ports = site.service("aovpn").host_ports;
    ASSERT_EQ(host_ports.size(), 1u);
    EXPECT_EQ(host_ports[0].protocol, 6);
    EXPECT_EQ(host_ports[0].first_port, 22);
    EXPECT_EQ(host_ports[0].last_port, 23);
}

TEST(TableWall, RulesAreThoseOfTheConfiguration) {
    config::Transit transit;
    transit.allow = {{.from = prefix("192.0.2.0/24"), .to = prefix("10.30.0.0/24")},
                     {.from = prefix("fd01::/16"),
                      .to = prefix("fd00:30::/64"),
                      .port = {.protocol = 6, .ports = {80, 88}},
                      .is_established = true}};
    const std::vector<wall::AllowRule> expected{
        {.from = prefix("192.0.2.0/24"), .to = prefix("10.30.0.0/24")},
        {.from = prefix("fd01::/16"),
         .to = prefix("fd00:30::/64"),
         .protocol = 6,
         .first_port = 80,
         .last_port = 88,
         .is_established = true}};
    EXPECT_EQ(make_allow_rules(transit), expected);
}

TEST(TableWall, ServersPrefixesAreOnLinkWhereNoClientsAre) {
    Site site;
    add_ipv6(site);
    add_route(site.kernel, "10.40.0.0/16", "10.20.0.254", farm);  // beyond a router
    add_route(site.kernel, "10.50.0.0/24", farm);                 // on the link by a route alone
    site.build();
    EXPECT_EQ(texts(site.table->wall.server_prefixes),
              (std::vector<std::string>{"10.20.0.0/24", "10.50.0.0/24", "fd00:20::/64"}));
    Site one = one_armed();
    EXPECT_TRUE(one.build().wall.server_prefixes.empty());
}

TEST(TableWall, BroadcastsAreOfOurSubnets) {
    Site site;
    add_address(site.kernel, "10.21.0.1/31", farm);
    add_address(site.kernel, "10.22.4.1/22", farm);
    add_address(site.kernel, "10.22.4.2/22", farm);
    const auto& broadcasts = site.build().wall.broadcasts;
    const std::vector<net::IpAddress> expected{ip("10.20.0.255"), ip("10.22.7.255"),
                                               ip("192.0.2.255"), ip("198.51.100.255")};
    EXPECT_EQ(broadcasts, expected);
}

TEST(TableWall, OwnAddressesNameTheirInterface) {
    Site site;
    add_address(site.kernel, "10.255.0.1/32", lo);
    add_address(site.kernel, "127.0.0.1/8", lo);
    site.config.interfaces[1].addresses.push_back(prefix("192.0.2.9/24"));  // not in the kernel yet
    site.build();
    EXPECT_EQ(entry(site, "198.51.100.1")->interface, ext_index);
    EXPECT_EQ(entry(site, "10.20.0.1")->interface, farm_index);
    EXPECT_EQ(entry(site, "192.0.2.9")->interface, ext2_index);
    ASSERT_NE(entry(site, "192.168.7.2"), nullptr);  // a management NIC's
    EXPECT_EQ(entry(site, "192.168.7.2")->role, AddressRole::own);
    EXPECT_EQ(entry(site, "192.168.7.2")->interface, forwarding::no_interface);
    ASSERT_NE(entry(site, "10.255.0.1"), nullptr);
    EXPECT_EQ(entry(site, "10.255.0.1")->interface, forwarding::no_interface);
    EXPECT_EQ(entry(site, "127.0.0.1"), nullptr);
    EXPECT_EQ(entry(site, "203.0.113.10")->role, AddressRole::vip);
}

// An address on lo and on a TAP: the TAP's interface has it.
TEST(TableWall, ATwinsAddressIsItsOwnWhoeverElseHasIt) {
    Site site;
    add_address(site.kernel, "10.20.0.1/32", lo);
    site.config.interfaces[2].addresses.clear();
    site.build();
    EXPECT_EQ(entry(site, "10.20.0.1")->interface, farm_index);
}

TEST(TableRouters, OfADefaultRouteFaceClients) {
    Site site = one_armed();
    site.build();
    EXPECT_TRUE(faces_clients(site, 0, "10.20.0.254"));
}

TEST(TableRouters, OfInsidePrefixesOrBackendsDoNot) {
    Site site = one_armed();
    site.config.pools[0].backends[0].address = ip("10.60.0.11");
    add_route(site.kernel, "10.30.7.0/24", "10.20.0.253", farm);  // within inside_prefixes
    add_route(site.kernel, "10.60.0.0/24", "10.20.0.252", farm);  // where a backend is
    add_route(site.kernel, "10.70.0.0/24", "10.20.0.251", farm);  // of nobody we know
    add_route(site.kernel, "10.0.0.0/8", "10.20.0.250", farm);    // more than inside_prefixes
    site.build();
    EXPECT_FALSE(faces_clients(site, 0, "10.20.0.253"));
    EXPECT_FALSE(faces_clients(site, 0, "10.20.0.252"));
    EXPECT_TRUE(faces_clients(site, 0, "10.20.0.251"));
    // It holds the backends' addresses, but none of them is reached by it.
    EXPECT_TRUE(faces_clients(site, 0, "10.20.0.250"));
}

TEST(TableRouters, OneRouteToClientsIsEnough) {
    Site site = one_armed();
    add_route(site.kernel, "10.30.7.0/24", "10.20.0.253", farm);
    add_route(site.kernel, "8.0.0.0/8", "10.20.0.253", farm);
    site.build();
    EXPECT_TRUE(faces_clients(site, 0, "10.20.0.253"));
}

// The fast path knows a router by its MAC alone.
TEST(TableRouters, AreKnownByTheirMac) {
    Site site = one_armed();
    add_route(site.kernel, "10.30.7.0/24", "10.20.0.253", farm);
    add_neighbour(site.kernel, "10.20.0.253", farm, 0xfe);
    site.build();
    EXPECT_TRUE(faces_clients(site, 0, "10.20.0.253"));
    add_route(site.kernel, "10.30.8.0/24", "10.20.0.252", farm);
    add_neighbour(site.kernel, "10.20.0.252", farm, 0xfc);
    site.build();
    EXPECT_FALSE(faces_clients(site, 0, "10.20.0.252"));
}

struct Grace {
    Site site{};
    TransitGrace grace{};

    forwarding::Seconds until(forwarding::Seconds now) {
        return grace.until(site.config, site.interfaces, site.kernel, now);
    }
};

TEST(TransitGrace, BeginsWithTheStart) {
    Grace grace;
    EXPECT_EQ(grace.until(1000), 1060u);
    EXPECT_EQ(grace.until(1030), 1060u);
    EXPECT_EQ(grace.until(2000), 1060u);
}

TEST(TransitGrace, BeginsAnewWithAnAddressOnTheServersSide) {
    Grace grace;
    grace.until(1000);
    add_address(grace.site.kernel, "10.20.0.254/24", farm);
    EXPECT_EQ(grace.until(2000), 2060u);
    EXPECT_EQ(grace.until(2001), 2060u);
    std::erase_if(grace.site.kernel.addresses, [](const netlink::Address& address) {
        return address.prefix.address == ip("10.20.0.254");
    });
    EXPECT_EQ(grace.until(3000), 2060u);  // it goes: nothing comes this way
    add_address(grace.site.kernel, "10.20.0.254/24", farm);
    EXPECT_EQ(grace.until(4000), 4060u);
}

TEST(TransitGrace, IsNoMatterOfTheClientsSide) {
    Grace grace;
    grace.until(1000);
    add_address(grace.site.kernel, "203.0.113.20/32", ext);
    EXPECT_EQ(grace.until(2000), 1060u);
}

TEST(TransitGrace, CanBeTurnedOff) {
    Grace grace;
    grace.site.config.timeouts.transit_grace = std::chrono::seconds{0};
    EXPECT_EQ(grace.until(1000), 0u);
    add_address(grace.site.kernel, "10.20.0.254/24", farm);
    EXPECT_EQ(grace.until(2000), 0u);
}

// --- Routers that share an address ---

TEST(TableWall, SaysWhatAVirtualRouterOfTheServersNeeds) {
    Site site = one_armed();
    add_route(site.kernel, "10.30.0.0/16", "10.20.0.253", farm);
    const auto with_router = [&](const char* address) {
        site.kernel.neighbours = {};
        for (const char* router : {"10.20.0.253", "10.20.0.254"})
            site.kernel.neighbours.push_back({.ifindex = farm,
                                              .address = ip(router),
                                              .mac = *text::parse_mac(address),
                                              .state = netlink::NeighbourState::reachable});
        // The clients' router has an address of its own, and a virtual one is no matter there.
        site.kernel.neighbours.back().mac.bytes[5] ^= 1;
        site.build();
        return site.has_remark(std::string{"interface farm: "} + address +
                               " of 10.20.0.253, a router of the servers, is a virtual address, "
                               "and its routers send from their own: what they bring from the "
                               "servers' side is dropped as spoofed; list those in server_macs of "
                               "the interface");
    };
    for (const char* shared : {"00:00:5e:00:01:07", "00:00:5e:00:02:07", "00:00:0c:07:ac:07",
                               "00:00:0c:9f:f1:07", "00:05:73:a0:01:07", "00:07:b4:00:01:07"}) {
        EXPECT_TRUE(with_router(shared)) << shared;
        EXPECT_EQ(std::ranges::count_if(site.remarks,
                                        [](const std::string& text) {
                                            return text.find("virtual") != text.npos;
                                        }),
                  1);
    }
    for (const char* own : {"00:00:5e:00:03:07", "00:00:0c:9f:01:07", "02:00:00:00:01:07"})
        EXPECT_FALSE(with_router(own)) << own;
    site.config.interfaces[0].server_macs = {mac(0x51)};
    EXPECT_FALSE(with_router("00:00:5e:00:01:07"));
}

// --- Rules that say nothing ---

config::AllowRule rule_to(const char* network) {
    return {.from = prefix("192.0.2.0/24"),
            .to = prefix(network),
            .port = {.protocol = 6, .ports = {22, 22}},
            .line = {7}};
}

TEST(TableWall, SaysWhichRulesLeadBehindTheKernelsOwnInterfaces) {
    Site site;
    site.config.transit.allow = {rule_to("192.168.7.9/32"), rule_to("10.20.0.0/24"),
                                 rule_to("172.16.0.0/16"), rule_to("203.0.113.77/32")};
    add_route(site.kernel, "172.16.0.0/12", "192.168.7.1", eth0);
    site.build();
    const auto remark = [](const std::string& network) {
        return "transit.allow: " + network +
               " is behind eth0, an interface of the kernel's, which forwards nothing that clients "
               "begin: the rule of line 7 lets nothing pass; reach that network by an interface of "
               "ikelb's, or by a proxy on this host";
    };
    EXPECT_TRUE(site.has_remark(remark("192.168.7.9/32")));
    EXPECT_TRUE(site.has_remark(remark("172.16.0.0/16")));
    EXPECT_EQ(std::ranges::count_if(site.remarks,
                                    [](const std::string& text) {
                                        return text.starts_with("transit.allow");
                                    }),
              2);
    // The longer of two routes is ours; and what is no route of anybody's is nobody's.
    add_route(site.kernel, "172.16.0.0/16", "10.20.0.254", farm);
    site.build();
    EXPECT_FALSE(site.has_remark(remark("172.16.0.0/16")));
    site.config.transit.is_open = true;  // then the kernel does forward
    site.build();
    EXPECT_FALSE(site.has_remark(remark("192.168.7.9/32")));
}

TEST(TableWall, BeforeTheStartTheConfigurationSaysWhatIsOurs) {
    Site site;
    netlink::KernelState kernel;
    kernel.links = {{.ifindex = eth0, .name = "eth0", .mac = {}, .mtu = 1500, .up = true}};
    add_address(kernel, "192.168.7.2/24", eth0);
    add_route(kernel, "0.0.0.0/0", "192.168.7.1", eth0);
    site.config.routes = {{.to = prefix("10.30.0.0/16"), .via = ip("10.20.0.254")}};
    const auto is_in_vain = [&](const char* network) {
        return !remarks_on_rules(std::array{rule_to(network)}, site.config, kernel).empty();
    };
    EXPECT_TRUE(is_in_vain("192.168.7.9/32"));
    EXPECT_FALSE(is_in_vain("10.20.0.11/32")) << "an interface's own network";
    EXPECT_FALSE(is_in_vain("10.30.1.0/24")) << "a route";
    EXPECT_TRUE(is_in_vain("10.40.0.0/16")) << "nobody else's";
    EXPECT_FALSE(is_in_vain("2001:db8::/32")) << "of the other family";
    add_route(kernel, "::/0", "fe80::1", eth0);
    add_route(kernel, "10.40.0.0/24", "10.20.0.254", farm);
    EXPECT_TRUE(is_in_vain("2001:db8::/32"));
    EXPECT_TRUE(is_in_vain("10.40.0.0/16")) << "a route to a part of it";
}

TEST(TableWall, NamesTheFirstOfManyRulesThatLeadBehindTheKernelsOwnInterfaces) {
    Site site;
    for (int i = 10; i < 20; ++i)
        site.config.transit.allow.push_back(
            rule_to(("192.168.7." + std::to_string(i) + "/32").c_str()));
    site.build();
    EXPECT_TRUE(std::ranges::any_of(site.remarks, [](const std::string& text) {
        return text.starts_with("transit.allow: 192.168.7.17/32 is behind eth0");
    }));
    EXPECT_FALSE(std::ranges::any_of(site.remarks, [](const std::string& text) {
        return text.starts_with("transit.allow: 192.168.7.18/32");
    }));
    EXPECT_TRUE(site.has_remark("transit.allow: and 2 rules more"));
}

// The control thread asks it at each change, and the service manager's watchdog waits.
TEST(TableWall, ThousandRulesAmongManyRoutesTakeNoTime) {
    Site site;
    for (std::uint32_t i = 0; i < 100'000; ++i)
        site.kernel.routes.push_back(
            {.dst = {.address = net::IpAddress::from_v4_host(0x64000000 + 256 * i), .length = 24},
             .gateway = std::nullopt,
             .ifindex = eth0});
    std::ranges::stable_sort(site.kernel.routes, {}, &netlink::Route::dst);
    std::vector<config::AllowRule> rules(1024, rule_to("100.0.0.0/32"));
    for (std::uint32_t i = 0; i < rules.size(); ++i)
        rules[i].to.address = net::IpAddress::from_v4_host(0x64000000 + 256 * 97 * i);
    const auto timed = [](const auto& work) {
        const auto begun = std::chrono::steady_clock::now();
        work();
        return std::chrono::steady_clock::now() - begun;
    };
    const auto reading_once = timed([&] {
        EXPECT_GT(std::ranges::count_if(site.kernel.routes,
                                        [&](const netlink::Route& route) {
                                            return config::covers(route.dst, rules[9].to);
                                        }),
                  0);
    });
    const auto all = timed([&] {
        EXPECT_EQ(remarks_on_rules(rules, site.config, site.kernel).back(),
                  "transit.allow: and 1016 rules more");
    });
    EXPECT_LT(all, 100 * reading_once);
}

}  // namespace
}  // namespace ikelb::table
