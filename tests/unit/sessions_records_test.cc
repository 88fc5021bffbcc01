// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/sessions/records.h"

#include <gtest/gtest.h>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/sessions/session_tables.h"

namespace ikelb::sessions {
namespace {

constexpr BackendRef last_backend{.index = forwarding::max_backends - 1, .generation = 255};
constexpr Seconds latest = 0xffffffff;

/// What each kind of record packs, all bits that it has set, and one of few.
template <typename Value>
struct Samples;

template <>
struct Samples<Flow> {
    static constexpr Flow fullest{.backend = last_backend,
                                  .standing = Standing::spoke,
                                  .awaits = true,
                                  .has_rivals = true,
                                  .is_over = true,
                                  .gateway = forwarding::on_link_client,
                                  .last_seen = latest};
    static constexpr Flow mixed{.backend = {.index = 1, .generation = 2},
                                .standing = Standing::nominated,
                                .awaits = true,
                                .gateway = 3,
                                .last_seen = 4};
};
template <>
struct Samples<Rivals> {
    static constexpr Rivals fullest{.last_seen = latest}, mixed{.last_seen = 4};
};
template <>
struct Samples<Persistence> {
    static constexpr Persistence fullest{.backend = last_backend, .last_seen = latest},
        mixed{.backend = {.index = 1, .generation = 2}, .last_seen = 4};
};
template <>
struct Samples<Candidate> {
    static constexpr Candidate fullest{.backend = last_backend, .last_seen = latest},
        mixed{.backend = {.index = 1, .generation = 2}, .last_seen = 4};
};
template <>
struct Samples<Choice> {
    static constexpr Choice fullest{
        .backend = last_backend, .cookie = 255, .is_answered = true, .last_seen = latest},
        mixed{.backend = {.index = 1, .generation = 2}, .cookie = 3, .last_seen = 4};
};
template <>
struct Samples<Claim> {
    static constexpr Claim fullest{
        .backend = last_backend, .rank = 7, .tag = 255, .is_shared = true, .last_seen = latest},
        mixed{.backend = {.index = 1, .generation = 2}, .rank = 3, .tag = 4, .last_seen = 5};
};
template <>
struct Samples<Pending> {
    static constexpr Pending fullest{.backend = last_backend,
                                     .copies = 3,
                                     .is_delete = true,
                                     .gateway = forwarding::on_link_client,
                                     .last_seen = latest},
        mixed{.backend = {.index = 1, .generation = 2}, .copies = 1, .gateway = 4, .last_seen = 5};
};
template <>
struct Samples<Login> {
    static constexpr Login fullest{
        .backend = last_backend, .is_closing = true, .last_seen = latest, .is_over = true},
        mixed{.backend = {.index = 1, .generation = 2}, .last_seen = 4};
};
template <>
struct Samples<FragmentWay> {
    static constexpr FragmentWay fullest{.kind = FragmentWay::Kind::drop,
                                         .index = forwarding::max_backends - 1,
                                         .fingerprint = 255,
                                         .next = 255,
                                         .last_seen = latest},
        mixed{.kind = FragmentWay::Kind::transit,
              .index = 1,
              .fingerprint = 2,
              .next = 3,
              .last_seen = 4};
};
template <>
struct Samples<IkeSa> {
    static constexpr IkeSa fullest{.backend = last_backend,
                                   .state = SaState::closing,
                                   .is_over = true,
                                   .service = forwarding::max_services - 1,
                                   .last_seen = latest},
        mixed{.backend = {.index = 1, .generation = 2},
              .state = SaState::established,
              .service = 3,
              .last_seen = 4};
};
template <>
struct Samples<wall::Conversation> {
    static constexpr wall::Conversation fullest{.progress = wall::Progress::closing,
                                                .ends_at = latest},
        mixed{.progress = wall::Progress::asked, .ends_at = 4};
};

template <typename Value>
class RecordOf : public testing::Test {};
using Kinds = testing::Types<Flow, Rivals, Persistence, Candidate, Choice, Claim, Pending, Login,
                             FragmentWay, IkeSa, wall::Conversation>;
TYPED_TEST_SUITE(RecordOf, Kinds);

TYPED_TEST(RecordOf, ComesBackFromItsPackedForm) {
    for (const TypeParam& record :
         {Samples<TypeParam>::fullest, Samples<TypeParam>::mixed, TypeParam{}})
        EXPECT_EQ(TypeParam::unpack(record.pack()), record);
    EXPECT_NE(Samples<TypeParam>::fullest.pack(), Samples<TypeParam>::mixed.pack());
}

TYPED_TEST(RecordOf, LeavesTheSpareBitToItsTable) {
    EXPECT_EQ(Samples<TypeParam>::fullest.pack() & spare_bit, 0u);
    EXPECT_EQ(TypeParam::unpack(Samples<TypeParam>::fullest.pack() | spare_bit),
              Samples<TypeParam>::fullest);
}

/// How many seconds after it was seen last the record ends.
template <typename Value>
Seconds life_of(Value record, const Timeouts& lives) {
    record.last_seen = 1000;
    EXPECT_TRUE(record.is_alive(lives, 999)) << "a faster worker's clock has dated it";
    Seconds life = 0;
    while (record.is_alive(lives, 1000 + life + 1)) ++life;
    return life;
}

TEST(Lives, AreThoseOfEachKindAndOfItsState) {
    constexpr Timeouts lives{.flow = 10,
                             .standing = 11,
                             .called = 12,
                             .half_open = 13,
                             .half_open_answered = 19,
                             .answered = 14,
                             .established = 15,
                             .closing = 16,
                             .pending = 17,
                             .fragment = 18};
    EXPECT_EQ(life_of(Flow{.standing = Standing::called}, lives), lives.called);
    EXPECT_EQ(life_of(Flow{.standing = Standing::nominated}, lives), lives.standing);
    EXPECT_EQ(life_of(Flow{.standing = Standing::strong}, lives), lives.standing);
    EXPECT_EQ(life_of(Flow{.standing = Standing::spoke}, lives), lives.flow);
    EXPECT_EQ(life_of(Rivals{}, lives), lives.standing);
    EXPECT_EQ(life_of(Persistence{}, lives), lives.flow);
    EXPECT_EQ(life_of(Candidate{}, lives), lives.standing);
    EXPECT_EQ(life_of(Choice{}, lives), lives.half_open);
    EXPECT_EQ(life_of(Choice{.is_answered = true}, lives), lives.half_open_answered);
    EXPECT_EQ(life_of(Claim{}, lives), lives.flow);
    EXPECT_EQ(life_of(Pending{}, lives), lives.pending);
    EXPECT_EQ(life_of(Login{}, lives), lives.answered);
    EXPECT_EQ(life_of(Login{.is_closing = true}, lives), lives.closing);
    EXPECT_EQ(life_of(FragmentWay{}, lives), lives.fragment);
    EXPECT_EQ(life_of(IkeSa{.state = SaState::half_open}, lives), lives.half_open_answered);
    EXPECT_EQ(life_of(IkeSa{.state = SaState::answered}, lives), lives.answered);
    EXPECT_EQ(life_of(IkeSa{.state = SaState::established}, lives), lives.established);
    EXPECT_EQ(life_of(IkeSa{.state = SaState::closing}, lives), lives.closing);
}

TEST(Lives, AConversationSaysItselfWhenItEnds) {
    const wall::Conversation talk{.ends_at = 1000};
    EXPECT_TRUE(talk.is_alive({}, 1000));
    EXPECT_FALSE(talk.is_alive({}, 1001));
}

/// Its backend's index is wider than its place.
TEST(Pending, OfARequestThatNobodyGotIsNoDelete) {
    const Pending nobodys{.backend = {.index = forwarding::no_backend}, .last_seen = 5};
    EXPECT_FALSE(Pending::unpack(nobodys.pack()).is_delete);
}

TEST(RivalEntry, ComesBackFromItsPackedForm) {
    const RivalEntry fullest{
        .backend = last_backend, .standing = Standing::spoke, .seconds = 0xfff};
    const RivalEntry back = RivalEntry::unpack(fullest.pack());
    EXPECT_EQ(back.backend, fullest.backend);
    EXPECT_EQ(back.standing, fullest.standing);
    EXPECT_EQ(back.seconds, fullest.seconds);
}

TEST(Began, ComesBackFromItsNote) {
    const Began began{.client = 0xc0000201, .next_id = 0xfffffffe};
    EXPECT_EQ(Began::unpack(began.pack()).client, began.client);
    EXPECT_EQ(Began::unpack(began.pack()).next_id, began.next_id);
}

}  // namespace
}  // namespace ikelb::sessions
