// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/worker/published.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace ikelb::worker {
namespace {

using namespace std::chrono_literals;

/// A table whose parts all tell its version, so that a reader notices a mixture or a ruin.
std::unique_ptr<const forwarding::ForwardingTable> table(std::uint64_t version) {
    auto made = std::make_unique<forwarding::ForwardingTable>();
    made->version = version;
    made->interfaces.resize(8);
    for (forwarding::Interface& interface : made->interfaces)
        interface.mtu = static_cast<std::uint16_t>(version);
    return made;
}

bool is_whole(const forwarding::ForwardingTable& table) {
    for (const forwarding::Interface& interface : table.interfaces)
        if (interface.mtu != static_cast<std::uint16_t>(table.version)) return false;
    return table.interfaces.size() == 8;
}

TEST(Published, TheNewestTableIsRead) {
    Published published{1};
    EXPECT_EQ(published.read(), nullptr);
    published.publish(table(1));
    EXPECT_EQ(published.read()->version, 1U);
    published.publish(table(2));
    EXPECT_EQ(published.read()->version, 2U);
}

TEST(Published, TheFirstTableReplacesNothing) {
    Published published{1};
    published.publish(table(1));
    EXPECT_EQ(published.reclaim(), 0U);
}

TEST(Published, AReplacedTableLivesUntilEveryWorkerHasReported) {
    Published published{2};
    QuiescentReporter first{published.qsbr(), 0};
    QuiescentReporter second{published.qsbr(), 1};
    published.publish(table(1));
    const forwarding::ForwardingTable* held = published.read();
    published.publish(table(2));
    EXPECT_EQ(published.reclaim(), 1U);
    first.report();
    EXPECT_EQ(published.reclaim(), 1U);
    EXPECT_EQ(held->version, 1U);
    second.report();
    EXPECT_EQ(published.reclaim(), 0U);
}

TEST(Published, AReportFromBeforeTheReplacementFreesNothing) {
    Published published{1};
    QuiescentReporter worker{published.qsbr(), 0};
    published.publish(table(1));
    worker.report();
    published.publish(table(2));
    EXPECT_EQ(published.reclaim(), 1U);
    worker.report();
    EXPECT_EQ(published.reclaim(), 0U);
}

TEST(Published, NobodyWaitsForASleepingWorker) {
    Published published{2};
    QuiescentReporter awake{published.qsbr(), 0};
    QuiescentReporter asleep{published.qsbr(), 1};
    published.publish(table(1));
    asleep.go_offline();
    published.publish(table(2));
    awake.report();
    EXPECT_EQ(published.reclaim(), 0U);
    // Awake again it reads the newest table, and is waited for as before.
    asleep.go_online();
    EXPECT_EQ(published.read()->version, 2U);
    published.publish(table(3));
    awake.report();
    EXPECT_EQ(published.reclaim(), 1U);
    asleep.report();
    EXPECT_EQ(published.reclaim(), 0U);
}

TEST(Published, NobodyWaitsForAWorkerThatHasEnded) {
    Published published{1};
    published.publish(table(1));
    auto worker = std::make_unique<QuiescentReporter>(published.qsbr(), 0U);
    published.publish(table(2));
    EXPECT_EQ(published.reclaim(), 1U);
    worker.reset();
    EXPECT_EQ(published.reclaim(), 0U);
}

TEST(Published, AStuckWorkerDelaysFreeingButNotPublishing) {
    Published published{1};
    QuiescentReporter stuck{published.qsbr(), 0};
    for (std::uint64_t version = 1; version <= 50; ++version) published.publish(table(version));
    EXPECT_EQ(published.read()->version, 50U);
    EXPECT_EQ(published.reclaim(), 49U);
    stuck.report();
    EXPECT_EQ(published.reclaim(), 0U);
}

TEST(Published, EachOverdueTableIsCountedOnce) {
    Published published{1};
    QuiescentReporter stuck{published.qsbr(), 0};
    published.publish(table(1));
    published.publish(table(2));
    EXPECT_EQ(published.count_overdue(1h), 0U);
    EXPECT_EQ(published.count_overdue(0ms), 1U);
    EXPECT_EQ(published.count_overdue(0ms), 0U);
    published.publish(table(3));
    EXPECT_EQ(published.count_overdue(0ms), 1U);
    EXPECT_EQ(published.reclaim(), 2U);
}

/// Workers read, report, and now and then sleep, while the control thread replaces and frees
/// tables as fast as it can. A sanitizer sees a table that is freed too early.
TEST(Published, WorkersNeverSeeAFreedTable) {
    constexpr unsigned workers = 3;
    constexpr std::uint64_t versions = 20'000;
    Published published{workers};
    published.publish(table(1));
    std::atomic<unsigned> ready{0};
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> ruins{0}, steps_back{0};
    std::vector<std::thread> threads;
    for (unsigned id = 0; id < workers; ++id)
        threads.emplace_back([&, id] {
            QuiescentReporter reporter{published.qsbr(), id};
            std::uint64_t newest = 0;
            for (std::uint64_t round = 0; !stop.load(std::memory_order_relaxed); ++round) {
                const forwarding::ForwardingTable* seen = published.read();
                if (!is_whole(*seen)) ruins.fetch_add(1);
                if (seen->version < newest) steps_back.fetch_add(1);
                newest = seen->version;
                reporter.report();
                if (round == 0) ready.fetch_add(1);
                if (round % 64 != 63) continue;
                reporter.go_offline();
                std::this_thread::yield();
                reporter.go_online();
            }
        });
    while (ready.load() < workers) std::this_thread::yield();
    std::size_t most_waiting = 0;
    for (std::uint64_t version = 2; version <= versions; ++version) {
        published.publish(table(version));
        most_waiting = std::max(most_waiting, published.reclaim());
        if (version % 16 == 0) std::this_thread::yield();
    }
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    std::size_t waiting = published.reclaim();
    while (waiting != 0 && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
        waiting = published.reclaim();
    }
    stop.store(true);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(waiting, 0U) << "at most " << most_waiting << " tables waited";
    EXPECT_EQ(ruins.load(), 0U);
    EXPECT_EQ(steps_back.load(), 0U);
    EXPECT_EQ(published.read()->version, versions);
}

}  // namespace
}  // namespace ikelb::worker
