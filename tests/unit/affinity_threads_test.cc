// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "dataplane/affinity/found.h"
#include "tests/testlib/bench.h"

// Two workers that hear something at one client tuple at the same moment. tests/model/commit.pml
// looks at each order of their steps; here are those that the machine happens to make.

namespace ikelb::affinity {
namespace {

using namespace testlib;
using namespace testlib::place;
using forwarding::BackendIndex;

/// Runs two bodies at once, again and again. Threads that are woken start too far apart.
template <typename Begin, typename Body, typename End>
void in_rounds(Begin begin, std::array<Body, 2> bodies, End end) {
    std::atomic<std::uint32_t> begun{0}, ended{0};
    std::atomic<bool> stop{false};
    const auto spin_until = [](auto&& is_so) {
        for (unsigned turn = 0; !is_so(); ++turn)
            if (turn % 256 == 255) std::this_thread::yield();
    };
    std::thread second{[&] {
        for (std::uint32_t round = 1;; ++round) {
            spin_until([&] { return stop || begun == round; });
            if (stop) return;
            bodies[1]();
            ended = round;
        }
    }};
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{700};
    std::uint32_t round = 0;
    while (std::chrono::steady_clock::now() < deadline && !testing::Test::HasFailure()) {
        begin();
        begun = ++round;
        // Apart by a little more or less each time, to either side.
        for (std::atomic<std::uint32_t> pause{round * 7 % 400}; pause != 0; --pause) continue;
        bodies[0]();
        spin_until([&] { return ended == round; });
        end();
    }
    stop = true;
    second.join();
    EXPECT_GT(round, 0u);
}

class TwoWorkers : public testing::Test {
protected:
    Bench bench{two_armed_farm(), 2};

    static PacketBuilder esp_of(BackendIndex backend) {
        return Session{.backend = backend}.esp_down();
    }
    static PacketBuilder answer_of(BackendIndex backend) {
        return Session{.spi_i = 5u + backend, .spi_r = 9, .backend = backend}.dpd_answer();
    }
    bool stands(BackendIndex backend) {
        const pipeline::Context context{.table = bench.table(),
                                        .sessions = bench.sessions(),
                                        .counters = bench.counters(0),
                                        .memory = bench.memory(0),
                                        .now = bench.now()};
        const auto key = sessions::flow_key(address(client), net::be16::from_host(4500), 1);
        const auto flow = bench.sessions().flows.find(key, bench.table().timeouts, bench.now());
        if (!flow) return false;
        const Tuple tuple = tuple_of(key, *flow, 0, context);
        return tuple.find(ref_of(backend, context)) != nullptr;
    }
    std::uint64_t refused(std::size_t worker) {
        return bench.counters(worker).sessions_busy.read();
    }
    /// Whatever stands there ends, and stands() is false of all.
    void forget() { bench.advance(bench.table().timeouts.flow + 1); }

    /// Worker 0 hears rras2 while worker 1 hears rras3.
    template <typename Begin>
    void expect_both_are_known(Begin begin, const PacketBuilder& of_rras2,
                               const PacketBuilder& of_rras3) {
        std::array<std::uint64_t, 2> before{};
        const auto hear = [&](std::size_t worker) {
            bench.from_server(worker == 0 ? of_rras2 : of_rras3, worker);
        };
        const auto hear_in = [&](std::size_t worker) { return [=] { hear(worker); }; };
        in_rounds(
            [&] {
                forget();
                begin();
                before = {refused(0), refused(1)};
            },
            std::array{hear_in(0), hear_in(1)},
            [&] {
                for (const std::size_t worker : {std::size_t{0}, std::size_t{1}}) {
                    // Who is told that it was too much at once says it again.
                    if (refused(worker) != before[worker]) hear(worker);
                    EXPECT_TRUE(stands(worker == 0 ? rras2 : rras3)) << "worker " << worker;
                }
            });
    }
};

TEST_F(TwoWorkers, ThatHearTwoAnswersBesideAFlowKnowBoth) {
    const PacketBuilder of_rras2 = answer_of(rras2), of_rras3 = answer_of(rras3);
    expect_both_are_known(
        [&] {
            bench.from_server(esp_of(rras1));
            bench.from_server(of_rras2);
            bench.advance(flow_refresh_interval);
            bench.from_server(esp_of(rras1));
        },
        of_rras2, of_rras3);
    EXPECT_TRUE(stands(rras1));
}

TEST_F(TwoWorkers, ThatFindNobodyKnowBothTheOneThatAnswersAndTheOneThatSpeaks) {
    expect_both_are_known([] {}, answer_of(rras2), esp_of(rras3));
}

}  // namespace
}  // namespace ikelb::affinity
