// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <map>

#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;
using forwarding::BackendIndex;
using forwarding::Scheduler;

std::string nth_client(int n) {
    return "203." + std::to_string(n / 65536 + 1) + "." + std::to_string(n / 256 % 256) + "." +
           std::to_string(n % 256);
}

std::map<BackendIndex, int> spread(Bench& bench, int clients) {
    std::map<BackendIndex, int> counts;
    for (int i = 0; i < clients; ++i) {
        const std::string client = nth_client(i);
        ++counts[bench.from_client(Session{.client = client}.init()).backend];
    }
    return counts;
}

Session cookie_session(const std::string& client) { return {.client = client}; }
PacketBuilder cookie_retry(const Session& session) {
    return to_vip(session.client.c_str(), 500, 500, sa_init_with_cookie(session.spi_i).bytes());
}

TEST(Maglev, SpreadsClientsByWeight) {
    Bench bench{two_armed_farm()};
    bench.spec.backends[rras1].weight = 200;
    bench.apply();
    const auto counts = spread(bench, 4000);
    EXPECT_NEAR(counts.at(rras1), 2000, 200);
    EXPECT_NEAR(counts.at(rras2), 1000, 200);
    EXPECT_NEAR(counts.at(rras3), 1000, 200);
}

TEST(Maglev, MovesFewOfTheOthersWhenAServerComes) {
    TableSpec spec = two_armed_farm();
    spec.backends[rras3].mode = forwarding::Mode::disabled;
    Bench bench{spec};
    std::map<int, BackendIndex> before;
    for (int i = 0; i < 2000; ++i)
        before[i] = bench.from_client(Session{.client = nth_client(i)}.init()).backend;
    bench.spec.backends[rras3].mode = forwarding::Mode::enabled;
    bench.apply();
    int moved_between_old_ones = 0;
    for (const auto& [i, old] : before) {
        const auto now = bench.from_client(Session{.client = nth_client(i)}.init()).backend;
        moved_between_old_ones += now != old && now != rras3;
    }
    EXPECT_LT(moved_between_old_ones, 2000 / 20);
}

TEST(CookieRetry, GoesByTheOldHashForThirtySecondsAfterARebuild) {
    Bench bench{two_armed_farm()};
    bench.spec.backends[rras3].weight = 0;
    bench.apply();
    // A client that the coming server would take away.
    std::string moving;
    BackendIndex old = forwarding::no_backend;
    bench.spec.backends[rras3].weight = 100;
    for (int i = 0; moving.empty(); ++i) {
        const Session session = cookie_session(nth_client(i));
        old = bench.from_client(session.init()).backend;
        Bench other{bench.spec};
        if (other.from_client(session.init()).backend == rras3) moving = session.client;
    }
    bench.advance(1000);
    bench.apply();
    const Session session = cookie_session(moving);
    EXPECT_EQ(bench.from_client(session.init()).backend, rras3) << "no cookie, no old server";
    EXPECT_EQ(bench.from_client(cookie_retry(session)).backend, old);
    bench.advance(30);
    EXPECT_EQ(bench.from_client(cookie_retry(session)).backend, old);
    bench.advance(1);
    EXPECT_EQ(bench.from_client(cookie_retry(session)).backend, rras3);
}

TEST(CookieRetry, DoesNotGoToAServerThatTakesNobodyBack) {
    Bench bench{two_armed_farm()};
    const Session session{};
    const BackendIndex old = bench.from_client(session.init()).backend;
    bench.spec.backends[old].is_up = false;
    bench.apply();
    EXPECT_NE(bench.from_client(cookie_retry(session)).backend, old);
}

TEST(WeightedRoundRobin, GivesTurnsInProportion) {
    Bench bench{two_armed_farm()};
    bench.spec.services[0].scheduler = Scheduler::weighted_round_robin;
    bench.spec.backends[rras1].weight = 300;
    bench.apply();
    const auto counts = spread(bench, 500);
    EXPECT_EQ(counts.at(rras1), 300);
    EXPECT_EQ(counts.at(rras2), 100);
    EXPECT_EQ(counts.at(rras3), 100);
}

TEST(WeightedRoundRobin, KeepsARetryOnItsServerForThirtySeconds) {
    Bench bench{two_armed_farm()};
    bench.spec.services[0].scheduler = Scheduler::weighted_round_robin;
    bench.apply();
    const Session session{};
    const BackendIndex first = bench.from_client(session.init()).backend;
    for (int i = 0; i < 6; ++i) {
        bench.advance(5);
        EXPECT_EQ(bench.from_client(session.init()).backend, first);
        EXPECT_EQ(bench.from_client(cookie_retry(session)).backend, first);
    }
    bench.advance(1);
    EXPECT_NE(bench.from_client(session.init()).backend, first) << "the next turn";
}

TEST(WeightedRoundRobin, GivesTwoClientsWithOneSpiATurnEach) {
    Bench bench{two_armed_farm()};
    bench.spec.services[0].scheduler = Scheduler::weighted_round_robin;
    bench.apply();
    EXPECT_NE(bench.from_client(Session{.client = "192.0.2.1"}.init()).backend,
              bench.from_client(Session{.client = "192.0.2.2"}.init()).backend);
}

TEST(WeightedRoundRobin, LeavesARetryWhoseServerWentDown) {
    Bench bench{two_armed_farm()};
    bench.spec.services[0].scheduler = Scheduler::weighted_round_robin;
    bench.apply();
    const Session session{};
    const BackendIndex first = bench.from_client(session.init()).backend;
    bench.spec.backends[first].is_up = false;
    bench.apply();
    EXPECT_NE(bench.from_client(session.init()).backend, first);
}

TEST(WeightedRoundRobin, SendsWhatNobodyKnowsByTheHash) {
    Bench bench{two_armed_farm()};
    bench.spec.services[0].scheduler = Scheduler::weighted_round_robin;
    bench.apply();
    const auto unknown = to_vip(client, 4500, 4500, esp(0xc0000001));
    const BackendIndex first = bench.from_client(unknown).backend;
    for (int i = 0; i < 5; ++i) EXPECT_EQ(bench.from_client(unknown).backend, first);
}

TEST(LeastSas, FillsTheEmptiestByWeight) {
    Bench bench{two_armed_farm()};
    bench.spec.services[0].scheduler = Scheduler::least_sas;
    bench.spec.backends[rras2].weight = 200;
    bench.apply();
    bench.sessions().sas[rras1] = 100;
    bench.sessions().sas[rras2] = 100;
    bench.sessions().sas[rras3] = 100;
    EXPECT_EQ(bench.from_client(Session{}.init()).backend, rras2) << "half as full by weight";
    bench.sessions().sas[rras2] = 300;
    bench.sessions().sas[rras3] = 99;
    EXPECT_EQ(bench.from_client(Session{.client = other_client}.init()).backend, rras3);
}

TEST(LeastSas, CountsItsOwnChoicesUntilTheNextCount) {
    Bench bench{two_armed_farm()};
    bench.spec.services[0].scheduler = Scheduler::least_sas;
    bench.apply();
    const auto counts = spread(bench, 300);
    for (const BackendIndex backend : {rras1, rras2, rras3}) EXPECT_EQ(counts.at(backend), 100);
    bench.sessions().sas[rras1] = 1;
    bench.sessions().sa_counts = 1;
    EXPECT_NE(bench.from_client(Session{.client = other_client}.init()).backend, rras1)
        << "a new count replaces the guesses";
}

TEST(LeastSas, KeepsARetryOnItsServer) {
    Bench bench{two_armed_farm()};
    bench.spec.services[0].scheduler = Scheduler::least_sas;
    bench.apply();
    const BackendIndex first = bench.from_client(Session{}.init()).backend;
    bench.sessions().sas[first] = 1000;
    EXPECT_EQ(bench.from_client(Session{}.init()).backend, first);
}

TEST(Scheduler, WithoutAServerThatTakesNewClientsSaysSo) {
    for (const Scheduler scheduler :
         {Scheduler::maglev, Scheduler::weighted_round_robin, Scheduler::least_sas}) {
        Bench bench{two_armed_farm()};
        bench.spec.services[0].scheduler = scheduler;
        for (auto& backend : bench.spec.backends) backend.weight = 0;
        bench.apply();
        EXPECT_EQ(name(bench.from_client(Session{}.init()).verdict), "no_backend");
    }
}

}  // namespace
}  // namespace ikelb::pipeline
