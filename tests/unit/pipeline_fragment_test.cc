// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

class Fragments : public testing::Test {
protected:
    Bench bench{two_armed_farm()};
    std::uint16_t next_id = 1;

    Input in_client(const Bytes& frame) { return {.bytes = frame, .port = wan}; }
    Input in_server(const Bytes& frame) { return {.bytes = frame, .port = lan}; }
    /// A certificate-laden IKE_AUTH, cut by the client's IP stack.
    std::vector<Bytes> client_parts(std::uint16_t id = 42) {
        IkeMessage auth = encrypted(1, 2, ike::exchange::ike_auth);
        auth.payloads[0].body = Bytes(3000, 0xcc);
        return fragments_of(bench.client_side(to_vip(client, 4500, 4500, behind_marker(auth)))
                                .identification(id),
                            1400);
    }
    std::vector<Bytes> server_parts(std::uint16_t port = 4500) {
        return fragments_of(
            bench.server_side(reply(rras2, port, client, 4500, esp(256, 3000))), 1400);
    }
};

TEST_F(Fragments, InOrderGoWhereTheirFirstGoesAndAreTranslatedAlike) {
    const auto parts = client_parts();
    ASSERT_EQ(parts.size(), 3u);
    const auto first = bench.run(in_client(parts[0]));
    ASSERT_EQ(name(first.verdict), "to_server");
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const auto later = bench.run(in_client(parts[i]));
        ASSERT_EQ(name(later.verdict), "to_server");
        EXPECT_EQ(later.packet().to, first.packet().to);
        EXPECT_EQ(later.packet().to_mac, first.packet().to_mac);
        EXPECT_TRUE(later.packet().is_ip_checksum_good);
        EXPECT_TRUE(std::equal(parts[i].begin() + 34, parts[i].end(), later.bytes.begin() + 34))
            << "what is no UDP header must not be changed";
    }
}

/// 44 says over IPv6 that a fragment may be of any protocol; over IPv4 it is one that nobody has.
TEST_F(Fragments, OfProtocol44OverIpv4AreOfThatProtocol) {
    const auto part = [](const char* from, const char* to) {
        return PacketBuilder{}.ip(from, to).fragment(64, false).protocol(44).raw(Bytes(64, 1));
    };
    EXPECT_EQ(name(bench.from_client(part(client, vip)).verdict), "hold_fragment");
    EXPECT_EQ(name(bench.from_client(part(client, own_wan)).verdict), "hold_fragment");
    EXPECT_EQ(name(bench.from_server(part("10.20.0.11", client)).verdict), "transit");
    EXPECT_EQ(name(bench.from_server(part("10.20.0.11", vip)).verdict), "hold_fragment");
}

TEST_F(Fragments, InOneBurstFollowTheirFirstWithoutBeingHeld) {
    std::vector<Input> burst;
    for (const Bytes& part : client_parts()) burst.push_back(in_client(part));
    for (const auto& outcome : bench.run(burst)) EXPECT_EQ(name(outcome.verdict), "to_server");
}

TEST_F(Fragments, InOneBurstInReverseFollowTheirFirstToo) {
    std::vector<Input> burst;
    for (const Bytes& part : client_parts()) burst.insert(burst.begin(), in_client(part));
    for (const auto& outcome : bench.run(burst)) EXPECT_EQ(name(outcome.verdict), "to_server");
}

/// The flow of a login that failed, or a label that anybody can write, is no SA of the sender's.
TEST_F(Fragments, OfNoSaPayAlsoWhereAFlowOrALabelDecides) {
    bench.spec.limits.fragments_per_source = {1, 1};
    bench.spec.backends[rras2].label = {.esp_first = 0xc5000000, .esp_last = 0xc5ffffff};
    bench.apply();
    bench.from_server(reply(rras1, 4500, client, 900,
                            behind_marker(encrypted_answer(1, 2, ike::exchange::ike_auth))));
    const auto sent = [&](const char* from, std::uint16_t port, std::uint32_t spi) {
        const auto frame =
            to_vip(from, port, 4500, esp(spi, 64)).identification(next_id++).fragment(0, true);
        return name(bench.from_client(frame).verdict);
    };
    EXPECT_EQ(sent(client, 900, 0x1000), "to_server");
    EXPECT_EQ(sent(client, 900, 0x1000), "fragment_limited");
    EXPECT_EQ(sent(other_client, 900, 0xc5000001), "to_server");
    EXPECT_EQ(sent(other_client, 900, 0xc5000001), "fragment_limited");
    bench.from_server(reply(rras1, 4500, client, 900, esp(0x900)));
    for (int n = 0; n < 3; ++n) EXPECT_EQ(sent(client, 900, 0x1000), "to_server");
}

/// Later ones that took what the next second brings would leave less of it to first ones.
TEST_F(Fragments, OfARefusedFirstOneDieAtOnceAndTakeNothing) {
    bench.spec.limits.fragments_per_source = {1, 1};
    bench.apply();
    const auto datagram = [&] { return to_vip(client, 900, 4500, esp(0x1000, 64)); };
    const auto sent = [&](PacketBuilder frame) { return name(bench.from_client(frame).verdict); };
    std::uint16_t id = 1;
    const auto first = [&] { return sent(datagram().identification(id).fragment(0, true)); };
    const auto later = [&] { return sent(datagram().identification(id).fragment(64, false)); };
    EXPECT_EQ(first(), "to_server");
    EXPECT_EQ(later(), "to_server");
    id = 2;
    EXPECT_EQ(first(), "fragment_limited");
    EXPECT_EQ(later(), "fragment_of_drop");
    bench.advance(1);
    EXPECT_EQ(later(), "fragment_of_drop");
    id = 3;
    EXPECT_EQ(first(), "to_server") << "the second's token is left";
    id = 2;
    bench.advance(1);
    EXPECT_EQ(later(), "hold_fragment") << "of another datagram, by now";
}

TEST_F(Fragments, BeforeTheirFirstAreHeldAndThenFollowIt) {
    const auto parts = client_parts();
    EXPECT_EQ(name(bench.run(in_client(parts[2])).verdict), "hold_fragment");
    EXPECT_EQ(name(bench.run(in_client(parts[1])).verdict), "hold_fragment");
    const auto first = bench.run(in_client(parts[0]));
    for (const std::size_t i : {std::size_t{2}, std::size_t{1}}) {
        Input again = in_client(parts[i]);
        again.was_held = true;
        EXPECT_EQ(bench.run(again).packet().to, first.packet().to);
    }
}

TEST_F(Fragments, WhoseFirstNeverComesAreDropped) {
    Input held = in_client(client_parts()[1]);
    held.may_hold = false;
    held.was_held = true;
    EXPECT_EQ(name(bench.run(held).verdict), "fragment_timeout");
}

TEST_F(Fragments, OfAnotherDatagramAreNotMistakenForThisOne) {
    bench.run(in_client(client_parts(42)[0]));
    EXPECT_EQ(name(bench.run(in_client(client_parts(43)[1])).verdict), "hold_fragment");
    bench.advance(6);
    EXPECT_EQ(name(bench.run(in_client(client_parts(42)[1])).verdict), "hold_fragment")
        << "a first fragment is remembered for five seconds";
}

TEST_F(Fragments, OfAReplyGetTheVipAsTheirSource) {
    const auto parts = server_parts();
    for (const Bytes& part : parts) {
        const auto outcome = bench.run(in_server(part));
        ASSERT_EQ(name(outcome.verdict), "to_client");
        EXPECT_EQ(outcome.packet().from, address(vip));
        EXPECT_TRUE(outcome.packet().is_ip_checksum_good);
    }
}

TEST_F(Fragments, OfAServersOtherUdpAreNotTranslated) {
    const auto parts = server_parts(5353);
    for (const Bytes& part : parts) {
        const auto outcome = bench.run(in_server(part));
        ASSERT_EQ(name(outcome.verdict), "transit");
        EXPECT_EQ(outcome.packet().from, address("10.20.0.12"));
    }
}

TEST_F(Fragments, OfAServerBeforeTheirFirstAreHeldNotGuessed) {
    EXPECT_EQ(name(bench.run(in_server(server_parts()[1])).verdict), "hold_fragment");
}

TEST_F(Fragments, OfTransitBetweenUnknownSourcesAskNobody) {
    const auto parts = fragments_of(bench.server_side(PacketBuilder{}
                                                          .ip("10.20.0.50", client)
                                                          .udp(5000, 5001)
                                                          .payload(Bytes(3000, 1))),
                                    1400);
    EXPECT_EQ(name(bench.run(in_server(parts[1])).verdict), "transit");
}

TEST_F(Fragments, OfOtherUdpToTheVipNeverReachTheKernel) {
    const auto parts = fragments_of(
        bench.client_side(to_vip(client, 500, 53, Bytes(3000, 1))), 1400);
    EXPECT_EQ(name(bench.run(in_client(parts[0])).verdict), "vip_closed");
    EXPECT_EQ(name(bench.run(in_client(parts[1])).verdict), "fragment_of_drop");
}

TEST_F(Fragments, OfUdpToAnOwnAddressReachTheKernelWholeOrNotAtAll) {
    const auto parts_to = [&](std::uint16_t port) {
        return fragments_of(bench.client_side(to_vip(client, 500, port, Bytes(3000, 1), own_wan)
                                                  .identification(port)),
                            1400);
    };
    for (const Bytes& part : parts_to(53))
        EXPECT_EQ(name(bench.run(in_client(part)).verdict), "punt_local");
    const auto service = parts_to(500);
    EXPECT_EQ(name(bench.run(in_client(service[0])).verdict), "service_port_own");
    EXPECT_EQ(name(bench.run(in_client(service[1])).verdict), "fragment_of_drop");
}

TEST_F(Fragments, OfADatagramAreClassifiedByTheirFirstAloneNotByPadding) {
    // Eight bytes of UDP header and padding that looks like an IKE message.
    Bytes frame =
        bench.client_side(to_vip(client, 500, 500, {}).udp_length(3000).fragment(0, true)).build();
    const Bytes message = sa_init(1).bytes();
    frame.insert(frame.end(), message.begin(), message.end());
    EXPECT_EQ(name(bench.run(in_client(frame)).verdict), "ike_truncated");
}

TEST_F(Fragments, FromAForgedServerDecideNothingForTheServersOwn) {
    const auto parts = server_parts();
    Bytes forged = parts[0];
    std::ranges::copy(ext_mac().bytes, forged.begin());
    EXPECT_EQ(name(bench.run(in_client(forged)).verdict), "spoofed_backend");
    EXPECT_EQ(name(bench.run(in_server(parts[1])).verdict), "hold_fragment");
    EXPECT_EQ(name(bench.run(in_server(parts[0])).verdict), "to_client");
    EXPECT_EQ(name(bench.run(in_server(parts[1])).verdict), "to_client");
}

TEST_F(Fragments, CutOtherThanAtEightBytesAreMalformed) {
    EXPECT_EQ(name(bench.from_client(to_vip(client, 500, 500, Bytes(61, 1)).fragment(0, true))
                       .verdict),
              "bad_ip_header");
}

TEST_F(Fragments, WhoseServerLeftMeanwhileWaitForAnotherFirst) {
    const auto parts = client_parts();
    const auto first = bench.run(in_client(parts[0]));
    bench.spec.backends[first.backend].is_present = false;
    bench.apply();
    EXPECT_EQ(name(bench.run(in_client(parts[1])).verdict), "hold_fragment");
}

TEST_F(Fragments, ArriveOnOtherWorkersWhoseClocksAreATickBehind) {
    Bench two{two_armed_farm(), 2};
    const auto parts = client_parts();
    two.run(in_client(parts[0]), 0);
    two.set_now(two.now() - 1);
    EXPECT_EQ(name(two.run(in_client(parts[1]), 1).verdict), "to_server");
}

}  // namespace
}  // namespace ikelb::pipeline
