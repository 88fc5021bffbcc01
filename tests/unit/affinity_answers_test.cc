// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/found.h"
#include "tests/unit/affinity_testlib.h"

// What a backend's answers are worth: it answers whoever asks, also a replay and a login that
// fails.

namespace ikelb::affinity {
namespace {

using namespace testlib;
using namespace testlib::place;
using forwarding::BackendIndex;
using sessions::SaState, sessions::Standing;

class Answers : public test::AffinityTest {
protected:
    /// The session at another address, with nothing asked from there yet.
    static Session at(const char* address, Session s) {
        s.client = address;
        return s;
    }
    void answer(const Session& s, std::uint32_t id,
                std::uint8_t exchange = ike::exchange::informational) {
        down(ike_answer(s, exchange, id));
    }
    std::optional<Standing> standing(const Session& s) {
        const auto found = flow(s);
        return found ? std::optional{found->standing} : std::nullopt;
    }
};

TEST_F(Answers, UnderANewMessageIdAreStrongAndUnderAnOldOneWeak) {
    const Session s = connect();
    const Session there = at(other_client, s);
    answer(s, 5);
    answer(there, 5);
    EXPECT_EQ(standing(there), Standing::nominated) << "a replay";
    answer(there, 4);
    EXPECT_EQ(standing(there), Standing::nominated);
    answer(there, 6);
    EXPECT_EQ(standing(there), Standing::strong);
    const Session later = at("192.0.2.77", s);
    answer(later, 6);
    EXPECT_EQ(standing(later), Standing::nominated) << "it has been answered elsewhere";
}

TEST_F(Answers, OfASaWhoseBeginningNobodySawAreWeakAtFirst) {
    const Session s{.backend = rras2};
    answer(s, 5);
    EXPECT_EQ(standing(s), Standing::nominated) << "it could be of any age";
    answer(s, 5);
    EXPECT_EQ(standing(s), Standing::nominated);
    answer(s, 6);
    EXPECT_EQ(standing(s), Standing::strong);
}

TEST_F(Answers, OfASaThatItsServerMadeKnownItselfAreWeakAtFirst) {
    const Session s{.backend = rras2};
    down(reply(rras2, 4500, client, 4500,
               behind_marker(encrypted(s.spi_i, s.spi_r, ike::exchange::informational, 0))));
    ASSERT_EQ(ike_sa(s)->state, SaState::established);
    const Session there = at(other_client, s);
    answer(there, 3);
    EXPECT_EQ(standing(there), Standing::nominated);
    answer(there, 4);
    EXPECT_EQ(standing(there), Standing::strong);
}

TEST_F(Answers, ToALoginAreStrongWhereItBegan) {
    Session s{.backend = rras2};
    down(s.init_answer());
    answer(s, 1, ike::exchange::ike_auth);
    EXPECT_EQ(standing(s), Standing::strong);
    Session other{.client = other_client, .spi_i = 7, .spi_r = 8, .backend = rras3};
    down(at("192.0.2.77", other).init_answer());
    answer(other, 1, ike::exchange::ike_auth);
    EXPECT_EQ(standing(other), Standing::nominated) << "it began elsewhere";
}

TEST_F(Answers, KnowNothingOfWhatWasBeforeAFlush) {
    const Session s = connect();
    Session login{.client = other_client, .spi_i = 7, .spi_r = 8, .backend = s.backend};
    answer(s, 5);
    down(login.init_answer());
    bench.spec.backends[s.backend].generation = 1;
    bench.apply();
    answer(s, 6);
    EXPECT_EQ(standing(s), Standing::nominated) << "of an SA that is new to ikelb";
    answer(s, 7);
    EXPECT_EQ(standing(s), Standing::strong);
    answer(login, 1, ike::exchange::ike_auth);
    EXPECT_EQ(standing(login), Standing::nominated) << "it began before";
}

TEST_F(Answers, OfADeleteShortenNothingThatWasKnownBeforeAFlush) {
    const Session s = connect();
    bench.spec.backends[s.backend].generation = 1;
    bench.apply();
    down(reply(s.backend, 4500, client, s.port_4500,
               behind_marker(delete_request(s.spi_i, s.spi_r))));
    EXPECT_NE(ike_sa(s)->state, SaState::closing);
}

TEST_F(Answers, ToALoginTakeNoFlowFromOneThatIsAskedInFull) {
    const Session first{.backend = rras1}, second{.spi_i = 7, .spi_r = 8, .backend = rras2},
        third{.spi_i = 9, .spi_r = 10, .backend = rras3};
    answer(third, 1);
    for (const Session& s : {first, second}) {
        down(s.init_answer());
        answer(s, 1, ike::exchange::ike_auth);
    }
    EXPECT_EQ(flow(first)->backend.index, rras1) << "over a weak one it does";
    down(second.esp_down());
    EXPECT_EQ(flow(first)->backend.index, rras2);
}

TEST_F(Answers, ToALoginMakeNoSilentSpeakerOneThatSpeaks) {
    const Session s = connect();
    const Session other{.spi_i = 7, .spi_r = 8, .backend = another(s.backend)};
    down(other.esp_down());
    down(s.esp_down());
    bench.advance(6);
    down(s.esp_down());
    down(other.init_answer());
    answer(other, 1, ike::exchange::ike_auth);
    const auto key = sessions::flow_key(address(client), net::be16::from_host(4500), 1);
    const Tuple all = [&] {
        const pipeline::Context context{.table = bench.table(),
                                        .sessions = bench.sessions(),
                                        .counters = bench.counters(0),
                                        .memory = bench.memory(0),
                                        .now = bench.now()};
        return tuple_of(key, *flow(s), 0, context);
    }();
    EXPECT_EQ(all.find({.index = other.backend})->standing, Standing::strong);
    EXPECT_EQ(all.find({.index = other.backend})->last, bench.now());
    EXPECT_EQ(all.find({.index = s.backend})->standing, Standing::spoke);
}

TEST_F(Answers, UnderAnEstablishedSaKeepASpeakerAmongThoseThatAreAsked) {
    const Session s = connect();
    const Session other{.spi_i = 7, .spi_r = 8, .backend = another(s.backend)};
    down(other.esp_down());
    bench.advance(6);
    down(s.esp_down());
    for (std::uint32_t id = 1; id <= 2; ++id) {
        bench.advance(140);
        answer(other, id);
    }
    bench.advance(140);
    EXPECT_EQ(asked(esp_from(s, 1, 0xc7000000)).size(), 2u);
    bench.advance(161);
    down(s.esp_down());
    EXPECT_EQ(asked(esp_from(s, 2, 0xc7000001)), (std::vector{s.backend}));
}

TEST_F(Answers, ToTheFirstExchangeBehindALoginAreStrongAnywhere) {
    const Session s{.backend = rras2};
    down(s.init_answer());
    answer(s, 1, ike::exchange::ike_auth);
    const Session there = at(other_client, s);
    answer(there, 2, ike::exchange::create_child_sa);
    EXPECT_EQ(ike_sa(s)->state, SaState::established);
    EXPECT_EQ(standing(there), Standing::strong);
}

TEST_F(Answers, OfALaterSaTakeAFlowFromOnesThatHaveOnlyAnswered) {
    const Session first{.backend = rras1};
    answer(first, 5);
    const Session second{.spi_i = 7, .spi_r = 8, .backend = rras2};
    answer(second, 5);
    EXPECT_EQ(flow(first)->backend.index, rras2) << "as weak, and later";
    bench.advance(5);
    answer(first, 6);
    EXPECT_EQ(flow(first)->backend.index, rras1) << "strong";
    answer({.spi_i = 9, .spi_r = 10, .backend = rras3}, 5);
    EXPECT_EQ(flow(first)->backend.index, rras1);
    down(Session{.backend = rras3}.esp_down());
    EXPECT_EQ(flow(first)->backend.index, rras3) << "speech is more than any answer";
    answer(first, 7);
    EXPECT_EQ(flow(first)->backend.index, rras3);
}

TEST_F(Answers, ThatAreWeakRenewNoTunnel) {
    const Session s = connect();
    const auto before = flow(s)->last_seen;
    bench.advance(200);
    answer(s, 1);
    EXPECT_EQ(flow(s)->last_seen, before);
    answer(s, 2);
    EXPECT_EQ(flow(s)->last_seen, bench.now());
}

TEST_F(Answers, ToOneRequestReplayedFromAThousandPlacesMakeAFew) {
    const Session s = connect();
    answer(s, 5);
    const auto before = flows_committed();
    for (std::uint16_t n = 0; n < 1000; ++n) {
        Session there = at(other_client, s);
        there.port_4500 = static_cast<std::uint16_t>(10'000 + n);
        answer(there, 5);
    }
    EXPECT_EQ(flows_committed() - before, 8u);
    bench.advance(2);
    for (std::uint16_t n = 0; n < 1000; ++n)
        answer(at(("198.18.0." + std::to_string(n % 250)).c_str(), s), 5);
    EXPECT_EQ(flows_committed() - before, 10u);
}

TEST_F(Answers, ThatAreFreshMakeAPlaceWhateverReplaysHaveSpent) {
    const Session s = connect();
    answer(s, 5);
    const auto at_port = [&](std::uint16_t port, std::uint32_t id) {
        Session there = at(other_client, s);
        there.port_4500 = port;
        answer(there, id);
        return standing(there);
    };
    for (std::uint16_t port = 10'000; port < 10'300; ++port) at_port(port, 5);
    EXPECT_FALSE(at_port(999, 5)) << "one more replay";
    EXPECT_EQ(at_port(1000, 6), Standing::strong);
    // Whoever has an SA has no more than his share either.
    for (std::uint16_t n = 1; n < 8; ++n) EXPECT_TRUE(at_port(1000 + n, 6u + n));
    EXPECT_FALSE(at_port(1008, 14));
}

TEST_F(Answers, ToALoginsNextMessageMakeAPlaceWhateverReplaysHaveSpent) {
    const Session s{.backend = rras2};
    down(s.init_answer());
    const auto at_port = [&](std::uint16_t port, std::uint32_t id) {
        Session there = at(other_client, s);
        there.port_4500 = port;
        answer(there, id, ike::exchange::ike_auth);
        return standing(there);
    };
    for (std::uint16_t port = 10'000; port < 10'300; ++port) at_port(port, 1);
    EXPECT_FALSE(at_port(999, 1)) << "one more replay";
    EXPECT_EQ(at_port(1000, 2), Standing::nominated);
}

TEST_F(Answers, ToOneSourceMakeNoMoreThanItsShareOfPlaces) {
    const auto before = flows_committed();
    for (std::uint16_t n = 0; n < 1000; ++n)
        answer({.port_4500 = static_cast<std::uint16_t>(10'000 + n),
                .spi_i = 0x9e3779b97f4a7c15 * (n + 1u),
                .spi_r = 1u + n,
                .backend = rras1},
               1, ike::exchange::ike_auth);
    const auto made = flows_committed() - before;
    EXPECT_LE(made, 200u);
    EXPECT_GE(made, 190u) << "but for SAs that share a bucket";
    // Speech has no share.
    down(Session{.port_4500 = 9999, .backend = rras1}.esp_down());
    EXPECT_EQ(flows_committed() - before, made + 1);
}

TEST_F(Answers, ToLoginsOverTheirSourcesShareMakeNoPlace) {
    bench.spec.limits.logins_per_source = {1, 1};
    bench.apply();
    const Session s{.backend = rras1}, next{.port_4500 = 4501, .spi_i = 7, .spi_r = 8,
                                            .backend = rras1};
    answer(s, 1, ike::exchange::ike_auth);
    answer(next, 1, ike::exchange::ike_auth);
    EXPECT_TRUE(flow(s));
    EXPECT_FALSE(flow(next));
    EXPECT_EQ(ike_sa(next)->state, SaState::half_open);
}

TEST_F(Answers, EstablishALoginWithEspOnlyWhereItBegan) {
    const Session s{.backend = rras2};
    down(s.init_answer());
    const Session there = at(other_client, s);
    answer(there, 1, ike::exchange::ike_auth);
    down(there.esp_down());
    EXPECT_EQ(ike_sa(s)->state, SaState::answered);
    answer(s, 2, ike::exchange::ike_auth);
    down(s.esp_down());
    EXPECT_EQ(ike_sa(s)->state, SaState::established);
}

TEST_F(Answers, ToALoginThatBeganElsewhereHideNoneThatEspConfirms) {
    const Session s{.backend = rras2};
    const Session failed{.client = other_client, .spi_i = 7, .spi_r = 8, .backend = rras2};
    down(s.init_answer());
    answer(s, 1, ike::exchange::ike_auth);
    down(failed.init_answer());
    answer(at(client, failed), 1, ike::exchange::ike_auth);
    down(s.esp_down());
    EXPECT_EQ(ike_sa(s)->state, SaState::established);
    EXPECT_EQ(ike_sa(failed)->state, SaState::answered);
}

TEST_F(Answers, WriteNoBinding) {
    const Session s{.backend = rras2};
    down(s.init_answer());
    for (std::uint32_t id = 1; id < 10; ++id)
        answer(s, id, id == 1 ? ike::exchange::ike_auth : ike::exchange::informational);
    EXPECT_EQ(standing(s), Standing::strong);
    EXPECT_FALSE(persistence(s));
    down(s.esp_down());
    EXPECT_EQ(persistence(s)->backend.index, rras2);
}

/// No flag tells answers from what a server sends on its own.
TEST_F(Answers, OfIkeV1NominateAndAreSignsOfLifeAtTheirOwnFlow) {
    Session s{.backend = rras1};
    const auto informational = [&] {
        IkeMessage message = encrypted(s.spi_i, s.spi_r, 5);
        message.version = 0x10;
        message.flags = 1;
        down(reply(rras1, 4500, client, s.port_4500, behind_marker(message)));
    };
    informational();
    EXPECT_EQ(standing(s), Standing::nominated);
    informational();
    EXPECT_EQ(standing(s), Standing::nominated);
    EXPECT_FALSE(persistence(s));
    down(s.esp_down());
    EXPECT_EQ(standing(s), Standing::spoke);
    bench.advance(1000);
    informational();
    EXPECT_EQ(flow(s)->last_seen, bench.now());
    EXPECT_EQ(standing(s), Standing::spoke);
}

}  // namespace
}  // namespace ikelb::affinity
