// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/health/backend_state.h"

#include <deque>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ikelb::health {
namespace {

using namespace std::chrono_literals;

/// A run of probes, one every 5 s: '.' is answered, 'x' unanswered, '!' could not be sent.
struct Course {
    BackendState state;
    std::vector<Transition> transitions;
    std::string trail;  ///< health after each probe: c, u or d
};

ProbeResult outcome(char symbol) {
    switch (symbol) {
        case '.': return {.rtt = 300us, .error = {}};
        case '!': return {.rtt = std::nullopt, .error = "Network is unreachable"};
        default: return {};
    }
}

Course run(StartAs start, Thresholds thresholds, const std::string& probes) {
    SteadyTime now{};
    Course result{initial_state(start, now), {}, {}};
    for (const char symbol : probes) {
        now += 5s;
        Step next = step(result.state, outcome(symbol), thresholds, now);
        result.state = next.state;
        if (next.transition) result.transitions.push_back(*next.transition);
        result.trail += to_string(result.state.health)[0];
    }
    return result;
}

TEST(BackendState, FollowsTheTable) {
    struct Case {
        const char* name;
        Thresholds thresholds;
        const char* probes;
        const char* trail;
    };
    const Case cases[] = {
        {"one answer ends checking, whatever rise says", {.fall = 3, .rise = 2}, ".", "u"},
        {"fall failures end checking too", {.fall = 3, .rise = 2}, "xxx", "ccd"},
        {"a late first answer still counts", {.fall = 3, .rise = 2}, "xx.", "ccu"},
        {"failures must be in a row", {.fall = 3, .rise = 2}, ".xx.xx.xxx", "uuuuuuuuud"},
        {"answers must be in a row", {.fall = 3, .rise = 2}, "xxx.x.x..", "ccddddddu"},
        {"down stays down", {.fall = 2, .rise = 2}, "xxxxxx", "cddddd"},
        {"fall 1, rise 1 follow each probe", {.fall = 1, .rise = 1}, ".x.x", "udud"},
        {"0 counts as 1", {.fall = 0, .rise = 0}, ".x.x", "udud"},
        {"a probe that can't be sent is a failure", {.fall = 3, .rise = 2}, ".!x!", "uuud"},
        {"high rise", {.fall = 1, .rise = 5}, "x.........", "ddddduuuuu"},
    };
    for (const Case& test : cases) {
        SCOPED_TRACE(test.name);
        EXPECT_EQ(run(StartAs::unproven, test.thresholds, test.probes).trail, test.trail);
        EXPECT_EQ(run(StartAs::assumed_up, test.thresholds, test.probes).trail, test.trail);
    }
}

TEST(BackendState, StartDecidesWhoGetsNewClientsWhileChecking) {
    const BackendState assumed = initial_state(StartAs::assumed_up, SteadyTime{});
    const BackendState unproven = initial_state(StartAs::unproven, SteadyTime{});
    EXPECT_EQ(assumed.health, Health::checking);
    EXPECT_EQ(unproven.health, Health::checking);
    EXPECT_TRUE(assumed.gets_new_clients());
    EXPECT_FALSE(unproven.gets_new_clients());

    EXPECT_TRUE(run(StartAs::unproven, {}, ".").state.gets_new_clients());
    EXPECT_TRUE(run(StartAs::assumed_up, {}, "xx").state.gets_new_clients());
    EXPECT_FALSE(run(StartAs::assumed_up, {}, "xxx").state.gets_new_clients());
    EXPECT_FALSE(run(StartAs::assumed_up, {}, "xxx.").state.gets_new_clients());
    EXPECT_TRUE(run(StartAs::assumed_up, {}, "xxx..").state.gets_new_clients());
}

TEST(BackendState, UncheckedIsUp) {
    const BackendState state = unchecked_state(SteadyTime{} + 7s);
    EXPECT_EQ(state.health, Health::up);
    EXPECT_TRUE(state.gets_new_clients());
    EXPECT_EQ(state.since, SteadyTime{} + 7s);
    EXPECT_EQ(state.reason, "no health check configured");
}

TEST(BackendState, ReasonsTellWhatHappened) {
    struct Case {
        const char* probes;
        Health from, to;
        const char* reason;
    };
    const Case cases[] = {
        {".", Health::checking, Health::up, "first ICMP echo reply, after 0.300 ms"},
        {"xxx", Health::checking, Health::down, "3 ICMP echo requests unanswered, never a reply"},
        {".xxx", Health::up, Health::down,
         "3 ICMP echo requests unanswered, last reply 15.0 s ago"},
        {".xx!", Health::up, Health::down,
         "3 ICMP echo requests failed: Network is unreachable, last reply 15.0 s ago"},
        {"xxx..", Health::down, Health::up,
         "2 ICMP echo requests answered in a row, last after 0.300 ms; was down for 10.0 s"},
    };
    for (const Case& test : cases) {
        SCOPED_TRACE(test.probes);
        const Course result = run(StartAs::unproven, {.fall = 3, .rise = 2}, test.probes);
        ASSERT_FALSE(result.transitions.empty());
        const Transition& last = result.transitions.back();
        EXPECT_EQ(last.from, test.from);
        EXPECT_EQ(last.to, test.to);
        EXPECT_EQ(last.reason, test.reason);
        EXPECT_EQ(result.state.reason, test.reason);
    }
}

TEST(BackendState, SinceIsTheTimeOfTheChangeAndStays) {
    const Course result = run(StartAs::unproven, {.fall = 3, .rise = 2}, ".xxxxxx");
    EXPECT_EQ(result.state.health, Health::down);
    EXPECT_EQ(result.state.since, SteadyTime{} + 20s);
    EXPECT_EQ(result.state.last_answer, SteadyTime{} + 5s);
    EXPECT_EQ(result.state.last_rtt, 300us);
    EXPECT_EQ(result.state.transitions, 2U);
    EXPECT_EQ(result.transitions.size(), 2U);
}

/// The rules read off the whole history, with no counters to get wrong.
Health model(const std::deque<bool>& newest_first, Health before, Thresholds thresholds) {
    const auto all_of_last = [&](unsigned count, bool answered) {
        if (newest_first.size() < count) return false;
        for (unsigned i = 0; i < count; ++i)
            if (newest_first[i] != answered) return false;
        return true;
    };
    if (before != Health::down && all_of_last(thresholds.fall, false)) return Health::down;
    if (before == Health::checking && newest_first.front()) return Health::up;
    if (before == Health::down && all_of_last(thresholds.rise, true)) return Health::up;
    return before;
}

TEST(BackendState, AgreesWithTheModelOnRandomRuns) {
    std::mt19937 random{20260101};
    for (int round = 0; round < 500; ++round) {
        const Thresholds thresholds{.fall = 1 + static_cast<unsigned>(random() % 5),
                                    .rise = 1 + static_cast<unsigned>(random() % 5)};
        const unsigned percent_answered = static_cast<unsigned>(random() % 101);
        SteadyTime now{};
        BackendState state = initial_state(StartAs::unproven, now);
        std::deque<bool> history;
        Health expected = Health::checking;
        std::uint64_t changes = 0;
        for (int probe = 0; probe < 200; ++probe) {
            const bool answered = random() % 100 < percent_answered;
            now += std::chrono::milliseconds{random() % 10000};
            history.push_front(answered);
            const Health before = expected;
            expected = model(history, before, thresholds);
            changes += expected != before ? 1 : 0;

            const Step next = step(state, outcome(answered ? '.' : 'x'), thresholds, now);
            ASSERT_EQ(next.state.health, expected) << "round " << round << " probe " << probe;
            ASSERT_EQ(next.transition.has_value(), expected != before);
            if (next.transition) {
                ASSERT_EQ(next.transition->from, before);
                ASSERT_EQ(next.transition->to, expected);
                ASSERT_EQ(next.state.since, now);
                ASSERT_FALSE(next.transition->reason.empty());
            } else {
                ASSERT_EQ(next.state.since, state.since);
            }
            state = next.state;
            ASSERT_EQ(state.transitions, changes);
        }
    }
}

}  // namespace
}  // namespace ikelb::health
