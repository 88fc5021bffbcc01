// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "dataplane/ike/datagram.h"
#include "tests/testlib/packet_builder.h"

namespace ikelb::ike {
namespace {

using namespace testlib;

constexpr bool nat_t = true, plain = false;

Kind kind_of(const Bytes& payload, bool is_nat_t) {
    return classify(payload, payload.size(), is_nat_t).kind;
}

TEST(IkeDatagram, OnPort500IsIkeFromItsFirstByte) {
    const Bytes bytes = sa_init(0x1234).bytes();
    const Datagram datagram = classify(bytes, bytes.size(), plain);
    EXPECT_EQ(datagram.kind, Kind::ike);
    EXPECT_EQ(datagram.ike_offset, 0);
    EXPECT_EQ(header_of(bytes, datagram).initiator_spi.to_host(), 0x1234u);
}

TEST(IkeDatagram, BehindFourZeroBytesIsIkeOnPort4500) {
    const Bytes bytes = behind_marker(encrypted(1, 2, exchange::ike_auth));
    const Datagram datagram = classify(bytes, bytes.size(), nat_t);
    EXPECT_EQ(datagram.kind, Kind::ike);
    EXPECT_EQ(datagram.ike_offset, 4);
    EXPECT_EQ(header_of(bytes, datagram).responder_spi.to_host(), 2u);
}

TEST(IkeDatagram, OfOneByteFFIsAKeepaliveOnPort4500Alone) {
    EXPECT_EQ(kind_of({0xff}, nat_t), Kind::keepalive);
    EXPECT_EQ(kind_of({0xff}, plain), Kind::truncated);
    EXPECT_EQ(kind_of({0xfe}, nat_t), Kind::truncated);
    EXPECT_EQ(kind_of({0xff, 0xff}, nat_t), Kind::truncated);
}

TEST(IkeDatagram, WithANonZeroFirstWordIsEspOnPort4500) {
    const Bytes bytes = esp(0xc0ffee01);
    const Datagram datagram = classify(bytes, bytes.size(), nat_t);
    EXPECT_EQ(datagram.kind, Kind::esp);
    EXPECT_EQ(datagram.esp_spi.to_host(), 0xc0ffee01u);
}

TEST(IkeDatagram, OfAReservedEspSpiIsNamed) {
    EXPECT_EQ(kind_of(esp(1), nat_t), Kind::reserved_esp_spi);
    EXPECT_EQ(kind_of(esp(255), nat_t), Kind::reserved_esp_spi);
    EXPECT_EQ(kind_of(esp(256), nat_t), Kind::esp);
}

TEST(IkeDatagram, ShorterThanItsHeaderIsTruncated) {
    const Bytes whole = behind_marker(sa_init(1));
    for (std::size_t length = 0; length < 32; ++length) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_EQ(kind_of(part, nat_t), Kind::truncated) << length;
    }
    const Bytes seven{0xc0, 0, 0, 1, 0, 0, 0};
    EXPECT_EQ(kind_of(seven, nat_t), Kind::truncated);
    EXPECT_EQ(kind_of({}, plain), Kind::truncated);
    EXPECT_EQ(kind_of(Bytes(27, 1), plain), Kind::truncated);
}

TEST(IkeDatagram, WhoseLengthRunsBeyondItOrBelowItsHeaderIsBad) {
    IkeMessage message = sa_init(1);
    const auto right = static_cast<std::uint32_t>(message.bytes().size());
    message.length = right + 1;
    EXPECT_EQ(kind_of(message.bytes(), plain), Kind::bad_length);
    message.length = 27;
    EXPECT_EQ(kind_of(message.bytes(), plain), Kind::bad_length);
    message.length = 0xffffffff;
    EXPECT_EQ(kind_of(message.bytes(), plain), Kind::bad_length);
    message.length = right;
    EXPECT_EQ(kind_of(message.bytes(), plain), Kind::ike);
    EXPECT_EQ(kind_of(behind_marker(message), nat_t), Kind::ike);
}

TEST(IkeDatagram, IsMeasuredAgainstTheWholeDatagramWhereOnlyItsStartIsAtHand) {
    const Bytes bytes = sa_init(1).bytes();
    EXPECT_EQ(classify(std::span{bytes}.first(32), bytes.size(), plain).kind, Kind::ike);
}

TEST(IkeDatagram, WithAZeroInitiatorSpiIsNamed) {
    EXPECT_EQ(kind_of(sa_init(0).bytes(), plain), Kind::zero_initiator_spi);
}

TEST(IkeDatagram, IsNamedWhereAnInitRequestHasAResponderSpi) {
    IkeMessage message = sa_init(1);
    message.responder_spi = 5;
    EXPECT_EQ(kind_of(message.bytes(), plain), Kind::init_with_responder_spi);
    EXPECT_EQ(kind_of(sa_init_answer(1, 5).bytes(), plain), Kind::ike);
    message.version = 0x10;
    EXPECT_EQ(kind_of(message.bytes(), plain), Kind::ike) << "IKEv1 has no exchange 34";
}

TEST(IkeDatagram, OfVersionZeroIsNamedAndUnknownOnesAreSteered) {
    IkeMessage message = sa_init(1);
    message.version = 0x02;
    EXPECT_EQ(kind_of(message.bytes(), plain), Kind::version_zero);
    for (const int version : {0x10, 0x21, 0x2f, 0x30, 0xf0}) {
        message.version = static_cast<std::uint8_t>(version);
        EXPECT_EQ(kind_of(message.bytes(), plain), Kind::ike) << version;
    }
}

TEST(IkeDatagram, OfAnUnknownExchangeIsSteered) {
    for (int type = 0; type < 256; ++type) {
        const auto message = encrypted(1, 2, static_cast<std::uint8_t>(type)).bytes();
        EXPECT_EQ(kind_of(message, plain),
                  type == exchange::ike_sa_init ? Kind::init_with_responder_spi : Kind::ike);
    }
}

}  // namespace
}  // namespace ikelb::ike
