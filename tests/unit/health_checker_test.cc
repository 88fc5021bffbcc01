// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/health/checker.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace ikelb::health {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;

/// Answers at once as told per address, and counts.
class FakeProber final : public EchoProber {
public:
    explicit FakeProber(boost::asio::io_context& io) : io_{io} {}
    void probe(const boost::asio::ip::address& address, std::chrono::milliseconds,
               Done done) override {
        ++sent[address.to_string()];
        if (silent) return held.push_back(std::move(done));
        const bool dead = down.contains(address.to_string());
        boost::asio::post(io_, [done = std::move(done), dead] {
            done(dead ? ProbeResult{} : ProbeResult{.rtt = 100us, .error = {}});
        });
    }
    std::set<std::string> down;
    std::map<std::string, int> sent;
    bool silent = false;
    std::vector<Done> held;

private:
    boost::asio::io_context& io_;
};

struct Change {
    std::string backend;
    Health from, to;
    std::string reason;
};

class CheckerTest : public testing::Test {
protected:
    static Target target(const std::string& name, const std::string& address) {
        return {name, make_address(address), policy()};
    }
    static ProbePolicy policy() {
        return {.interval = 20ms, .timeout = 10ms, .thresholds = {.fall = 2, .rise = 2}};
    }
    template <class Condition>
    bool run_until(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (!condition() && std::chrono::steady_clock::now() < deadline) io_.run_one_for(50ms);
        return condition();
    }
    Health health(const std::string& name) {
        const BackendState* state = checker_.find(name, IpFamily::v4);
        EXPECT_NE(state, nullptr) << name;
        return state != nullptr ? state->health : Health::checking;
    }

    boost::asio::io_context io_;
    FakeProber prober_{io_};
    std::vector<Change> changes_;
    Checker checker_{io_.get_executor(), &prober_, nullptr,
                     [this](const Target& of, Health from, Health to, const std::string& reason) {
                         changes_.push_back({of.name, from, to, reason});
                     }};
};

TEST_F(CheckerTest, FindsWhoIsUpAndWhoIsDown) {
    prober_.down = {"10.0.0.2"};
    const std::vector targets{target("one", "10.0.0.1"), target("two", "10.0.0.2")};
    checker_.reconcile(targets, StartAs::unproven);
    EXPECT_EQ(health("one"), Health::checking);
    ASSERT_TRUE(run_until([&] { return changes_.size() >= 2; }));
    EXPECT_EQ(health("one"), Health::up);
    EXPECT_EQ(health("two"), Health::down);

    prober_.down = {"10.0.0.1"};
    ASSERT_TRUE(run_until([&] { return changes_.size() >= 4; }));
    EXPECT_EQ(health("one"), Health::down);
    EXPECT_EQ(health("two"), Health::up);

    // Nothing more is reported while nothing changes.
    const int before = prober_.sent["10.0.0.1"];
    ASSERT_TRUE(run_until([&] { return prober_.sent["10.0.0.1"] > before + 5; }));
    EXPECT_EQ(changes_.size(), 4U);
    EXPECT_EQ(checker_.find("one", IpFamily::v4)->transitions, 2U);
}

TEST_F(CheckerTest, ReloadKeepsTheStateOfThoseUnchanged) {
    std::vector targets{target("one", "10.0.0.1"), target("two", "10.0.0.2"),
                        target("three", "10.0.0.3")};
    checker_.reconcile(targets, StartAs::assumed_up);
    EXPECT_TRUE(checker_.find("one", IpFamily::v4)->gets_new_clients());
    ASSERT_TRUE(run_until([&] { return changes_.size() == 3; }));
    const SteadyTime since = checker_.find("one", IpFamily::v4)->since;

    targets.pop_back();                              // three goes
    targets[0].policy->interval = 30ms;              // one: another policy
    targets[1].address = make_address("10.0.0.20");  // two: another server
    targets.push_back(target("four", "10.0.0.4"));   // new
    checker_.reconcile(targets, StartAs::unproven);

    EXPECT_EQ(health("one"), Health::up);
    EXPECT_EQ(checker_.find("one", IpFamily::v4)->since, since);
    EXPECT_EQ(health("two"), Health::checking);
    EXPECT_FALSE(checker_.find("two", IpFamily::v4)->gets_new_clients());
    EXPECT_EQ(checker_.find("three", IpFamily::v4), nullptr);
    EXPECT_EQ(health("four"), Health::checking);
    EXPECT_EQ(checker_.view().size(), 3U);

    const int three = prober_.sent["10.0.0.3"];
    const int one = prober_.sent["10.0.0.1"];
    ASSERT_TRUE(run_until([&] {
        return health("two") == Health::up && health("four") == Health::up &&
               prober_.sent["10.0.0.1"] > one + 3;
    }));
    EXPECT_EQ(prober_.sent["10.0.0.3"], three) << "a removed backend is probed no more";
}

TEST_F(CheckerTest, EachAddressOfABackendHasItsState) {
    Checker both{io_.get_executor(), &prober_, &prober_,
                 [this](const Target& of, Health from, Health to, const std::string& reason) {
                     changes_.push_back({of.address.to_string(), from, to, reason});
                 }};
    prober_.down = {"fd00::1"};
    std::vector targets{target("one", "10.0.0.1"), target("one", "fd00::1")};
    both.reconcile(targets, StartAs::unproven);
    ASSERT_TRUE(run_until([&] { return changes_.size() >= 2; }));
    EXPECT_EQ(both.find("one", IpFamily::v4)->health, Health::up);
    EXPECT_EQ(both.find("one", IpFamily::v6)->health, Health::down);
    EXPECT_EQ(both.view().size(), 2U);

    targets[1].address = make_address("fd00::2");
    both.reconcile(targets, StartAs::unproven);
    EXPECT_EQ(both.find("one", IpFamily::v4)->health, Health::up) << "its state stays";
    EXPECT_EQ(both.find("one", IpFamily::v6)->health, Health::checking);
    targets.pop_back();
    both.reconcile(targets, StartAs::unproven);
    EXPECT_EQ(both.find("one", IpFamily::v6), nullptr);
    EXPECT_EQ(both.find("on", IpFamily::v4), nullptr);
}

TEST_F(CheckerTest, AnAnswerForARemovedBackendIsForgotten) {
    prober_.silent = true;
    const std::vector targets{target("one", "10.0.0.1")};
    checker_.reconcile(targets, StartAs::unproven);
    ASSERT_TRUE(run_until([&] { return !prober_.held.empty(); }));
    checker_.reconcile({}, StartAs::unproven);
    checker_.reconcile(targets, StartAs::unproven);  // the same name, but a new beginning
    prober_.held.front()(ProbeResult{.rtt = 1us, .error = {}});
    EXPECT_EQ(health("one"), Health::checking);
    EXPECT_TRUE(changes_.empty());
}

TEST_F(CheckerTest, HealthNoneIsUpAndNotProbed) {
    std::vector targets{Target{"one", make_address("10.0.0.1"), std::nullopt}};
    checker_.reconcile(targets, StartAs::unproven);
    EXPECT_EQ(health("one"), Health::up);
    io_.run_for(30ms);
    EXPECT_TRUE(prober_.sent.empty());

    targets[0].policy = policy();  // a check is added, and the server does not answer pings
    prober_.down = {"10.0.0.1"};
    checker_.reconcile(targets, StartAs::unproven);
    EXPECT_TRUE(checker_.find("one", IpFamily::v4)->gets_new_clients())
        << "it served, and has not failed yet";
    io_.restart();
    ASSERT_TRUE(run_until([&] { return health("one") == Health::down; }));

    targets[0].policy.reset();
    checker_.reconcile(targets, StartAs::unproven);
    EXPECT_EQ(health("one"), Health::up);
    ASSERT_FALSE(changes_.empty());
    EXPECT_EQ(changes_.back().from, Health::down);
    EXPECT_EQ(changes_.back().to, Health::up);
    EXPECT_EQ(changes_.back().reason, "no health check configured");
    EXPECT_EQ(checker_.find("one", IpFamily::v4)->transitions, changes_.size());
}

TEST_F(CheckerTest, AFamilyWithoutAProberFailsWithTheReason) {
    const std::vector targets{target("six", "2001:db8::1")};
    checker_.reconcile(targets, StartAs::unproven);
    ASSERT_TRUE(run_until([&] { return !changes_.empty(); }));
    EXPECT_EQ(changes_[0].to, Health::down);
    EXPECT_NE(changes_[0].reason.find("no health check socket for this address family"),
              std::string::npos)
        << changes_[0].reason;
}

TEST(CheckerLifetime, CallbackMayReconcileItsOwnBackendAway) {
    boost::asio::io_context io;
    FakeProber prober{io};
    int calls = 0;
    Checker* pointer = nullptr;
    Checker checker{io.get_executor(), &prober, nullptr,
                    [&](const Target& target, Health, Health, const std::string&) {
                        ++calls;
                        pointer->reconcile({}, StartAs::unproven);
                        EXPECT_EQ(target.name, "one");  // still readable
                    }};
    pointer = &checker;
    const std::vector targets{Target{"one", make_address("10.0.0.1"), ProbePolicy{}}};
    checker.reconcile(targets, StartAs::unproven);
    io.run_for(5s);  // ends early: nothing is left to wait for
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(checker.view().empty());
}

TEST(CheckerLifetime, NothingIsCalledAfterIt) {
    boost::asio::io_context io;
    FakeProber prober{io};
    prober.silent = true;
    {
        Checker checker{io.get_executor(), &prober, nullptr,
                        [](const Target&, Health, Health, const std::string&) {
                            ADD_FAILURE() << "called after the checker is gone";
                        }};
        const std::vector targets{Target{"one", make_address("10.0.0.1"), ProbePolicy{}}};
        checker.reconcile(targets, StartAs::unproven);
        io.run_one_for(1s);
    }
    ASSERT_EQ(prober.held.size(), 1U);
    prober.held.front()(ProbeResult{.rtt = 1us, .error = {}});
    io.run_for(1s);
}

TEST(ProbeSchedule, SpreadsBackendsOverTheInterval) {
    for (const std::size_t count : {2U, 5U, 16U, 100U, 1000U}) {
        std::multiset<std::chrono::milliseconds> phases;
        for (std::size_t i = 0; i < count; ++i) {
            EXPECT_GE(first_probe_delay(i, 5s), 0ms);
            EXPECT_LE(first_probe_delay(i, 5s), 250ms);
            EXPECT_LE(first_probe_delay(i, 100ms), 100ms);
            const auto second = second_probe_delay(i, 5s);
            EXPECT_GE(second, 2500ms);
            EXPECT_LE(second, 7500ms);
            phases.insert(first_probe_delay(i, 5s) + second);
        }
        // No tenth of the interval holds more than twice its share, give or take one backend.
        for (auto start = 2500ms; start <= 7500ms; start += 100ms) {
            const auto inside =
                std::distance(phases.lower_bound(start), phases.lower_bound(start + 500ms));
            EXPECT_LE(static_cast<std::size_t>(inside), 2 * count / 10 + 2) << count;
        }
    }
}

TEST(ProbeSchedule, JitterIsFivePercentEitherWay) {
    EXPECT_EQ(later_probe_delay(1000ms, 0.0), 950ms);
    EXPECT_EQ(later_probe_delay(1000ms, 0.5), 1000ms);
    EXPECT_LE(later_probe_delay(1000ms, 0.999999), 1050ms);
}

}  // namespace
}  // namespace ikelb::health
