// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/worker/idle.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "dataplane/worker/worker.h"

namespace ikelb::worker {
namespace {

/// Polls that find nothing until the policy first sleeps.
unsigned empty_polls_until_sleep(IdlePolicy& idle) {
    unsigned polls = 1;
    while (idle.after(false) == 0 && polls < 100'000) ++polls;
    return polls;
}

TEST(IdlePolicy, PollsOnThroughAShortPause) {
    IdlePolicy idle;
    for (int i = 0; i < 200; ++i) ASSERT_EQ(idle.after(false), 0U) << "empty poll " << i;
}

TEST(IdlePolicy, SleepsLongerAndLongerUpToALimit) {
    IdlePolicy idle;
    empty_polls_until_sleep(idle);
    std::uint32_t before = 0;
    for (int i = 0; i < 1000; ++i) {
        const std::uint32_t pause = idle.after(false);
        ASSERT_GE(pause, before);
        ASSERT_GT(pause, 0U);
        before = pause;
    }
    // One millisecond: what a receive ring of 1,024 descriptors takes at 1 Mpps.
    EXPECT_EQ(before, 1'000'000U);
}

TEST(IdlePolicy, WorkEndsTheSleepingAtOnce) {
    IdlePolicy idle;
    const unsigned patience = empty_polls_until_sleep(idle);
    for (int i = 0; i < 1000; ++i) idle.after(false);
    EXPECT_EQ(idle.after(true), 0U);
    EXPECT_EQ(idle.after(false), 0U);
    IdlePolicy fresh;
    EXPECT_EQ(empty_polls_until_sleep(fresh), patience);
}

TEST(IdlePolicy, WeeksOfSilenceOverflowNothing) {
    IdlePolicy idle;
    for (int i = 0; i < 3'000'000; ++i) idle.after(false);
    EXPECT_EQ(idle.after(false), 1'000'000U);
}

/// Sleeps of a worker without any port; it ends after the first, or after the time.
std::uint64_t sleeps_of_idle_worker(bool may_sleep, std::chrono::milliseconds time) {
    Published published{1};
    WorkerParts parts;
    parts.published = &published;
    parts.may_sleep = may_sleep;
    std::atomic<bool> stop{false};
    parts.stop = &stop;
    Worker worker{std::move(parts)};
    std::thread thread{[&] { worker.run(); }};
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (worker.stats().sleeps.read() == 0 && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    stop = true;
    thread.join();
    return worker.stats().sleeps.read();
}

TEST(WorkerIdle, SleepsIfItMay) {
    EXPECT_GT(sleeps_of_idle_worker(true, std::chrono::seconds{20}), 0U);
}

TEST(WorkerIdle, PollsOnIfItMayNot) {
    EXPECT_EQ(sleeps_of_idle_worker(false, std::chrono::milliseconds{100}), 0U);
}

}  // namespace
}  // namespace ikelb::worker
