// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/watchdog.h"

#include <gtest/gtest.h>

#include <array>

namespace ikelb::daemon {
namespace {

using Turns = std::array<std::uint64_t, 2>;

TEST(WorkerPulse, AllTurnWhileEachCountGrows) {
    WorkerPulse pulse{2};
    EXPECT_TRUE(pulse.look(Turns{1, 1}));
    EXPECT_TRUE(pulse.look(Turns{2, 900}));
    EXPECT_EQ(pulse.silent_looks(0), 0u);
}

TEST(WorkerPulse, OneThatStandsStillIsEnoughAndIsCounted) {
    WorkerPulse pulse{2};
    EXPECT_TRUE(pulse.look(Turns{7, 7}));
    EXPECT_FALSE(pulse.look(Turns{7, 8}));
    EXPECT_FALSE(pulse.look(Turns{7, 9}));
    EXPECT_EQ(pulse.silent_looks(0), 2u);
    EXPECT_EQ(pulse.silent_looks(1), 0u);
    EXPECT_TRUE(pulse.look(Turns{8, 10})) << "it goes on";
    EXPECT_EQ(pulse.silent_looks(0), 0u);
}

TEST(WorkerPulse, OneThatNeverBeganIsNoticed) {
    WorkerPulse pulse{2};
    EXPECT_FALSE(pulse.look(Turns{0, 5}));
}

}  // namespace
}  // namespace ikelb::daemon
