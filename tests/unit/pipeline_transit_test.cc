// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Routed traffic that is no service's: what the servers' side begins is answered, and the clients'
// side begins nothing that has not been allowed.

#include <gtest/gtest.h>

#include "controlplane/replay/linear_rules.h"
#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

constexpr std::uint8_t tcp = 6, gre = 47, fin = 1, syn = 2, rst = 4, ack = 16;

/// One conversation by a family's addresses: its own packets, and those of the other side.
struct Talk {
    std::string inside = "10.20.0.50";
    std::string outside = "192.0.2.200";
    std::uint16_t inside_port = 40000;
    std::uint16_t outside_port = 443;

    bool is_v6() const { return inside.find(':') != std::string::npos; }
    PacketBuilder out() const { return PacketBuilder{}.ip(inside.c_str(), outside.c_str()); }
    PacketBuilder in() const { return PacketBuilder{}.ip(outside.c_str(), inside.c_str()); }
    PacketBuilder udp_out() const { return out().udp(inside_port, outside_port); }
    PacketBuilder udp_in() const { return in().udp(outside_port, inside_port); }
    PacketBuilder tcp_out(std::uint8_t flags) const {
        return out().protocol(tcp).raw(tcp_header(inside_port, outside_port, flags));
    }
    PacketBuilder tcp_in(std::uint8_t flags) const {
        return in().protocol(tcp).raw(tcp_header(outside_port, inside_port, flags));
    }
    PacketBuilder ping(std::uint16_t id) const {
        return out().icmp(is_v6() ? 128 : 8, 0, std::uint32_t{id} << 16 | 1);
    }
    PacketBuilder pong(std::uint16_t id) const {
        return in().icmp(is_v6() ? 129 : 0, 0, std::uint32_t{id} << 16 | 1);
    }
    /// A router's error about a packet that went out.
    PacketBuilder error(const PacketBuilder& about, std::size_t quote = SIZE_MAX) const {
        Bytes bytes = about.build_ip();
        bytes.resize(std::min(bytes.size(), quote));
        return PacketBuilder{}
            .ip(is_v6() ? "2001:db8:5::1" : "198.18.0.1", inside.c_str())
            .icmp(is_v6() ? 1 : 3, 1)
            .payload(bytes);
    }
};

const Talk v4_talk{};
const Talk v6_talk{.inside = "fd00:20::50", .outside = "2001:db8:192::200"};

class Transit : public testing::TestWithParam<Talk> {
protected:
    Bench bench{farm()};
    const Talk talk = GetParam();

    /// Whoever talks in the servers' subnet is resolved; the servers' tunnels are for 10.9/16.
    static TableSpec farm() {
        TableSpec spec = dual_stack_farm();
        for (const char* inside : {"10.20.0.50", "fd00:20::50"})
            spec.neighbours.push_back({.interface = srv, .address = address(inside),
                                       .mac = mac("02:00:00:00:02:32")});
        spec.inside_prefixes = {prefix("10.9.0.0/16"), prefix("fd00:9::/32")};
        return spec;
    }

    std::string in(const PacketBuilder& packet) { return name(bench.from_client(packet).verdict); }
    std::string out(const PacketBuilder& packet) { return name(bench.from_server(packet).verdict); }
    void allow(std::vector<wall::AllowRule> rules) {
        bench.spec.wall.allow = std::make_shared<replay::LinearRules>(std::move(rules));
        bench.apply();
    }
    net::IpPrefix anywhere() const { return prefix(talk.is_v6() ? "::/0" : "0.0.0.0/0"); }
    net::IpPrefix servers() const { return prefix(talk.is_v6() ? "fd00:20::/64" : "10.20.0.0/24"); }
    std::size_t records(wall::TransitShare share) {
        std::size_t count = 0;
        const auto& table = bench.sessions().transit[static_cast<std::size_t>(share)];
        table.for_each(0, table.buckets(), [&](const wall::TransitKey&, const auto&) { ++count; });
        return count;
    }
};
INSTANTIATE_TEST_SUITE_P(Families, Transit, testing::Values(v4_talk, v6_talk),
                         [](const auto& family) {
                             return family.param.is_v6() ? "IPv6" : "IPv4";
                         });

TEST_P(Transit, BegunByAClientIsRefused) {
    EXPECT_EQ(in(talk.tcp_in(syn)), "transit_not_allowed");
    EXPECT_EQ(in(talk.tcp_in(syn | ack)), "transit_not_allowed");
    EXPECT_EQ(in(talk.tcp_in(ack)), "transit_not_allowed");
    EXPECT_EQ(in(talk.udp_in()), "transit_not_allowed");
    EXPECT_EQ(in(talk.pong(7)), "transit_not_allowed");
    EXPECT_EQ(in(talk.in().icmp(talk.is_v6() ? 128 : 8, 0)), "transit_not_allowed");
    EXPECT_EQ(in(talk.in().protocol(gre).raw(Bytes(8, 0))), "transit_not_allowed");
    const auto to = [&](const char* v4, const char* v6) {
        return PacketBuilder{}
            .ip(talk.outside.c_str(), talk.is_v6() ? v6 : v4)
            .udp(9, 9);
    };
    EXPECT_EQ(in(to("192.0.2.50", "2001:db8:7::1")), "transit_not_allowed") << "back to clients";
    EXPECT_EQ(in(to("10.20.0.11", "fd00:20::14")), "transit_not_allowed") << "a server itself";
    EXPECT_EQ(in(to("100.66.0.1", "2001:db8:7::1")), "transit_not_allowed")
        << "behind the kernel's other interfaces";
}

TEST_P(Transit, OfAConversationOfTheServersSideIsAnswered) {
    EXPECT_EQ(out(talk.udp_out()), "transit");
    EXPECT_EQ(in(talk.udp_in()), "transit");
    EXPECT_EQ(out(talk.tcp_out(syn)), "transit");
    EXPECT_EQ(in(talk.tcp_in(syn | ack)), "transit");
    EXPECT_EQ(out(talk.ping(7)), "transit");
    EXPECT_EQ(in(talk.pong(7)), "transit");
    EXPECT_EQ(out(talk.out().protocol(gre).raw(Bytes(8, 0))), "transit");
    EXPECT_EQ(in(talk.in().protocol(gre).raw(Bytes(8, 0))), "transit");
    EXPECT_EQ(records(wall::TransitShare::others), 4u) << "none is left as asked alone";
}

TEST_P(Transit, IsAnsweredByWhomItAskedAlone) {
    out(talk.udp_out());
    out(talk.ping(7));
    Talk other = talk;
    other.outside_port = 444;
    EXPECT_EQ(in(other.udp_in()), "transit_not_allowed");
    other = talk;
    other.inside_port = 40001;
    EXPECT_EQ(in(other.udp_in()), "transit_not_allowed");
    other = talk;
    other.outside.back() = '1';
    EXPECT_EQ(in(other.udp_in()), "transit_not_allowed");
    other = talk;
    other.inside.back() = '1';
    EXPECT_EQ(in(other.udp_in()), "transit_not_allowed");
    EXPECT_EQ(in(talk.tcp_in(syn | ack)), "transit_not_allowed") << "another protocol";
    EXPECT_EQ(in(talk.pong(8)), "transit_not_allowed");
    out(talk.ping(0));
    for (const std::uint32_t id : {0U, 7U})
        EXPECT_EQ(in(talk.in().icmp(talk.is_v6() ? 128 : 8, 0, id << 16)), "transit_not_allowed")
            << "a question is no answer";
}

TEST_P(Transit, BeginsWithWhatCanBegin) {
    EXPECT_EQ(out(talk.tcp_out(rst)), "transit");
    EXPECT_EQ(in(talk.tcp_in(ack)), "transit_not_allowed") << "a reset begins nothing";
    EXPECT_EQ(out(talk.out().icmp(talk.is_v6() ? 129 : 0, 0)), "transit");
    EXPECT_EQ(in(talk.in().icmp(talk.is_v6() ? 128 : 8, 0)), "transit_not_allowed")
        << "nor does an answer";
    EXPECT_EQ(records(wall::TransitShare::others), 0u);
    EXPECT_EQ(out(talk.tcp_out(ack)), "transit");
    EXPECT_EQ(in(talk.tcp_in(ack)), "transit") << "one that went on elsewhere before";
}

TEST_P(Transit, AmongServersLeavesNoRecord) {
    Talk among = talk;
    among.outside = talk.is_v6() ? server(first_v6_server) : server(rras1);
    EXPECT_EQ(out(among.udp_out()), "transit");
    EXPECT_EQ(records(wall::TransitShare::others), 0u);
}

TEST_P(Transit, EndsWhenNothingIsHeardOfIt) {
    const wall::TransitTimeouts lives;
    out(talk.udp_out());
    in(talk.udp_in());
    bench.advance(lives.udp);
    EXPECT_EQ(in(talk.udp_in()), "transit") << "and that is heard of it";
    bench.advance(lives.udp + 1);
    EXPECT_EQ(in(talk.udp_in()), "transit_not_allowed");
    out(talk.ping(7));
    bench.advance(lives.icmp + 1);
    EXPECT_EQ(in(talk.pong(7)), "transit_not_allowed");
    out(talk.out().protocol(gre).raw(Bytes(8, 0)));
    bench.advance(lives.other);
    EXPECT_EQ(in(talk.in().protocol(gre).raw(Bytes(8, 0))), "transit");
    out(talk.tcp_out(syn));
    bench.advance(lives.tcp_opening + 1);
    EXPECT_EQ(in(talk.tcp_in(syn | ack)), "transit_not_allowed") << "not answered in time";
    out(talk.tcp_out(syn));
    in(talk.tcp_in(syn | ack));
    bench.advance(lives.tcp);
    EXPECT_EQ(in(talk.tcp_in(ack)), "transit");
    bench.advance(lives.tcp + 1);
    EXPECT_EQ(in(talk.tcp_in(ack)), "transit_not_allowed");
}

TEST_P(Transit, EndsSoonAfterItSaysSo) {
    const wall::TransitTimeouts lives;
    for (const bool is_of_client : {false, true}) {
        out(talk.tcp_out(syn));
        in(talk.tcp_in(syn | ack));
        if (is_of_client)
            EXPECT_EQ(in(talk.tcp_in(fin | ack)), "transit");
        else
            EXPECT_EQ(out(talk.tcp_out(rst)), "transit");
        bench.advance(lives.tcp_opening);
        EXPECT_EQ(in(talk.tcp_in(ack)), "transit");
        bench.advance(lives.tcp_opening + 1);
        EXPECT_EQ(in(talk.tcp_in(ack)), "transit_not_allowed");
    }
}

TEST_P(Transit, WithPortsUsedAgainIsANewConversation) {
    const wall::TransitTimeouts lives;
    out(talk.tcp_out(syn));
    in(talk.tcp_in(syn | ack));
    out(talk.tcp_out(fin | ack));
    in(talk.tcp_in(fin | ack));
    out(talk.tcp_out(syn));
    in(talk.tcp_in(syn | ack));
    bench.advance(lives.tcp);
    EXPECT_EQ(in(talk.tcp_in(ack)), "transit");
}

TEST_P(Transit, IsRenewedByEitherSideAndWrittenSeldom) {
    const wall::TransitTimeouts lives;
    out(talk.udp_out());
    in(talk.udp_in());
    for (int i = 0; i < 8; ++i) {
        bench.advance(lives.udp / 2);
        EXPECT_EQ(out(talk.udp_out()), "transit");
    }
    bench.advance(lives.udp);
    EXPECT_EQ(in(talk.udp_in()), "transit");
}

TEST_P(Transit, ErrorsAboutItReachWhoSentIt) {
    Talk other = talk;
    other.outside_port = 444;
    for (const PacketBuilder& sent : {talk.udp_out(), talk.tcp_out(syn), talk.ping(7),
                                      talk.out().protocol(gre).raw(Bytes(8, 0))}) {
        EXPECT_EQ(in(talk.error(sent)), "transit_not_allowed");
        EXPECT_EQ(out(sent), "transit");
        EXPECT_EQ(in(talk.error(sent)), "transit");
        EXPECT_EQ(in(talk.error(sent, talk.is_v6() ? 48 : 28)), "transit") << "the shortest quote";
    }
    EXPECT_EQ(in(talk.error(other.udp_out())), "transit_not_allowed");
    EXPECT_EQ(in(talk.error(talk.udp_out().fragment(64, false))), "transit_not_allowed");
    const PacketBuilder to_another = PacketBuilder{}
                                         .ip(talk.is_v6() ? "2001:db8:5::1" : "198.18.0.1",
                                             talk.is_v6() ? "fd00:20::51" : "10.20.0.51")
                                         .icmp(talk.is_v6() ? 1 : 3, 1)
                                         .payload(talk.udp_out().build_ip());
    EXPECT_EQ(in(to_another), "transit_not_allowed") << "it did not send that";
}

TEST_P(Transit, HasSharesByWhoBegins) {
    out(talk.udp_out());
    Talk of_server = talk;
    of_server.inside = talk.is_v6() ? server(first_v6_server) : server(rras1);
    out(of_server.udp_out());
    Talk of_inside = talk;
    of_inside.inside = talk.is_v6() ? "fd00:9::1" : "10.9.0.1";
    out(of_inside.udp_out());
    using wall::TransitShare;
    for (const auto share :
         {TransitShare::backends, TransitShare::inside_prefixes, TransitShare::others})
        EXPECT_EQ(records(share), 1u) << static_cast<int>(share);
    EXPECT_EQ(in(of_server.udp_in()), "transit");
    EXPECT_EQ(in(of_inside.udp_in()), "transit");
}

TEST_P(Transit, OfAFloodDoesNotEndWhatIsAnswered) {
    out(talk.udp_out());
    in(talk.udp_in());
    Talk flood = talk;
    for (int i = 0; i < 40000; ++i) {
        flood.outside_port = static_cast<std::uint16_t>(i);
        flood.inside_port = static_cast<std::uint16_t>(i / 7);
        ASSERT_EQ(out(flood.udp_out()), "transit");
    }
    EXPECT_EQ(in(talk.udp_in()), "transit");
    EXPECT_EQ(in(flood.udp_in()), "transit") << "the newest is remembered as well";
}

TEST_P(Transit, WithoutRoomForItsRecordIsForwardedAndCounted) {
    Talk many = talk;
    const auto& untracked = bench.counters().transit_untracked;
    for (int i = 0; i < 8000; ++i) {
        many.inside_port = static_cast<std::uint16_t>(i);
        const auto before = untracked.read();
        ASSERT_EQ(out(many.udp_out()), "transit");
        const bool has_record = untracked.read() == before;
        ASSERT_EQ(in(many.udp_in()), has_record ? "transit" : "transit_not_allowed") << i;
        ASSERT_TRUE(has_record || i > 4096) << i;
    }
    EXPECT_GT(untracked.read(), 0u);
}

// --- What the operator allows ---

TEST_P(Transit, ThatIsAllowedPassesAndItsAnswersToo) {
    allow({{.from = anywhere(), .to = servers(), .protocol = tcp, .first_port = 3389,
            .last_port = 3389}});
    Talk rdp = talk;
    rdp.inside_port = 3389;
    EXPECT_EQ(in(rdp.tcp_in(syn)), "transit");
    EXPECT_EQ(out(rdp.tcp_out(syn | ack)), "transit");
    EXPECT_EQ(in(rdp.udp_in()), "transit_not_allowed");
    EXPECT_EQ(in(talk.tcp_in(syn)), "transit_not_allowed");
    EXPECT_EQ(in(rdp.error(rdp.tcp_out(syn | ack))), "transit");
}

TEST_P(Transit, ThatIsAllowedIsSoForDhcpAsWell) {
    const std::uint16_t from = talk.is_v6() ? 547 : 67, to = talk.is_v6() ? 546 : 68;
    const auto renewal =
        PacketBuilder{}.ip(talk.outside.c_str(), talk.inside.c_str()).udp(from, to);
    EXPECT_EQ(in(renewal), "punt_local");
    allow({{.from = anywhere(), .to = servers(), .protocol = 17, .first_port = to,
            .last_port = to}});
    EXPECT_EQ(in(renewal), "transit");
}

TEST_P(Transit, ThatIsAllowedEndsWithItsRuleAndTakesNoRoom) {
    allow({{.from = anywhere(), .to = servers(), .protocol = tcp, .first_port = talk.inside_port,
            .last_port = talk.inside_port}});
    EXPECT_EQ(in(talk.tcp_in(syn)), "transit");
    EXPECT_EQ(out(talk.tcp_out(syn | ack)), "transit");
    EXPECT_EQ(out(talk.tcp_out(ack)), "transit");
    EXPECT_EQ(in(talk.error(talk.tcp_out(ack))), "transit");
    EXPECT_EQ(records(wall::TransitShare::others), 0U);
    allow({});
    EXPECT_EQ(in(talk.tcp_in(ack)), "transit_not_allowed");
    EXPECT_EQ(in(talk.error(talk.tcp_out(ack))), "transit_not_allowed");
}

TEST_P(Transit, MayBeAllowedForEstablishedTcpAlone) {
    allow({{.from = anywhere(), .to = servers(), .protocol = tcp, .is_established = true}});
    EXPECT_EQ(in(talk.tcp_in(syn)), "transit_not_allowed");
    EXPECT_EQ(in(talk.tcp_in(syn | ack)), "transit");
    EXPECT_EQ(in(talk.tcp_in(ack)), "transit");
    EXPECT_EQ(in(talk.tcp_in(rst)), "transit");
    EXPECT_EQ(in(talk.tcp_in(fin)), "transit_not_allowed");
}

TEST_P(Transit, ThatIsAllowedStillNeedsASourceThatCanBe) {
    allow({{.from = anywhere(), .to = anywhere()}});
    Talk forged = talk;
    forged.outside = talk.is_v6() ? "fd00:20::77" : "10.20.0.77";
    EXPECT_EQ(in(talk.udp_in()), "transit");
    EXPECT_EQ(in(forged.udp_in()), "spoofed_source");
    Talk direct = talk;
    direct.inside = talk.is_v6() ? server(first_v6_server) : server(rras1);
    direct.inside_port = 4500;
    EXPECT_EQ(in(direct.udp_in()), "direct_to_backend");
}

TEST_P(Transit, ThatIsOpenIsOpen) {
    bench.spec.wall.is_open = true;
    bench.apply();
    EXPECT_EQ(in(talk.tcp_in(syn)), "transit");
    EXPECT_EQ(in(talk.in().protocol(gre).raw(Bytes(8, 0))), "transit");
}

TEST_P(Transit, OfTcpUnderwayPassesForAWhileAfterATakeover) {
    bench.spec.wall.grace_until = bench.now() + 60;
    bench.apply();
    EXPECT_EQ(in(talk.tcp_in(syn)), "transit_not_allowed");
    EXPECT_EQ(in(talk.tcp_in(syn | ack)), "transit_not_allowed");
    EXPECT_EQ(in(talk.udp_in()), "transit_not_allowed");
    EXPECT_EQ(in(talk.in().protocol(tcp).raw(Bytes(4, 0))), "transit_not_allowed")
        << "without flags";
    EXPECT_EQ(in(talk.tcp_in(ack)), "transit");
    EXPECT_EQ(in(talk.tcp_in(fin | ack)), "transit");
    EXPECT_EQ(bench.counters().transit_grace.read(), 2u);
    Talk elsewhere = talk;
    elsewhere.inside = talk.is_v6() ? "2001:db8:7::1" : "192.0.2.50";
    EXPECT_EQ(in(elsewhere.tcp_in(ack)), "transit_not_allowed") << "towards the servers alone";
    bench.advance(60);
    EXPECT_EQ(in(talk.tcp_in(ack)), "transit_not_allowed");
    out(talk.tcp_out(ack));
    EXPECT_EQ(in(talk.tcp_in(ack)), "transit");
}

// --- Servers themselves ---

TEST_P(Transit, EspThatAServerBeganIsAnswered) {
    Talk esp_talk = talk;
    esp_talk.inside = talk.is_v6() ? server(first_v6_server) : server(rras1);
    allow({{.from = anywhere(), .to = servers()}});
    EXPECT_EQ(in(esp_talk.in().protocol(50).raw(Bytes(16, 1))), "direct_to_backend");
    EXPECT_EQ(out(esp_talk.out().protocol(50).raw(Bytes(16, 1))), "transit");
    EXPECT_EQ(in(esp_talk.in().protocol(50).raw(Bytes(16, 1))), "transit");
}

// --- Fragments ---

class TransitFragments : public Transit {
protected:
    std::vector<Bytes> parts(PacketBuilder whole, std::uint32_t id) {
        whole.identification(id).payload(Bytes(2000, 7));
        return fragments_of(bench.client_side(whole), 1400);
    }
    std::string in_frame(const Bytes& frame) { return name(bench.run({.bytes = frame}).verdict); }
};
INSTANTIATE_TEST_SUITE_P(Families, TransitFragments, testing::Values(v4_talk, v6_talk),
                         [](const auto& family) {
                             return family.param.is_v6() ? "IPv6" : "IPv4";
                         });

TEST_P(TransitFragments, FollowTheirFirstInAnyOrder) {
    out(talk.udp_out());
    const auto answer = parts(talk.udp_in(), 1);
    EXPECT_EQ(in_frame(answer[1]), "hold_fragment");
    EXPECT_EQ(in_frame(answer[0]), "transit");
    EXPECT_EQ(in_frame(answer[1]), "transit");
    Talk other = talk;
    other.outside_port = 444;
    const auto refused = parts(other.udp_in(), 2);
    EXPECT_EQ(in_frame(refused[0]), "transit_not_allowed");
    EXPECT_EQ(in_frame(refused[1]), "fragment_of_drop");
    const auto alone = parts(talk.udp_in(), 3);
    EXPECT_EQ(name(bench.run({.bytes = alone[1], .may_hold = false, .was_held = true}).verdict),
              "fragment_timeout");
}

TEST_P(TransitFragments, OfOtherProtocolsFollowTheirFirst) {
    allow({{.from = anywhere(), .to = servers(), .protocol = gre}});
    const auto of = [&](std::uint8_t protocol, std::uint32_t id) {
        return fragments_of(bench.client_side(talk.in()
                                                  .protocol(protocol)
                                                  .identification(id)
                                                  .raw(Bytes(2000, 7))),
                            1400);
    };
    EXPECT_EQ(in_frame(of(gre, 1)[1]), "hold_fragment");
    EXPECT_EQ(in_frame(of(gre, 1)[0]), "transit");
    EXPECT_EQ(in_frame(of(gre, 1)[1]), "transit");
    EXPECT_EQ(in_frame(of(89, 2)[0]), "transit_not_allowed");
    EXPECT_EQ(in_frame(of(89, 2)[1]), "fragment_of_drop");
}

// --- The kernel forwards nothing of it ---

TEST_P(Transit, WaitsForItsNeighbourAtHome) {
    bench.spec.wall.is_open = true;
    bench.apply();
    Talk other = talk;
    other.inside = talk.is_v6() ? "fd00:20::77" : "10.20.0.77";
    EXPECT_EQ(in(other.udp_in()), "hold_neighbour") << "the kernel would not ask the wall";
    other.outside = talk.is_v6() ? "2001:db8:198::77" : "198.51.100.77";
    EXPECT_EQ(out(other.udp_out()), "punt_unresolved");
}

TEST(TransitTooBig, IsCutByTheKernelAsIfItCameWhereItIsToLeave) {
    for (TableSpec spec : {two_armed_farm(), one_port_farm()}) {
        spec.interfaces[srv].mtu = 600;
        spec.wall.is_open = true;
        Bench bench{spec};
        const std::string to = server(rras1);
        PacketBuilder packet =
            PacketBuilder{}.ip(client, to.c_str()).udp(9, 53).payload(Bytes(700, 1));
        const Outcome outcome = bench.from_client(packet);
        EXPECT_EQ(name(outcome.verdict), "punt_unresolved");
        EXPECT_EQ(outcome.in_interface, srv);
        packet.mac(first_gateway_mac(), spec.interfaces[srv].mac);
        EXPECT_EQ(difference(packet.build(), outcome.bytes), "");
        const Outcome unwanted = bench.from_client(packet.dont_fragment());
        EXPECT_EQ(name(unwanted.verdict), "icmp_error_sent");
    }
}


TEST(TransitTooBig, IsDroppedWhereItWouldLeaveTowardsClients) {
    TableSpec spec = flat_farm();
    spec.wall.is_open = true;
    spec.interfaces[ext].mtu = 1280;
    Bench bench{spec};
    const auto packet = PacketBuilder{}.ip(client, "10.20.0.11").udp(9, 9).payload(Bytes(1400, 1));
    EXPECT_EQ(name(bench.from_client(packet).verdict), "too_big")
        << "there the kernel forwards nothing of clients";
    EXPECT_EQ(name(bench.from_client(PacketBuilder{packet}.dont_fragment()).verdict),
              "icmp_error_sent");
    const auto of_server =
        PacketBuilder{}.ip("10.20.0.11", client).udp(9, 9).payload(Bytes(1400, 1));
    EXPECT_EQ(name(bench.from_gateway(of_server, server_mac(rras1)).verdict), "punt_unresolved");
}

TEST_P(TransitFragments, OfAnAnswerArriveBesideForgedOnesOfItsSender) {
    out(talk.udp_out());
    Talk closed = talk;
    closed.outside_port = 9;
    const Bytes forged = parts(closed.udp_in(), 7)[0];
    for (int i = 0; i < 2100; ++i) in_frame(forged);
    EXPECT_EQ(in_frame(parts(talk.udp_in(), 1)[0]), "transit");
}

TEST_P(Transit, PingsOfClientsTakeNothingFromTheServersOfOneArm) {
    bench.spec.interfaces[ext].faces_servers = true;
    bench.apply();
    const auto vip_ping = [&](const char* from) {
        return PacketBuilder{}.ip(from, talk.is_v6() ? vip6 : vip).icmp(talk.is_v6() ? 128 : 8, 0);
    };
    for (int i = 0; i < 300; ++i) in(vip_ping(talk.outside.c_str()));
    bench.spec.interfaces[ext].faces_servers = false;
    bench.apply();
    EXPECT_EQ(out(vip_ping(talk.inside.c_str())), "punt_icmp");
}

}  // namespace
}  // namespace ikelb::pipeline
