// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <algorithm>

#include "config/text/address.h"
#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

constexpr std::uint8_t options = 60;

/// A first fragment of a service datagram to a VIP.
PacketBuilder first_part(const char* from, const char* to, std::uint16_t port, std::uint8_t fill) {
    return to_vip(from, port, 4500, Bytes(1392, fill), to).udp_length(3000).fragment(0, true);
}

class Ipv6Fragments : public testing::Test {
protected:
    Bench bench{dual_stack_farm()};

    Input in_client(const Bytes& frame) { return {.bytes = frame, .port = wan}; }
    Input in_server(const Bytes& frame) { return {.bytes = frame, .port = lan}; }
    /// A certificate-laden IKE_AUTH, cut by the client's IP stack.
    std::vector<Bytes> client_parts(std::uint32_t id = 0xdeadbeef) {
        IkeMessage auth = encrypted(1, 2, ike::exchange::ike_auth);
        auth.payloads[0].body = Bytes(3000, 0xcc);
        return parts_of(to_vip(client6, 4500, 4500, behind_marker(auth), vip6).identification(id));
    }
    std::vector<Bytes> parts_of(const PacketBuilder& packet) {
        return fragments_of(bench.client_side(packet), 1400);
    }
    std::vector<Bytes> server_parts(std::uint16_t port = 4500) {
        return fragments_of(bench.server_side(reply(first_v6_server, port, client6, 4500,
                                                    esp(256, 3000))),
                            1400);
    }
    std::string verdict(const Bytes& frame) { return name(bench.run(in_client(frame)).verdict); }
    std::string verdict(const PacketBuilder& packet) {
        return name(bench.from_client(packet).verdict);
    }
};

TEST_F(Ipv6Fragments, InAnyOrderArriveWithOneChecksumThatIsRight) {
    const auto parts = client_parts();
    ASSERT_EQ(parts.size(), 3u);
    std::array<std::size_t, 3> order{0, 1, 2};
    std::uint32_t id = 1;
    do {
        const auto these = client_parts(++id);
        std::vector<Input> waiting;
        std::vector<Bytes> arrived(3);
        const auto arrive = [&](const Input& input, std::size_t place) {
            const Outcome outcome = bench.run(input);
            if (outcome.verdict != Verdict::to_server) return outcome.verdict;
            arrived[place] = outcome.bytes;
            EXPECT_TRUE(std::equal(these[place].begin() + (place == 0 ? 70 : 54),
                                   these[place].end(),
                                   outcome.bytes.begin() + (place == 0 ? 70 : 54)))
                << "behind the UDP header nothing is changed";
            return outcome.verdict;
        };
        std::vector<std::size_t> held;
        for (const std::size_t place : order)
            if (arrive(in_client(these[place]), place) == Verdict::hold_fragment)
                held.push_back(place);
        for (const std::size_t place : held) {
            Input again = in_client(these[place]);
            again.was_held = true;
            EXPECT_EQ(name(arrive(again, place)), "to_server");
        }
        Bytes datagram;
        for (const Bytes& part : arrived) {
            ASSERT_FALSE(part.empty());
            datagram.insert(datagram.end(), part.begin() + 62, part.end());
        }
        const Dissected d = dissect(arrived[0]);
        const std::uint16_t sum = slow_udp_checksum(d.from, d.to, datagram);
        EXPECT_EQ(sum, datagram[6] << 8 | datagram[7]);
        EXPECT_EQ(dissect(arrived[1]).to, d.to);
        EXPECT_EQ(dissect(arrived[2]).to, d.to);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(Ipv6Fragments, InOneBurstInReverseFollowTheirFirst) {
    std::vector<Input> burst;
    for (const Bytes& part : client_parts()) burst.insert(burst.begin(), in_client(part));
    for (const auto& outcome : bench.run(burst)) EXPECT_EQ(name(outcome.verdict), "to_server");
}

TEST_F(Ipv6Fragments, AreToldApartByAllTheBitsOfTheirIdentification) {
    bench.run(in_client(client_parts(0x10000007)[0]));
    EXPECT_EQ(verdict(client_parts(0x20000007)[1]), "hold_fragment");
    EXPECT_EQ(verdict(client_parts(0x10000007)[1]), "to_server");
}

TEST_F(Ipv6Fragments, FollowTheirFirstWhateverTheirOwnNextHeaderSays) {
    EXPECT_EQ(verdict(first_part(client6, vip6, 4500, 1)), "to_server");
    PacketBuilder other = PacketBuilder{}.ip(client6, vip6).fragment(1400, false);
    EXPECT_EQ(verdict(other.protocol(6).raw(Bytes(64, 1))), "to_server");
    EXPECT_EQ(verdict(other.protocol(58)), "to_server");
}

TEST_F(Ipv6Fragments, OfAReplyGetTheVipAsTheirSource) {
    for (const Bytes& part : server_parts()) {
        const auto outcome = bench.run(in_server(part));
        ASSERT_EQ(name(outcome.verdict), "to_client");
        EXPECT_EQ(outcome.packet().from, address(vip6));
    }
}

TEST_F(Ipv6Fragments, OfAServersOtherTrafficAreNotTranslated) {
    for (const Bytes& part : server_parts(5353)) {
        const auto outcome = bench.run(in_server(part));
        ASSERT_EQ(name(outcome.verdict), "transit");
        EXPECT_EQ(text::to_text(outcome.packet().from), server(first_v6_server));
    }
}

TEST_F(Ipv6Fragments, OfTransitBetweenUnknownSourcesAskNobody) {
    const auto parts = fragments_of(
        bench.server_side(
            PacketBuilder{}.ip("fd00:20::50", client6).udp(5000, 5001).payload(Bytes(3000, 1))),
        1400);
    EXPECT_EQ(name(bench.run(in_server(parts[1])).verdict), "transit");
}

TEST_F(Ipv6Fragments, OfAnEchoToTheVipReachTheKernelAndThoseOfServiceUdpDoNot) {
    const auto echo = parts_of(PacketBuilder{}.ip(client6, vip6).icmp(128, 0).payload(
        Bytes(3000, 1)));
    EXPECT_EQ(verdict(echo[1]), "hold_fragment");
    EXPECT_EQ(verdict(echo[0]), "punt_icmp");
    EXPECT_EQ(verdict(echo[1]), "punt_local");
    const auto service = parts_of(
        PacketBuilder{}.ip(client6, own_wan6).udp(500, 500).payload(Bytes(3000, 1)));
    EXPECT_EQ(verdict(service[0]), "service_port_own");
    EXPECT_EQ(verdict(service[1]), "fragment_of_drop");
}

TEST_F(Ipv6Fragments, WithoutAllHeadersInTheFirstAreDroppedByName) {
    const auto first = [](Bytes bytes) {
        return PacketBuilder{}.ip(client6, vip6).protocol(17).fragment(0, true).raw(
            std::move(bytes));
    };
    EXPECT_EQ(verdict(first({})), "fragment_short");
    EXPECT_EQ(verdict(first(Bytes(8, 1)).protocol(options)), "fragment_short");
    EXPECT_EQ(verdict(first(Bytes(16, 1)).protocol(6)), "fragment_short");
    EXPECT_EQ(verdict(first({}).protocol(58)), "fragment_short");
}

TEST_F(Ipv6Fragments, CutOtherThanAtEightBytesAreMalformed) {
    EXPECT_EQ(verdict(to_vip(client6, 500, 500, Bytes(61, 1), vip6).fragment(0, true)),
              "bad_extension");
}

TEST_F(Ipv6Fragments, RightBehindThePortsAreDropped) {
    PacketBuilder part = PacketBuilder{}.ip(client6, vip6).protocol(17);
    EXPECT_EQ(verdict(part.fragment(8, true).raw(Bytes(64, 1))), "fragment_overlap");
    PacketBuilder v4 = PacketBuilder{}.ip(client, vip).protocol(17).raw(Bytes(64, 1));
    EXPECT_EQ(verdict(v4.fragment(8, true)), "fragment_overlap");
    EXPECT_EQ(verdict(v4.fragment(8, false).protocol(6)), "fragment_overlap");
    EXPECT_EQ(verdict(v4.fragment(8, false).protocol(47)), "hold_fragment");
    EXPECT_EQ(verdict(v4.fragment(16, false).protocol(17)), "hold_fragment");
}

TEST_F(Ipv6Fragments, OverHeadersBehindOptionsAreDropped) {
    const PacketBuilder part = PacketBuilder{}.ip(client6, vip6).raw(Bytes(64, 1));
    // What the first one holds: destination options of 8 to 504 bytes, then UDP or TCP.
    for (const std::size_t offset : std::initializer_list<std::size_t>{16, 24, 64, 504, 512, 528})
        for (const std::uint8_t said : std::initializer_list<std::uint8_t>{17, 6, 60, 44, 59})
            EXPECT_EQ(verdict(PacketBuilder{part}.fragment(offset, false).protocol(said)),
                      "fragment_overlap")
                << offset << " and next header " << int{said};
    EXPECT_EQ(verdict(PacketBuilder{part}.fragment(536, false).protocol(17)), "hold_fragment");
    EXPECT_EQ(verdict(PacketBuilder{part}.extension(options).fragment(16, false)),
              "fragment_overlap")
        << "headers before the fragment header do not count";
}

TEST_F(Ipv6Fragments, OfADatagramWithTwoBeginningsAreAllDroppedFromTheSecondOn) {
    const auto honest = first_part(client6, vip6, 4500, 1);
    const auto forged = first_part(client6, vip6, 4500, 2);
    EXPECT_EQ(verdict(honest), "to_server");
    EXPECT_EQ(verdict(honest), "to_server") << "the network may send it twice";
    EXPECT_EQ(verdict(forged), "fragment_overlap");
    PacketBuilder later = PacketBuilder{}.ip(client6, vip6).fragment(1400, false);
    EXPECT_EQ(verdict(later.protocol(17).raw(Bytes(64, 1))), "fragment_of_drop");
    bench.advance(6);
    EXPECT_EQ(verdict(forged), "to_server") << "another datagram, in its time";
}

TEST_F(Ipv6Fragments, OfIpv4WithTwoBeginningsAreDroppedIfTheyWouldPart) {
    bench.spec.services[0].scheduler = forwarding::Scheduler::weighted_round_robin;
    bench.apply();
    const auto init = [](std::uint64_t spi, std::size_t size) {
        Bytes bytes = sa_init(spi).bytes();
        bytes.resize(size);
        return to_vip(client, 500, 500, bytes).udp_length(3000).fragment(0, true);
    };
    const Outcome one = bench.from_client(init(1, 96));
    ASSERT_EQ(name(one.verdict), "to_server");
    EXPECT_EQ(bench.from_client(init(1, 96)).backend, one.backend);
    EXPECT_EQ(verdict(init(2, 96)), "fragment_overlap") << "it would go to the next server";
    const auto later = to_vip(client, 0, 0, Bytes(64, 1)).fragment(96, false);
    EXPECT_EQ(verdict(later), "fragment_of_drop");
}

TEST_F(Ipv6Fragments, OfIpv4WhoseIdentificationComesAroundStillPass) {
    const Session session = log_in(bench);
    for (std::uint8_t fill = 1; fill < 9; ++fill) {
        const auto outcome =
            bench.from_client(first_part(client, vip, 4500, fill));
        EXPECT_EQ(outcome.backend, session.backend);
        EXPECT_EQ(name(outcome.verdict), "to_server");
    }
}

}  // namespace
}  // namespace ikelb::pipeline
