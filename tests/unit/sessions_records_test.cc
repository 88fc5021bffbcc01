// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/sessions/records.h"

#include <gtest/gtest.h>

namespace ikelb::sessions {
namespace {

constexpr Record fullest{.backend = {.index = forwarding::max_backends - 1, .generation = 255},
                         .state = RecordState::tentative,
                         .gateway = forwarding::on_link_client,
                         .last_seen = 0xffffffff};

TEST(Record, ComesBackFromItsPackedForm) {
    EXPECT_EQ(Record::unpack(fullest.pack()), fullest);
    EXPECT_EQ(Record::unpack(Record{}.pack()), Record{});
    const Record mixed{.backend = {.index = 1, .generation = 2},
                       .state = RecordState::established,
                       .gateway = 3,
                       .last_seen = 4};
    EXPECT_EQ(Record::unpack(mixed.pack()), mixed);
}

TEST(Record, LeavesTheSpareBitToItsTable) {
    EXPECT_EQ(fullest.pack() & Record::spare_bit, 0u);
    EXPECT_EQ(Record::unpack(fullest.pack() | Record::spare_bit), fullest);
}

TEST(Lifetimes, EndOneSecondAfterTheStatesLife) {
    const Lifetimes lifetimes;
    const Record record{.state = RecordState::half_open, .last_seen = 1000};
    EXPECT_TRUE(record.is_alive(lifetimes, 1000));
    EXPECT_TRUE(record.is_alive(lifetimes, 1030));
    EXPECT_FALSE(record.is_alive(lifetimes, 1031));
}

TEST(Lifetimes, AreInTheOrderOfTheStates) {
    constexpr Lifetimes in_order{{10, 20, 30, 40, 50}};
    Seconds life = 0;
    for (const RecordState state : {RecordState::half_open, RecordState::answered,
                                    RecordState::established, RecordState::closing,
                                    RecordState::tentative}) {
        life += 10;
        EXPECT_TRUE((Record{.state = state, .last_seen = 1000}.is_alive(in_order, 1000 + life)));
        EXPECT_FALSE((Record{.state = state, .last_seen = 1000}.is_alive(in_order, 1001 + life)));
    }
}

TEST(Lifetimes, KeepARecordThatAFasterWorkersClockHasDated) {
    EXPECT_TRUE((Record{.last_seen = 1001}.is_alive(Lifetimes{}, 1000)));
}

}  // namespace
}  // namespace ikelb::sessions
