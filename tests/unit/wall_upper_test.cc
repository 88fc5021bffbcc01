// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/wall/upper.h"

#include <gtest/gtest.h>

#include <vector>

#include "config/text/address.h"
#include "dataplane/wall/quote.h"
#include "dataplane/wall/source.h"
#include "tests/testlib/packet_builder.h"

namespace ikelb::wall {
namespace {

using testlib::Bytes;
using testlib::PacketBuilder;

TEST(Upper, HasPortsWhereTheProtocolHas) {
    const Bytes header{0x12, 0x34, 0x56, 0x78, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x12, 0, 0};
    for (const std::uint8_t protocol : std::initializer_list<std::uint8_t>{6, 17, 33, 132, 136}) {
        const Upper upper = read_upper(protocol, header);
        EXPECT_EQ(upper.source_port, 0x1234) << int{protocol};
        EXPECT_EQ(upper.destination_port, 0x5678);
        EXPECT_TRUE(upper.may_ask() && upper.may_answer());
        EXPECT_EQ(upper.tcp_flags, protocol == 6 ? 0x12 : 0);
    }
    for (const std::uint8_t protocol : std::initializer_list<std::uint8_t>{47, 50, 51, 4, 89}) {
        const Upper upper = read_upper(protocol, header);
        EXPECT_EQ(upper.source_port, 0) << int{protocol};
        EXPECT_TRUE(upper.may_ask() && upper.may_answer());
    }
}

TEST(Upper, CutShortIsNobodysAndReadNoFurther) {
    for (const std::uint8_t protocol : std::initializer_list<std::uint8_t>{1, 6, 17, 58}) {
        for (std::size_t length = 0; length < 4; ++length) {
            const std::vector<std::uint8_t> exact(length, 8);
            const Upper upper = read_upper(protocol, exact);
            EXPECT_FALSE(upper.may_ask() || upper.may_answer()) << int{protocol};
            EXPECT_EQ(upper.destination_port, 0);
        }
    }
    const std::vector<std::uint8_t> quoted(8, 0xff);
    EXPECT_EQ(read_upper(6, quoted).tcp_flags, 0) << "an error quotes eight bytes";
}

TEST(Upper, OfAnEchoKnowsQuestionAndAnswer) {
    const auto echo = [](std::uint8_t protocol, std::uint8_t type) {
        return read_upper(protocol, Bytes{type, 0, 0, 0, 0xab, 0xcd, 0, 1});
    };
    for (const auto& [protocol, ask, answer] : {std::tuple{1, 8, 0}, {58, 128, 129}}) {
        const Upper asked = echo(static_cast<std::uint8_t>(protocol),
                                 static_cast<std::uint8_t>(ask));
        EXPECT_TRUE(asked.may_ask() && !asked.may_answer());
        EXPECT_EQ(asked.source_port, 0xabcd);
        const Upper answered = echo(static_cast<std::uint8_t>(protocol),
                                    static_cast<std::uint8_t>(answer));
        EXPECT_TRUE(answered.may_answer() && !answered.may_ask());
        EXPECT_EQ(answered.destination_port, 0xabcd);
    }
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{3, 5, 11, 13}) {
        EXPECT_FALSE(echo(1, type).may_ask() || echo(1, type).may_answer()) << int{type};
        EXPECT_FALSE(echo(58, type).may_ask() || echo(58, type).may_answer());
    }
}

TEST(Conversation, HasOneKeyFromBothSides) {
    const auto a = *text::parse_address("10.20.0.50"), b = *text::parse_address("192.0.2.1");
    const Upper there{.protocol = 17, .source_port = 1, .destination_port = 2};
    const Upper back{.protocol = 17, .source_port = 2, .destination_port = 1};
    EXPECT_EQ(asked(a, b, there), answered(b, a, back));
    EXPECT_NE(asked(a, b, there), answered(b, a, there));
}

TEST(Conversation, KeysComeBackFromTheirWords) {
    const TransitKey narrow{.inside = *text::parse_address("10.20.0.50"),
                            .outside = *text::parse_address("192.0.2.1"),
                            .inside_port = 0xfedc,
                            .outside_port = 0x8001,
                            .protocol = 255};
    EXPECT_TRUE(narrow.is_narrow());
    EXPECT_EQ(TransitKey::from(narrow.narrow()), narrow);
    TransitKey wide = narrow;
    wide.inside = *text::parse_address("fd00:20::50");
    wide.outside = *text::parse_address("2001:db8::1");
    EXPECT_FALSE(wide.is_narrow());
    EXPECT_EQ(TransitKey::from(wide.wide()), wide);
}

TEST(Conversation, IsAnsweredOnceTheOtherSideSpeaks) {
    const Upper udp{.protocol = 17};
    EXPECT_EQ(advance(Progress::asked, udp, false), Progress::asked);
    EXPECT_EQ(advance(Progress::asked, udp, true), Progress::answered);
    EXPECT_EQ(advance(Progress::answered, udp, false), Progress::answered);
}

TEST(Conversation, OfTcpEndsByEitherSideAndBeginsAgainByBoth) {
    const auto tcp = [](std::uint8_t flags) {
        return Upper{.protocol = 6, .tcp_flags = flags};
    };
    for (const bool is_answer : {false, true}) {
        EXPECT_EQ(advance(Progress::answered, tcp(Upper::fin | Upper::ack), is_answer),
                  Progress::closing);
        EXPECT_EQ(advance(Progress::answered, tcp(Upper::rst), is_answer), Progress::closing);
        EXPECT_EQ(advance(Progress::asked, tcp(Upper::rst), is_answer), Progress::asked);
        EXPECT_EQ(advance(Progress::closing, tcp(Upper::ack), is_answer), Progress::closing);
    }
    EXPECT_EQ(advance(Progress::closing, tcp(Upper::syn), false), Progress::closing);
    EXPECT_EQ(advance(Progress::closing, tcp(Upper::syn | Upper::ack), true), Progress::answered);
}

TEST(Quote, TellsWhatAnErrorIsAbout) {
    const auto v4 = PacketBuilder{}.ip("10.0.0.1", "192.0.2.1").udp(1, 2).build_ip();
    const auto quote = read_quote(false, v4);
    ASSERT_TRUE(quote);
    EXPECT_EQ(text::to_text(quote->source), "10.0.0.1");
    EXPECT_EQ(quote->protocol, 17);
    EXPECT_EQ(quote->upper, 20u);
    const auto v6 =
        PacketBuilder{}.ip("fd00::1", "2001:db8::1").extension(60).udp(1, 2).build_ip();
    ASSERT_TRUE(read_quote(true, v6));
    EXPECT_EQ(read_quote(true, v6)->upper, 48u);
    EXPECT_FALSE(read_quote(true, v4)) << "of the other family";
    EXPECT_FALSE(read_quote(false, v6));
    for (std::size_t length = 0; length < 20; ++length)
        EXPECT_FALSE(read_quote(false, std::span{v4}.first(length)));
    EXPECT_FALSE(read_quote(false, PacketBuilder{}
                                       .ip("10.0.0.1", "192.0.2.1")
                                       .udp(1, 2)
                                       .fragment(8, false)
                                       .build_ip()));
    EXPECT_FALSE(read_quote(true, PacketBuilder{}
                                      .ip("fd00::1", "2001:db8::1")
                                      .protocol(17)
                                      .fragment(8, false)
                                      .raw(Bytes(8, 0))
                                      .build_ip()));
}

TEST(SourceRoute, IsFoundAmongOtherOptions) {
    EXPECT_FALSE(is_source_routed({}));
    EXPECT_FALSE(is_source_routed(Bytes{1, 1, 1, 0}));
    EXPECT_FALSE(is_source_routed(Bytes{148, 4, 0, 0}));
    EXPECT_FALSE(is_source_routed(Bytes{7, 3, 131, 0})) << "within another option";
    EXPECT_TRUE(is_source_routed(Bytes{131, 3, 4, 0}));
    EXPECT_TRUE(is_source_routed(Bytes{1, 148, 4, 0, 0, 137, 3, 4}));
    EXPECT_TRUE(is_source_routed(Bytes{7, 0, 0, 0}));
    EXPECT_TRUE(is_source_routed(Bytes{1, 1, 1, 7}));
}

}  // namespace
}  // namespace ikelb::wall
