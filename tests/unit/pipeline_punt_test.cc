// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// What goes to the kernel, by class: what neighbours and routers need of us to take us for alive
// has a class that nothing else can exhaust. Both families.

#include <gtest/gtest.h>

#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

constexpr std::uint8_t tcp = 6, ospf = 89, vrrp = 112, unassigned = 200;

/// The addresses of a family: our own of the clients' side, its gateway, a neighbour, an unknown
/// source.
struct Family {
    const char* own;
    const char* gateway;
    const char* neighbour;
    const char* unknown;
    const char* routers;  ///< group of VRRP
};
constexpr Family v4{own_wan, "198.51.100.254", "198.51.100.50", client, "224.0.0.18"};
constexpr Family v6{own_wan6, "2001:db8:198::fe", "2001:db8:198::50", client6, "ff02::12"};

/// A farm of both families, and what it makes of a packet from either side.
class Farm {
protected:
    static TableSpec spec() {
        TableSpec farm = dual_stack_farm();
        farm.gateways.push_back({.interface = ext, .address = address("2001:db8:198::fe"),
                                 .mac = first_gateway_mac()});
        return farm;
    }
    Bench bench{spec()};

    std::string in(const PacketBuilder& packet) { return name(bench.from_client(packet).verdict); }
    std::string out(const PacketBuilder& packet) {
        return name(bench.from_server(packet).verdict);
    }
    std::string to_all(PacketBuilder packet, const net::MacAddress& group) {
        return name(
            bench.run({.bytes = packet.mac(first_gateway_mac(), group).build(), .port = wan})
                .verdict);
    }
};

class Punts : public Farm, public testing::TestWithParam<Family> {
protected:
    const Family family = GetParam();

    PacketBuilder tcp_to_us(const char* from, std::uint16_t from_port,
                            std::uint16_t to_port) const {
        return PacketBuilder{}.ip(from, family.own).protocol(tcp).raw(
            tcp_header(from_port, to_port));
    }
    PacketBuilder bfd(const char* from, std::uint16_t port = 3784) const {
        return PacketBuilder{}.ip(from, family.own).udp(49152, port).ttl(255).payload(Bytes(24, 1));
    }
};
INSTANTIATE_TEST_SUITE_P(Both, Punts, testing::Values(v4, v6),
                         [](const auto& of) { return of.param.own == own_wan ? "v4" : "v6"; });

TEST_P(Punts, OfAFloodLeaveRoomForRouting) {
    std::string last;
    for (int i = 0; i < 4001; ++i) last = in(tcp_to_us(family.unknown, 40000, 22));
    ASSERT_EQ(last, "punt_limited");
    EXPECT_EQ(in(tcp_to_us(family.gateway, 40000, 179)), "punt_routing");
    EXPECT_EQ(in(tcp_to_us(family.gateway, 179, 40000)), "punt_routing") << "we began";
    EXPECT_EQ(in(PacketBuilder{}.ip(family.gateway, family.own).protocol(ospf).raw(Bytes(24, 1))),
              "punt_routing");
    EXPECT_EQ(in(bfd(family.gateway, 4784).ttl(253)), "punt_routing");
    EXPECT_EQ(in(bfd(family.gateway)), "punt_hello");
    EXPECT_EQ(in(bfd(family.gateway, 3785)), "punt_hello");
    EXPECT_EQ(in(PacketBuilder{}.ip(family.neighbour, family.own).protocol(vrrp).ttl(255).raw(
                  Bytes(20, 1))),
              "punt_hello")
        << "keepalived's unicast_peer";
}

TEST_P(Punts, OfPingsAndOfIcmpErrorsTakeNothingFromEachOther) {
    const bool is_v6 = family.own == v6.own;
    const auto ping = PacketBuilder{}.ip(family.unknown, family.own).icmp(is_v6 ? 128 : 8, 0);
    const auto error = PacketBuilder{}
                           .ip(family.unknown, family.own)
                           .icmp(is_v6 ? 1 : 3, 1)
                           .payload(tcp_to_us(family.unknown, 179, 40000).build_ip());
    const auto flood = [&](const PacketBuilder& packet) {
        std::string last;
        for (int i = 0; i < 201; ++i) last = in(packet);
        return last;
    };
    ASSERT_EQ(flood(ping), "punt_limited");
    EXPECT_EQ(in(error), "punt_icmp");
    ASSERT_EQ(flood(error), "punt_limited");
    bench.advance(1);
    ASSERT_EQ(flood(error), "punt_limited");
    EXPECT_EQ(in(ping), "punt_icmp");
}

TEST_P(Punts, OfAFloodTakeNothingFromVrrpAndOspf) {
    const auto to_group = [&](std::uint8_t protocol, std::uint8_t ttl) {
        return in(PacketBuilder{}
                      .ip(family.gateway, family.routers)
                      .protocol(protocol)
                      .ttl(ttl)
                      .raw(Bytes(24, 1)));
    };
    std::string last;
    for (int i = 0; i < 201; ++i) last = to_group(unassigned, 1);
    ASSERT_EQ(last, "punt_limited");
    EXPECT_EQ(to_group(vrrp, 255), "punt_hello");
    EXPECT_EQ(to_group(ospf, 1), "punt_routing");
}

TEST_P(Punts, OfUnknownSourcesAreNeitherHelloNorRouting) {
    EXPECT_EQ(in(tcp_to_us(family.unknown, 40000, 179)), "punt_local");
    EXPECT_EQ(in(tcp_to_us(family.neighbour, 40000, 179)), "punt_local") << "no next hop";
    EXPECT_EQ(in(tcp_to_us(family.gateway, 40000, 22)), "punt_local");
    EXPECT_EQ(in(bfd(family.gateway).ttl(254)), "punt_local") << "a router has forwarded it";
    EXPECT_EQ(in(bfd(family.neighbour)), "punt_local") << "nobody whom the kernel knows";
    EXPECT_EQ(in(bfd(family.unknown, 4784)), "punt_local");
    EXPECT_EQ(name(bench
                       .from_gateway(tcp_to_us(family.gateway, 40000, 179),
                                     second_gateway_mac())
                       .verdict),
              "punt_local")
        << "another router hands on a forged one";
    EXPECT_EQ(in(PacketBuilder{}
                     .ip(family.gateway, family.routers)
                     .protocol(vrrp)
                     .ttl(254)
                     .raw(Bytes(20, 1))),
              "punt_multicast");
}

TEST_P(Punts, OfWhomOwnServicesNamesAreRouting) {
    const auto from = [](const char* peer) {
        return net::IpPrefix{.address = address(peer),
                             .length = static_cast<std::uint8_t>(address(peer).is_v4() ? 32 : 128)};
    };
    const auto hello = [&](const char* peer) {
        const char* all_routers = address(family.own).is_v4() ? "224.0.0.5" : "ff02::5";
        return in(PacketBuilder{}.ip(peer, all_routers).protocol(ospf).ttl(1).raw(Bytes(24, 1)));
    };
    bench.spec.wall.own_services = {
        {.address = address(family.own),
         .from = from(family.unknown),
         .port = {.protocol = tcp, .first_port = 179, .last_port = 179}},
        {.address = address(family.own),
         .from = from(family.neighbour),
         .port = {.protocol = ospf, .first_port = 0, .last_port = 65535}}};
    bench.apply();
    EXPECT_EQ(in(tcp_to_us(family.unknown, 40000, 179)), "punt_routing");
    EXPECT_EQ(in(tcp_to_us(family.unknown, 179, 40000)), "punt_routing") << "we began";
    EXPECT_EQ(in(tcp_to_us(family.neighbour, 40000, 179)), "punt_local");
    EXPECT_EQ(hello(family.neighbour), "punt_routing") << "before there is an adjacency";
    EXPECT_EQ(hello(family.unknown), "punt_multicast");
}

TEST_P(Punts, OfABackendLeaveRoomForItsHealth) {
    const bool is_v4 = address(family.own).is_v4();
    const std::string backend = server(is_v4 ? rras1 : first_v6_server);
    const char* own = is_v4 ? own_lan : own_lan6;
    const auto icmp = [&](std::uint8_t type4, std::uint8_t type6) {
        return out(PacketBuilder{}.ip(backend.c_str(), own).icmp(is_v4 ? type4 : type6, 0));
    };
    const auto udp = PacketBuilder{}.ip(backend.c_str(), own).udp(9, 53);
    EXPECT_EQ(out(udp), "punt_local") << "of whomever the backend translates for";
    EXPECT_EQ(icmp(8, 128), "punt_icmp");
    std::string last;
    for (int i = 0; i < 4001; ++i) last = out(udp);
    ASSERT_EQ(last, "punt_limited");
    EXPECT_EQ(icmp(0, 129), "punt_backend");
    EXPECT_EQ(out(PacketBuilder{}.ip(backend.c_str(), own).udp(500, 40000)), "punt_limited")
        << "a port that the backend may keep for whomever it translates for";
}

TEST_P(Punts, OfDhcpReachWhoHasNoAddressYet) {
    const bool is_v4 = address(family.own).is_v4();
    const std::uint16_t from = is_v4 ? 67 : 547, to = is_v4 ? 68 : 546;
    const auto offer = [&](const char* offered) {
        return PacketBuilder{}.ip(family.gateway, offered).udp(from, to);
    };
    EXPECT_EQ(in(offer(is_v4 ? "198.51.100.77" : "2001:db8:198::77")), "punt_local");
    EXPECT_EQ(in(offer(is_v4 ? "10.20.0.77" : "fd00:20::77")), "punt_local");
    EXPECT_EQ(in(offer(is_v4 ? vip : vip6)), "vip_closed");
    EXPECT_EQ(in(PacketBuilder{}
                     .ip(family.gateway, is_v4 ? "10.20.0.77" : "fd00:20::77")
                     .udp(from, static_cast<std::uint16_t>(to + 1))),
              "transit_not_allowed");
    EXPECT_EQ(out(PacketBuilder{}
                      .ip(is_v4 ? "10.20.0.50" : "fd00:20::50",
                          is_v4 ? "10.20.0.77" : "fd00:20::77")
                      .udp(from, to)),
              "punt_local")
        << "on either side";
}

TEST_P(Punts, OfDhcpOfTheServersSideAreOfTheirLinkAlone) {
    const bool is_v4 = address(family.own).is_v4();
    const auto renewal = [&](const char* client) {
        return out(PacketBuilder{}
                       .ip(is_v4 ? "10.20.0.50" : "fd00:20::50", client)
                       .udp(is_v4 ? 67 : 547, is_v4 ? 68 : 546));
    };
    EXPECT_EQ(renewal(family.neighbour), "transit") << "a client on the link of another interface";
    EXPECT_EQ(renewal(family.unknown), "transit") << "one behind a gateway";
    EXPECT_EQ(renewal(is_v4 ? "10.20.0.77" : "fd00:20::77"), "punt_local");
    auto& interface = bench.spec.interfaces[srv];
    (is_v4 ? interface.address : interface.address6) = {};
    bench.apply();
    EXPECT_EQ(renewal(family.unknown), "punt_local") << "our first address there";
}

TEST_P(Punts, OfFirstFragmentsAreNoWayForLaterOnes) {
    const bool is_v4 = address(family.own).is_v4();
    const auto offer = PacketBuilder{}
                           .ip(family.unknown, is_v4 ? "10.20.0.77" : "fd00:20::77")
                           .udp(is_v4 ? 67 : 547, is_v4 ? 68 : 546)
                           .payload(Bytes(3000, 1));
    const std::vector<Bytes> parts = fragments_of(bench.client_side(offer), 1200);
    ASSERT_EQ(parts.size(), 3u);
    for (const Bytes& part : parts)
        EXPECT_EQ(name(bench.run({.bytes = part, .port = wan}).verdict), "punt_local");
}

TEST_P(Punts, OfIcmpErrorsEachSideHasItsOwn) {
    const bool is_v4 = address(family.own).is_v4();
    const auto expired_in =
        to_vip(family.unknown, 500, 500, sa_init(1).bytes(), is_v4 ? vip : vip6).ttl(1);
    const auto expired_out =
        PacketBuilder{}.ip(is_v4 ? "10.20.0.50" : "fd00:20::50", family.unknown).udp(9, 53).ttl(1);
    std::string last;
    for (int i = 0; i < 101; ++i) last = in(expired_in);
    ASSERT_EQ(last, "ttl_expired");
    EXPECT_EQ(out(expired_out), "icmp_error_sent");
    for (int i = 0; i < 101; ++i) last = out(expired_out);
    EXPECT_EQ(last, "ttl_expired");
}

// --- Address resolution ---

const net::MacAddress everybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

PacketBuilder arp(const char* sender, const char* target, std::uint8_t operation = 1) {
    Bytes body{0, 1, 8, 0, 6, 4, 0, operation};
    const auto put = [&](const char* ip) {
        body.insert(body.end(), 6, 0x02);
        const auto bytes = address(ip).bytes();
        body.insert(body.end(), bytes.begin() + 12, bytes.end());
    };
    put(sender);
    put(target);
    return PacketBuilder{}.ether_type(net::ether_type::arp).payload(body);
}

class Resolution : public Farm, public testing::Test {};

TEST_F(Resolution, ByArpOfOthersTakesNothingFromOurs) {
    std::string last;
    for (int i = 0; i < 201; ++i)
        last = to_all(arp("198.51.100.254", "198.51.100.99"), everybody);
    ASSERT_EQ(last, "punt_limited");
    EXPECT_EQ(to_all(arp("198.51.100.254", own_wan), everybody), "punt_arp");
    EXPECT_EQ(to_all(arp("0.0.0.0", own_wan), everybody), "punt_arp") << "who wants our address";
    EXPECT_EQ(to_all(arp("198.51.100.254", vip), everybody), "punt_arp");
    EXPECT_EQ(to_all(arp("198.51.100.254", "198.51.100.254"), everybody), "punt_arp")
        << "a router's new MAC address";
    EXPECT_EQ(to_all(arp("198.51.100.50", "198.51.100.50", 2), everybody), "punt_arp");
    EXPECT_EQ(in(arp("198.51.100.254", own_wan, 2)), "punt_arp") << "an answer to us";
    EXPECT_EQ(to_all(arp("198.51.100.254", server(rras1).c_str()), everybody), "punt_limited");
    EXPECT_EQ(to_all(PacketBuilder{}.ether_type(net::ether_type::arp).payload(Bytes(20, 1)),
                     everybody),
              "punt_limited")
        << "no whole ARP message";
}

TEST_F(Resolution, ByNdpOfOthersTakesNothingFromOurs) {
    const auto group = mac("33:33:ff:00:00:01");
    const auto ndp = [&](std::uint8_t type, const char* target) {
        const auto bytes = address(target).bytes();
        return to_all(PacketBuilder{}
                          .ip("fe80::254", "ff02::1:ff00:1")
                          .ttl(255)
                          .icmp(type, 0)
                          .payload({bytes.begin(), bytes.end()}),
                      group);
    };
    std::string last;
    for (int i = 0; i < 201; ++i) last = ndp(135, "2001:db8:198::99");
    ASSERT_EQ(last, "punt_limited");
    EXPECT_EQ(ndp(135, own_wan6), "punt_ndp");
    EXPECT_EQ(ndp(135, vip6), "punt_ndp");
    EXPECT_EQ(ndp(135, "fe80::1"), "punt_ndp")
        << "no router asks the link for unknown sources by it";
    EXPECT_EQ(ndp(134, "2001:db8:198::99"), "punt_ndp") << "a router advertises itself";
    EXPECT_EQ(ndp(136, "2001:db8:198::99"), "punt_ndp") << "a neighbour's new MAC address";
    EXPECT_EQ(ndp(135, "fd00:20::14"), "punt_limited");
}

TEST_F(Resolution, AsideLinkLayerProtocolsAreTheKernels) {
    const auto frame = [](std::uint16_t type) {
        return PacketBuilder{}.ether_type(type).payload(Bytes(46, 0));
    };
    constexpr std::uint16_t lldp = 0x88cc, eapol = 0x888e;
    EXPECT_EQ(to_all(frame(lldp), mac("01:80:c2:00:00:0e")), "punt_multicast");
    EXPECT_EQ(to_all(frame(eapol), mac("01:80:c2:00:00:03")), "punt_multicast");
    EXPECT_EQ(in(frame(eapol)), "punt_multicast") << "the switch answers to us alone";
    EXPECT_EQ(in(frame(lldp)), "not_ip");
    EXPECT_EQ(to_all(frame(lldp), everybody), "not_ip");
    EXPECT_EQ(in(frame(0x8863)), "not_ip");
}

}  // namespace
}  // namespace ikelb::pipeline
