// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// An alias address for each further VIP of a server: it says by itself which VIP a reply is of.

#include <gtest/gtest.h>

#include <algorithm>

#include "config/text/address.h"
#include "tests/testlib/bench.h"
#include "tests/testlib/quoted.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

/// As a server that has both addresses answers: from the one that it was asked at.
class Aliases : public testing::Test {
protected:
    Bench bench{farm_with_aliases()};
    const Session at_second{.vip = second_vip, .by_alias = true};

    std::string from_of(const Outcome& outcome) {
        return outcome.verdict == Verdict::to_client ? text::to_text(outcome.packet().from)
                                                     : name(outcome.verdict);
    }
    std::string to_of(const Outcome& outcome) {
        return outcome.verdict == Verdict::to_server ? text::to_text(outcome.packet().to)
                                                     : name(outcome.verdict);
    }
    std::string vip_of(const PacketBuilder& packet) { return from_of(bench.from_server(packet)); }

    /// Everybody without a record goes to that server.
    void schedule_only(forwarding::BackendIndex server) {
        for (BackendSpec& backend : bench.spec.backends) backend.weight = 0;
        bench.spec.backends[server].weight = 1;
        bench.apply();
    }
};

TEST_F(Aliases, EachVipIsServedAtItsOwnAddressOfOneBackend) {
    schedule_only(rras2);
    for (const Session& session : {log_in(bench), log_in(bench, {.port_500 = 501,
                                                                 .port_4500 = 4501,
                                                                 .spi_i = 7,
                                                                 .spi_r = 8,
                                                                 .vip = second_vip,
                                                                 .by_alias = true})}) {
        const std::string address = session.by_alias ? server_alias(rras2) : server(rras2);
        EXPECT_EQ(session.backend, rras2);
        for (const PacketBuilder& packet :
             {session.init(), session.dpd(), session.esp_up(), session.esp_up()})
            EXPECT_EQ(to_of(bench.from_client(packet)), address);
        for (const PacketBuilder& packet :
             {session.init_answer(), session.dpd_answer(), session.esp_down(), session.esp_down()})
            EXPECT_EQ(vip_of(packet), session.vip);
    }
}

TEST_F(Aliases, AReplyNeedsNoRecord) {
    for (const Session& session :
         {Session{.backend = rras1},
          Session{.vip = second_vip, .backend = rras1, .by_alias = true}}) {
        EXPECT_EQ(vip_of(session.esp_down()), session.vip);
        EXPECT_EQ(vip_of(session.init_answer()), session.vip);
        EXPECT_EQ(vip_of(session.dpd_answer()), session.vip);
    }
}

/// What an unknown source repeats or begins at the other VIP, from the client's own address and
/// port, is answered there and turns none of the client's replies.
TEST_F(Aliases, ALoginOrAReplayAtTheOtherVipTurnsNoReply) {
    const Session session = log_in(bench, at_second);
    schedule_only(session.backend);
    Session replayed = session;
    replayed.vip = vip;
    replayed.by_alias = false;
    const auto expect_own_vip = [&] {
        EXPECT_EQ(vip_of(session.esp_down()), second_vip);
        EXPECT_EQ(vip_of(session.dpd_answer()), second_vip);
        EXPECT_EQ(to_of(bench.from_client(session.esp_up())), server_alias(session.backend));
        EXPECT_EQ(to_of(bench.from_client(session.dpd())), server_alias(session.backend));
    };
    for (int round = 0; round < 3; ++round) {
        bench.from_client(replayed.auth());
        EXPECT_EQ(vip_of(replayed.auth_answer()), vip);
        bench.from_client(replayed.dpd());
        EXPECT_EQ(vip_of(replayed.dpd_answer()), vip);
        expect_own_vip();
        Session failed{.spi_i = 70, .spi_r = 80, .backend = session.backend};
        bench.from_client(failed.init());
        EXPECT_EQ(vip_of(failed.init_answer()), vip);
        bench.from_client(failed.auth());
        EXPECT_EQ(vip_of(failed.auth_answer()), vip);
        expect_own_vip();
        bench.advance(400);
        bench.from_server(session.esp_down());
    }
}

TEST_F(Aliases, WhereEveryServiceHasOneTheOwnAddressIsNobodys) {
    for (const forwarding::BackendIndex b : bench.spec.services[0].members)
        bench.spec.services[0].aliases.push_back(
            {.backend = b,
             .address = address(("10.20.0." + std::to_string(121 + b)).c_str()),
             .mac = server_mac(b)});
    bench.apply();
    const Session session{.backend = rras1};
    EXPECT_EQ(vip_of(session.esp_down()), "reply_vip_unknown") << "never a guess";
    EXPECT_EQ(to_of(bench.from_client(session.init())).substr(0, 9), "10.20.0.1");
}

TEST_F(Aliases, OneServerMayHaveAnAliasAndAnotherNone) {
    bench.spec.services[1].aliases.resize(1);
    bench.apply();
    EXPECT_EQ(vip_of(Session{.backend = rras1}.esp_down()), vip);
    EXPECT_EQ(vip_of(Session{.backend = rras2}.esp_down()), "reply_vip_unknown");
    schedule_only(rras2);
    const Session session = log_in(bench, {.vip = second_vip});
    EXPECT_EQ(vip_of(session.esp_down()), second_vip) << "by its records";
    EXPECT_EQ(to_of(bench.from_client(session.esp_up())), server(rras2));
}

TEST_F(Aliases, AReloadThatAddsThemKeepsTheRecords) {
    bench.spec = farm_with_two_vips();
    bench.apply();
    const Session first = log_in(bench);
    const Session second = log_in(bench, {.client = other_client,
                                          .spi_i = 7,
                                          .spi_r = 8,
                                          .vip = second_vip});
    schedule_only(first.backend == rras3 ? rras1 : rras3);
    const auto backends = bench.spec.backends;
    bench.spec = farm_with_aliases();
    bench.spec.backends = backends;
    bench.apply();
    EXPECT_EQ(to_of(bench.from_client(first.esp_up())), server(first.backend));
    EXPECT_EQ(vip_of(first.esp_down()), vip);
    EXPECT_EQ(to_of(bench.from_client(second.dpd())), server_alias(second.backend));
    const Session again{.client = other_client, .spi_i = 9, .vip = second_vip};
    EXPECT_EQ(to_of(bench.from_client(again.init())), server_alias(second.backend))
        << "its next login is bound to its server";
    bench.spec.services[1].aliases.clear();
    bench.apply();
    EXPECT_EQ(to_of(bench.from_client(second.esp_up())), server(second.backend));
    EXPECT_EQ(vip_of(second.esp_down()), second_vip);
}

TEST_F(Aliases, AnUnknownNeighbourIsAskedForByItsOwnAddress) {
    schedule_only(rras1);
    bench.spec.services[1].aliases[0].mac = {};
    std::erase_if(bench.spec.neighbours, [](const NeighbourSpec& neighbour) {
        return neighbour.address == address(server_alias(rras1).c_str());
    });
    bench.apply();
    EXPECT_EQ(to_of(bench.from_client(Session{}.init())), server(rras1));
    EXPECT_EQ(to_of(bench.from_client(at_second.init())), "hold_neighbour");
    ASSERT_EQ(bench.memory().neighbours.size(), 1u);
    EXPECT_EQ(bench.memory().neighbours[0].address, address(server_alias(rras1).c_str()));
}

TEST_F(Aliases, AreNotReachedFromTheClientsSide) {
    for (const std::uint16_t port : {std::uint16_t{500}, std::uint16_t{4500}})
        EXPECT_EQ(name(bench.from_client(PacketBuilder{}
                                             .ip(client, server_alias(rras1).c_str())
                                             .udp(4500, port)
                                             .payload(esp(256)))
                           .verdict),
                  "direct_to_backend");
}

TEST_F(Aliases, OfOtherServersGetTheCopiesOfAnUnknownRequest) {
    bench.spec.services[1].ask_all_rate = 2;
    bench.apply();
    const PacketBuilder request = to_vip(
        client, 4500, 4500, behind_marker(encrypted(5, 6, ike::exchange::informational, 2)),
        second_vip);
    EXPECT_TRUE(bench.from_client(request).copies.empty());
    const Outcome sent = bench.from_client(request);  // repeated
    ASSERT_EQ(sent.copies.size(), 2u);
    std::vector<std::string> asked{to_of(sent)};
    for (const Bytes& copy : sent.copies) {
        EXPECT_TRUE(dissect(copy).is_ip_checksum_good && dissect(copy).is_udp_checksum_good);
        asked.push_back(text::to_text(dissect(copy).to));
    }
    std::ranges::sort(asked);
    EXPECT_EQ(asked, (std::vector{server_alias(rras1), server_alias(rras2), server_alias(rras3)}));
}

TEST_F(Aliases, FragmentsGoWhereTheirFirstGoesInBothDirections) {
    const Session session = log_in(bench, at_second);
    IkeMessage auth = encrypted(session.spi_i, session.spi_r, ike::exchange::ike_auth);
    auth.payloads[0].body = Bytes(3000, 0xcc);
    for (const Bytes& part : fragments_of(
             bench.client_side(to_vip(client, 4500, 4500, behind_marker(auth), second_vip)), 1400))
        EXPECT_EQ(to_of(bench.run({.bytes = part, .port = wan})), server_alias(session.backend));
    PacketBuilder answer = reply(session.backend, 4500, client, 4500, esp(256, 3000));
    answer.from_ip(address(server_alias(session.backend).c_str()));
    for (const Bytes& part : fragments_of(bench.server_side(answer), 1400))
        EXPECT_EQ(from_of(bench.run({.bytes = part, .port = lan})), second_vip);
}

TEST_F(Aliases, IcmpErrorsNameThemAndTheirVip) {
    constexpr std::uint8_t unreachable = 3;
    const Session session = log_in(bench, at_second);
    const std::string alias = server_alias(session.backend);
    const auto expect_good = [](const Outcome& outcome) {
        EXPECT_TRUE(outcome.packet().is_ip_checksum_good && outcome.packet().is_icmp_checksum_good);
        EXPECT_TRUE(dissect(quoted(outcome)).is_ip_checksum_good);
        EXPECT_TRUE(dissect(quoted(outcome)).is_udp_checksum_good);
    };
    PacketBuilder forwarded = session.dpd();
    forwarded.to_ip(address(alias.c_str()));
    for (const std::string& from : {alias, server(session.backend), std::string{"10.20.0.50"}}) {
        const Outcome to_client = bench.from_server(PacketBuilder{}
                                                        .ip(from.c_str(), client)
                                                        .icmp(unreachable, 4, 1300)
                                                        .payload(forwarded.build_ip()));
        ASSERT_EQ(from_of(to_client), second_vip) << from;
        EXPECT_EQ(dissect(quoted(to_client)).to, address(second_vip));
        expect_good(to_client);
    }
    const PacketBuilder sent =
        PacketBuilder{}.ip(second_vip, client).udp(4500, 4500).payload(esp(0xd0000001));
    const Outcome to_server = bench.from_client(PacketBuilder{}
                                                    .ip("198.18.0.1", second_vip)
                                                    .icmp(unreachable, 1)
                                                    .payload(sent.build_ip()));
    ASSERT_EQ(to_of(to_server), alias);
    EXPECT_EQ(dissect(quoted(to_server)).from, address(alias.c_str()));
    expect_good(to_server);
}

TEST(AliasesOverIpv6, AreServedAndAnsweredAlike) {
    TableSpec spec = dual_stack_farm();
    constexpr const char* other_vip6 = "2001:db8:203::20";
    constexpr const char* alias6 = "fd00:20::a14";
    spec.services.push_back({.vip = address(other_vip6),
                             .members = {first_v6_server},
                             .aliases = {{.backend = first_v6_server,
                                          .address = address(alias6),
                                          .mac = server_mac(first_v6_server)}},
                             .uplink = v6_gateway});
    Bench bench{spec};
    const Session session{.client = client6, .vip = other_vip6, .backend = first_v6_server};
    const Outcome up = bench.from_client(session.init());
    ASSERT_EQ(name(up.verdict), "to_server");
    EXPECT_EQ(up.packet().to, address(alias6));
    EXPECT_TRUE(up.packet().is_udp_checksum_good);
    PacketBuilder answer = session.init_answer();
    answer.from_ip(address(alias6));
    const Outcome down = bench.from_server(answer);
    ASSERT_EQ(name(down.verdict), "to_client");
    EXPECT_EQ(down.packet().from, address(other_vip6));
    EXPECT_TRUE(down.packet().is_udp_checksum_good);
    EXPECT_EQ(bench.from_server(session.init_answer()).packet().from, address(vip6));
}

}  // namespace
}  // namespace ikelb::pipeline
