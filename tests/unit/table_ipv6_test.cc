// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "tests/unit/table_testlib.h"

namespace ikelb::table {
namespace {

using namespace testlib;
using forwarding::RouteKind;

TEST(TableIpv6, ABackendIsReachedAndItsAnswersAreTheVips) {
    Site site;
    add_ipv6(site);
    const auto& table = site.build();
    EXPECT_TRUE(site.remarks.empty()) << site.remarks.front();
    EXPECT_TRUE(site.backend("rras1-v6").is_present);
    const forwarding::Home& home = site.backend("rras1-v6").homes[1];
    EXPECT_TRUE(home.link.is_resolved);
    EXPECT_EQ(home.link.interface, farm_index);
    for (std::size_t i = 0; i < forwarding::service_ports; ++i) {
        const std::uint16_t port = forwarding::service_port_numbers[i];
        const forwarding::Frontend& answers =
            table.frontends[site.reply_frontend("fd00:20::11", i)];
        EXPECT_EQ(answers.vip, ip("2001:db8:200::10"));
        EXPECT_EQ(answers.port.to_host(), port);
        EXPECT_TRUE(site.frontend("2001:db8:200::10", port).is_served);
    }
}

TEST(TableIpv6, AServerInBothFamiliesIsTwoBackendsOfOneMac) {
    Site site;
    add_ipv6(site);
    const auto& table = site.build();
    EXPECT_EQ(site.backend("rras1").homes[0].link.bytes,
              site.backend("rras1-v6").homes[1].link.bytes);
    const auto* v4 = table.addresses.find(ip("10.20.0.11"));
    const auto* v6 = table.addresses.find(ip("fd00:20::11"));
    ASSERT_TRUE(v4 != nullptr && v6 != nullptr);
    EXPECT_NE(v4->backend, v6->backend);
    EXPECT_EQ(table.addresses.find(ip("2001:db8:200::10"))->role, forwarding::AddressRole::vip);
    EXPECT_EQ(table.addresses.find(ip("fe80::1"))->role, forwarding::AddressRole::own);
}

TEST(TableIpv6, ErrorsComeFromAnAddressThatMeansSomethingElsewhere) {
    Site site;
    add_ipv6(site);
    const auto& table = site.build();
    EXPECT_EQ(table.interfaces[ext_index].address6, ip("2001:db8:100::1"));
    EXPECT_EQ(table.interfaces[ext_index].address, ip("198.51.100.1"));
    EXPECT_EQ(table.interfaces[farm_index].address6, ip("fd00:20::1"));
    EXPECT_EQ(table.interfaces[ext2_index].address6, ip("2001:db8:100::1"))
        << "with a link-local address alone, another interface's";
}

TEST(TableIpv6, WithoutIpv6ThereIsNoSourceForItsErrors) {
    Site site;
    EXPECT_TRUE(site.build().interfaces[ext_index].address6.is_unspecified());
}

TEST(TableIpv6, ALinkLocalGatewayIsTheUplink) {
    Site site;
    add_ipv6(site);
    const auto& table = site.build();
    const auto route = site.route("2001:db8:9::1");
    ASSERT_TRUE(route.has_value());
    ASSERT_EQ(route->kind, RouteKind::gateway);
    EXPECT_EQ(table.gateways[route->gateway].address, ip("fe80::fe"));
    EXPECT_TRUE(table.gateways[route->gateway].link.is_resolved);
    EXPECT_EQ(site.frontend("2001:db8:200::10", 500).uplink, route->gateway);
    // The same router in both families has one MAC address, remembered by its gateway of each.
    for (const bool is_v6 : {false, true}) {
        const auto* by_mac =
            table.gateway_of_mac.find(forwarding::gateway_key(ext_index, mac(0xfe), is_v6));
        ASSERT_NE(by_mac, nullptr);
        EXPECT_EQ(table.gateways[*by_mac].address, ip(is_v6 ? "fe80::fe" : "198.51.100.254"));
    }
}

/// RFC 8950: IPv4 may have a next hop of IPv6, whose router has an address of IPv4 too.
TEST(TableIpv6, ARouterIsRememberedByTheGatewayOfItsDefaultRoute) {
    Site site;
    add_ipv6(site);
    for (netlink::Route& route : site.kernel.routes)
        if (route.dst == prefix("0.0.0.0/0")) route.gateway = ip("fe80::fe");
    add_route(site.kernel, "192.0.2.0/24", "198.51.100.254", ext, 100);
    const auto& table = site.build();
    const auto* by_mac = table.gateway_of_mac.find(forwarding::gateway_key(ext_index, mac(0xfe)));
    ASSERT_NE(by_mac, nullptr);
    EXPECT_EQ(table.gateways[*by_mac].address, ip("fe80::fe"));
}

TEST(TableIpv6, LinkLocalAndMulticastDestinationsAreTheKernels) {
    Site site;
    add_ipv6(site);
    add_route(site.kernel, "ff00::/8", ext);
    site.build();
    for (const char* destination : {"fe80::77", "febf::1", "ff02::1", "ff0e::1"}) {
        const auto route = site.route(destination);
        ASSERT_TRUE(route.has_value()) << destination;
        EXPECT_EQ(route->kind, RouteKind::local) << destination;
    }
    EXPECT_EQ(site.route("2001:db8:100::77")->kind, RouteKind::on_link);
    EXPECT_EQ(site.route("fec0::1")->kind, RouteKind::gateway);
}

TEST(TableIpv6, ARouteOfOneFamilyIsNoneOfTheOther) {
    Site site;
    add_ipv6(site);
    std::erase_if(site.kernel.routes, [](const netlink::Route& route) {
        return route.dst.length == 0 && route.dst.address.is_v4();
    });
    site.build();
    EXPECT_FALSE(site.route("192.0.77.1").has_value());
    EXPECT_TRUE(site.route("2001:db8:77::1").has_value());
}

}  // namespace
}  // namespace ikelb::table
