// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/unit/affinity_testlib.h"

// What somebody who holds no key of a user's sends, and what the user meets with afterwards.

namespace ikelb::affinity {
namespace {

using namespace testlib;
using namespace testlib::place;
using sessions::SaState, sessions::Standing;

constexpr std::uint32_t next_spi = 0xc7000000;

class UnknownSources : public test::UnknownSourceTest {
protected:
    /// What the SA's own client has answered there makes a place.
    void expect_place_at(const Session& moved) {
        answer(moved, 3);
        EXPECT_TRUE(flow(moved));
    }
    /// Another port of its client's, where the next SPI's claim would look like its own.
    std::uint16_t port_of_same_tag(const Session& s) {
        const auto tag = [&](std::uint16_t port) {
            return sessions::claim_tag(
                sessions::esp_key(address(s.client.c_str()), net::be32::from_host(next_spi))
                    .narrow(),
                net::be16::from_host(port), 1, bench.table().hash_key);
        };
        std::uint16_t port = 5000;
        while (tag(port) != tag(s.port_4500)) ++port;
        return port;
    }
};

/// A server sends the answer to its last request again to whatever source.
TEST_F(UnknownSources, AReplayOfIkeV1TurnsNoNextHop) {
    const Session s = connect({.backend = rras1});
    const auto message = [&](bool is_answer) {
        IkeMessage quick = encrypted(s.spi_i, s.spi_r, 32, 77);
        quick.version = 0x10;
        quick.flags = 1;
        return is_answer ? reply(s.backend, 4500, client, s.port_4500, behind_marker(quick))
                         : to_vip(client, s.port_4500, 4500, behind_marker(quick));
    };
    up(message(false));
    down(message(true));
    ASSERT_EQ(hop_of(s.esp_down()), first_gateway_mac());
    bench.from_gateway(message(false), second_gateway_mac());
    down(message(true));
    EXPECT_EQ(hop_of(s.esp_down()), first_gateway_mac());
}

TEST_F(UnknownSources, AReplaySpendsNothingOfWhatItsSasOwnClientMayHaveAnswered) {
    const Session s = connect();
    answer(s, 2);
    for (std::uint16_t n = 0; n < 9; ++n)
        answer(at("198.18.0.1", s, static_cast<std::uint16_t>(1000 + n)), 2);
    expect_place_at(at(other_client, s));
}

TEST_F(UnknownSources, LoginsUnderAUsersSpiSpendNothingOfItsSas) {
    const Session s = connect();
    for (std::uint16_t n = 0; n < 9; ++n) {
        const Session own = at("198.18.0.1", session(s.spi_i, 100u + n, s.backend),
                               static_cast<std::uint16_t>(1000 + n));
        fail_to_log_in(own, own);
    }
    expect_place_at(at(other_client, s));
}

/// A login of his own that begins at his address and goes on at the user's costs nothing else.
TEST_F(UnknownSources, UnknownSourcesLoginsSpendNoUsersShareOfPlaces) {
    const Session s = connect();
    for (std::uint32_t n = 0; n < 300; ++n) {
        const Session own = at(other_client, session(1000 + n * 77u, 8, rras2));
        fail_to_log_in(own, at(client, own, static_cast<std::uint16_t>(10'000 + n)));
    }
    expect_place_at(at(client, s, 4600));
}

/// Of what anybody has, a failed login at his own address.
TEST_F(UnknownSources, AFloodOfSpisAtOneTupleLeavesOthersCandidates) {
    const Session s = connect();
    const Session own = at("198.18.0.1", session(7, 8, rras2));
    fail_to_log_in(own, own);
    up(esp_from(s, 100, next_spi));
    bench.advance(1);  // the user's is older than all that follow
    for (std::uint32_t n = 0; n < 4000; ++n) up(esp_from(own, 1, 0x10000000 + n * 7919));
    bench.advance(1);
    down(s.esp_down());
    up(esp_from(s, 101, next_spi));
    EXPECT_TRUE(claim(s, next_spi));
}

/// With credentials of his own one has his server speak at another port of the user's address: one
/// of the same tag, and there are 256 of them. He copies the SPI of the user's next child SA.
TEST_F(UnknownSources, AClaimAtAnotherPortOfTheSameTagTakesNoUsersEsp) {
    const Session s = connect();
    const Session own = at(client, session(7, 8, another(s.backend)), port_of_same_tag(s));
    down(own.esp_down());
    EXPECT_EQ(backend_of(esp_from(s, 1, next_spi)), s.backend);
    exchange_esp(own, next_spi);
    exchange_esp(own, next_spi, 3);
    EXPECT_EQ(backend_of(esp_from(s, 2, next_spi)), s.backend);
    for (std::uint32_t sequence = 3; sequence < 100; ++sequence) {
        bench.advance(3);
        down(s.esp_down());
        const auto all = asked(esp_from(s, sequence, next_spi));
        ASSERT_EQ(std::count(all.begin(), all.end(), s.backend), 1) << "after " << sequence * 3;
        exchange_esp(own, next_spi, sequence + 3);
    }
}

/// With a tunnel of his own at another VIP he knows the tag of no port, and no port has the user's.
TEST_F(UnknownSources, AClaimAtAnotherVipIsNeverOfTheSamePort) {
    const auto tag = [&](std::uint32_t spi, forwarding::FrontendIndex frontend) {
        const auto key = sessions::esp_key(address(client), net::be32::from_host(spi));
        return sessions::claim_tag(key.narrow(), net::be16::from_host(4500), frontend,
                                   bench.table().hash_key);
    };
    std::size_t alike = 0;
    for (std::uint32_t spi = next_spi; spi < next_spi + 4096; ++spi) {
        EXPECT_NE(tag(spi, 1), tag(spi, 3));
        alike += tag(spi, 1) == tag(spi + 1, 1);
    }
    EXPECT_LT(alike, 64u) << "nothing tells the next SPI's tag";
}

/// Behind the user's NAT nobody needs credentials for that: under affinity by SA the hash of his
/// own SPIi chooses the server where his logins fail.
TEST_F(UnknownSources, AMatesFailedLoginsClaimNoUsersSpi) {
    use_sa_affinity();
    const Session s = connect();
    const std::uint16_t port = port_of_same_tag(s);
    const Session first = at(client, session(7, 8, another(s.backend)), port);
    const Session second = at(client, session(17, 18, another(s.backend)), port);
    EXPECT_EQ(backend_of(esp_from(s, 1, next_spi)), s.backend);
    fail_to_log_in(first, first);
    up(esp_from(first, 1, next_spi));
    fail_to_log_in(second, second);
    up(esp_from(first, 2, next_spi));
    bench.advance(1);
    down(s.esp_down());
    EXPECT_EQ(backend_of(esp_from(s, 2, next_spi)), s.backend);
}

/// An SPI forged at somebody else's tuple, where its client moves before its own server was heard.
TEST_F(UnknownSources, ASpiForgedWhereItsClientMovesIsNobodysThere) {
    const Session s = connect();
    const Session mate = open_office(another(s.backend));
    EXPECT_EQ(backend_of(esp_from(s, 1, next_spi)), s.backend);
    exchange_esp(mate, next_spi);
    EXPECT_TRUE(claim(mate, next_spi)->is_shared);
    EXPECT_EQ(backend_of(esp_from(s, 2, next_spi)), s.backend);
    const auto all = asked(esp_from(at(mate.client.c_str(), s, mate.port_4500), 3, next_spi));
    EXPECT_EQ(std::count(all.begin(), all.end(), s.backend), 1);
}

/// A mate who has heard the SPI first: where the client moves, it may still be anybody's.
TEST_F(UnknownSources, ASpiThatAMateClaimedFirstIsAskedOfAllWhereItsClientMoves) {
    const Session s = connect();
    const Session own = at(client, session(7, 8, another(s.backend)), 5000);
    down(own.esp_down());
    exchange_esp(own, next_spi);
    EXPECT_FALSE(claim(s, next_spi)->is_shared) << "nobody has told otherwise";
    exchange_esp(s, next_spi);
    EXPECT_TRUE(claim(s, next_spi)->is_shared);
    schedule_only(own.backend);
    const Session office = log_in(bench, {.client = other_client, .spi_i = 3, .spi_r = 4});
    const auto all = asked(esp_from(at(other_client, s, office.port_4500), 4, next_spi));
    EXPECT_EQ(std::count(all.begin(), all.end(), s.backend), 1);
}

/// With affinity by SA there is no persistence that agrees, and the hash mostly does not.
TEST_F(UnknownSources, AFloodOfUnknownPairsTakesNoRequestFromAFlowWhoseBackendSpoke) {
    use_sa_affinity();
    std::vector<Session> users;
    for (std::uint16_t n = 0; n < 9; ++n) {
        users.push_back(log_in(bench, {.port_500 = static_cast<std::uint16_t>(500 + n),
                                       .port_4500 = static_cast<std::uint16_t>(4500 + n),
                                       .spi_i = 0x9e3779b97f4a7c15 * (n + 1u),
                                       .spi_r = 1000u + n}));
        exchange_esp(users.back(), test::spi_up + n, 10);
    }
    for (forwarding::BackendIndex b = 0; b < 3; ++b) {
        const Session own =
            at("198.18.0.1", session(7u + b, 8, b), static_cast<std::uint16_t>(1000 + b));
        fail_to_log_in(own, own);
        for (std::uint32_t n = 0; n < 1000; ++n)
            up(ike_from(at("198.18.0.1", session(9000 + n, 9, b), own.port_4500),
                        ike::exchange::informational, 1));
    }
    for (const Session& s : users) {
        Session rekeyed = s;
        rekeyed.spi_i += 77;
        EXPECT_EQ(verdict_of(ike_from(rekeyed, ike::exchange::informational, 0)), "to_server");
    }
}

TEST_F(UnknownSources, AnUnknownSourcesFailedLoginsSpendNoUsersShareOfLogins) {
    bench.spec.limits.logins_per_source = {1, 10};
    bench.apply();
    for (std::uint64_t n = 0; n < 20; ++n) {
        const Session own = at(other_client, session(100 + n, 8, rras2));
        fail_to_log_in(own, at(client, own, static_cast<std::uint16_t>(10'000 + n)));
    }
    const Session s = session(1, 2, rras1);
    down(s.init_answer());
    answer(s, 1, ike::exchange::ike_auth);
    EXPECT_EQ(ike_sa(s)->state, SaState::answered);
}

/// One who was heard first and answered only, and one who speaks.
TEST_F(UnknownSources, AFloodOfNomineesLeavesSpeakersBesideAFlow) {
    const Session s = connect();
    const Session own = session(7, 8, another(s.backend));
    bench.advance(6);
    down(own.esp_down());  // one with credentials of his own has himself answered there
    ASSERT_EQ(asked(esp_from(s, 1, 0xc7000000)).size(), 2u);
    for (std::uint32_t n = 0; n < 4000; ++n) {
        const std::string place =
            "198.18." + std::to_string(n / 200) + "." + std::to_string(n % 200);
        answer(at(place.c_str(), session(1000 + n, 8, rras1)), 1);
        answer(at(place.c_str(), session(9000 + n, 8, rras2)), 1);
    }
    const auto beside = bench.sessions().rivals.find(
        sessions::hashed(sessions::flow_key(address(client), net::be16::from_host(s.port_4500), 1),
                         bench.sessions().secret),
        bench.table().timeouts, bench.now());
    ASSERT_TRUE(beside) << "the user's own server is not known there any more";
    EXPECT_TRUE(beside->has_speaker);
}

/// One SA with credentials, whose server sends on to wherever the last authentic datagram came
/// from, could have a flow that nothing evicts for each source port.
TEST_F(UnknownSources, OneMovingSaMakesNoMoreSpokenFlowsThanItsSourceMay) {
    const Session own = session(7, 8, rras2);
    const auto before = flows_committed();
    for (std::uint16_t n = 0; n < 5000; ++n)
        down(at("198.18.0.1", own, static_cast<std::uint16_t>(1024 + n)).esp_down());
    EXPECT_EQ(flows_committed() - before, 4000u);
    const Session user = session(100, 1000, rras1);
    down(user.esp_down());
    EXPECT_TRUE(flow(user)) << "another source has its own";
}

class UnknownSourcesV6 : public UnknownSources {
protected:
    UnknownSourcesV6() {
        bench.spec = dual_stack_farm();
        bench.apply();
    }
};

/// The attacker's address has the same name in 32 bits as the user's, which took ten seconds to
/// find.
TEST_F(UnknownSourcesV6, ALoginThatBeganAtAnAddressOfTheSameNameIsNoOneElses) {
    constexpr const char* same_name = "2001:db8:bad:0:0:2:3c1f:c46";
    ASSERT_EQ(sessions::name_of(address(same_name)), sessions::name_of(address(client6)));
    const Session own = at(same_name, session(7, 8, first_v6_server));
    fail_to_log_in(own, at(client6, own));
    const auto flow = bench.sessions().flows.find(
        sessions::flow_key(address(client6), net::be16::from_host(4500), 3), bench.table().timeouts,
        bench.now());
    ASSERT_TRUE(flow);
    EXPECT_EQ(flow->standing, Standing::nominated);
    down(at(client6, own).esp_down());
    EXPECT_EQ(ike_sa(own)->state, SaState::answered);
}

}  // namespace
}  // namespace ikelb::affinity
