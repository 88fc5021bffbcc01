// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "config/text/address.h"
#include "tests/testlib/quoted.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

constexpr std::uint8_t unreachable = 1, packet_too_big = 2, time_exceeded = 3,
                       parameter_problem = 4, echo = 128, neighbour_advertisement = 136;
constexpr std::uint8_t routing = 43, options = 60;

std::uint32_t word(const Bytes& bytes, std::size_t at) {
    return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
           std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

class Icmpv6Error : public testing::Test {
protected:
    Bench bench{dual_stack_farm()};
    Session session = log_in(bench, {.client = client6, .vip = vip6});

    static PacketBuilder about(const PacketBuilder& packet, std::size_t quote = SIZE_MAX,
                               std::uint8_t type = unreachable) {
        Bytes bytes = packet.build_ip();
        if (bytes.size() > quote) bytes.resize(quote);
        return PacketBuilder{}.ip("2001:db8:ffff::1", vip6).icmp(type, 1).payload(bytes);
    }
    static PacketBuilder sent_reply(std::uint16_t port = 4500) {
        return PacketBuilder{}.ip(vip6, client6).udp(4500, port).payload(esp(0xd0000001));
    }
    PacketBuilder forwarded() const {
        PacketBuilder packet = session.dpd();
        return packet.to_ip(address(server(session.backend).c_str()));
    }
    static void expect_good(const Outcome& outcome) {
        EXPECT_TRUE(outcome.packet().is_icmp_checksum_good);
        EXPECT_TRUE(dissect(quoted(outcome)).is_udp_checksum_good);
    }
};

TEST_F(Icmpv6Error, AboutAReplyReachesTheServerOfTheFlow) {
    for (const std::uint8_t type :
         {unreachable, packet_too_big, time_exceeded, parameter_problem}) {
        const auto outcome = bench.from_client(about(sent_reply(), SIZE_MAX, type));
        ASSERT_EQ(name(outcome.verdict), "to_server");
        EXPECT_EQ(text::to_text(outcome.packet().to), server(session.backend));
        EXPECT_EQ(outcome.packet().from, address("2001:db8:ffff::1"));
        EXPECT_EQ(text::to_text(dissect(quoted(outcome)).from), server(session.backend));
        EXPECT_EQ(dissect(quoted(outcome)).to, address(client6));
        expect_good(outcome);
    }
}

TEST_F(Icmpv6Error, QuotingExtensionHeadersIsMatchedBehindThem) {
    const auto outcome = bench.from_client(about(sent_reply().extension(options, Bytes(14, 0))));
    ASSERT_EQ(name(outcome.verdict), "to_server");
    expect_good(outcome);
    EXPECT_EQ(name(bench.from_client(about(sent_reply().fragment(0, true))).verdict), "to_server");
}

TEST_F(Icmpv6Error, QuotingWhatNamesNoPortsIsTheKernels) {
    const auto verdict = [&](const PacketBuilder& quote) {
        return name(bench.from_client(about(quote)).verdict);
    };
    EXPECT_EQ(verdict(sent_reply().fragment(1400, false)), "punt_icmp");
    EXPECT_EQ(verdict(sent_reply().extension(routing, {0, 1})), "punt_icmp");
    EXPECT_EQ(verdict(PacketBuilder{}.ip(vip6, client6).protocol(6).payload(Bytes(20, 1))),
              "punt_icmp");
    EXPECT_EQ(verdict(PacketBuilder{}.ip(vip, client).udp(4500, 4500)), "punt_icmp")
        << "a quote of the other family";
    for (std::size_t length = 0; length < 48; ++length)
        EXPECT_EQ(name(bench.from_client(about(sent_reply(), length)).verdict), "punt_icmp");
}

TEST_F(Icmpv6Error, KeepsAQuotedUdpChecksumOfZeroAndAShortQuote) {
    const auto zero = bench.from_client(about(sent_reply().no_udp_checksum()));
    EXPECT_TRUE(dissect(quoted(zero)).is_udp_checksum_zero);
    EXPECT_TRUE(zero.packet().is_icmp_checksum_good);
    const auto shortest = bench.from_client(about(sent_reply(), 48));
    ASSERT_EQ(name(shortest.verdict), "to_server");
    EXPECT_TRUE(shortest.packet().is_icmp_checksum_good);
}

TEST_F(Icmpv6Error, AboutNoFlowIsDroppedByName) {
    const auto unknown = PacketBuilder{}.ip(vip6, other_client6).udp(4500, 4500);
    EXPECT_EQ(name(bench.from_client(about(unknown)).verdict), "icmp_unmatched");
}

TEST_F(Icmpv6Error, OfAServerOrItsRouterReachesTheClientFromTheVip) {
    for (const std::string& from : {server(session.backend), std::string{"fd00:20::50"}}) {
        const auto outcome = bench.from_server(PacketBuilder{}
                                                   .ip(from.c_str(), client6)
                                                   .icmp(packet_too_big, 0, 1300)
                                                   .payload(forwarded().build_ip()));
        ASSERT_EQ(name(outcome.verdict), "to_client");
        EXPECT_EQ(outcome.packet().from, address(vip6));
        EXPECT_EQ(outcome.packet().to, address(client6));
        EXPECT_EQ(dissect(quoted(outcome)).to, address(vip6));
        EXPECT_EQ(word(outcome.bytes, outcome.packet().l4 + 4), 1300u);
        expect_good(outcome);
    }
}

/// The errors that we owe ourselves.
class OwnIcmpv6Error : public testing::Test {
protected:
    Bench bench{dual_stack_farm()};

    static PacketBuilder big() { return to_vip(client6, 4500, 4500, esp(256, 1400), vip6); }
    void expect_error_about(const Outcome& outcome, const Bytes& frame, std::uint8_t type,
                            std::uint32_t rest) {
        ASSERT_EQ(name(outcome.verdict), "icmp_error_sent");
        const Dissected d = outcome.packet();
        const Dissected about = dissect(frame);
        EXPECT_EQ(d.to, about.from);
        EXPECT_EQ(d.to_mac, about.from_mac);
        EXPECT_EQ(d.from_mac, about.to_mac);
        EXPECT_EQ(d.ttl, 64);
        EXPECT_TRUE(d.is_icmp_checksum_good);
        EXPECT_EQ(outcome.bytes[d.l4], type);
        EXPECT_EQ(outcome.bytes[d.l4 + 1], 0);
        EXPECT_EQ(word(outcome.bytes, d.l4 + 4), rest);
        const std::size_t quote = d.end - d.l4 - 8;
        EXPECT_EQ(quote, std::min<std::size_t>(1280 - 48, about.end - about.l3))
            << "RFC 4443 section 2.4 (c)";
        EXPECT_TRUE(std::equal(frame.begin() + static_cast<std::ptrdiff_t>(about.l3),
                               frame.begin() + static_cast<std::ptrdiff_t>(about.l3 + quote),
                               outcome.bytes.begin() + static_cast<std::ptrdiff_t>(d.l4 + 8)))
            << "it quotes the packet as it came in";
    }
};

TEST_F(OwnIcmpv6Error, SaysThatTheHopLimitWasExceeded) {
    for (const int limit : {0, 1}) {
        const auto packet = bench.client_side(
            Session{.client = client6, .vip = vip6}.init().ttl(static_cast<std::uint8_t>(limit)));
        const auto outcome = bench.from_client(packet);
        expect_error_about(outcome, packet.build(), time_exceeded, 0);
        EXPECT_EQ(outcome.packet().from, address(own_wan6));
    }
}

TEST_F(OwnIcmpv6Error, SaysTheMtuOfWhatIsTooBig) {
    bench.spec.interfaces[srv].mtu = 1300;
    bench.apply();
    const auto packet = bench.client_side(big());
    expect_error_about(bench.from_client(packet), packet.build(), packet_too_big, 1300);
    const auto fits = to_vip(client6, 4500, 4500, esp(256, 1300 - 48), vip6);
    EXPECT_EQ(name(bench.from_client(fits).verdict), "to_server");
}

TEST_F(OwnIcmpv6Error, IsOwedToTransitTooForNoRouterCutsIt) {
    bench.spec.interfaces[ext].mtu = 1280;
    bench.apply();
    const auto packet = bench.server_side(
        PacketBuilder{}.ip("fd00:20::50", client6).protocol(6).payload(Bytes(1400, 1)));
    const auto outcome = bench.from_server(packet);
    expect_error_about(outcome, packet.build(), packet_too_big, 1280);
    EXPECT_EQ(outcome.packet().from, address(own_lan6));
}

TEST_F(OwnIcmpv6Error, ComesFromAnAddressOfTheOtherFamilyNever) {
    bench.spec.interfaces[ext].address6 = {};
    bench.apply();
    const auto packet = Session{.client = client6, .vip = vip6}.init().ttl(1);
    EXPECT_EQ(name(bench.from_client(packet).verdict), "ttl_expired");
    EXPECT_EQ(name(bench.from_client(Session{}.init().ttl(1)).verdict), "icmp_error_sent");
}

TEST_F(OwnIcmpv6Error, IsNeverAboutAnErrorOrNeighborDiscovery) {
    const auto verdict = [&](std::uint8_t type) {
        return name(bench
                        .from_server(PacketBuilder{}
                                         .ip("fd00:20::50", client6)
                                         .ttl(1)
                                         .icmp(type, 0)
                                         .payload(Bytes(48, 0)))
                        .verdict);
    };
    for (const std::uint8_t type : {unreachable, packet_too_big, std::uint8_t{127},
                                    neighbour_advertisement, std::uint8_t{137}})
        EXPECT_EQ(verdict(type), "ttl_expired") << int{type};
    EXPECT_EQ(verdict(echo), "icmp_error_sent");
}

TEST_F(OwnIcmpv6Error, AboutALaterFragmentIsOfItsSizeAlone) {
    bench.spec.interfaces[ext].mtu = 1280;
    bench.apply();
    const auto later = [](std::uint8_t limit) {
        return PacketBuilder{}
            .ip("fd00:20::50", client6)
            .ttl(limit)
            .protocol(6)
            .fragment(1400, false)
            .raw(Bytes(1400, 1));
    };
    EXPECT_EQ(name(bench.from_server(later(64)).verdict), "icmp_error_sent");
    EXPECT_EQ(name(bench.from_server(later(1)).verdict), "ttl_expired");
}

TEST_F(OwnIcmpv6Error, NeedsRoomForItsHeadersAndIsRateLimited) {
    const auto packet = Session{.client = client6, .vip = vip6}.init().ttl(1);
    const auto frame = bench.client_side(packet).build();
    EXPECT_EQ(name(bench.run({.bytes = frame, .headroom = 47}).verdict), "ttl_expired");
    EXPECT_EQ(name(bench.run({.bytes = frame, .headroom = 48}).verdict), "icmp_error_sent");
    int sent = 1;
    for (int i = 0; i < 1000; ++i)
        sent += bench.from_client(packet).verdict == Verdict::icmp_error_sent;
    EXPECT_EQ(sent, 100);
}

}  // namespace
}  // namespace ikelb::pipeline
