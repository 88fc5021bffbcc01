// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <random>

#include "dataplane/ike/payload_walk.h"
#include "tests/testlib/packet_builder.h"

namespace ikelb::ike {
namespace {

using namespace testlib;

Evidence evidence(const IkeMessage& message) { return evidence_of(message.bytes()); }

TEST(Evidence, OfAnInitAnswerWithAnSaIsHalfOpen) {
    EXPECT_EQ(evidence(sa_init_answer(1, 2)), Evidence::half_open);
}

TEST(Evidence, NeedsTheSaSomewhereInTheChainNotFirst) {
    IkeMessage message = sa_init_answer(1, 2);
    message.payloads.insert(message.payloads.begin(), 5,
                            {.type = 43, .body = Bytes(16, 0)});  // vendor ids
    EXPECT_EQ(evidence(message), Evidence::half_open);
}

TEST(Evidence, OfRefusalsAndDetoursIsNone) {
    EXPECT_EQ(evidence(notify_answer(1)), Evidence::none);
    EXPECT_EQ(evidence(notify_answer(1, 2)), Evidence::none) << "a notify beside an SPI";
}

TEST(Evidence, OfAnInitAnswerWithoutAResponderSpiIsNone) {
    EXPECT_EQ(evidence(sa_init_answer(1, 0)), Evidence::none);
}

TEST(Evidence, OfAnInitRequestIsNone) { EXPECT_EQ(evidence(sa_init(1)), Evidence::none); }

TEST(Evidence, OfAResumedSessionIsItsNonce) {
    IkeMessage message = sa_init_answer(1, 2);
    message.exchange = exchange::session_resume;
    message.payloads = {{.type = payload::nonce, .body = Bytes(32, 0)}};
    EXPECT_EQ(evidence(message), Evidence::half_open);
    message.payloads = {{.type = payload::notify, .body = Bytes(8, 0)}};
    EXPECT_EQ(evidence(message), Evidence::none);
}

TEST(Evidence, OfSkInALoginIsALogin) {
    EXPECT_EQ(evidence(encrypted_answer(1, 2, exchange::ike_auth)), Evidence::login);
    EXPECT_EQ(evidence(encrypted_answer(1, 2, exchange::intermediate)), Evidence::login);
    IkeMessage fragmented = encrypted_answer(1, 2, exchange::ike_auth);
    fragmented.payloads[0].type = payload::encrypted_fragment;
    EXPECT_EQ(evidence(fragmented), Evidence::login);
}

TEST(Evidence, OfSkInALaterExchangeIsASession) {
    EXPECT_EQ(evidence(encrypted_answer(1, 2, exchange::informational)), Evidence::session);
    EXPECT_EQ(evidence(encrypted(1, 2, exchange::create_child_sa)), Evidence::session)
        << "a backend's own request";
}

TEST(Evidence, OfSkWithoutAResponderSpiIsNone) {
    EXPECT_EQ(evidence(encrypted_answer(1, 0, exchange::informational)), Evidence::none);
}

TEST(Evidence, OfIkeV1FollowsItsExchangesAndTheEncryptionFlag) {
    IkeMessage message{.responder_spi = 2, .version = 0x10, .exchange = 2, .flags = 0};
    EXPECT_EQ(evidence(message), Evidence::half_open);
    message.flags = 1;
    EXPECT_EQ(evidence(message), Evidence::login);
    message.exchange = 6;
    EXPECT_EQ(evidence(message), Evidence::login) << "a password is asked for";
    message.exchange = 32;
    EXPECT_EQ(evidence(message), Evidence::session);
    message.exchange = 5;
    EXPECT_EQ(evidence(message), Evidence::life) << "a DPD, or the refusal of a login";
    message = {.responder_spi = 2, .version = 0x10, .exchange = 5, .flags = 0};
    EXPECT_EQ(evidence(message), Evidence::none) << "an unprotected notify";
    message = {.responder_spi = 0, .version = 0x10, .exchange = 2, .flags = 0};
    EXPECT_EQ(evidence(message), Evidence::none);
}

TEST(Evidence, EndsWhereTheBytesAtHandEnd) {
    const Bytes whole = [] {
        IkeMessage message = sa_init_answer(1, 2);
        message.payloads.insert(message.payloads.begin(), {.type = 43, .body = Bytes(100, 0)});
        return message.bytes();
    }();
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        const auto part = std::make_unique<std::uint8_t[]>(length);
        std::copy_n(whole.begin(), length, part.get());
        // The vendor id's header, 4 bytes behind the message's, names the SA that follows.
        EXPECT_EQ(evidence_of({part.get(), length}),
                  length >= 32 ? Evidence::half_open : Evidence::none)
            << length;
    }
}

TEST(Evidence, IsFoundInNoEndlessChain) {
    IkeMessage message = sa_init_answer(1, 2);
    message.payloads.insert(message.payloads.begin(), 200, {.type = 43, .body = {}});
    EXPECT_EQ(evidence(message), Evidence::none);
    Bytes zero_length = sa_init_answer(1, 2).bytes();
    zero_length[16] = 43;
    zero_length[28] = 43;
    zero_length[30] = zero_length[31] = 0;
    EXPECT_EQ(evidence_of(zero_length), Evidence::none);
}

TEST(Cookie, IsTheSameInTheAnswerAndInTheRetry) {
    constexpr net::HashKey secret{1, 2};
    const auto of = [&](const IkeMessage& message) { return cookie_of(message.bytes(), secret); };
    const auto answer = of(cookie_answer(7));
    EXPECT_NE(answer, 0u);
    EXPECT_EQ(of(sa_init_with_cookie(7)), answer);
    EXPECT_NE(of(sa_init_with_cookie(8)), answer) << "of another SPIi";
    EXPECT_NE(of(sa_init_with_cookie(7, 0x34)), answer);
    EXPECT_EQ(of(sa_init(7)), 0u);
    EXPECT_EQ(of(notify_answer(7)), 0u);
    const Bytes whole = cookie_answer(7).bytes();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_EQ(cookie_of(part, secret), 0u) << length;
    }
    IkeMessage empty = cookie_answer(7);
    empty.payloads[0].body.resize(4);
    EXPECT_EQ(of(empty), 0u);
}

TEST(DeleteHint, IsTheFirstInnerPayloadOfAnInformational) {
    EXPECT_TRUE(hints_at_delete(delete_request(1, 2).bytes()));
    EXPECT_FALSE(hints_at_delete(encrypted(1, 2, exchange::informational).bytes()));
    IkeMessage other = delete_request(1, 2);
    other.exchange = exchange::create_child_sa;
    EXPECT_FALSE(hints_at_delete(other.bytes()));
    const Bytes whole = delete_request(1, 2).bytes();
    EXPECT_FALSE(hints_at_delete(std::span{whole}.first(28)));
}

}  // namespace
}  // namespace ikelb::ike
