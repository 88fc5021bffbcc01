// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/commit.h"

#include <set>

#include "config/text/address.h"
#include "tests/unit/affinity_testlib.h"

// Whose a client's ESP SPI is, and who is asked where nobody can say.

namespace ikelb::affinity {
namespace {

using namespace testlib;
using namespace testlib::place;
using test::spi_down, test::spi_up, pipeline::Rule;

class Claims : public test::AffinityTest {
protected:
    /// Two clients of two backends that use one SPI; the first one claimed it first.
    std::pair<Session, Session> connect_two_with_one_spi() {
        const Session first = connect();
        schedule_only(another(first.backend));
        const Session second = connect({.client = other_client, .spi_i = 3, .spi_r = 4});
        EXPECT_NE(first.backend, second.backend);
        return {first, second};
    }
    /// One that answers at this session's tuple under keys of its own: a rival asked in full.
    Session rival_of(const Session& s) {
        Session rival{.client = s.client,
                      .port_500 = 501,
                      .port_4500 = s.port_4500,
                      .spi_i = 0x70,
                      .spi_r = 0x71,
                      .backend = another(s.backend)};
        down(rival.init_answer());
        down(rival.auth_answer());
        return rival;
    }
};

TEST_F(Claims, AreOfAFlowsBackendHeardSinceTheCandidateCame) {
    const Session s = log_in(bench);
    const std::uint32_t spi = 0xc1000000;
    down(s.esp_down());
    up(esp_from(s, 50, spi));
    up(esp_from(s, 51, spi));
    EXPECT_EQ(learned(), 0u) << "heard before it alone";
    bench.advance(1);
    up(esp_from(s, 52, spi));
    EXPECT_EQ(learned(), 0u) << "not heard";
    down(s.esp_down());
    up(esp_from(s, 50, spi));
    EXPECT_EQ(learned(), 0u) << "a replay: the same packet";
    up(esp_from(s, 53, spi));
    EXPECT_EQ(learned(), 1u);
    EXPECT_EQ(claim(s, spi)->backend.index, s.backend);
    EXPECT_EQ(claim(s, spi)->last_seen, bench.now());
    up(esp_from(s, 60, spi + 1));
    down(s.esp_down());
    up(esp_from(s, 61, spi + 1));
    EXPECT_EQ(learned(), 2u) << "all within a second";
}

TEST_F(Claims, AreMadeThoughAForgedPacketFarAheadCameFirst) {
    const Session s = log_in(bench);
    const std::uint32_t spi = 0xc1000000;
    up(esp_from(s, 10'000'000, spi));
    bench.advance(1);
    down(s.esp_down());
    up(esp_from(s, 2, spi));
    EXPECT_EQ(learned(), 1u);
}

TEST_F(Claims, AreSharedWhereOthersAreAskedTooAndFirmOnceNobodyElseIs) {
    const Session s = log_in(bench);
    const Session rival = rival_of(s);
    exchange_esp(s);
    exchange_esp(s, spi_up, 10);
    EXPECT_EQ(learned(), 1u);
    ASSERT_TRUE(claim(s)->is_shared);
    EXPECT_EQ(claim(s)->backend.index, s.backend);
    // It decides nothing here, and brings the client back from elsewhere.
    EXPECT_EQ(asked(esp_from(s, 20)).size(), 2u);
    EXPECT_EQ(by_rule(Rule::esp_client), 0u);
    schedule_only(rival.backend);
    EXPECT_EQ(backend_of(to_vip("192.0.2.79", 1, 4500, esp(spi_up))), s.backend);
    bench.advance(301);  // the rival's answer is over
    down(s.esp_down());
    exchange_esp(s, spi_up, 30);
    EXPECT_FALSE(claim(s)->is_shared);
    EXPECT_EQ(asked(esp_from(s, 40)), (std::vector{s.backend}));
    EXPECT_EQ(by_rule(Rule::esp_client), 1u);
}

TEST_F(Claims, ThatAreSharedReplaceNoOther) {
    const Session s = connect();
    const Session rival = rival_of(s);
    down(rival.esp_down());
    Session at_the_port = s;
    at_the_port.backend = rival.backend;
    exchange_esp(at_the_port, spi_up, 20);
    exchange_esp(at_the_port, spi_up, 30);
    EXPECT_FALSE(claim(s)->is_shared);
    EXPECT_EQ(claim(s)->backend.index, s.backend);
    EXPECT_EQ(asked(esp_from(s, 40)), (std::vector{s.backend}));
    EXPECT_EQ(learned(), 1u);
}

TEST_F(Claims, AreNotMadeWhereTheFlowsBackendHasOnlyAnsweredAReplay) {
    Session s{.backend = rras1};
    const auto replay = [&] { down(ike_answer(s, ike::exchange::informational, 1)); };
    replay();
    for (std::uint32_t n = 0; n < 4; ++n) {
        up(esp_from(s, n));
        bench.advance(6);
        replay();
    }
    EXPECT_EQ(learned(), 0u);
}

TEST_F(Claims, AreMadeAtOnceWhereNobodyKnowsWhoseItIs) {
    const Session s = log_in(bench);
    const Session rival = rival_of(s);
    up(esp_from(s, 1));
    ASSERT_TRUE(claim(s));
    EXPECT_TRUE(claim(s)->is_shared);
    EXPECT_EQ(claim(s)->backend.index, s.backend);
    // One that spoke long ago still has the flow, and is not asked in full.
    bench.advance(6);
    down(s.esp_down());
    bench.advance(290);
    down(ike_answer(rival, ike::exchange::ike_auth, 2));
    bench.advance(20);
    up(esp_from(s, 2, spi_up + 1));
    ASSERT_TRUE(claim(s, spi_up + 1));
    EXPECT_TRUE(claim(s, spi_up + 1)->is_shared);
    EXPECT_EQ(claim(s, spi_up + 1)->backend.index, rival.backend);
}

TEST_F(Claims, FromANewAddressLeadAndAllOthersAreAskedByTheWay) {
    const Session s = connect();
    open_office(another(s.backend));
    const Session moved = moved_into_office(s);
    EXPECT_EQ(backend_of(esp_from(moved, 30)), s.backend);
    EXPECT_EQ(asked(esp_from(moved, 31)), (std::vector<forwarding::BackendIndex>{0, 1, 2}));
    down(moved.esp_down());
    exchange_esp(moved, spi_up, 40);
    ASSERT_TRUE(claim(moved));
    EXPECT_FALSE(claim(moved)->is_shared) << "it is the same backend's where it came from";
    EXPECT_FALSE(claim(s)->is_shared);
    EXPECT_EQ(asked(esp_from(moved, 50)), (std::vector{s.backend}));
}

TEST_F(Claims, OfTwoBackendsToOneSpiDecideNothing) {
    const auto [first, second] = connect_two_with_one_spi();
    EXPECT_TRUE(claim(first)->is_shared);
    EXPECT_TRUE(claim(second)->is_shared);
    for (const Session& s : {first, second}) {
        exchange_esp(s, spi_up, 40);
        EXPECT_TRUE(claim(s)->is_shared) << "as long as the other one lives";
        EXPECT_EQ(backend_of(esp_from(s, 50)), s.backend);
    }
}

TEST_F(Claims, AreNotTakenByAReplayFromWhereTheClientIsAboutToMove) {
    for (const bool is_claimed : {true, false}) {
        const Session v = log_in(bench, {.client = is_claimed ? "192.0.2.60" : "192.0.2.61",
                                         .spi_i = is_claimed ? 20u : 21u,
                                         .spi_r = 22});
        schedule_only(another(v.backend));
        const Session mate = log_in(bench, {.client = is_claimed ? "192.0.2.62" : "192.0.2.63",
                                            .spi_i = is_claimed ? 30u : 31u,
                                            .spi_r = 32});
        ASSERT_NE(mate.backend, v.backend);
        const std::uint32_t spi = is_claimed ? 0xc8000000 : 0xc9000000;
        if (is_claimed) exchange_esp(v, spi);
        exchange_esp(mate, spi, 3);
        if (!is_claimed) {
            EXPECT_FALSE(claim(mate, spi)->is_shared) << "nobody has told otherwise";
            exchange_esp(v, spi);
        }
        EXPECT_TRUE(claim(mate, spi)->is_shared);
        Session moved = v;
        moved.client = mate.client;
        moved.port_4500 = mate.port_4500;
        EXPECT_EQ(asked(esp_from(moved, 10, spi)).size(), 3u);
        down(moved.esp_down());
        EXPECT_EQ(backend_of(esp_from(moved, 11, spi)), v.backend);
    }
}

TEST_F(Claims, OfOneSpiAreThirtyTwoAtMost) {
    for (std::uint32_t n = 1; n <= 40; ++n)
        connect({.client = "192.0.2." + std::to_string(100 + n), .spi_i = n, .spi_r = n});
    EXPECT_EQ(learned(), 32u);
    EXPECT_GT(sum([](const pipeline::Counters& all) -> auto& { return all.sessions_full; }), 0u);
}

TEST_F(Claims, OfATupleAreTwentyFourAtOnceAndThenOneAMinute) {
    const Session s = log_in(bench);
    const auto teach = [&](std::uint32_t spi) {
        bench.from_client(esp_from(s, 1, spi));
        bench.advance(1);
        bench.from_server(s.esp_down());
        bench.from_client(esp_from(s, 2, spi));
    };
    for (std::uint32_t n = 0; n < 30; ++n) teach(0xc2000000 + n);
    EXPECT_EQ(learned(), 24u);
    bench.advance(60);
    bench.from_server(s.esp_down());
    for (std::uint32_t n = 30; n < 40; ++n) teach(0xc2000000 + n);
    EXPECT_EQ(learned(), 25u);
    EXPECT_TRUE(claim(s, 0xc2000000 + 30));
}

/// After an outage: two child SAs each before a minute is over. ESP that no claim decides costs six
/// times as much.
TEST_F(Claims, OfAFarmsClientsAreMadeWhenAllComeBackAtOnce) {
    constexpr std::uint32_t clients = 40'000;
    Bench whole{
        bench.spec,
        1,
        {.flows = clients, .persistences = clients, .ike_sas = clients, .esp_spis = clients * 2}};
    const auto session = [](std::uint32_t n) {
        return Session{
            .client = "198.18." + std::to_string(n / 250) + "." + std::to_string(n % 250),
            .backend = rras1};
    };
    constexpr std::uint32_t a_second = 2000;
    for (std::uint32_t first = 0; first < clients; first += a_second)
        for (const std::uint32_t packet : {1U, 2U}) {
            for (std::uint32_t n = first; n < first + a_second; ++n) {
                whole.from_server(session(n).esp_down());
                for (const std::uint32_t spi : {0xc0000000U, 0xd0000000U})
                    whole.from_client(esp_from(session(n), packet, spi + n));
            }
            whole.advance(1);
        }
    // Of the rest somebody else has the place of a candidate: the next packet is one again.
    EXPECT_GT(whole.counters().spis_learned.read(), 2 * clients * 99ULL / 100);
}

TEST_F(Claims, AreKeptByWhoeverHasTheSpiAtTheAddress) {
    const Session first = connect();
    schedule_only(another(first.backend));
    use_sa_affinity();
    const Session second =
        log_in(bench, {.port_500 = 501, .port_4500 = 4501, .spi_i = 3, .spi_r = 4});
    ASSERT_NE(first.backend, second.backend);
    exchange_esp(second);
    exchange_esp(second, spi_up, 20);
    EXPECT_EQ(learned(), 1u);
    EXPECT_EQ(claim(first)->backend.index, first.backend);
    EXPECT_TRUE(claim(first)->is_shared);
    // Its port is another one, so it is asked by the way alone, and so are all others.
    EXPECT_EQ(backend_of(esp_from(second, 30)), second.backend);
    EXPECT_EQ(asked(esp_from(second, 31)).size(), 3u);
    EXPECT_EQ(asked(esp_from(first, 30)), (std::vector{first.backend}));
}

TEST_F(Claims, ToOneSpiAreRankedByAgeAndAllAskedFromANewAddress) {
    const auto [first, second] = connect_two_with_one_spi();
    EXPECT_EQ(claim(first)->rank, 0);
    EXPECT_EQ(claim(second)->rank, 1);
    schedule_only(another(second.backend));
    const Session third = connect({.client = "192.0.2.77", .spi_i = 5, .spi_r = 6});
    EXPECT_EQ(claim(third)->rank, 2);
    // Those of one backend share theirs.
    const Session fourth = connect({.client = "192.0.2.78", .spi_i = 7, .spi_r = 8});
    EXPECT_EQ(claim(fourth)->rank, 2);
    const auto before = by_rule(Rule::esp_spi);
    const auto elsewhere = to_vip("192.0.2.79", 1, 4500, esp(spi_up)).no_udp_checksum();
    EXPECT_EQ(backend_of(elsewhere), first.backend);
    EXPECT_EQ(asked(elsewhere), (std::vector<forwarding::BackendIndex>{0, 1, 2}));
    EXPECT_EQ(by_rule(Rule::esp_spi), before + 2);
    EXPECT_EQ(backend_of(to_vip(other_client, 1, 4500, esp(spi_up))), second.backend)
        << "the one at its own address first, though its port is another one";
    for (const Session& s : {first, second, third, fourth})
        EXPECT_EQ(backend_of(esp_from(s, 99)), s.backend);
}

TEST_F(Claims, OfFourBackendsAreAskedFirstAndAllOthersInTurn) {
    constexpr forwarding::BackendIndex count = 13;
    Bench many{[] {
        TableSpec spec = two_armed_farm();
        while (spec.backends.size() < count) {
            const auto index = static_cast<forwarding::BackendIndex>(spec.backends.size());
            BackendSpec another = spec.backends[0];
            another.address = address(("10.20.0." + std::to_string(50 + index)).c_str());
            spec.services[0].members.push_back(index);
            spec.backends.push_back(another);
        }
        return spec;
    }()};
    for (std::uint8_t rank = 0; rank < 6; ++rank) {
        const sessions::Claim made{
            .backend = {.index = static_cast<forwarding::BackendIndex>(count - 1 - rank)},
            .rank = rank,
            .last_seen = many.now()};
        const std::string who = "192.0.2." + std::to_string(10 + rank);
        many.sessions().claims.write(
            sessions::esp_key(address(who.c_str()), net::be32::from_host(spi_up)), made,
            many.table().timeouts, many.now(), sessions::Evict::never);
    }
    std::set<std::string> asked;
    for (std::uint32_t second = 0; second < count; ++second) {
        const auto outcome = many.from_client(to_vip(client, 1, 4500, esp(spi_up)));
        EXPECT_EQ(outcome.backend, count - 1);
        ASSERT_EQ(outcome.copies.size(), 8u);
        for (std::size_t n = 0; n < 3; ++n)
            EXPECT_EQ(dissect(outcome.copies[n]).to,
                      many.table().backends[count - 2 - n].homes[0].address);
        for (const Bytes& copy : outcome.copies) asked.insert(text::to_text(dissect(copy).to));
        many.advance(1);
    }
    EXPECT_EQ(asked.size(), count - 1u);
}

TEST_F(Claims, LiveNoLongerThanTheirBackendsWord) {
    const Session s = connect();
    const auto since = claim(s)->last_seen;
    for (int n = 0; n < 44; ++n) {
        bench.advance(61);
        EXPECT_EQ(backend_of(esp_from(s, 100)), s.backend);
        ASSERT_EQ(claim(s)->last_seen, since);
    }
    bench.advance(2701 - 44 * 61);
    EXPECT_FALSE(claim(s));
    EXPECT_FALSE(flow(s));
}

TEST_F(Claims, AreRenewedByWhatTheirBackendSaidAtTheTuple) {
    const Session s = connect();
    const auto since = claim(s)->last_seen;
    bench.advance(40);
    down(s.esp_down());
    const auto heard = bench.now();
    up(esp_from(s, 100));
    EXPECT_EQ(claim(s)->last_seen, since) << "good for a minute without a look at the flow";
    bench.advance(40);
    up(esp_from(s, 101));
    EXPECT_EQ(claim(s)->last_seen, heard);
}

TEST_F(Claims, OfASilentBackendEndWhereAnotherOneSpeaks) {
    const Session s = connect();
    bench.advance(200);
    const Session next{.port_4500 = s.port_4500, .backend = another(s.backend)};
    down(next.esp_down());
    EXPECT_EQ(asked(esp_from(s, 100)), (std::vector{s.backend})) << "not yet silent for long";
    bench.advance(101);
    EXPECT_EQ(backend_of(esp_from(s, 101)), next.backend);
    EXPECT_FALSE(claim(s));
    EXPECT_EQ(backend_of(esp_from(s, 102)), next.backend);
    bench.advance(5);
    down(next.esp_down());
    up(esp_from(s, 103));
    EXPECT_EQ(claim(s)->backend.index, next.backend) << "it is the new one's to claim";
}

TEST_F(Claims, OfASilentBackendStayWhereNobodyElseIs) {
    const Session s = connect();
    bench.advance(600);
    EXPECT_EQ(asked(esp_from(s, 100)), (std::vector{s.backend}));
    EXPECT_TRUE(claim(s));
}

TEST_F(Claims, OfABackendThatIsGoneCountForNothing) {
    const Session s = connect();
    bench.spec.backends[s.backend].generation = 1;
    schedule_only(another(s.backend));
    EXPECT_EQ(backend_of(esp_from(s, 100)), another(s.backend));
    EXPECT_EQ(backend_of(to_vip(other_client, 1, 4500, esp(spi_up))), another(s.backend));
}

}  // namespace
}  // namespace ikelb::affinity
