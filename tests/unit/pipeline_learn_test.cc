// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;
using forwarding::BackendIndex;
using forwarding::Mode;
using sessions::SaState, sessions::Standing;

class Learn : public testing::Test {
protected:
    Bench bench{two_armed_farm()};

    static BackendIndex another(BackendIndex than) {
        return static_cast<BackendIndex>((than + 1) % 3);
    }
    std::optional<sessions::IkeSa> ike_sa(std::uint64_t spi_i, std::uint64_t spi_r) {
        const Bytes bytes = encrypted(spi_i, spi_r, 37).bytes();
        return bench.sessions().ike_sas.find(
            sessions::ike_sa_key(*reinterpret_cast<const ike::Header*>(bytes.data())),
            bench.table().timeouts, bench.now());
    }
    std::optional<sessions::Flow> flow(const char* ip, std::uint16_t port,
                                         forwarding::FrontendIndex frontend) {
        return bench.sessions().flows.find(
            sessions::flow_key(address(ip), net::be16::from_host(port), frontend),
            bench.table().timeouts, bench.now());
    }
    std::optional<sessions::Persistence> persistence(const char* ip) {
        return bench.sessions().persistences.find(sessions::persistence_key(address(ip), 0),
                                                  bench.table().timeouts, bench.now());
    }
    void expect_nothing_about(const Session& session) {
        EXPECT_FALSE(ike_sa(session.spi_i, session.spi_r));
        EXPECT_FALSE(flow(session.client.c_str(), 500, 0));
        EXPECT_FALSE(flow(session.client.c_str(), 4500, 1));
        EXPECT_FALSE(persistence(session.client.c_str()));
    }
};

TEST_F(Learn, NothingThatAClientSendsIsLearned) {
    const Session session{};
    bench.from_client(session.init());
    bench.from_client(session.auth());
    bench.from_client(session.esp_up());
    bench.from_client(to_vip(client, 500, 500, sa_init_answer(session.spi_i, 3).bytes()));
    expect_nothing_about(session);
}

TEST_F(Learn, RefusalsAndDetoursTeachNothing) {
    Session session{.backend = rras1};
    bench.from_server(reply(rras1, 500, client, 500, notify_answer(session.spi_i).bytes()));
    bench.from_server(
        reply(rras1, 500, client, 500, notify_answer(session.spi_i, session.spi_r).bytes()));
    expect_nothing_about(session);
}

TEST_F(Learn, AnAcceptedInitIsHeldHalfOpenFor75Seconds) {
    const Session session{.backend = rras2};
    bench.from_server(session.init_answer());
    ASSERT_TRUE(ike_sa(session.spi_i, session.spi_r));
    EXPECT_EQ(ike_sa(session.spi_i, session.spi_r)->state, SaState::half_open);
    EXPECT_FALSE(flow(client, 500, 0)) << "whoever spoofs an address is answered";
    EXPECT_FALSE(persistence(client));
    bench.advance(75);
    EXPECT_TRUE(ike_sa(session.spi_i, session.spi_r)) << "he still looks for his password";
    bench.advance(1);
    expect_nothing_about(session);
}

TEST_F(Learn, AnInitsAnswerMovesAndRenewsNoFlow) {
    const Session session{.backend = rras1};
    bench.from_server(session.auth_answer());
    const auto before = flow(client, 4500, 1);
    bench.advance(200);
    for (BackendIndex b = 0; b < 3; ++b) {
        bench.from_client(to_vip(client, 4500, 4500, behind_marker(sa_init(0xbad0 + b))));
        bench.from_server(reply(b, 4500, client, 4500,
                                behind_marker(sa_init_answer(0xbad0 + b, 0xf00 + b))));
    }
    EXPECT_EQ(flow(client, 4500, 1), before);
}

TEST_F(Learn, ASpoofedInitBeforeTheFirstEspTakesNoTunnel) {
    bench.spec.services[0].affinity = forwarding::Affinity::sa;
    bench.apply();
    const Session s{.backend = bench.from_client(Session{}.init()).backend};
    bench.from_server(s.init_answer());
    bench.from_client(s.auth());
    bench.from_server(s.auth_answer());
    BackendIndex answers = s.backend;
    for (std::uint64_t spi = 0xbad; answers == s.backend; ++spi) {
        const auto forged = to_vip(client, 4500, 4500, behind_marker(sa_init(spi)));
        answers = bench.from_client(forged).backend;
        bench.from_server(reply(answers, 4500, client, 4500,
                                behind_marker(sa_init_answer(spi, 0xf00))));
    }
    EXPECT_EQ(bench.from_client(s.esp_up()).backend, s.backend);
    bench.from_server(s.esp_down());
    EXPECT_EQ(bench.from_client(s.esp_up()).backend, s.backend);
}

TEST_F(Learn, LoginsThatFailPlaceNobodysNextOne) {
    log_in(bench);
    bench.advance(46 * 60);  // nothing is known of the client any more
    for (std::uint64_t n = 1; n <= 2; ++n) {
        Session failed{.port_500 = 700, .port_4500 = 700, .spi_i = 0xbad0 + n, .spi_r = n};
        failed.backend = bench.from_client(failed.init()).backend;
        bench.from_server(failed.init_answer());
        bench.from_client(failed.auth());
        bench.from_server(failed.auth_answer());
    }
    const auto& by_binding = bench.counters().steered[static_cast<std::size_t>(Rule::binding)];
    const auto before = by_binding.read();
    bench.from_client(to_vip(client, 500, 500, sa_init(77).bytes()));
    EXPECT_EQ(by_binding.read(), before);
}

TEST_F(Learn, WhatABackendSaysUnaskedFillsABinding) {
    const Session session{.backend = rras2};
    bench.from_server(session.init_answer());
    bench.from_server(session.auth_answer());
    bench.from_server(session.dpd_answer());
    EXPECT_FALSE(persistence(client)) << "so is a login that fails answered, and a replay";
    bench.advance(5);
    bench.from_server(reply(rras2, 4500, client, 4500,
                            behind_marker(encrypted(session.spi_i, session.spi_r,
                                                    ike::exchange::informational))));
    EXPECT_EQ(persistence(client)->backend.index, rras2);
    bench.from_server(Session{.client = other_client, .backend = rras3}.esp_down());
    EXPECT_EQ(persistence(other_client)->backend.index, rras3);
}

TEST_F(Learn, AnswersKeepNoBindingAlive) {
    const Session session = log_in(bench);
    for (std::uint32_t id = 2; id < 7; ++id) {
        bench.advance(600);
        bench.from_server(reply(session.backend, 4500, client, 4500,
                                behind_marker(encrypted_answer(session.spi_i, session.spi_r,
                                                               ike::exchange::informational, id))));
    }
    EXPECT_FALSE(persistence(client));
    EXPECT_EQ(flow(client, 4500, 1)->backend.index, session.backend);
}

TEST_F(Learn, AnAnsweredLoginIsHeldForFiveMinutes) {
    const Session session{.backend = rras2};
    bench.from_server(session.auth_answer());
    EXPECT_EQ(ike_sa(session.spi_i, session.spi_r)->state, SaState::answered);
    bench.advance(300);
    EXPECT_TRUE(ike_sa(session.spi_i, session.spi_r));
    bench.advance(1);
    expect_nothing_about(session);
}

TEST_F(Learn, AnExchangeBeyondTheLoginEstablishesThePairForADay) {
    const Session session{.backend = rras2};
    bench.from_server(session.auth_answer());
    bench.from_server(session.dpd_answer());
    EXPECT_EQ(ike_sa(session.spi_i, session.spi_r)->state, SaState::established);
    bench.advance(86400);
    EXPECT_TRUE(ike_sa(session.spi_i, session.spi_r));
}

TEST_F(Learn, TheFirstEspEstablishesThePairOfTheLoginBeforeIt) {
    const Session session = log_in(bench);
    EXPECT_EQ(ike_sa(session.spi_i, session.spi_r)->state, SaState::established);
    bench.advance(7200);
    EXPECT_TRUE(ike_sa(session.spi_i, session.spi_r));
}

TEST_F(Learn, EspOfAnotherPortEstablishesNobodysLogin) {
    const Session session{.backend = rras1};
    bench.from_server(session.auth_answer());
    bench.from_server(Session{.port_4500 = 4501, .backend = rras1}.esp_down());
    bench.from_server(Session{.backend = rras2}.esp_down());
    EXPECT_EQ(ike_sa(session.spi_i, session.spi_r)->state, SaState::answered);
}

TEST_F(Learn, AnInformationalBeforeTheLoginIsAnsweredProvesNothing) {
    const Session session{.backend = rras2};
    bench.from_server(session.init_answer());
    bench.from_server(session.dpd_answer());
    bench.from_server(reply(rras2, 4500, client, 4500,
                            behind_marker(encrypted_answer(session.spi_i, session.spi_r,
                                                           ike::exchange::create_child_sa))));
    EXPECT_EQ(ike_sa(session.spi_i, session.spi_r)->state, SaState::half_open);
    EXPECT_EQ(flow(client, 4500, 1)->standing, Standing::nominated);
    EXPECT_FALSE(persistence(client));
    bench.from_server(session.auth_answer());
    bench.from_server(session.dpd_answer());
    EXPECT_EQ(ike_sa(session.spi_i, session.spi_r)->state, SaState::established);
}

/// An IKEv1 message of a server to a client's port.
class IkeV1 : public Learn {
protected:
    static constexpr std::uint8_t main_mode = 2, aggressive = 4, informational = 5,
                                  transaction = 6, quick_mode = 32;

    void answer(const char* to, std::uint64_t cookie, std::uint8_t exchange, bool is_encrypted) {
        const IkeMessage message{.initiator_spi = cookie,
                                 .responder_spi = cookie + 1,
                                 .version = 0x10,
                                 .exchange = exchange,
                                 .flags = is_encrypted ? std::uint8_t{1} : std::uint8_t{0}};
        bench.from_server(reply(rras1, 500, to, 500, message.bytes()));
    }
    std::size_t confirmed_pairs() {
        std::size_t count = 0;
        auto& ike_sas = bench.sessions().ike_sas;
        ike_sas.for_each(0, ike_sas.buckets(),
                         [&](const auto&, const auto& ike_sa) { count += ike_sa.is_confirmed(); });
        return count;
    }
};

TEST_F(IkeV1, AFailedLoginIsNoSa) {
    for (std::uint64_t n = 0; n < 5000; ++n) {
        const std::string who = "198.18." + std::to_string(n / 250) + "." + std::to_string(n % 250);
        answer(who.c_str(), 0x1000 + 2 * n, main_mode, false);
        answer(who.c_str(), 0x1000 + 2 * n, informational, true);
    }
    EXPECT_EQ(confirmed_pairs(), 0u);
    EXPECT_EQ(bench.counters().sessions_full.read(), 0u);
    EXPECT_TRUE(ike_sa(0x1000 + 2 * 4999, 0x1001 + 2 * 4999)) << "it goes to its server meanwhile";
}

TEST_F(IkeV1, APasswordThatIsRefusedIsNoSa) {
    answer(client, 0x1000, main_mode, true);
    answer(client, 0x1000, transaction, true);
    answer(client, 0x1000, informational, true);
    EXPECT_EQ(ike_sa(0x1000, 0x1001)->state, SaState::answered);
    EXPECT_EQ(confirmed_pairs(), 0u);
}

/// Main mode anew beneath children that live on: no Quick Mode follows, and signs of life alone.
TEST_F(IkeV1, SignsOfLifeKeepALoginThatNoQuickModeFollows) {
    answer(client, 0x1000, main_mode, true);
    for (int n = 0; n < 4; ++n) {
        bench.advance(200);
        answer(client, 0x1000, informational, true);
        ASSERT_TRUE(ike_sa(0x1000, 0x1001)) << n;
    }
    EXPECT_EQ(ike_sa(0x1000, 0x1001)->state, SaState::answered);
}

TEST_F(IkeV1, AQuickModeIsAnSaAndItsInformationalsKeepIt) {
    answer(client, 0x1000, aggressive, false);
    answer(client, 0x1000, quick_mode, true);
    ASSERT_EQ(ike_sa(0x1000, 0x1001)->state, SaState::established);
    bench.advance(86000);
    answer(client, 0x1000, informational, true);
    bench.advance(86000);
    EXPECT_TRUE(ike_sa(0x1000, 0x1001));
    EXPECT_FALSE(ike_sa(0x2000, 0x2001));
    answer(client, 0x2000, informational, true);
    EXPECT_FALSE(ike_sa(0x2000, 0x2001)) << "of an SA that nobody knows";
}

TEST_F(Learn, ANewPairIsLearnedFromTheFirstMessageAfterARekey) {
    const Session session = log_in(bench);
    bench.from_server(reply(session.backend, 4500, client, 4500,
                            behind_marker(encrypted(0xaaaa, 0xbbbb, 37, 0))));
    EXPECT_EQ(ike_sa(0xaaaa, 0xbbbb)->backend.index, session.backend);
}

TEST_F(Learn, StaleChatterOfAnotherServerTakesTheFlowUntilTheNextWordAndNothingElse) {
    const Session session = log_in(bench);
    Session stale = session;
    stale.backend = another(session.backend);
    for (int i = 0; i < 3; ++i) {
        bench.from_server(stale.esp_down());
        bench.from_server(stale.dpd_answer());
        bench.from_server(stale.init_answer());
        EXPECT_EQ(flow(client, 4500, 1)->backend.index, stale.backend);
        bench.advance(31);
        bench.from_server(session.esp_down());
        EXPECT_EQ(flow(client, 4500, 1)->backend.index, session.backend);
    }
    EXPECT_EQ(persistence(client)->backend.index, session.backend);
    EXPECT_EQ(ike_sa(session.spi_i, session.spi_r)->backend.index, session.backend);
    EXPECT_EQ(bench.counters().flows_moved.read(), 6u);
}

TEST_F(Learn, AServerThatRefusesLosesItsClientToTheOneThatProvesASession) {
    for (const Mode mode : {Mode::drain_refuse, Mode::disabled}) {
        Bench fresh{two_armed_farm()};
        const Session old = log_in(fresh);
        fresh.spec.backends[old.backend].mode = mode;
        fresh.apply();
        const Session next = log_in(fresh, {.spi_i = 0x7777, .spi_r = 0x8888});
        ASSERT_NE(next.backend, old.backend);
        EXPECT_EQ(fresh.from_client(next.esp_up()).backend, next.backend);
        EXPECT_EQ(fresh.from_client(Session{.spi_i = 0x99}.init()).backend, next.backend);
        EXPECT_EQ(fresh.from_client(old.dpd()).backend, old.backend) << "its pair stays";
    }
}

TEST_F(Learn, OfTwoServersThatRefuseNeitherTakesTheBindingFromTheOther) {
    const Session session = log_in(bench);
    Session stale = session;
    stale.backend = another(session.backend);
    for (const BackendIndex refusing : {session.backend, stale.backend})
        bench.spec.backends[refusing].mode = Mode::drain_refuse;
    bench.apply();
    for (const Session& speaker : {stale, session, stale}) {
        bench.advance(6);
        bench.from_server(speaker.esp_down());
        EXPECT_EQ(persistence(client)->backend.index, session.backend);
    }
    bench.spec.backends[stale.backend].mode = Mode::enabled;
    bench.apply();
    bench.advance(6);
    bench.from_server(stale.esp_down());
    EXPECT_EQ(persistence(client)->backend.index, stale.backend) << "one that takes it back does";
}

TEST_F(Learn, AHalfOpenProofTakesNothingOver) {
    const Session old = log_in(bench);
    bench.spec.backends[old.backend].mode = Mode::drain_refuse;
    bench.apply();
    Session next{.spi_i = 0x7777, .spi_r = 0x8888, .backend = another(old.backend)};
    next.port_500 = old.port_4500;
    bench.from_server(next.init_answer());
    EXPECT_EQ(persistence(client)->backend.index, old.backend);
    EXPECT_EQ(flow(client, 4500, 1)->backend.index, old.backend);
}

TEST_F(Learn, AServerThatIsDownLosesItsClientToTheOneThatProvesASession) {
    const Session old = log_in(bench);
    bench.spec.backends[old.backend].is_up = false;
    bench.apply();
    const Session next = log_in(bench, {.spi_i = 0x7777, .spi_r = 0x8888});
    ASSERT_NE(next.backend, old.backend);
    EXPECT_EQ(bench.from_client(next.esp_up()).backend, next.backend);
}

TEST_F(Learn, AServerThatWasRemovedLosesItsClientAtOnce) {
    const Session old = log_in(bench);
    bench.spec.backends[old.backend].generation = 1;
    bench.apply();
    const Session next{.spi_i = 0x7777, .spi_r = 0x8888, .backend = another(old.backend)};
    bench.from_server(next.esp_down());
    EXPECT_EQ(persistence(client)->backend.index, next.backend);
}

TEST_F(Learn, ARoamerChangesNoBinding) {
    const Session office = log_in(bench, {.client = other_client});
    for (BackendIndex b = 0; b < 3; ++b)
        bench.spec.backends[b].weight = b == another(office.backend) ? 100 : 0;
    bench.apply();
    Session roamer = log_in(bench, {.port_4500 = 7000, .spi_i = 0x7777, .spi_r = 0x8888});
    ASSERT_NE(roamer.backend, office.backend);
    roamer.client = other_client;  // into the office's NAT
    EXPECT_EQ(bench.from_client(roamer.dpd()).backend, roamer.backend);
    bench.from_server(roamer.dpd_answer());
    EXPECT_EQ(persistence(other_client)->backend.index, office.backend);
    EXPECT_EQ(bench.from_client(roamer.esp_up()).backend, roamer.backend) << "its own flow";
    EXPECT_EQ(bench.from_client(office.esp_up()).backend, office.backend);
}

TEST_F(Learn, ASpoofedPairMovesNothing) {
    const Session session = log_in(bench);
    Session forged = session;
    forged.client = other_client;
    bench.from_client(forged.dpd());
    EXPECT_FALSE(persistence(other_client));
    EXPECT_FALSE(flow(other_client, 4500, 1));
}

TEST_F(Learn, KeepalivesOfAServerKeepItsFlowAliveAndMakeNothing) {
    bench.from_server(reply(rras1, 4500, other_client, 4500, keepalive()));
    EXPECT_FALSE(flow(other_client, 4500, 1));
    const Session session = log_in(bench);
    for (int i = 0; i < 10; ++i) {
        bench.advance(1000);
        bench.from_server(reply(session.backend, 4500, client, 4500, keepalive()));
    }
    EXPECT_TRUE(flow(client, 4500, 1));
    EXPECT_FALSE(persistence(client)) << "it is of those that speak";
}

TEST_F(Learn, ADeleteHintShortensThePairAndOrdersNothing) {
    const Session session = log_in(bench);
    bench.from_server(reply(session.backend, 4500, client, 4500,
                            behind_marker(delete_request(session.spi_i, session.spi_r))));
    EXPECT_EQ(ike_sa(session.spi_i, session.spi_r)->state, SaState::closing);
    EXPECT_EQ(bench.from_client(session.dpd()).backend, session.backend);
    bench.advance(180);
    EXPECT_TRUE(ike_sa(session.spi_i, session.spi_r));
    bench.advance(1);
    EXPECT_FALSE(ike_sa(session.spi_i, session.spi_r));
    EXPECT_TRUE(flow(client, 4500, 1)) << "the flow goes on by its own clock";
}

TEST_F(Learn, ALifeSignAfterADeleteHintTakesItBack) {
    const Session session = log_in(bench);
    bench.from_server(reply(session.backend, 4500, client, 4500,
                            behind_marker(delete_request(session.spi_i, session.spi_r))));
    bench.from_server(session.dpd_answer());
    EXPECT_EQ(ike_sa(session.spi_i, session.spi_r)->state, SaState::established);
}

TEST_F(Learn, ADeleteHintOfAClientIsNoHint) {
    const Session session = log_in(bench);
    bench.from_client(to_vip(client, 4500, 4500,
                             behind_marker(delete_request(session.spi_i, session.spi_r))));
    EXPECT_EQ(ike_sa(session.spi_i, session.spi_r)->state, SaState::established);
}

TEST_F(Learn, AServerThatOpensAnSaGetsTheAnswersBack) {
    for (BackendIndex b = 0; b < 3; ++b) {
        Bench fresh{two_armed_farm()};
        fresh.from_server(reply(b, 500, client, 500, sa_init(0xabc).bytes()));
        const auto answer = [&](const IkeMessage& message) {
            return fresh.from_client(to_vip(client, 500, 500, message.bytes())).backend;
        };
        EXPECT_EQ(answer(sa_init_answer(0xabc, 0xdef)), b);
        EXPECT_EQ(answer(notify_answer(0xabc)), b) << "a cookie request, without an SPI";
    }
}

TEST_F(Learn, AnIkeV1ServerThatOpensAnSaGetsTheAnswersBack) {
    IkeMessage open{.initiator_spi = 0xabc, .version = 0x10, .exchange = 2, .flags = 0};
    bench.from_server(reply(rras3, 500, client, 500, open.bytes()));
    open.responder_spi = 0xdef;
    EXPECT_EQ(bench.from_client(to_vip(client, 500, 500, open.bytes())).backend, rras3);
}

TEST_F(Learn, AServersInitOverwritesNoFlow) {
    const Session session = log_in(bench);
    bench.from_server(reply(another(session.backend), 4500, client, 4500,
                            behind_marker(sa_init(0xabc))));
    EXPECT_EQ(flow(client, 4500, 1)->backend.index, session.backend);
}

TEST_F(Learn, AFlowsRecordIsWrittenEveryFiveSecondsAtMostAndOthersEveryThirty) {
    const Session session = log_in(bench);
    const auto before = flow(client, 4500, 1)->last_seen;
    const auto persistence = [&] {
        return bench.sessions().persistences.find(sessions::persistence_key(address(client), 0),
                                                  bench.table().timeouts, bench.now());
    };
    bench.advance(4);
    bench.from_server(session.esp_down());
    EXPECT_EQ(flow(client, 4500, 1)->last_seen, before);
    for (int n = 0; n < 5; ++n) {
        bench.advance(n == 0 ? 1 : 6);
        bench.from_server(session.esp_down());
        EXPECT_EQ(flow(client, 4500, 1)->last_seen, bench.now());
        EXPECT_EQ(persistence()->last_seen, before);
    }
    bench.advance(5);
    bench.from_server(session.esp_down());
    EXPECT_EQ(persistence()->last_seen, bench.now());
}

}  // namespace
}  // namespace ikelb::pipeline
