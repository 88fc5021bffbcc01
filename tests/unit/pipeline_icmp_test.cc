// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "config/text/address.h"
#include "tests/testlib/quoted.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

constexpr std::uint8_t unreachable = 3, time_exceeded = 11;

std::uint16_t word(const Bytes& bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

class IcmpError : public testing::Test {
protected:
    Bench bench{two_armed_farm()};

    /// A router's error about a packet.
    static PacketBuilder about(const PacketBuilder& packet, const char* to,
                               std::size_t quote = SIZE_MAX, std::uint8_t type = unreachable) {
        Bytes bytes = packet.build_ip();
        if (bytes.size() > quote) bytes.resize(quote);
        return PacketBuilder{}.ip("198.18.0.1", to).icmp(type, 1).payload(bytes);
    }
    static PacketBuilder sent_reply(std::uint16_t port) {
        return PacketBuilder{}.ip(vip, client).udp(4500, port).payload(esp(0xd0000001));
    }
    void expect_good(const Outcome& outcome) {
        EXPECT_TRUE(outcome.packet().is_ip_checksum_good);
        EXPECT_TRUE(outcome.packet().is_icmp_checksum_good);
        EXPECT_TRUE(dissect(quoted(outcome)).is_ip_checksum_good);
        EXPECT_TRUE(dissect(quoted(outcome)).is_udp_checksum_good);
    }
};

TEST_F(IcmpError, AboutAReplyReachesTheServerOfTheFlow) {
    const Session session = log_in(bench);
    const auto outcome = bench.from_client(about(sent_reply(4500), vip));
    ASSERT_EQ(name(outcome.verdict), "to_server");
    EXPECT_EQ(text::to_text(outcome.packet().to), server(session.backend));
    EXPECT_EQ(outcome.packet().from, address("198.18.0.1"));
    EXPECT_EQ(text::to_text(dissect(quoted(outcome)).from), server(session.backend));
    EXPECT_EQ(dissect(quoted(outcome)).to, address(client));
    expect_good(outcome);
}

TEST_F(IcmpError, AboutAReplyOfAnUnknownPortReachesTheServerOfTheBinding) {
    const Session session = log_in(bench);
    EXPECT_EQ(bench.from_client(about(sent_reply(7777), vip)).backend, session.backend);
}

TEST_F(IcmpError, WithTheShortestQuoteIsTranslatedToo) {
    log_in(bench);
    const auto outcome = bench.from_client(about(sent_reply(4500), vip, 28));
    ASSERT_EQ(name(outcome.verdict), "to_server");
    EXPECT_TRUE(outcome.packet().is_icmp_checksum_good);
    EXPECT_TRUE(dissect(quoted(outcome)).to_mac == outcome.packet().to_mac);
}

TEST_F(IcmpError, KeepsAQuotedUdpChecksumOfZero) {
    log_in(bench);
    const auto outcome = bench.from_client(about(sent_reply(4500).no_udp_checksum(), vip));
    ASSERT_EQ(name(outcome.verdict), "to_server");
    EXPECT_TRUE(dissect(quoted(outcome)).is_udp_checksum_zero);
    expect_good(outcome);
}

TEST_F(IcmpError, OfEachKindThatQuotesIsMatched) {
    log_in(bench);
    for (const std::uint8_t type : {unreachable, time_exceeded, std::uint8_t{12}})
        EXPECT_EQ(name(bench.from_client(about(sent_reply(4500), vip, SIZE_MAX, type)).verdict),
                  "to_server");
}

TEST_F(IcmpError, AboutNoFlowIsDroppedByName) {
    EXPECT_EQ(name(bench.from_client(about(sent_reply(4500), vip)).verdict), "icmp_unmatched");
}

TEST_F(IcmpError, AboutTheKernelsOwnTrafficReachesTheKernel) {
    const auto tcp = PacketBuilder{}.ip(vip, client).protocol(6).payload(Bytes(20, 1));
    EXPECT_EQ(name(bench.from_client(about(tcp, vip)).verdict), "punt_icmp");
    const auto dns = PacketBuilder{}.ip(vip, client).udp(5353, 53);
    EXPECT_EQ(name(bench.from_client(about(dns, vip)).verdict), "punt_icmp");
    const auto other_source = PacketBuilder{}.ip(own_wan, client).udp(4500, 4500);
    EXPECT_EQ(name(bench.from_client(about(other_source, vip)).verdict), "punt_icmp");
}

TEST_F(IcmpError, WithAQuoteThatIsCutShortIsNotReadBeyondItsEnd) {
    log_in(bench);
    for (std::size_t length = 0; length < 28; ++length)
        EXPECT_EQ(name(bench.from_client(about(sent_reply(4500), vip, length)).verdict),
                  "punt_icmp")
            << length;
}

TEST_F(IcmpError, WhoseQuoteGoesOnInThePaddingIsNotMatched) {
    log_in(bench);
    PacketBuilder error = about(sent_reply(4500), vip);
    error.total_length(20 + 8 + 24);
    EXPECT_EQ(name(bench.from_client(error).verdict), "punt_icmp");
}

TEST_F(IcmpError, OfAServerReachesTheClientFromTheVip) {
    const Session session = log_in(bench);
    PacketBuilder forwarded = session.esp_up();
    forwarded.to_ip(address(server(session.backend).c_str()));
    const auto outcome = bench.from_server(PacketBuilder{}
                                               .ip(server(session.backend).c_str(), client)
                                               .icmp(unreachable, 3)
                                               .payload(forwarded.build_ip()));
    ASSERT_EQ(name(outcome.verdict), "to_client");
    EXPECT_EQ(outcome.packet().from, address(vip));
    EXPECT_EQ(outcome.packet().to, address(client));
    EXPECT_EQ(dissect(quoted(outcome)).to, address(vip));
    EXPECT_EQ(dissect(quoted(outcome)).from, address(client));
    expect_good(outcome);
}

TEST_F(IcmpError, OfARouterAmongTheServersReachesTheClientFromTheVip) {
    const Session session = log_in(bench);
    PacketBuilder forwarded = session.dpd();
    forwarded.to_ip(address(server(session.backend).c_str()));
    const auto outcome = bench.from_server(PacketBuilder{}
                                               .ip("10.20.0.50", client)
                                               .icmp(unreachable, 4, 1300)
                                               .payload(forwarded.build_ip()));
    ASSERT_EQ(name(outcome.verdict), "to_client");
    EXPECT_EQ(outcome.packet().from, address(vip));
    EXPECT_EQ(word(outcome.bytes, outcome.packet().l4 + 6), 1300);
    expect_good(outcome);
}

TEST_F(IcmpError, OfAServerFindsTheVipOfTheFlowAmongSeveral) {
    bench.spec = farm_with_two_vips();
    bench.apply();
    const Session session = log_in(bench, {.vip = second_vip});
    PacketBuilder forwarded = session.esp_up();
    forwarded.to_ip(address(server(session.backend).c_str()));
    const auto error = [&](const char* to) {
        return bench.from_server(PacketBuilder{}
                                     .ip(server(session.backend).c_str(), to)
                                     .icmp(unreachable, 3)
                                     .payload(forwarded.from_ip(address(to)).build_ip()));
    };
    EXPECT_EQ(error(client).packet().from, address(second_vip));
    EXPECT_EQ(name(error(other_client).verdict), "reply_vip_unknown");
}

TEST_F(IcmpError, OfAServerAboutOtherTrafficIsTransit) {
    const auto dns = PacketBuilder{}.ip(client, server(rras1).c_str()).udp(5353, 53);
    const auto outcome = bench.from_server(PacketBuilder{}
                                               .ip(server(rras1).c_str(), client)
                                               .icmp(unreachable, 3)
                                               .payload(dns.build_ip()));
    EXPECT_EQ(name(outcome.verdict), "transit");
    EXPECT_EQ(text::to_text(outcome.packet().from), server(rras1));
}

/// The errors that we owe ourselves.
class OwnError : public testing::Test {
protected:
    Bench bench{two_armed_farm()};

    void expect_error_about(const Outcome& outcome, const Bytes& frame, std::uint8_t type,
                            std::uint8_t code) {
        ASSERT_EQ(name(outcome.verdict), "icmp_error_sent");
        const Dissected d = outcome.packet();
        const Dissected about = dissect(frame);
        EXPECT_EQ(d.to, about.from);
        EXPECT_EQ(d.to_mac, about.from_mac);
        EXPECT_EQ(d.from_mac, about.to_mac);
        EXPECT_EQ(d.vlan, about.vlan);
        EXPECT_TRUE(d.is_ip_checksum_good);
        EXPECT_TRUE(d.is_icmp_checksum_good);
        EXPECT_EQ(outcome.bytes[d.l4], type);
        EXPECT_EQ(outcome.bytes[d.l4 + 1], code);
        const std::size_t quote = d.end - d.l4 - 8;
        EXPECT_GE(quote, 28u);
        EXPECT_LE(d.end - d.l3, 576u) << "RFC 1812 section 4.3.2.3";
        EXPECT_TRUE(std::equal(frame.begin() + static_cast<std::ptrdiff_t>(about.l3),
                               frame.begin() + static_cast<std::ptrdiff_t>(about.l3 + quote),
                               outcome.bytes.begin() + static_cast<std::ptrdiff_t>(d.l4 + 8)))
            << "it quotes the packet as it came in";
    }
};

TEST_F(OwnError, SaysThatTheTtlExpired) {
    for (const int ttl : {0, 1}) {
        const auto packet =
            bench.client_side(Session{}.init().ttl(static_cast<std::uint8_t>(ttl)));
        const auto outcome = bench.from_client(packet);
        expect_error_about(outcome, packet.build(), time_exceeded, 0);
        EXPECT_EQ(outcome.packet().from, address(own_wan));
        EXPECT_EQ(outcome.out_port, wan);
    }
    EXPECT_EQ(name(bench.from_client(Session{}.init().ttl(2)).verdict), "to_server");
}

TEST_F(OwnError, SaysTheMtuOfWhatIsTooBig) {
    bench.spec.interfaces[srv].mtu = 1300;
    bench.apply();
    const auto packet =
        bench.client_side(to_vip(client, 4500, 4500, esp(256, 1400)).dont_fragment());
    const auto outcome = bench.from_client(packet);
    expect_error_about(outcome, packet.build(), unreachable, 4);
    EXPECT_EQ(word(outcome.bytes, outcome.packet().l4 + 6), 1300);
    EXPECT_EQ(word(outcome.bytes, outcome.packet().l4 + 4), 0);
    const auto fits = to_vip(client, 4500, 4500, esp(256, 1300 - 28)).dont_fragment();
    EXPECT_EQ(name(bench.from_client(fits).verdict), "to_server");
}

TEST_F(OwnError, AboutAServersPacketQuotesTheServersOwnAddress) {
    const auto packet = bench.server_side(reply(rras1, 4500, client, 4500, esp(256)).ttl(1));
    const auto outcome = bench.from_server(packet);
    expect_error_about(outcome, packet.build(), time_exceeded, 0);
    EXPECT_EQ(outcome.packet().from, address(own_lan));
}

TEST_F(OwnError, KeepsTheTagOfTheFrameItAnswers) {
    bench.spec = one_port_farm();
    bench.apply();
    const auto packet = bench.server_side(reply(rras1, 4500, client, 4500, esp(256)).ttl(1));
    const auto outcome = bench.from_server(packet);
    expect_error_about(outcome, packet.build(), time_exceeded, 0);
    EXPECT_EQ(outcome.packet().vlan, 20);
}

TEST_F(OwnError, IsNeverAboutAnErrorOrALaterFragment) {
    const auto error = PacketBuilder{}
                           .ip("10.20.0.50", client)
                           .ttl(1)
                           .icmp(unreachable, 1)
                           .payload(PacketBuilder{}.ip(client, "10.20.0.50").build_ip());
    EXPECT_EQ(name(bench.from_server(error).verdict), "ttl_expired");
    const auto echo = PacketBuilder{}.ip("10.20.0.50", client).ttl(1).icmp(8, 0);
    EXPECT_EQ(name(bench.from_server(echo).verdict), "icmp_error_sent");
    const auto later =
        PacketBuilder{}.ip("10.20.0.50", client).ttl(1).protocol(6).fragment(64, false);
    EXPECT_EQ(name(bench.from_server(later).verdict), "ttl_expired");
}

/// A frame that nobody can have sent: what answers to ff:ff:ff:ff:ff:ff, all hear.
TEST_F(OwnError, GoesToNoMacThatIsNoStation) {
    const auto verdict_of_one_from = [this](const char* text) {
        return name(bench.from_gateway(Session{}.init().ttl(1), mac(text)).verdict);
    };
    EXPECT_EQ(verdict_of_one_from("00:00:00:00:00:00"), "ttl_expired");
    EXPECT_EQ(verdict_of_one_from("ff:ff:ff:ff:ff:ff"), "ttl_expired");
    EXPECT_EQ(verdict_of_one_from("01:00:5e:00:00:01"), "ttl_expired");
    EXPECT_EQ(verdict_of_one_from("02:00:00:00:01:fe"), "icmp_error_sent");
}

TEST_F(OwnError, NeedsRoomForItsHeadersAndAnAddressToSpeakFrom) {
    const auto frame = bench.client_side(Session{}.init().ttl(1)).build();
    EXPECT_EQ(name(bench.run({.bytes = frame, .headroom = 27}).verdict), "ttl_expired");
    EXPECT_EQ(name(bench.run({.bytes = frame, .headroom = 28}).verdict), "icmp_error_sent");
    bench.spec.interfaces[ext].address = {};
    bench.apply();
    EXPECT_EQ(name(bench.run({.bytes = frame}).verdict), "ttl_expired");
}

TEST_F(OwnError, IsRateLimited) {
    int sent = 0;
    for (int i = 0; i < 1000; ++i)
        sent += bench.from_client(Session{}.init().ttl(1)).verdict == Verdict::icmp_error_sent;
    EXPECT_EQ(sent, 100);
    bench.advance(1);
    EXPECT_EQ(name(bench.from_client(Session{}.init().ttl(1)).verdict), "icmp_error_sent");
}

TEST_F(OwnError, ToAServerIsSentWhileClientsFlood) {
    bench.spec.interfaces[ext].mtu = 1300;
    bench.apply();
    const auto too_big = reply(rras1, 4500, client, 4500, esp(256, 1400)).dont_fragment();
    const auto ping = PacketBuilder{}.ip(client, vip).icmp(8, 0);
    const auto error = PacketBuilder{}.ip(client, vip).icmp(unreachable, 1).payload(
        PacketBuilder{}.ip(vip, client).protocol(6).build_ip());
    const auto expired = to_vip(client, 4500, 4500, esp(256)).ttl(1);
    for (int i = 0; i < 2000; ++i) {
        bench.from_client(ping);
        bench.from_client(error);
        bench.from_client(expired);
    }
    EXPECT_GT(bench.count(Verdict::punt_limited), 0u);
    EXPECT_EQ(name(bench.from_client(expired).verdict), "ttl_expired");
    int sent = 0;
    for (int i = 0; i < 102; ++i) {
        if (i == 51) bench.advance(1);
        sent += bench.from_server(too_big).verdict == Verdict::icmp_error_sent;
    }
    EXPECT_EQ(sent, 102);
}

TEST_F(OwnError, OfAFrameInSeveralBuffersQuotesTheFirst) {
    bench.spec.interfaces[srv].mtu = 600;
    bench.apply();
    const auto packet =
        bench.client_side(to_vip(client, 4500, 4500, esp(256, 1400)).dont_fragment());
    const auto outcome = bench.run({.bytes = packet.build(), .contiguous = 128});
    ASSERT_EQ(name(outcome.verdict), "icmp_error_sent");
    EXPECT_EQ(outcome.packet().end, 14u + 28 + 128 - 14);
    EXPECT_TRUE(outcome.packet().is_icmp_checksum_good);
}

}  // namespace
}  // namespace ikelb::pipeline
