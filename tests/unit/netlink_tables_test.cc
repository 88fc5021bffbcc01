// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstring>
#include <random>
#include <vector>

#include "config/text/address.h"
#include "controlplane/kernel/netlink/kernel_tables.h"
#include "controlplane/kernel/netlink/message.h"

namespace ikelb::netlink {
namespace {

using net::IpAddress;
using net::IpPrefix;

struct RouteSpec {
    const char* to = "10.1.0.0/16";
    const char* via = "198.51.100.2";
    unsigned char table = RT_TABLE_MAIN;
    unsigned char type = RTN_UNICAST;
    unsigned char tos = 0;
    std::uint32_t metric = 0;
    std::uint32_t ifindex = 3;
};

Message route_message(std::uint16_t type, const RouteSpec& spec, unsigned flags = 0) {
    const IpPrefix to = *text::parse_prefix(spec.to);
    rtmsg header{};
    header.rtm_family = family_of(to.address);
    header.rtm_dst_len = to.length;
    header.rtm_table = spec.table;
    header.rtm_type = spec.type;
    header.rtm_tos = spec.tos;
    Message message{type, flags, header};
    message.put(RTA_DST, to.address);
    if (spec.via != nullptr) message.put(RTA_GATEWAY, *text::parse_address(spec.via));
    message.put(RTA_OIF, spec.ifindex);
    if (spec.metric != 0) message.put(RTA_PRIORITY, spec.metric);
    return message;
}

Message neighbour_message(std::uint16_t type, const char* address, std::uint16_t state,
                          bool has_mac = true) {
    ndmsg header{};
    header.ndm_family = AF_INET;
    header.ndm_ifindex = 3;
    header.ndm_state = state;
    header.ndm_type = RTN_UNICAST;
    Message message{type, 0, header};
    message.put(NDA_DST, *text::parse_address(address));
    const std::vector<std::uint8_t> mac{2, 0, 0, 0, 0, 9};
    if (has_mac) message.put_bytes(NDA_LLADDR, mac);
    return message;
}

Message link_message(std::uint16_t type, unsigned flags, unsigned char family = AF_UNSPEC) {
    ifinfomsg header{};
    header.ifi_family = family;
    header.ifi_index = 3;
    header.ifi_flags = flags;
    Message message{type, 0, header};
    const char name[] = "ext";
    message.put_bytes(IFLA_IFNAME, {reinterpret_cast<const std::uint8_t*>(name), sizeof name});
    message.put(IFLA_MTU, 1400U);
    return message;
}

class KernelTablesTest : public testing::Test {
protected:
    KernelTables::Effect event(Message message) { return tables.apply_event(message.header()); }
    void dumped(Message message) { tables.apply_dump(message.header()); }
    std::size_t route_count() const { return tables.snapshot().routes.size(); }

    KernelTables tables;
};

TEST_F(KernelTablesTest, ARouteComesAndGoes) {
    EXPECT_TRUE(event(route_message(RTM_NEWROUTE, {})).changed);
    const Route expected{.dst = *text::parse_prefix("10.1.0.0/16"),
                         .gateway = text::parse_address("198.51.100.2"),
                         .ifindex = 3,
                         .type = RouteType::unicast,
                         .metric = 0};
    EXPECT_EQ(tables.snapshot().routes, std::vector{expected});
    EXPECT_FALSE(event(route_message(RTM_NEWROUTE, {})).changed) << "known already";
    EXPECT_TRUE(event(route_message(RTM_DELROUTE, {})).changed);
    EXPECT_EQ(route_count(), 0U);
}

TEST_F(KernelTablesTest, ReplacingIsNotAdding) {
    event(route_message(RTM_NEWROUTE, {}));
    const auto effect =
        event(route_message(RTM_NEWROUTE, {.via = "198.51.100.3"}, NLM_F_REPLACE));
    EXPECT_TRUE(effect.changed);
    EXPECT_FALSE(effect.routes_are_stale);
    ASSERT_EQ(route_count(), 1U);
    EXPECT_EQ(tables.snapshot().routes[0].gateway, text::parse_address("198.51.100.3"));
}

TEST_F(KernelTablesTest, AnAlternativeToAKnownRouteNeedsADump) {
    event(route_message(RTM_NEWROUTE, {}));
    const auto effect = event(route_message(RTM_NEWROUTE, {.via = "198.51.100.3"}, NLM_F_APPEND));
    EXPECT_FALSE(effect.changed);
    EXPECT_TRUE(effect.routes_are_stale) << "which of the two comes first is not in the event";
    EXPECT_TRUE(event(route_message(RTM_DELROUTE, {.via = "198.51.100.3"})).routes_are_stale);
}

TEST_F(KernelTablesTest, RoutesOfOneDestinationStandInTheOrderOfTheKernel) {
    event(route_message(RTM_NEWROUTE, {.to = "10.0.0.5/32", .metric = 20}));
    event(route_message(RTM_NEWROUTE, {.to = "10.0.0.5/32", .metric = 10}));
    event(route_message(RTM_NEWROUTE, {.to = "10.0.0.5/32", .via = nullptr, .table = RT_TABLE_LOCAL,
                                       .type = RTN_LOCAL, .metric = 30}));
    const auto routes = tables.snapshot().routes;
    ASSERT_EQ(routes.size(), 3U);
    EXPECT_EQ(routes[0].type, RouteType::local) << "table local comes first, whatever the metric";
    EXPECT_EQ(routes[1].metric, 10U);
    EXPECT_EQ(routes[2].metric, 20U);
}

TEST_F(KernelTablesTest, WhatTheFastPathCannotFollowIsLeftOut) {
    event(route_message(RTM_NEWROUTE, {.table = 100}));
    event(route_message(RTM_NEWROUTE, {.tos = 0x10}));
    event(route_message(RTM_NEWROUTE, {.to = "224.0.0.0/4", .type = RTN_MULTICAST}));
    EXPECT_EQ(route_count(), 0U);
}

TEST_F(KernelTablesTest, WhatIsDroppedHasNoDevice) {
    const auto drop = [this](const char* to, unsigned char type) {
        event(route_message(RTM_NEWROUTE, {.to = to, .via = nullptr, .type = type}));
    };
    drop("10.8.0.0/16", RTN_BLACKHOLE);
    drop("10.9.0.0/16", RTN_PROHIBIT);
    const auto routes = tables.snapshot().routes;
    ASSERT_EQ(routes.size(), 2U);
    EXPECT_EQ(routes[0].type, RouteType::blackhole);
    EXPECT_EQ(routes[0].ifindex, 0);
    EXPECT_EQ(routes[1].type, RouteType::unreachable);
}

TEST_F(KernelTablesTest, AnIpv4RouteMayHaveAnIpv6NextHop) {
    rtmsg header{};
    header.rtm_family = AF_INET;
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_type = RTN_UNICAST;
    Message message{RTM_NEWROUTE, 0, header};
    const IpAddress gateway = *text::parse_address("fe80::1");
    std::vector<std::uint8_t> via{AF_INET6, 0};
    via.insert(via.end(), gateway.bytes().begin(), gateway.bytes().end());
    message.put_bytes(RTA_VIA, via);
    event(std::move(message));
    ASSERT_EQ(route_count(), 1U);
    EXPECT_EQ(tables.snapshot().routes[0].gateway, gateway);
    EXPECT_EQ(tables.snapshot().routes[0].dst, *text::parse_prefix("0.0.0.0/0"));
}

TEST_F(KernelTablesTest, ADeviceGoingDownOrAnAddressGoingMakesTheRoutesStale) {
    EXPECT_TRUE(event(link_message(RTM_NEWLINK, IFF_UP | IFF_RUNNING)).routes_are_stale);
    EXPECT_FALSE(event(link_message(RTM_NEWLINK, IFF_UP | IFF_RUNNING | IFF_PROMISC))
                     .routes_are_stale);
    EXPECT_TRUE(event(link_message(RTM_NEWLINK, 0)).routes_are_stale);
    const Link expected{.ifindex = 3, .name = "ext", .mac = {}, .mtu = 1400, .up = false};
    EXPECT_EQ(tables.snapshot().links, std::vector{expected});
}

TEST_F(KernelTablesTest, LeavingABridgeIsNotDisappearing) {
    event(link_message(RTM_NEWLINK, IFF_UP));
    EXPECT_FALSE(event(link_message(RTM_DELLINK, IFF_UP, AF_BRIDGE)).changed);
    EXPECT_EQ(tables.snapshot().links.size(), 1U);
}

TEST_F(KernelTablesTest, OnlyAUsableNeighbourHasAMac) {
    event(neighbour_message(RTM_NEWNEIGH, "10.0.0.1", NUD_STALE));
    event(neighbour_message(RTM_NEWNEIGH, "10.0.0.2", NUD_FAILED));
    event(neighbour_message(RTM_NEWNEIGH, "10.0.0.3", NUD_INCOMPLETE, false));
    const auto neighbours = tables.snapshot().neighbours;
    ASSERT_EQ(neighbours.size(), 3U);
    EXPECT_EQ(text::to_text(neighbours[0].mac), "02:00:00:00:00:09");
    EXPECT_EQ(neighbours[1].state, NeighbourState::failed);
    EXPECT_TRUE(neighbours[1].mac.is_zero()) << "the last known address of one that failed";
    EXPECT_EQ(neighbours[2].state, NeighbourState::incomplete);
}

TEST_F(KernelTablesTest, ATentativeAddressIsNotOursYet) {
    const auto address = [](std::uint32_t flags) {
        ifaddrmsg header{};
        header.ifa_family = AF_INET6;
        header.ifa_prefixlen = 64;
        header.ifa_index = 3;
        Message message{RTM_NEWADDR, 0, header};
        message.put(IFA_ADDRESS, *text::parse_address("2001:db8::1"));
        message.put(IFA_FLAGS, flags);
        return message;
    };
    event(address(IFA_F_TENTATIVE));
    EXPECT_TRUE(tables.snapshot().addresses.empty());
    event(address(IFA_F_PERMANENT));
    EXPECT_EQ(tables.snapshot().addresses.size(), 1U);
    event(address(IFA_F_PERMANENT | IFA_F_DADFAILED));
    EXPECT_TRUE(tables.snapshot().addresses.empty());
}

TEST_F(KernelTablesTest, ADumpReplacesWhatIsThere) {
    event(neighbour_message(RTM_NEWNEIGH, "10.0.0.1", NUD_STALE));
    tables.begin_full_dump();
    dumped(neighbour_message(RTM_NEWNEIGH, "10.0.0.2", NUD_STALE));
    EXPECT_EQ(tables.snapshot().neighbours[0].address, *text::parse_address("10.0.0.1"))
        << "the old content stands until the dump is complete";
    EXPECT_TRUE(tables.finish_dump());
    ASSERT_EQ(tables.snapshot().neighbours.size(), 1U);
    EXPECT_EQ(tables.snapshot().neighbours[0].address, *text::parse_address("10.0.0.2"));
}

TEST_F(KernelTablesTest, AnEventDuringADumpIsNewerThanTheDump) {
    event(neighbour_message(RTM_NEWNEIGH, "10.0.0.1", NUD_STALE));
    tables.begin_full_dump();
    event(neighbour_message(RTM_DELNEIGH, "10.0.0.1", NUD_STALE));
    dumped(neighbour_message(RTM_NEWNEIGH, "10.0.0.1", NUD_STALE));
    event(neighbour_message(RTM_NEWNEIGH, "10.0.0.2", NUD_REACHABLE));
    dumped(neighbour_message(RTM_NEWNEIGH, "10.0.0.2", NUD_STALE));
    tables.finish_dump();
    const auto neighbours = tables.snapshot().neighbours;
    ASSERT_EQ(neighbours.size(), 1U);
    EXPECT_EQ(neighbours[0].state, NeighbourState::reachable);
}

TEST_F(KernelTablesTest, ARouteFirstHeardOfDuringADumpIsReadAgain) {
    tables.begin_full_dump();
    EXPECT_TRUE(event(route_message(RTM_DELROUTE, {})).routes_are_stale)
        << "the dump may know another route to the same destination";
    EXPECT_TRUE(event(route_message(RTM_NEWROUTE, {.to = "10.2.0.0/16"})).routes_are_stale);
}

/// A message is trusted to come from the kernel, but no length in it may lead outside of it.
TEST_F(KernelTablesTest, DamagedMessagesAreReadWithinTheirBounds) {
    std::mt19937 random{20260101};
    for (int round = 0; round < 20000; ++round) {
        Message message = round % 3 == 0   ? route_message(RTM_NEWROUTE, {})
                          : round % 3 == 1 ? neighbour_message(RTM_NEWNEIGH, "10.0.0.1", 4)
                                           : link_message(RTM_NEWLINK, IFF_UP);
        const nlmsghdr* header = message.header();
        std::vector<std::uint8_t> bytes(header->nlmsg_len);
        std::memcpy(bytes.data(), header, bytes.size());
        for (int flips = 0; flips < 3; ++flips)
            bytes[sizeof(nlmsghdr) + random() % (bytes.size() - sizeof(nlmsghdr))] =
                static_cast<std::uint8_t>(random());
        bytes.resize(sizeof(nlmsghdr) + random() % (bytes.size() - sizeof(nlmsghdr) + 1));
        const auto length = static_cast<std::uint32_t>(bytes.size());
        std::memcpy(bytes.data(), &length, sizeof length);
        (void)tables.apply_event(reinterpret_cast<nlmsghdr*>(bytes.data()));
    }
    for (const Route& route : tables.snapshot().routes)
        EXPECT_LE(route.dst.length, route.dst.address.is_v4() ? 32 : 128);
}

}  // namespace
}  // namespace ikelb::netlink
