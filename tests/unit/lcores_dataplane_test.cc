// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// The worker's shell around the pipeline, with ports that need neither a NIC nor root: the two ends
// of one memif, so that what leaves by one comes in by the other.

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "controlplane/lcores/dataplane.h"
#include "tests/testlib/packet_builder.h"
#include "tests/testlib/table_spec.h"

namespace ikelb::lcores {
namespace {

using namespace std::chrono_literals;
using testlib::Bytes;
using testlib::PacketBuilder;
namespace place = testlib::place;

/// DPDK starts once in a process: one dataplane for all tests here.
class DataplaneTest : public testing::Test {
protected:
    static void SetUpTestSuite() {
        DataplaneOptions options;
        options.eal.huge_pages = HugePages::off;
        options.eal.memory_mib = 96;
        // An abstract socket of this process's own.
        const std::string end = ",id=0,socket=ikelb-test-" + std::to_string(getpid());
        options.ports = {{.name = "wan", .device = "net_memif0,role=server" + end},
                         {.name = "lan", .device = "net_memif1,role=client" + end}};
        options.limits = {.flows = 1024,
                          .persistences = 1024,
                          .ike_sas = 1024,
                          .half_open = 1024,
                          .fragments = 64};
        auto opened = Dataplane::open(std::move(options));
        if (!opened) FAIL() << opened.error().message;
        dataplane = std::move(*opened);
        publish(1);
        const auto started = dataplane->start();
        if (!started) FAIL() << started.error().message;
        ASSERT_TRUE(eventually([] {
            return dataplane->ports()[0].is_link_up() && dataplane->ports()[1].is_link_up();
        }));
    }
    static void TearDownTestSuite() { dataplane.reset(); }
    void SetUp() override { ASSERT_NE(dataplane, nullptr); }

    static void publish(std::uint64_t version) {
        auto table = std::make_unique<forwarding::ForwardingTable>(
            testlib::build_table(testlib::two_armed_farm()));
        table->version = version;
        dataplane->published().publish(std::move(table));
    }

    /// Lets the worker go on until the condition holds; false: it did not within the deadline.
    static bool eventually(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            pollfd event{.fd = dataplane->event_fd(), .events = POLLIN, .revents = 0};
            poll(&event, 1, 5);
        }
        return true;
    }

    static std::uint64_t count(pipeline::Verdict verdict) {
        return dataplane->stats(0).pipeline.verdicts[static_cast<std::size_t>(verdict)].read();
    }

    static Bytes arp_broadcast(std::size_t size = 60) {
        Bytes frame(size, 0);
        std::fill_n(frame.begin(), 6, std::uint8_t{0xff});
        frame[6] = 0x02;
        frame[12] = 0x08;
        frame[13] = 0x06;
        return frame;
    }

    static inline std::unique_ptr<Dataplane> dataplane;
};

TEST_F(DataplaneTest, PortsTellWhatTheyAre) {
    ASSERT_EQ(dataplane->ports().size(), 2U);
    EXPECT_EQ(dataplane->ports()[0].facts().driver, "net_memif");
    EXPECT_EQ(dataplane->ports()[0].facts().queues, 1U);
    EXPECT_FALSE(dataplane->uses_huge_pages());
}

TEST_F(DataplaneTest, AFrameOfTheKernelLeavesAndAPuntArrives) {
    const Bytes frame = arp_broadcast();
    const std::uint64_t before = count(pipeline::Verdict::punt_arp);
    ASSERT_TRUE(dataplane->inject(place::lan, 0, frame));
    std::vector<Bytes> punted;
    forwarding::InterfaceIndex from = forwarding::no_interface;
    ASSERT_TRUE(eventually([&] {
        dataplane->clear_event();
        dataplane->take_punts([&](forwarding::InterfaceIndex interface, auto bytes) {
            from = interface;
            punted.emplace_back(bytes.begin(), bytes.end());
        });
        return !punted.empty();
    }));
    EXPECT_EQ(punted.front(), frame);
    EXPECT_EQ(from, place::ext);
    EXPECT_EQ(count(pipeline::Verdict::punt_arp), before + 1);
}

TEST_F(DataplaneTest, MorePuntsThanThereAreBuffersArrive) {
    constexpr unsigned frames = 20'000;
    const Bytes frame = PacketBuilder{}
                            .mac(place::first_gateway_mac(), place::ext_mac())
                            .ip(place::client, place::own_wan)
                            .udp(40500, 514)
                            .build();
    const std::uint64_t limited = count(pipeline::Verdict::punt_limited);
    unsigned sent = 0, punted = 0;
    EXPECT_TRUE(eventually([&] {
        const auto under_way = [&] {
            return sent - punted - (count(pipeline::Verdict::punt_limited) - limited);
        };
        while (punted < frames && under_way() < 1000 &&
               dataplane->inject(place::lan, 0, frame))
            ++sent;
        dataplane->clear_event();
        dataplane->take_punts([&](forwarding::InterfaceIndex, auto) { ++punted; });
        return punted >= frames && under_way() == 0;
    })) << punted;
}

TEST_F(DataplaneTest, ATaggedFrameOfAnUnknownVlanIsDropped) {
    const std::uint64_t before = count(pipeline::Verdict::unknown_vlan);
    ASSERT_TRUE(dataplane->inject(place::lan, 77, arp_broadcast()));
    EXPECT_TRUE(
        eventually([&] { return count(pipeline::Verdict::unknown_vlan) == before + 1; }));
}

TEST_F(DataplaneTest, AClientsRequestLeavesByTheServersPort) {
    const std::uint64_t before = count(pipeline::Verdict::to_server);
    // At the other end of the servers' port is our own, which is not the server it is addressed to.
    const std::uint64_t arrived = count(pipeline::Verdict::not_for_us);
    const Bytes frame = PacketBuilder{}
                            .mac(place::first_gateway_mac(), place::ext_mac())
                            .ip(place::client, place::vip)
                            .udp(40500, 500)
                            .payload(testlib::sa_init(0x42))
                            .build();
    ASSERT_TRUE(dataplane->inject(place::lan, 0, frame));
    EXPECT_TRUE(eventually([&] { return count(pipeline::Verdict::to_server) == before + 1; }));
    EXPECT_TRUE(eventually([&] { return count(pipeline::Verdict::not_for_us) == arrived + 1; }));
}

TEST_F(DataplaneTest, WhatTheKernelCannotSendIsRefused) {
    EXPECT_FALSE(dataplane->inject(place::lan, 0, Bytes(13)));
    EXPECT_FALSE(dataplane->inject(place::lan, 0, Bytes(9000)));
}

TEST_F(DataplaneTest, AnIdleWorkerSleepsAndDelaysNoReplacement) {
    const std::uint64_t sleeps = dataplane->stats(0).sleeps.read();
    EXPECT_TRUE(eventually([&] { return dataplane->stats(0).sleeps.read() > sleeps + 10; }));
    publish(2);
    EXPECT_TRUE(eventually([&] { return dataplane->published().reclaim() == 0; }));
    EXPECT_EQ(dataplane->published().read()->version, 2U);
}

}  // namespace
}  // namespace ikelb::lcores
