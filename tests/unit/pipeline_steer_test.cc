// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <set>

#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;
using forwarding::BackendIndex;
using forwarding::Mode;

class Steer : public testing::Test {
protected:
    Bench bench{two_armed_farm()};

    /// A server that is not the session's.
    BackendIndex another(BackendIndex than) const {
        return static_cast<BackendIndex>((than + 1) % 3);
    }
    /// Makes one server the only one that takes new clients, so that a scheduler's choice is known.
    void schedule_only(BackendIndex backend) {
        for (BackendIndex b = 0; b < 3; ++b) bench.spec.backends[b].weight = b == backend ? 100 : 0;
        bench.apply();
    }
    Verdict verdict(const PacketBuilder& packet) { return bench.from_client(packet).verdict; }
    BackendIndex backend(const PacketBuilder& packet) { return bench.from_client(packet).backend; }
};

TEST_F(Steer, AFirstInitAndItsRetryGoToTheSameServerAndLeaveNoRecord) {
    const Session session{};
    const auto first = bench.from_client(session.init());
    EXPECT_EQ(name(first.verdict), "to_server");
    bench.sessions().choices.for_each(0, bench.sessions().choices.buckets(),
                                      [](const auto&, const auto&) { FAIL(); });
    bench.advance(5);
    EXPECT_EQ(backend(session.init()), first.backend);
}

TEST_F(Steer, ALoginStaysOnItsServerFromPort500ToPort4500WithAnotherNatPort) {
    Session session{.port_500 = 1024, .port_4500 = 33333};
    session = log_in(bench, session);
    schedule_only(another(session.backend));
    EXPECT_EQ(backend(session.dpd()), session.backend);
    EXPECT_EQ(backend(session.esp_up()), session.backend);
}

TEST_F(Steer, AnAuthFromAnotherPublicAddressFollowsThePair) {
    const Session session = log_in(bench);
    schedule_only(another(session.backend));
    EXPECT_EQ(backend(to_vip(other_client, 7000, 4500,
                             behind_marker(encrypted(session.spi_i, session.spi_r,
                                                     ike::exchange::ike_auth)))),
              session.backend);
}

TEST_F(Steer, MobikeIsSteeredByThePairOnceTheInitWasAnswered) {
    Session session{};
    session.backend = backend(session.init());
    bench.from_server(session.init_answer());
    schedule_only(another(session.backend));
    session.client = other_client;
    EXPECT_EQ(backend(session.dpd()), session.backend);
}

TEST_F(Steer, ThePairKeepsTwoClientsBehindOneNatApart) {
    const Session first = log_in(bench, {.port_500 = 1000, .port_4500 = 2000});
    schedule_only(another(first.backend));
    bench.advance(3000);  // the first one's persistence is gone, its pair is not
    const Session second = log_in(
        bench, {.port_500 = 1001, .port_4500 = 2000, .spi_i = 0x2222, .spi_r = 0x3333});
    ASSERT_NE(first.backend, second.backend);
    EXPECT_EQ(backend(first.dpd()), first.backend);
    EXPECT_EQ(backend(second.dpd()), second.backend);
}

TEST_F(Steer, SpiIAloneSteersNothing) {
    const Session session = log_in(bench);
    const BackendIndex other = another(session.backend);
    schedule_only(other);
    EXPECT_EQ(backend(to_vip(other_client, 4500, 4500,
                             behind_marker(encrypted(session.spi_i, 0x4444,
                                                     ike::exchange::informational)))),
              other);
}

TEST_F(Steer, AnUnknownPairFollowsTheFlow) {
    const Session session = log_in(bench);
    schedule_only(another(session.backend));
    EXPECT_EQ(backend(to_vip(client, session.port_4500, 4500,
                             behind_marker(encrypted(5, 6, ike::exchange::informational)))),
              session.backend);
}

TEST_F(Steer, AnUnknownPairOnAnUnknownPortFollowsTheClientBinding) {
    const Session session = log_in(bench);
    schedule_only(another(session.backend));
    EXPECT_EQ(backend(to_vip(client, 5555, 4500,
                             behind_marker(encrypted(5, 6, ike::exchange::informational)))),
              session.backend);
}

TEST_F(Steer, AnUnknownResponseIsDroppedAndNeverScheduled) {
    EXPECT_EQ(name(verdict(to_vip(client, 500, 500, sa_init_answer(1, 2).bytes()))),
              "unknown_response");
    EXPECT_EQ(name(verdict(to_vip(client, 500, 500, notify_answer(1).bytes()))),
              "unknown_response");
}

TEST_F(Steer, AnUnknownRequestIsScheduledByTheHash) {
    const auto packet =
        to_vip(client, 500, 500, encrypted(1, 2, ike::exchange::informational).bytes());
    EXPECT_EQ(backend(packet), backend(Session{}.init()));
}

TEST_F(Steer, ANewSaOfAKnownClientReturnsToItsServer) {
    const Session session = log_in(bench);
    schedule_only(another(session.backend));
    EXPECT_EQ(backend(Session{.port_500 = 999, .spi_i = 0x77}.init()), session.backend);
}

TEST_F(Steer, EspOfAnUnknownPortFollowsTheClientBindingElseTheHash) {
    const Session session = log_in(bench);
    const BackendIndex other = another(session.backend);
    schedule_only(other);
    EXPECT_EQ(backend(to_vip(client, 5555, 4500, esp(0xc0000002))), session.backend);
    EXPECT_EQ(backend(to_vip(other_client, 5555, 4500, esp(0xc0000002))), other);
}

TEST_F(Steer, AKeepaliveFollowsItsFlowOrBindingAndCreatesNothing) {
    const Session session = log_in(bench);
    EXPECT_EQ(backend(to_vip(client, session.port_4500, 4500, keepalive())), session.backend);
    EXPECT_EQ(backend(to_vip(client, 5555, 4500, keepalive())), session.backend);
    EXPECT_EQ(name(verdict(to_vip(other_client, 5555, 4500, keepalive()))), "unknown_keepalive");
    EXPECT_EQ(name(verdict(to_vip(other_client, 5555, 4500, keepalive()))), "unknown_keepalive");
}

TEST_F(Steer, KeepalivesOfAClientKeepNoRecordAlive) {
    const Session session = log_in(bench);
    for (int i = 0; i < 10; ++i) {
        bench.advance(300);
        verdict(to_vip(client, session.port_4500, 4500, keepalive()));
    }
    EXPECT_EQ(name(verdict(to_vip(client, session.port_4500, 4500, keepalive()))),
              "unknown_keepalive");
}

TEST_F(Steer, AFlowOutlivesThirtyMinutesOfSilence) {
    const Session session = log_in(bench);
    schedule_only(another(session.backend));
    bench.advance(30 * 60);
    EXPECT_EQ(backend(session.esp_up()), session.backend);
}

TEST_F(Steer, DrainKeepTakesItsClientsBackAndNoNewOnes) {
    const Session session = log_in(bench);
    bench.spec.backends[session.backend].mode = Mode::drain_keep;
    bench.apply();
    EXPECT_EQ(backend(Session{.spi_i = 0x77}.init()), session.backend);
    for (int i = 1; i < 200; ++i) {
        const std::string address = "192.0.2." + std::to_string(i + 20);
        EXPECT_NE(backend(Session{.client = address}.init()), session.backend);
    }
}

TEST_F(Steer, DrainRefuseLetsNewSasLeaveAndKeepsWhatIsEstablished) {
    const Session session = log_in(bench);
    bench.spec.backends[session.backend].mode = Mode::drain_refuse;
    bench.apply();
    EXPECT_NE(backend(Session{.spi_i = 0x77}.init()), session.backend);
    EXPECT_EQ(backend(session.dpd()), session.backend);
    EXPECT_EQ(backend(session.esp_up()), session.backend);
    EXPECT_EQ(backend(to_vip(client, session.port_4500, 4500, keepalive())), session.backend);
}

TEST_F(Steer, ADisabledServerGetsNoNewSas) {
    const Session session = log_in(bench);
    bench.spec.backends[session.backend].mode = Mode::disabled;
    bench.apply();
    EXPECT_NE(backend(Session{.spi_i = 0x77}.init()), session.backend);
}

TEST_F(Steer, DownIsAFlagThatMovesNewSasAlone) {
    const Session session = log_in(bench);
    bench.spec.backends[session.backend].is_up = false;
    bench.apply();
    EXPECT_NE(backend(Session{.spi_i = 0x77}.init()), session.backend);
    EXPECT_EQ(backend(session.dpd()), session.backend);
    EXPECT_EQ(backend(session.esp_up()), session.backend);
    bench.spec.backends[session.backend].is_up = true;
    bench.apply();
    EXPECT_EQ(backend(session.esp_up()), session.backend);
}

TEST_F(Steer, DownWithFlushDropsItsSasByNameAndReschedulesNone) {
    const Session session = log_in(bench);
    bench.spec.backends[session.backend].is_up = false;
    bench.spec.backends[session.backend].flush_on_down = true;
    bench.apply();
    EXPECT_EQ(name(verdict(session.dpd())), "backend_down");
    EXPECT_EQ(name(verdict(session.esp_up())), "backend_down");
    EXPECT_NE(backend(Session{.spi_i = 0x77}.init()), session.backend);
}

TEST_F(Steer, AnotherGenerationEndsEveryRecordOfAServer) {
    const Session session = log_in(bench);
    bench.spec.backends[session.backend].generation = 1;
    schedule_only(another(session.backend));
    EXPECT_EQ(backend(session.dpd()), another(session.backend));
    EXPECT_EQ(backend(session.esp_up()), another(session.backend));
    EXPECT_EQ(name(verdict(to_vip(client, session.port_4500, 4500, keepalive()))),
              "unknown_keepalive");
}

TEST_F(Steer, AServerThatIsGoneHoldsNoRecord) {
    const Session session = log_in(bench);
    bench.spec.backends[session.backend].is_present = false;
    schedule_only(another(session.backend));
    EXPECT_EQ(backend(session.esp_up()), another(session.backend));
}

TEST_F(Steer, ARecordCountsForNoVipThatItsServerDoesNotServe) {
    bench.spec.services.push_back({.vip = address(second_vip), .members = {rras3}});
    bench.spec.services[0].members = {rras1, rras2};
    bench.apply();
    const Session session = log_in(bench);
    ASSERT_NE(session.backend, rras3);
    EXPECT_EQ(backend(to_vip(client, session.port_4500, 4500,
                             behind_marker(encrypted(session.spi_i, session.spi_r,
                                                     ike::exchange::informational)),
                             second_vip)),
              rras3);
}

TEST_F(Steer, EachServiceHasItsOwnBindings) {
    bench.spec = farm_with_two_vips();
    bench.apply();
    const Session session = log_in(bench);
    schedule_only(another(session.backend));
    EXPECT_EQ(backend(Session{.vip = second_vip}.init()), another(session.backend));
}

TEST_F(Steer, AnyClientPortIsAsGoodAsAnother) {
    std::set<BackendIndex> seen;
    for (const int port : {1, 500, 501, 4500, 40000, 65535})
        seen.insert(backend(Session{.port_500 = static_cast<std::uint16_t>(port)}.init()));
    EXPECT_EQ(seen.size(), 1u) << "the hash is of the address";
}

TEST_F(Steer, EspFromTheServersSubnetIsRefusedLikeItsIke) {
    EXPECT_EQ(name(bench.from_server(to_vip("10.20.0.50", 4500, 4500, esp(0xc0000001))).verdict),
              "client_on_farm_subnet");
    EXPECT_EQ(name(bench.from_server(reply(rras2, 500, vip, 500, sa_init(1).bytes())).verdict),
              "client_on_farm_subnet");
}

}  // namespace
}  // namespace ikelb::pipeline
