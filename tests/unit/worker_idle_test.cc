// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/worker/idle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "dataplane/worker/worker.h"

namespace ikelb::worker {
namespace {

/// A worker of the policy: polls take a microsecond, packets come at a rate, sleeps end late.
struct Night {
    IdlePolicy idle{};
    std::uint64_t micros = 1'000'000, asleep = 0, most_waiting = 0, longest = 0;

    void pass(std::uint64_t seconds_in_micros, double packets_a_second) {
        const std::uint64_t end = micros + seconds_in_micros;
        const std::uint64_t begun = micros;
        std::uint64_t taken = 0;
        while (micros < end) {
            const auto come = static_cast<std::uint64_t>(
                static_cast<double>(micros - begun) * packets_a_second / 1e6);
            const std::uint64_t moved = std::min<std::uint64_t>(come - taken, 32);
            most_waiting = std::max(most_waiting, come - taken);
            taken += moved;
            const std::uint64_t pause = idle.after(moved, micros) / 1000;
            longest = std::max(longest, pause);
            asleep += pause;
            micros += 1 + pause + (pause != 0 ? 10 : 0);
        }
    }
};

TEST(IdlePolicy, SleepsWithoutTrafficAMillisecondAtATime) {
    Night night;
    night.pass(100'000, 0);
    night.asleep = 0;
    night.pass(1'000'000, 0);
    EXPECT_GT(night.asleep, 980'000u);
    // What a receive ring of 1,024 descriptors takes at 1 Mpps.
    EXPECT_EQ(night.longest, 1000u);
}

TEST(IdlePolicy, SleepsAlsoBetweenPackets) {
    for (const double rate : {1000.0, 20'000.0, 100'000.0}) {
        Night night;
        night.pass(5000, rate);
        night.asleep = night.longest = 0;
        night.pass(1'000'000, rate);
        EXPECT_GT(night.asleep, 650'000u) << rate;
        EXPECT_LE(night.longest, 125u) << "a sixteenth of two gaps";
    }
}

TEST(IdlePolicy, StaysAwakeUnderLoad) {
    for (const double rate : {400'000.0, 5e6}) {
        Night night;
        night.pass(5000, rate);
        night.asleep = 0;
        night.pass(1'000'000, rate);
        EXPECT_EQ(night.asleep, 0u) << rate;
    }
}

TEST(IdlePolicy, WaitsForAPauseUnderLoadAwake) {
    IdlePolicy idle;
    std::uint64_t micros = 1'000'000;
    for (int poll = 0; poll < 5000; ++poll) idle.after(8, micros++);
    for (int poll = 0; poll < 150; ++poll) ASSERT_EQ(idle.after(0, micros++), 0u) << poll;
    micros += 1000;
    EXPECT_GT(idle.after(0, micros), 0u);
    EXPECT_EQ(idle.after(1, micros), 0u);
}

TEST(IdlePolicy, LosesNothingWhenTrafficStarts) {
    Night night;
    night.pass(1'000'000, 0);
    night.pass(100'000, 1e6);
    EXPECT_LE(night.most_waiting, 1024u);
    night.pass(1'000'000, 1000);
    night.most_waiting = 0;
    night.pass(100'000, 10e6);
    EXPECT_LE(night.most_waiting, 1024u);
}

TEST(IdlePolicy, WeeksOfSilenceOverflowNothing) {
    IdlePolicy idle;
    EXPECT_EQ(idle.after(1, 1), 0u);
    EXPECT_EQ(idle.after(0, std::uint64_t{1} << 42), 1'000'000u);
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
