// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "config/text/address.h"
#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

/// Several VIPs on the same servers: a server's reply does not say by itself which one it is of.
class TwoVips : public testing::Test {
protected:
    Bench bench{farm_with_two_vips()};

    std::string vip_of(const PacketBuilder& packet) {
        const Outcome outcome = bench.from_server(packet);
        return outcome.verdict == Verdict::to_client ? text::to_text(outcome.packet().from)
                                                     : name(outcome.verdict);
    }
};

TEST_F(TwoVips, AReplyFindsItsVipByTheHalfOpenChoice) {
    Session session{.vip = second_vip};
    session.backend = bench.from_client(session.init()).backend;
    EXPECT_EQ(vip_of(session.init_answer()), second_vip);
    EXPECT_EQ(vip_of(reply(session.backend, 500, client, 500,
                           notify_answer(session.spi_i).bytes())),
              second_vip)
        << "a cookie request too";
}

TEST_F(TwoVips, AReplyFindsItsVipByThePair) {
    const Session session = log_in(bench, {.vip = second_vip});
    bench.advance(60);
    Session moved = session;
    moved.client = other_client;
    EXPECT_EQ(vip_of(moved.dpd_answer()), second_vip);
}

TEST_F(TwoVips, AReplyFindsItsVipByTheFlow) {
    const Session session = log_in(bench, {.vip = second_vip});
    EXPECT_EQ(vip_of(session.esp_down()), second_vip);
    EXPECT_EQ(vip_of(reply(session.backend, 4500, client, 4500, keepalive())), second_vip);
}

TEST_F(TwoVips, AReplyFindsItsVipByTheOneThatTheClientUses) {
    const Session session = log_in(bench, {.vip = second_vip});
    EXPECT_EQ(vip_of(reply(session.backend, 4500, client, 5555, esp(0xd0000002))), second_vip);
}

TEST_F(TwoVips, AReplyWithoutAnyRecordIsDroppedNeverGuessed) {
    EXPECT_EQ(vip_of(Session{.backend = rras1}.esp_down()), "reply_vip_unknown");
    EXPECT_EQ(vip_of(Session{.backend = rras1}.dpd_answer()), "reply_vip_unknown");
}

TEST_F(TwoVips, TwoBindingsOfOneClientToOneServerAreAsBadAsNone) {
    Session first = log_in(bench, {.port_4500 = 1001});
    bench.spec.backends[0].weight = bench.spec.backends[1].weight =
        bench.spec.backends[2].weight = 0;
    bench.spec.backends[first.backend].weight = 1;
    bench.apply();
    Session second = log_in(
        bench, {.port_500 = 501, .port_4500 = 1002, .spi_i = 7, .spi_r = 8, .vip = second_vip});
    ASSERT_EQ(first.backend, second.backend);
    EXPECT_EQ(vip_of(first.esp_down()), vip);
    EXPECT_EQ(vip_of(second.esp_down()), second_vip);
    EXPECT_EQ(vip_of(reply(first.backend, 4500, client, 9999, esp(5000))), "reply_vip_unknown");
}

TEST_F(TwoVips, ANewSaOfAClientOfBothFindsItsVipByTheHalfOpenChoice) {
    Session first = log_in(bench);
    for (auto& backend : bench.spec.backends) backend.weight = 0;
    bench.spec.backends[first.backend].weight = 1;
    bench.apply();
    log_in(bench, {.port_500 = 501, .port_4500 = 1002, .spi_i = 7, .spi_r = 8, .vip = second_vip});
    Session again{.port_500 = 777, .spi_i = 9, .spi_r = 10, .vip = second_vip};
    again.backend = bench.from_client(again.init()).backend;
    EXPECT_EQ(vip_of(again.init_answer()), second_vip);
}

TEST_F(TwoVips, OnOneTupleTheVipWhereItHasShownMostGetsTheEsp) {
    const Session first = log_in(bench);
    for (auto& backend : bench.spec.backends) backend.weight = 0;
    bench.spec.backends[first.backend].weight = 1;
    bench.apply();
    const Session second = log_in(bench, {.spi_i = 7, .spi_r = 8, .vip = second_vip});
    ASSERT_EQ(first.backend, second.backend);
    EXPECT_EQ(vip_of(second.esp_down()), vip) << "an answered login is less than speech";
    bench.advance(1);
    EXPECT_EQ(vip_of(reply(second.backend, 4500, client, second.port_4500,
                           behind_marker(encrypted(second.spi_i, second.spi_r,
                                                   ike::exchange::informational, 0)))),
              second_vip)
        << "IKE goes by its pair";
    EXPECT_EQ(vip_of(second.esp_down()), second_vip) << "where it spoke last";
    EXPECT_EQ(vip_of(first.dpd_answer()), vip);
}

TEST_F(TwoVips, AStaticMapNeedsNoState) {
    Bench one{two_armed_farm()};
    const Outcome outcome = one.from_server(reply(rras2, 4500, client, 9999, esp(0xd0000001)));
    EXPECT_EQ(outcome.packet().from, address(vip));
}

/// Auto last hop: replies go back by the gateway that the request came from.
class LastHop : public testing::Test {
protected:
    Bench bench{two_armed_farm()};

    net::MacAddress hop_of(const PacketBuilder& packet) {
        return bench.from_server(packet).packet().to_mac;
    }
    Session log_in_by(const net::MacAddress& gateway) {
        Session session{};
        session.backend = bench.from_gateway(session.init(), gateway).backend;
        bench.from_server(session.init_answer());
        bench.from_gateway(session.auth(), gateway);
        bench.from_server(session.auth_answer());
        bench.from_server(session.esp_down());
        return session;
    }
    void lead(const char* to, forwarding::GatewayIndex gateway) {
        bench.spec.routes.push_back({.prefix = prefix(to),
                                     .kind = forwarding::RouteKind::gateway,
                                     .interface = ext,
                                     .gateway = gateway});
    }
    void take_default_route_of(forwarding::GatewayIndex gateway) {
        std::erase_if(bench.spec.routes, [&](const RouteSpec& route) {
            return route.prefix.length == 0 && route.gateway == gateway;
        });
    }
};

TEST_F(LastHop, WithoutARecordIsTheVipsUplink) {
    EXPECT_EQ(hop_of(Session{.backend = rras1}.esp_down()), first_gateway_mac());
    bench.spec.services[0].uplink = second_gateway;
    bench.apply();
    EXPECT_EQ(hop_of(reply(rras1, 4500, other_client, 4500, esp(256))), second_gateway_mac());
}

TEST_F(LastHop, WithoutAnUplinkIsTheKernelsRoute) {
    bench.spec.services[0].uplink = forwarding::no_gateway;
    bench.apply();
    EXPECT_EQ(hop_of(Session{.backend = rras1}.esp_down()), first_gateway_mac());
}

TEST_F(LastHop, OfAnOnLinkClientIsItself) {
    EXPECT_EQ(hop_of(reply(rras1, 4500, "198.51.100.50", 4500, esp(256))),
              mac("02:00:00:00:01:32"));
}

TEST_F(LastHop, IsTheGatewayOfTheRequestFromTheFirstAnswerOn) {
    Session session{};
    session.backend = bench.from_gateway(session.init(), second_gateway_mac()).backend;
    EXPECT_EQ(hop_of(session.init_answer()), second_gateway_mac());
}

TEST_F(LastHop, OfARefusalIsTheGatewayOfTheRequestToo) {
    Session session{};
    session.backend = bench.from_gateway(session.init(), second_gateway_mac()).backend;
    EXPECT_EQ(hop_of(reply(session.backend, 500, client, 500,
                           notify_answer(session.spi_i).bytes())),
              second_gateway_mac());
}

TEST_F(LastHop, StaysWithTheCommittedFlow) {
    const Session session = log_in_by(second_gateway_mac());
    bench.advance(1000);
    EXPECT_EQ(hop_of(session.esp_down()), second_gateway_mac());
}

TEST_F(LastHop, ChangesByAnAnswerThatTheHoldersOfTheSaExchanged) {
    const Session session = log_in_by(first_gateway_mac());
    bench.from_gateway(session.dpd(), second_gateway_mac());
    EXPECT_EQ(hop_of(session.esp_down()), first_gateway_mac()) << "no answer yet";
    EXPECT_EQ(hop_of(session.dpd_answer()), second_gateway_mac());
    EXPECT_EQ(hop_of(session.esp_down()), second_gateway_mac());
}

/// Servers answer those as well, under the message ID that they have answered before.
TEST_F(LastHop, IsNotChangedByTheAnswerToAReplayBehindAnotherGateway) {
    const Session session = log_in_by(first_gateway_mac());
    bench.from_client(session.dpd());
    bench.from_server(session.dpd_answer());
    bench.from_gateway(session.dpd(), second_gateway_mac());
    EXPECT_EQ(hop_of(session.dpd_answer()), second_gateway_mac()) << "to whoever has asked";
    EXPECT_EQ(hop_of(session.esp_down()), first_gateway_mac());
}

TEST_F(LastHop, IsNotChangedByEspOrKeepalives) {
    const Session session = log_in_by(first_gateway_mac());
    bench.from_gateway(session.esp_up(), second_gateway_mac());
    bench.from_gateway(to_vip(client, 4500, 4500, keepalive()), second_gateway_mac());
    bench.from_server(session.dpd_answer());
    EXPECT_EQ(hop_of(session.esp_down()), first_gateway_mac());
}

TEST_F(LastHop, IsNotChangedByAForeignMac) {
    const Session session = log_in_by(first_gateway_mac());
    bench.from_gateway(session.dpd(), mac("02:00:00:00:66:66"));
    EXPECT_EQ(hop_of(session.dpd_answer()), first_gateway_mac());
    EXPECT_EQ(hop_of(session.esp_down()), first_gateway_mac());
}

TEST_F(LastHop, IsNotChangedByASpoofedInitBehindAnotherGateway) {
    const Session session = log_in_by(first_gateway_mac());
    Session forged{.port_500 = 4500, .spi_i = 0x6666, .spi_r = 0x6667};
    const auto forged_init =
        to_vip(client, 4500, 4500, behind_marker(sa_init(forged.spi_i)));
    forged.backend = bench.from_gateway(forged_init, second_gateway_mac()).backend;
    bench.from_server(reply(forged.backend, 4500, client, 4500,
                            behind_marker(sa_init_answer(forged.spi_i, forged.spi_r))));
    EXPECT_EQ(hop_of(session.esp_down()), first_gateway_mac());
    bench.from_client(session.dpd());
    EXPECT_EQ(hop_of(session.dpd_answer()), first_gateway_mac())
        << "the answer to one request commits nothing for another";
}

TEST_F(LastHop, OfARequestThatIsOldIsForgotten) {
    const Session session = log_in_by(first_gateway_mac());
    bench.from_gateway(session.dpd(), second_gateway_mac());
    bench.advance(11);
    EXPECT_EQ(hop_of(session.dpd_answer()), first_gateway_mac());
}

TEST_F(LastHop, ThatIsNoGatewayAnyMoreGivesWayToTheUplink) {
    const Session session = log_in_by(second_gateway_mac());
    take_default_route_of(second_gateway);
    bench.spec.gateways.pop_back();
    bench.apply();
    EXPECT_EQ(hop_of(session.esp_down()), first_gateway_mac());
}

/// Its router has died; another one leads to the client.
TEST_F(LastHop, ThatAnswersNoMoreGivesWayUntilItDoesAgain) {
    const Session session = log_in_by(second_gateway_mac());
    bench.spec.gateways[1].mac = {};
    bench.apply();
    EXPECT_EQ(hop_of(session.esp_down()), first_gateway_mac());
    ASSERT_EQ(bench.memory().neighbours.size(), 1u);
    EXPECT_EQ(bench.memory().neighbours[0].address, address("198.51.100.253"));
    bench.spec.gateways[1].mac = second_gateway_mac();
    bench.apply();
    EXPECT_EQ(hop_of(session.esp_down()), second_gateway_mac());
}

/// The default route has moved, while the old router still leads somewhere.
TEST_F(LastHop, ThatLeadsToOthersAloneGivesWay) {
    const Session session = log_in_by(first_gateway_mac());
    bench.spec.services[0].uplink = second_gateway;
    take_default_route_of(first_gateway);
    lead("198.18.0.0/16", first_gateway);
    bench.apply();
    EXPECT_EQ(hop_of(session.esp_down()), second_gateway_mac());
    lead("192.0.2.0/24", first_gateway);
    bench.apply();
    EXPECT_EQ(hop_of(session.esp_down()), first_gateway_mac());
    lead("192.0.2.0/28", second_gateway);
    bench.apply();
    EXPECT_EQ(hop_of(session.esp_down()), first_gateway_mac()) << "a wider route leads there too";
}

TEST_F(LastHop, ByADefaultRouteOfTheOtherFamilyIsNone) {
    const Session session = log_in_by(second_gateway_mac());
    take_default_route_of(second_gateway);
    lead("::/0", second_gateway);
    bench.apply();
    EXPECT_EQ(hop_of(session.esp_down()), first_gateway_mac());
}

TEST_F(LastHop, OfAnUplinkThatAnswersNoMoreIsTheKernelsRoute) {
    bench.spec.gateways[0].mac = {};
    bench.apply();
    EXPECT_EQ(hop_of(Session{.backend = rras1}.init_answer()), second_gateway_mac());
    EXPECT_EQ(hop_of(Session{.backend = rras1}.esp_down()), second_gateway_mac());
}

/// The MAC address of one who has roamed on the link is still known as that of a router, since a
/// route leads over his old address.
TEST_F(LastHop, OfARoamerOnTheLinkIsHimselfNotHisOldAddress) {
    const net::MacAddress own = mac("02:00:00:00:01:32");
    bench.spec.gateways[1].mac = own;
    bench.apply();
    Session session{.client = "198.51.100.50"};
    session.backend = bench.from_gateway(session.init(), own).backend;
    for (const auto& [up, down] : {std::pair{session.auth(), session.auth_answer()},
                                   std::pair{session.dpd(), session.dpd_answer()}}) {
        bench.from_gateway(up, own);
        EXPECT_EQ(hop_of(down), own);
    }
    bench.spec.gateways[1].mac = second_gateway_mac();
    bench.apply();
    EXPECT_EQ(hop_of(session.esp_down()), own) << "his old address is another's now";
}

TEST_F(LastHop, ThatIsUnresolvedIsAskedForAndWaitedFor) {
    bench.spec.gateways[0].mac = bench.spec.gateways[1].mac = {};
    bench.apply();
    EXPECT_EQ(name(bench.from_server(Session{.backend = rras1}.esp_down()).verdict),
              "hold_neighbour");
    ASSERT_EQ(bench.memory().neighbours.size(), 1u);
    EXPECT_EQ(bench.memory().neighbours[0].address, address("198.51.100.254"));
}

}  // namespace
}  // namespace ikelb::pipeline
