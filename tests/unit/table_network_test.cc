// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <array>
#include <bitset>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "config/text/address.h"
#include "tests/unit/table_testlib.h"

namespace ikelb::table {
namespace {

using namespace testlib;
using forwarding::RouteKind;

std::optional<forwarding::GatewayIndex> by_mac(const Site& site,
                                               forwarding::InterfaceIndex interface,
                                               std::uint8_t last_of_mac) {
    const auto* found =
        site.table->gateway_of_mac.find(forwarding::gateway_key(interface, mac(last_of_mac)));
    return found == nullptr ? std::nullopt : std::optional{*found};
}

net::MacAddress destination(const forwarding::LinkHeader& link) {
    net::MacAddress result;
    std::copy_n(link.bytes.begin(), 6, result.bytes.begin());
    return result;
}

TEST(TableInterfaces, ComeInTheOrderOfTheConfiguration) {
    Site site;
    const auto& table = site.build();
    ASSERT_EQ(table.interfaces.size(), 3u);
    const forwarding::Interface& outer = table.interfaces[ext2_index];
    EXPECT_EQ(outer.port, 0);
    EXPECT_EQ(outer.vlan, 20);
    EXPECT_EQ(outer.mtu, 1500);
    EXPECT_TRUE(outer.is_up);
    EXPECT_TRUE(outer.faces_clients);
    EXPECT_FALSE(outer.faces_servers);
    EXPECT_EQ(outer.mac, mac(0xa0));
    EXPECT_EQ(outer.address, ip("192.0.2.1"));
    EXPECT_TRUE(table.interfaces[farm_index].faces_servers);
    EXPECT_FALSE(table.interfaces[farm_index].faces_clients);
    EXPECT_TRUE(site.remarks.empty());
}

TEST(TableInterfaces, AreFoundByPortAndVlan) {
    Site site;
    const auto& table = site.build();
    ASSERT_EQ(table.interface_of.size(), 2u * 4096);
    EXPECT_EQ(table.interface_of[0], ext_index);
    EXPECT_EQ(table.interface_of[20], ext2_index);
    EXPECT_EQ(table.interface_of[4096], farm_index);
    EXPECT_EQ(std::ranges::count(table.interface_of, forwarding::no_interface), 2 * 4096 - 3);
}

TEST(TableInterfaces, ALinkThatIsDownIsSentNothing) {
    Site site;
    site.kernel.links.back().up = false;
    site.build();
    EXPECT_FALSE(site.table->interfaces[farm_index].is_up);
    EXPECT_FALSE(site.backend("rras1").homes[0].link.is_resolved);
    EXPECT_TRUE(site.has_remark("interface farm: its link is down, nothing is sent there"));
}

TEST(TableInterfaces, WithoutFactsNothingIsForwarded) {
    Site site;
    site.interfaces.erase(site.interfaces.begin() + 1);
    const auto& table = site.build();
    EXPECT_FALSE(table.interfaces[ext2_index].is_up);
    EXPECT_EQ(table.interface_of[20], forwarding::no_interface);
    EXPECT_EQ(site.gateway(ext2_index, "192.0.2.254"), forwarding::no_gateway);
    EXPECT_TRUE(site.has_remark("interface ext2: it has no port, nothing is forwarded there"));
}

// Another node may have the VIP tomorrow: it is no address for errors to come from.
TEST(TableInterfaces, AVipIsNeverTheSourceOfErrors) {
    Site site;
    site.config.services[0].vip = ip("100.64.0.1");
    add_address(site.kernel, "100.64.0.1/32", ext);
    EXPECT_EQ(site.build().interfaces[ext_index].address, ip("198.51.100.1"));
    std::erase_if(site.kernel.addresses, [](const netlink::Address& address) {
        return address.ifindex == ext && address.prefix.address != ip("100.64.0.1");
    });
    EXPECT_TRUE(site.build().interfaces[ext_index].address.is_unspecified());
}

TEST(TableInterfaces, TheConfiguredAddressIsTheSourceOfErrors) {
    Site site;
    add_address(site.kernel, "198.51.99.1/24", ext);
    EXPECT_EQ(site.build().interfaces[ext_index].address, ip("198.51.100.1"));
    site.config.interfaces[0].addresses.clear();
    EXPECT_EQ(site.build().interfaces[ext_index].address, ip("198.51.99.1"));
}

TEST(TableInterfaces, TheSmallerMtuCounts) {
    Site site;
    site.config.ports[1].mtu = 9000;
    EXPECT_EQ(site.build().interfaces[farm_index].mtu, 1500);
    site.kernel.links.back().mtu = 9000;
    EXPECT_EQ(site.build().interfaces[farm_index].mtu, 9000);
    EXPECT_EQ(site.backend("rras1").homes[0].link.mtu, 9000);
    EXPECT_EQ(site.table->interfaces[ext_index].mtu, 1500);
}

TEST(TableNeighbours, OnlyUsableOnesOfOurInterfacesAreThere) {
    Site site;
    add_neighbour(site.kernel, "10.20.0.50", farm, 0x50, netlink::NeighbourState::incomplete);
    add_neighbour(site.kernel, "10.20.0.51", farm, 0x51, netlink::NeighbourState::stale);
    add_neighbour(site.kernel, "192.168.7.1", eth0, 0x52);
    const auto& table = site.build();
    for (const forwarding::InterfaceIndex ours : {ext_index, farm_index})
        EXPECT_EQ(table.neighbour(ours, ip("192.168.7.1")), nullptr);
    EXPECT_EQ(table.neighbours.find(forwarding::neighbour_key(farm_index, ip("10.20.0.50"))),
              nullptr);
    const auto* stale =
        table.neighbours.find(forwarding::neighbour_key(farm_index, ip("10.20.0.51")));
    ASSERT_NE(stale, nullptr);
    EXPECT_TRUE(stale->is_resolved);
    EXPECT_EQ(destination(*stale), mac(0x51));
    EXPECT_EQ(stale->port, 1);
    EXPECT_EQ(stale->interface, farm_index);
}

TEST(TableRoutes, HaveTheKindsOfTheKernel) {
    Site site;
    add_route(site.kernel, "10.66.0.0/16", 0, netlink::RouteType::blackhole);
    add_route(site.kernel, "10.67.0.0/16", 0, netlink::RouteType::unreachable);
    add_route(site.kernel, "10.30.0.0/16", "10.20.0.254", farm);
    site.build();
    EXPECT_EQ(site.route("10.66.1.1")->kind, RouteKind::blackhole);
    EXPECT_EQ(site.route("10.67.1.1")->kind, RouteKind::unreachable);
    EXPECT_EQ(site.route("198.51.100.1")->kind, RouteKind::local);
    const forwarding::Route on_link = *site.route("10.20.0.200");
    EXPECT_EQ(on_link.kind, RouteKind::on_link);
    EXPECT_EQ(on_link.interface, farm_index);
    EXPECT_EQ(on_link.gateway, forwarding::no_gateway);
    const forwarding::Route by_gateway = *site.route("10.30.9.9");
    EXPECT_EQ(by_gateway.kind, RouteKind::gateway);
    EXPECT_EQ(by_gateway.interface, farm_index);
    EXPECT_EQ(by_gateway.gateway, site.gateway(farm_index, "10.20.0.254"));
    EXPECT_NE(by_gateway.gateway, forwarding::no_gateway);
}

TEST(TableRoutes, WithoutOneThereIsNone) {
    Site site;
    std::erase_if(site.kernel.routes,
                  [](const netlink::Route& route) { return route.dst.length == 0; });
    site.build();
    EXPECT_EQ(site.route("8.8.8.8"), std::nullopt);
}

TEST(TableRoutes, OutOfAnotherInterfaceAreLeftToTheKernel) {
    Site site;
    add_route(site.kernel, "172.16.0.0/12", "192.168.7.1", eth0);
    site.build();
    EXPECT_EQ(site.route("172.16.5.5")->kind, RouteKind::local);
    EXPECT_EQ(site.route("192.168.7.77")->kind, RouteKind::local);
    EXPECT_EQ(site.gateway(ext_index, "192.168.7.1"), forwarding::no_gateway);
}

TEST(TableRoutes, OfTheSamePrefixTheKernelsFirstChoiceWins) {
    Site site;
    site.build();
    EXPECT_EQ(site.route("8.8.8.8")->gateway, site.gateway(ext_index, "198.51.100.254"));
    add_route(site.kernel, "0.0.0.0/0", "192.0.2.253", ext2, 50);
    add_neighbour(site.kernel, "192.0.2.253", ext2, 0xfb);
    site.build();
    EXPECT_EQ(site.route("8.8.8.8")->gateway, site.gateway(ext2_index, "192.0.2.253"));
    add_route(site.kernel, "0.0.0.0/0", "192.168.7.1", eth0, 10);
    site.build();
    EXPECT_EQ(site.route("8.8.8.8")->kind, RouteKind::local);
}

// What is sent to a router that answers no more is lost.
TEST(TableRoutes, OfTheSamePrefixTheFirstOfAKnownNeighbourWins) {
    Site site;
    const auto forget = [&](const char* address) {
        std::erase_if(site.kernel.neighbours, [&](const netlink::Neighbour& neighbour) {
            return neighbour.address == ip(address);
        });
        site.build();
    };
    add_route(site.kernel, "100.64.0.0/16", "198.51.100.254", ext);
    forget("198.51.100.254");
    EXPECT_EQ(site.route("8.8.8.8")->gateway, site.gateway(ext2_index, "192.0.2.254"));
    EXPECT_EQ(site.route("100.64.1.1")->gateway, site.gateway(ext_index, "198.51.100.254"))
        << "another prefix";
    forget("192.0.2.254");
    EXPECT_EQ(site.route("8.8.8.8")->gateway, site.gateway(ext_index, "198.51.100.254"));
    add_neighbour(site.kernel, "192.0.2.254", ext2, 0xfd);
    add_route(site.kernel, "0.0.0.0/0", "192.168.7.1", eth0, 10);
    site.build();
    EXPECT_EQ(site.route("8.8.8.8")->kind, RouteKind::local) << "not ours to judge";
}

TEST(TableRoutes, TellOverWhichGatewaysOthersLeadThere) {
    Site site;
    add_route(site.kernel, "100.64.0.0/16", "198.51.100.3", ext);
    add_route(site.kernel, "100.64.0.0/16", "198.51.100.4", ext, 9);
    add_route(site.kernel, "100.64.7.0/24", "198.51.100.5", ext);
    add_neighbour(site.kernel, "198.51.100.5", ext, 5);
    add_route(site.kernel, "::/0", "fe80::1", ext);
    const auto& table = site.build();
    const auto over = [&](const char* address) {
        const auto gateways = site.route(address)->over;
        std::set<std::string> names;
        for (std::size_t i = 0; i <= forwarding::on_link_client; ++i)
            if (gateways[i]) names.insert(text::to_text(table.gateways[i].address));
        return names;
    };
    const std::set<std::string> defaults{"192.0.2.254", "198.51.100.254"};
    EXPECT_EQ(over("8.8.8.8"), defaults);
    EXPECT_EQ(over("198.51.100.77"), defaults) << "on the link";
    EXPECT_EQ(over("100.64.1.1"), (std::set<std::string>{"192.0.2.254", "198.51.100.254",
                                                         "198.51.100.3", "198.51.100.4"}));
    EXPECT_EQ(over("100.64.7.1").size(), 5u);
    EXPECT_EQ(over("2001:db8::1"), std::set<std::string>{"fe80::1"});
    const auto some = site.gateway(ext_index, "198.51.100.5");
    EXPECT_TRUE(table.leads_to(ip("100.64.7.1"), some));
    EXPECT_FALSE(table.leads_to(ip("100.64.8.1"), some));
    EXPECT_FALSE(table.leads_to(ip("100.64.7.1"), site.gateway(ext_index, "198.51.100.4")))
        << "no known neighbour";
    const auto first = site.gateway(ext_index, "198.51.100.254");
    EXPECT_TRUE(table.leads_to(ip("8.8.8.8"), first));
    EXPECT_FALSE(table.leads_to(ip("2001:db8::1"), first));
    EXPECT_TRUE(table.fast_path.gateways[some].is_for_some[false]);
    EXPECT_FALSE(table.fast_path.gateways[first].is_for_some[false]);
}

// steer.cc takes two addresses of the same on-link route for neighbours.
TEST(TableRoutes, TwoAddressesShareAnOnLinkRouteExactlyIfTheyAreOfOneSubnet) {
    Site site;
    add_address(site.kernel, "10.21.0.1/24", farm);
    add_route(site.kernel, "10.22.0.0/24", farm);
    site.build();
    const auto index = [&](const char* address) {
        return site.table->route_table.lookup(ip(address)).value();
    };
    EXPECT_EQ(index("10.20.0.77"), index("10.20.0.11"));
    EXPECT_NE(index("10.21.0.77"), index("10.20.0.11"));
    EXPECT_NE(index("10.22.0.77"), index("10.20.0.11"));
    EXPECT_EQ(site.table->routes[index("10.21.0.77")].kind, RouteKind::on_link);
    // A subnet of two addresses of ours is one subnet still.
    add_address(site.kernel, "10.20.0.2/24", farm);
    site.build();
    EXPECT_EQ(index("10.20.0.77"), index("10.20.0.11"));
}

TEST(TableRoutes, OfOneGatewayShareOneEntry) {
    Site site;
    for (int i = 0; i < 200; ++i)
        add_route(site.kernel, "100.64." + std::to_string(i) + ".0/24", "10.20.0.254", farm);
    const auto before = site.build().routes.size();
    add_route(site.kernel, "100.65.0.0/24", "10.20.0.254", farm);
    EXPECT_EQ(site.build().routes.size(), before);
    EXPECT_EQ(site.table->route_table.lookup(ip("100.64.3.3")),
              site.table->route_table.lookup(ip("100.65.0.3")));
}

// The oracle: the longest prefix, and of those the first in the kernel's order, unless its gateway
// is no known neighbour and another one's is.
TEST(TableRoutes, PropertyEqualALinearSearchOfTheKernelsRoutes) {
    std::mt19937 random{11};
    Site site;
    for (int i = 0; i < 300; ++i) {
        const auto length = static_cast<std::uint8_t>(8 + random() % 25);
        const net::IpPrefix dst = net::IpPrefix{
            .address = net::IpAddress::from_v4_host(
                0x0b000000 | (static_cast<std::uint32_t>(random()) & 0x3ffff)),
            .length = length}.network();
        const int ifindex = std::array{eth0, ext, ext2, farm}[random() % 4];
        std::optional<net::IpAddress> gateway;
        if (random() % 2 == 0)
            gateway = net::IpAddress::from_v4_host(
                0xc6336400 + static_cast<std::uint32_t>(random() % 8));
        add_route(site.kernel, {.dst = dst,
                                .gateway = gateway,
                                .ifindex = ifindex,
                                .type = static_cast<netlink::RouteType>(random() % 4),
                                .metric = static_cast<std::uint32_t>(random() % 3)});
    }
    for (const int last : {1, 3, 4})
        for (const int tap : {ext, farm})
            add_neighbour(site.kernel, "198.51.100." + std::to_string(last), tap, 7);
    site.build();
    const auto gateway_of = [&](const netlink::Route& route) {
        if (route.type != netlink::RouteType::unicast || !route.gateway || route.ifindex == eth0)
            return forwarding::no_gateway;
        return site.gateway(static_cast<forwarding::InterfaceIndex>(route.ifindex - ext),
                            text::to_text(*route.gateway));
    };
    for (int i = 0; i < 5000; ++i) {
        const auto address = net::IpAddress::from_v4_host(
            0x0b000000 | (static_cast<std::uint32_t>(random()) & 0x7ffff));
        const netlink::Route* expected = nullptr;
        std::bitset<256> over;
        for (const netlink::Route& route : site.kernel.routes) {
            if (!route.dst.address.is_v4() || !route.dst.contains(address)) continue;
            const auto hop = gateway_of(route);
            over.set(hop, hop != forwarding::no_gateway);
            const auto is_known = [&](const netlink::Route& one) {
                return site.table->gateways[gateway_of(one)].link.is_resolved;
            };
            if (expected == nullptr || route.dst.length > expected->dst.length ||
                (route.dst == expected->dst && gateway_of(*expected) != forwarding::no_gateway &&
                 !is_known(*expected) && is_known(route)))
                expected = &route;
        }
        ASSERT_NE(expected, nullptr) << "the default route at least";
        const forwarding::Route found = *site.route(text::to_text(address));
        ASSERT_EQ(found.over, over);
        const bool is_ours = expected->ifindex != eth0;
        switch (expected->type) {
            case netlink::RouteType::blackhole: ASSERT_EQ(found.kind, RouteKind::blackhole); break;
            case netlink::RouteType::unreachable:
                ASSERT_EQ(found.kind, RouteKind::unreachable);
                break;
            case netlink::RouteType::local: ASSERT_EQ(found.kind, RouteKind::local); break;
            case netlink::RouteType::unicast:
                if (!is_ours) {
                    ASSERT_EQ(found.kind, RouteKind::local);
                    break;
                }
                ASSERT_EQ(found.kind,
                          expected->gateway ? RouteKind::gateway : RouteKind::on_link);
                ASSERT_EQ(found.interface, expected->ifindex - ext);
                if (expected->gateway) {
                    ASSERT_EQ(site.table->gateways[found.gateway].address, *expected->gateway);
                }
        }
    }
}

TEST(TableGateways, AreThoseOfAllRoutesOfOurInterfaces) {
    Site site;
    const auto& table = site.build();
    ASSERT_EQ(table.gateways.size(), 3u);
    EXPECT_EQ(table.gateways[0].interface, forwarding::no_interface);
    const forwarding::Gateway& first = table.gateways[site.gateway(ext_index, "198.51.100.254")];
    EXPECT_EQ(first.interface, ext_index);
    EXPECT_EQ(first.address, ip("198.51.100.254"));
    EXPECT_TRUE(first.link.is_resolved);
    EXPECT_EQ(destination(first.link), mac(0xfe));
    const forwarding::Gateway& second = table.gateways[site.gateway(ext2_index, "192.0.2.254")];
    EXPECT_EQ(second.link.length, 18) << "tagged";
    EXPECT_EQ(by_mac(site, ext_index, 0xfe), site.gateway(ext_index, "198.51.100.254"));
    EXPECT_EQ(by_mac(site, ext2_index, 0xfd), site.gateway(ext2_index, "192.0.2.254"));
    EXPECT_EQ(by_mac(site, ext2_index, 0xfe), std::nullopt) << "not on that interface";
    EXPECT_EQ(by_mac(site, farm_index, 1), std::nullopt) << "a neighbour, but no gateway";
}

TEST(TableGateways, AnUnknownNeighbourIsKnownAsUnresolved) {
    Site site;
    std::erase_if(site.kernel.neighbours,
                  [](const netlink::Neighbour& neighbour) { return neighbour.ifindex == ext; });
    site.build();
    const auto index = site.gateway(ext_index, "198.51.100.254");
    EXPECT_EQ(site.table->gateways[index].interface, ext_index);
    EXPECT_FALSE(site.table->gateways[index].link.is_resolved);
    EXPECT_EQ(by_mac(site, ext_index, 0xfe), std::nullopt);
}

TEST(TableGateways, WhenOneGoesTheOthersKeepTheirIndices) {
    Site site;
    add_route(site.kernel, "10.30.0.0/16", "10.20.0.254", farm);
    site.build();
    const auto isp1 = site.gateway(ext_index, "198.51.100.254");
    const auto isp2 = site.gateway(ext2_index, "192.0.2.254");
    const auto inner = site.gateway(farm_index, "10.20.0.254");
    const auto routes = site.kernel.routes;
    std::erase_if(site.kernel.routes, [](const netlink::Route& route) {
        return route.gateway == ip("198.51.100.254");
    });
    site.build();
    EXPECT_EQ(site.gateway(ext_index, "198.51.100.254"), forwarding::no_gateway);
    EXPECT_EQ(site.table->gateways[isp1].interface, forwarding::no_interface);
    EXPECT_EQ(site.gateway(ext2_index, "192.0.2.254"), isp2);
    EXPECT_EQ(site.gateway(farm_index, "10.20.0.254"), inner);
    EXPECT_EQ(by_mac(site, ext_index, 0xfe), std::nullopt);
    add_route(site.kernel, "10.31.0.0/16", "10.20.0.253", farm);
    site.build();
    EXPECT_GT(site.gateway(farm_index, "10.20.0.253"), inner) << "not the index that is free";
    site.kernel.routes = routes;
    site.build();
    EXPECT_EQ(site.gateway(ext_index, "198.51.100.254"), isp1);
}

// The records of its clients name the gateway that their replies take anyway.
TEST(TableGateways, ARouterOfSeveralAddressesIsKnownByTheOneOfTheDefaultRoute) {
    Site site;
    add_route(site.kernel, "10.99.0.0/16", "198.51.100.3", ext);
    add_route(site.kernel, "2000::/3", "fe80::1", ext);
    add_neighbour(site.kernel, "198.51.100.3", ext, 0xfe);
    add_neighbour(site.kernel, "fe80::1", ext, 0xfe);
    site.build();
    EXPECT_EQ(site.table->gateways.size(), 5u);
    EXPECT_EQ(by_mac(site, ext_index, 0xfe), site.gateway(ext_index, "198.51.100.254"));
    std::erase_if(site.kernel.routes, [](const netlink::Route& route) {
        return route.gateway == ip("198.51.100.254");
    });
    site.build();
    EXPECT_EQ(by_mac(site, ext_index, 0xfe), site.gateway(ext_index, "198.51.100.3"));
}

TEST(TableGateways, TooManyLeaveTheirRoutesToTheKernel) {
    Site site;
    for (std::uint32_t i = 0; i < 300; ++i)
        add_route(site.kernel, text::to_text(net::IpAddress::from_v4_host(0x64400000 + i)) + "/32",
                  text::to_text(net::IpAddress::from_v4_host(0x0a150000 + i)), farm);
    site.build();
    EXPECT_EQ(site.table->gateways.size(), 255u);
    EXPECT_EQ(site.route("8.8.8.8")->kind, RouteKind::gateway);
    EXPECT_EQ(site.route("100.64.0.251")->kind, RouteKind::gateway);
    EXPECT_EQ(site.route("100.64.0.252")->kind, RouteKind::local);
    EXPECT_TRUE(site.has_remark("the kernel has 302 gateways, and this version is made for 254: "
                                "routes by the others are left to the kernel, which is slow"));
}

}  // namespace
}  // namespace ikelb::table
