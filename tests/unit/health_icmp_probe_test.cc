// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// Real ICMP in a network namespace of the test's own, which ends with the process:
//
//   test ── lo       127.0.0.0/8, ::1                        answers
//     └──── ping0 ── 10.99.0.1/24                            answers (it is ours)
//             │      10.99.0.2, a neighbour entry to nobody  sent, never answered
//           ping1                                            the other end, no address
//           10.98.0.0/24 unreachable, 10.97.0.1 no route     can't be sent
#include "controlplane/health/icmp_probe.h"

#include <cstdlib>
#include <string>
#include <vector>

#include <sched.h>

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include "controlplane/health/checker.h"

namespace ikelb::health {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::address;
using boost::asio::ip::make_address;

bool make_private_network() {
    if (unshare(CLONE_NEWNET) != 0) return false;
    return std::system(
               "ip link set lo up && "
               "ip link add ping0 type veth peer name ping1 && "
               "ip link set ping0 up && ip link set ping1 up && "
               "ip addr add 10.99.0.1/24 dev ping0 && "
               "ip neigh add 10.99.0.2 lladdr 02:00:00:00:00:99 dev ping0 && "
               "ip route add unreachable 10.98.0.0/24") == 0;
}

class IcmpProbeTest : public testing::Test {
protected:
    static void SetUpTestSuite() { network_ = make_private_network(); }
    void SetUp() override {
        ASSERT_TRUE(network_) << "needs CAP_NET_ADMIN and CAP_NET_RAW for a private network";
    }
    std::unique_ptr<IcmpProbe> open(IpFamily family = IpFamily::v4) {
        auto opened = IcmpProbe::open(io_.get_executor(), family);
        EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
        return opened ? std::move(*opened) : nullptr;
    }
    ProbeResult ask(IcmpProbe& probe, const std::string& to, std::chrono::milliseconds timeout) {
        std::optional<ProbeResult> result;
        probe.probe(make_address(to), timeout, [&](const ProbeResult& r) { result = r; });
        EXPECT_FALSE(result) << "called from within probe()";
        const auto deadline = std::chrono::steady_clock::now() + timeout + 5s;
        while (!result && std::chrono::steady_clock::now() < deadline) io_.run_one_for(50ms);
        EXPECT_TRUE(result);
        return result.value_or(ProbeResult{});
    }

    boost::asio::io_context io_;

private:
    static inline bool network_ = false;
};

TEST_F(IcmpProbeTest, LoopbackAnswersWithARoundTripTime) {
    const auto probe = open();
    for (const char* to : {"127.0.0.1", "127.8.9.10", "10.99.0.1"}) {
        SCOPED_TRACE(to);
        const ProbeResult result = ask(*probe, to, 2s);
        ASSERT_TRUE(result.rtt) << result.error;
        EXPECT_LT(*result.rtt, 1s);
        EXPECT_GE(*result.rtt, 0us);
    }
    EXPECT_EQ(probe->ignored_packets(), 0U) << "the kernel filter keeps our requests out";
}

TEST_F(IcmpProbeTest, Ipv6LoopbackAnswers) {
    const auto probe = open(IpFamily::v6);
    const ProbeResult result = ask(*probe, "::1", 2s);
    EXPECT_TRUE(result.rtt) << result.error;
}

TEST_F(IcmpProbeTest, SilenceIsAFailureAfterTheTimeout) {
    const auto probe = open();
    const auto before = std::chrono::steady_clock::now();
    const ProbeResult result = ask(*probe, "10.99.0.2", 100ms);
    EXPECT_FALSE(result.rtt);
    EXPECT_EQ(result.error, "");
    EXPECT_GE(std::chrono::steady_clock::now() - before, 100ms);
}

TEST_F(IcmpProbeTest, WhatCanNotBeSentSaysWhy) {
    const auto probe = open();
    EXPECT_EQ(ask(*probe, "10.97.0.1", 1s).error, "Network is unreachable");
    EXPECT_EQ(ask(*probe, "10.98.0.1", 1s).error, "No route to host");
    EXPECT_EQ(ask(*probe, "10.99.0.255", 1s).error, "Permission denied") << "a broadcast address";
    EXPECT_EQ(ask(*probe, "::1", 1s).error, "address of the other family");
}

TEST_F(IcmpProbeTest, ManyAtOnceFindTheirOwnAnswers) {
    const auto probe = open();
    int answered = 0;
    int failed = 0;
    for (int i = 1; i <= 200; ++i) {
        const bool silent = i % 4 == 0;
        const address to = make_address(silent ? "10.99.0.2" : "127.0.1." + std::to_string(i));
        probe->probe(to, 1s, [&, silent](const ProbeResult& result) {
            EXPECT_EQ(result.rtt.has_value(), !silent);
            ++(result.rtt ? answered : failed);
        });
    }
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (answered + failed < 200 && std::chrono::steady_clock::now() < deadline)
        io_.run_one_for(50ms);
    EXPECT_EQ(answered, 150);
    EXPECT_EQ(failed, 50);
}

TEST_F(IcmpProbeTest, TwoProbersDoNotTakeEachOthersAnswers) {
    const auto one = open();
    const auto two = open();
    EXPECT_TRUE(ask(*one, "127.0.0.1", 2s).rtt);
    EXPECT_TRUE(ask(*two, "127.0.0.1", 2s).rtt);
    io_.poll();
    EXPECT_GE(one->ignored_packets() + two->ignored_packets(), 1U);
}

TEST_F(IcmpProbeTest, ABusyThreadNeitherLosesNorStretchesAnAnswer) {
    const auto probe = open();
    std::optional<ProbeResult> result;
    probe->probe(make_address("127.0.0.1"), 20ms, [&](const ProbeResult& r) { result = r; });
    // Busy past the time-out: the reply has been in the socket all the while.
    const auto until = std::chrono::steady_clock::now() + 80ms;
    while (std::chrono::steady_clock::now() < until) {
    }
    io_.run_for(50ms);
    ASSERT_TRUE(result);
    ASSERT_TRUE(result->rtt) << "came in time, whenever we looked";
    EXPECT_LT(*result->rtt, 20ms);
}

TEST_F(IcmpProbeTest, ALateAnswerIsNotCounted) {
    const auto probe = open();
    int calls = 0;
    ProbeResult result;
    // Even loopback takes longer than no time at all.
    probe->probe(make_address("127.0.0.1"), 0ms, [&](const ProbeResult& r) {
        ++calls;
        result = r;
    });
    io_.run_for(50ms);
    EXPECT_EQ(calls, 1);
    EXPECT_FALSE(result.rtt);
    EXPECT_EQ(probe->ignored_packets(), 1U);
}

TEST_F(IcmpProbeTest, SourceAddressIsUsedOrRefused) {
    auto good = IcmpProbe::open(io_.get_executor(), IpFamily::v4, make_address("127.0.0.9"));
    ASSERT_TRUE(good);
    EXPECT_TRUE(ask(**good, "127.0.0.1", 2s).rtt);
    const auto bad = IcmpProbe::open(io_.get_executor(), IpFamily::v4, make_address("192.0.2.77"));
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().message,
              "can't send health checks from 192.0.2.77: Cannot assign requested address");
}

TEST_F(IcmpProbeTest, NobodyIsCalledAfterTheProber) {
    auto probe = open();
    probe->probe(make_address("10.99.0.2"), 10ms,
                 [](const ProbeResult&) { ADD_FAILURE() << "called after the prober is gone"; });
    probe->probe(make_address("10.97.0.1"), 10ms,
                 [](const ProbeResult&) { ADD_FAILURE() << "called after the prober is gone"; });
    probe.reset();
    io_.run_for(50ms);
}

TEST_F(IcmpProbeTest, ProberMayBeDestroyedByItsCallback) {
    auto probe = open();
    bool called = false;
    probe->probe(make_address("127.0.0.1"), 2s, [&](const ProbeResult&) {
        called = true;
        probe.reset();
    });
    io_.run_for(2s);
    EXPECT_TRUE(called);
}

TEST_F(IcmpProbeTest, CheckerTellsTheLivingFromTheDead) {
    const auto probe = open();
    std::vector<std::string> log;
    Checker checker{io_.get_executor(), probe.get(), nullptr,
                    [&](const Target& of, Health, Health to, const std::string& reason) {
                        log.push_back(of.name + " " + to_string(to) + ": " + reason);
                    }};
    const ProbePolicy policy{.interval = 50ms, .timeout = 40ms, .thresholds = {.fall = 3}};
    const std::vector targets{Target{"alive", make_address("10.99.0.1"), policy},
                              Target{"dead", make_address("10.99.0.2"), policy}};
    checker.reconcile(targets, StartAs::assumed_up);
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (log.size() < 2 && std::chrono::steady_clock::now() < deadline) io_.run_one_for(50ms);
    ASSERT_EQ(log.size(), 2U);
    EXPECT_EQ(log[0].find("alive up: first ICMP echo reply, after "), 0U) << log[0];
    EXPECT_EQ(log[1], "dead down: 3 ICMP echo requests unanswered, never a reply");
}

}  // namespace
}  // namespace ikelb::health
