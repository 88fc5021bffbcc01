// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/tables/record.h"

#include <gtest/gtest.h>

namespace ikelb::tables {
namespace {

constexpr Record fullest{.backend = {.index = max_backends - 1, .generation = 255},
                         .state = RecordState::tentative,
                         .gateway = on_link_client,
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
    EXPECT_TRUE(lifetimes.is_alive(record, 1000));
    EXPECT_TRUE(lifetimes.is_alive(record, 1030));
    EXPECT_FALSE(lifetimes.is_alive(record, 1031));
}

TEST(Lifetimes, KeepARecordThatAFasterWorkersClockHasDated) {
    EXPECT_TRUE(Lifetimes{}.is_alive({.last_seen = 1001}, 1000));
}

}  // namespace
}  // namespace ikelb::tables
