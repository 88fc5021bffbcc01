// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <set>
#include <string>

#include "tests/unit/affinity_testlib.h"

// Datagrams that more than one backend gets: ESP that no claim decides, and requests of an IKE SA
// that nobody knows, once they are repeated.

namespace ikelb::affinity {
namespace {

using namespace testlib;
using namespace testlib::place;
using forwarding::BackendIndex;
using test::spi_up;

constexpr std::uint32_t unclaimed = 0xc7000000;

class Copies : public test::AffinityTest {
protected:
    std::size_t copies_of(const PacketBuilder& packet) {
        return bench.from_client(packet).copies.size();
    }
    /// At the session's tuple this backend answers a replay.
    void answer_replay(const Session& s, BackendIndex backend) {
        down(reply(backend, 4500, s.client.c_str(), s.port_4500,
                   behind_marker(encrypted_answer(0x70, 0x71, ike::exchange::informational))));
    }
    static PacketBuilder unknown(const char* from, std::uint64_t spi,
                                 std::uint8_t exchange = ike::exchange::informational) {
        return to_vip(from, 700, 4500, behind_marker(encrypted(spi, spi + 1, exchange)));
    }
    std::string refuse(const char* to, BackendIndex backend, std::uint64_t spi) {
        IkeMessage refusal = notify_answer(spi, spi + 1);
        refusal.exchange = ike::exchange::informational;
        refusal.message_id = 1;
        return name(down(reply(backend, 4500, to, 700, behind_marker(refusal))).verdict);
    }
};

TEST_F(Copies, GoToAllWhoHaveSpokenWhateverTheyCost) {
    const Session s = connect();
    down(Session{.backend = another(s.backend)}.esp_down());
    for (std::uint32_t n = 0; n < 100; ++n) {
        const Outcome sent = bench.from_client(esp_from(s, n, unclaimed));
        EXPECT_EQ(sent.backend, another(s.backend)) << "the last to speak";
        ASSERT_EQ(sent.copies.size(), 1u);
        EXPECT_EQ(dissect(sent.copies[0]).to, bench.table().backends[s.backend].homes[0].address);
        EXPECT_TRUE(dissect(sent.copies[0]).is_ip_checksum_good);
    }
    EXPECT_EQ(bench.counters(0).copies.read(), 100u);
}

TEST_F(Copies, GoToASpeakerForFiveMinutes) {
    use_sa_affinity();
    const Session s = connect();
    down(Session{.backend = another(s.backend)}.esp_down());
    bench.advance(299);
    EXPECT_EQ(asked(esp_from(s, 1, unclaimed)).size(), 2u);
    down(Session{.backend = another(s.backend)}.esp_down());
    bench.advance(1);
    EXPECT_EQ(asked(esp_from(s, 1, unclaimed)), (std::vector{another(s.backend)}));
}

TEST_F(Copies, GoWhereTheyWouldIfNobodyHadAnsweredAtTheFlow) {
    schedule_only(0);
    // By the hash, then by the persistence.
    for (const BackendIndex without : {BackendIndex{0}, BackendIndex{2}}) {
        const Session login{.client = without == 0 ? "192.0.2.81" : other_client,
                            .port_4500 = 700,
                            .backend = 1};
        if (without != 0) open_office(without);
        schedule_only(0);
        down(login.init_answer());
        down(login.auth_answer());
        const Outcome sent = up(esp_from(login, 1, unclaimed));
        EXPECT_EQ(sent.backend, 1);
        ASSERT_EQ(sent.copies.size(), 1u);
        EXPECT_EQ(dissect(sent.copies[0]).to, bench.table().backends[without].homes[0].address);
        Session unseen = login;
        unseen.spi_i = 0x77;
        EXPECT_EQ(asked(unseen.dpd()).size(), 2u);
    }
    use_sa_affinity();
    EXPECT_EQ(asked(esp_from({.client = other_client, .port_4500 = 700}, 2, unclaimed)),
              (std::vector<BackendIndex>{1}));
}

TEST_F(Copies, ToWhoHasOnlyAnsweredAReplayAreEightASecond) {
    const Session s = connect();
    answer_replay(s, another(s.backend));
    std::size_t copies = 0;
    for (std::uint32_t n = 0; n < 100; ++n) {
        const Outcome sent = bench.from_client(esp_from(s, n, unclaimed));
        EXPECT_EQ(sent.backend, s.backend);
        copies += sent.copies.size();
    }
    EXPECT_EQ(copies, 8u);
    bench.advance(1);
    for (std::uint32_t n = 0; n < 100; ++n) copies += copies_of(esp_from(s, n, unclaimed));
    EXPECT_EQ(copies, 16u);
}

TEST_F(Copies, AreNotMadeOfEspThatItsClaimDecides) {
    const Session s = connect();
    down(Session{.backend = another(s.backend)}.esp_down());
    EXPECT_EQ(asked(esp_from(s, 100)), (std::vector{s.backend}));
}

TEST_F(Copies, GoToAServerThatIsDownUnlessItIsFlushed) {
    const Session s = connect();
    const BackendIndex other = another(s.backend);
    down(Session{.backend = other}.esp_down());
    bench.spec.backends[s.backend].is_up = false;
    bench.apply();
    EXPECT_EQ(asked(esp_from(s, 1, unclaimed)).size(), 2u);
    bench.spec.backends[s.backend].flush_on_down = true;
    bench.apply();
    EXPECT_EQ(asked(esp_from(s, 2, unclaimed)), (std::vector{other}));
    bench.spec.backends[other].is_up = false;
    bench.spec.backends[other].flush_on_down = true;
    bench.apply();
    EXPECT_EQ(verdict_of(esp_from(s, 3, unclaimed)), "backend_down");
}

TEST_F(Copies, OfAnUnknownRequestAreMadeOnceItIsRepeatedTwoTimes) {
    const auto request = unknown(client, 7);
    const Outcome first = up(request);
    EXPECT_EQ(first.copies.size(), 0u);
    for (int n = 0; n < 2; ++n) {
        const Outcome again = up(request);
        EXPECT_EQ(again.backend, first.backend);
        ASSERT_EQ(again.copies.size(), 2u);
        for (const Bytes& copy : again.copies) {
            EXPECT_NE(dissect(copy).to, again.packet().to);
            EXPECT_TRUE(dissect(copy).is_udp_checksum_good);
        }
    }
    EXPECT_EQ(up(request).copies.size(), 0u);
    EXPECT_EQ(up(unknown(client, 9)).copies.size(), 0u) << "another request";
    // Whoever answers has the client from then on.
    Session right{.port_4500 = 700, .spi_i = 7, .spi_r = 8, .backend = another(first.backend)};
    down(ike_answer(right, ike::exchange::informational, 1));
    EXPECT_EQ(asked(request), (std::vector{right.backend}));
    EXPECT_EQ(backend_of(esp_from(right, 1)), right.backend);
}

TEST_F(Copies, OfAnUnknownRequestGoToAServerThatIsDownUnlessItIsFlushed) {
    bench.spec.backends[0].is_up = bench.spec.backends[1].is_up = false;
    bench.spec.backends[1].flush_on_down = true;
    bench.apply();
    up(unknown(client, 7));
    EXPECT_EQ(asked(unknown(client, 7)), (std::vector<BackendIndex>{0, 2}));
}

TEST_F(Copies, OfEspThatAsksAllAreLimitedByService) {
    connect();
    std::size_t copies = 0;
    for (std::uint16_t port = 1; port <= 1000; ++port)
        copies += copies_of(to_vip("192.0.2.79", port, 4500, esp(spi_up)).no_udp_checksum());
    EXPECT_EQ(copies, 1000u);
}

TEST_F(Copies, OfAnUnknownRequestAreNotMadeAfterTenSeconds) {
    up(unknown(client, 7));
    bench.advance(11);
    EXPECT_EQ(up(unknown(client, 7)).copies.size(), 0u);
    bench.advance(10);
    EXPECT_EQ(up(unknown(client, 7)).copies.size(), 2u);
}

TEST_F(Copies, WithAffinityBySaBeginWithTheHash) {
    use_sa_affinity();
    EXPECT_EQ(verdict_of(unknown(client, 7)), "unknown_sa");
    EXPECT_EQ(asked(unknown(client, 7)), (std::vector<BackendIndex>{0, 1, 2}));
    bench.spec.services[0].ask_all_rate = 0;
    bench.apply();
    EXPECT_EQ(verdict_of(unknown(client, 7)), "unknown_sa");
}

/// All at one moment, as when their provider was away, and each again after 1, 2 and 4 s.
TEST_F(Copies, ReachTheServersOfAHundredAndFiftyRoamers) {
    std::uint64_t spi = 7;
    const auto waiting_at_last = [&] {
        std::set<std::uint64_t> waiting;
        for (int n = 0; n < 150; ++n) waiting.insert(spi++);
        for (const std::uint32_t pause : {1U, 2U, 4U, 0U}) {
            std::erase_if(waiting, [&](std::uint64_t one) {
                const std::string who = "198.18.7." + std::to_string(one % 150 + 1);
                return asked(unknown(who.c_str(), one)).size() == 3;
            });
            bench.advance(pause);
        }
        return waiting.size();
    };
    EXPECT_EQ(waiting_at_last(), 0u);
    use_sa_affinity();
    EXPECT_EQ(waiting_at_last(), 0u);
}

TEST_F(Copies, AreOfRequestsUnderUnknownKeysAlone) {
    const auto copies_of_two = [&](const PacketBuilder& packet) {
        up(packet);
        return up(packet).copies.size();
    };
    const auto of = [](IkeMessage message) {
        return to_vip(client, 700, 4500, behind_marker(message));
    };
    EXPECT_EQ(copies_of_two(of(encrypted_answer(7, 8, ike::exchange::informational))), 0u);
    IkeMessage clear = notify_answer(7, 8);
    clear.flags = 0x08;
    EXPECT_EQ(copies_of_two(of(clear)), 0u);
    IkeMessage v1 = encrypted(7, 8, 5);
    v1.version = 0x10;
    EXPECT_EQ(copies_of_two(of(v1)), 0u);
    const Session s = connect();
    EXPECT_EQ(copies_of_two(s.dpd()), 0u) << "its pair is known";
    EXPECT_EQ(copies_of_two(of(encrypted(7, 8, ike::exchange::informational))), 2u);
}

TEST_F(Copies, OfUnknownRequestsAreLimitedBySource) {
    std::size_t copies = 0;
    for (std::uint64_t spi = 10; spi < 20; ++spi)
        for (int n = 0; n < 2; ++n) copies += copies_of(unknown(client, spi));
    EXPECT_EQ(copies, 2u * 2);
    EXPECT_EQ(copies_of(unknown(other_client, 10)) + copies_of(unknown(other_client, 10)), 2u);
    bench.advance(1);
    for (std::uint64_t spi = 10; spi < 20; ++spi) copies += copies_of(unknown(client, spi));
    EXPECT_EQ(copies, 2u * 3);
}

TEST_F(Copies, OfUnknownRequestsAreLimitedByService) {
    const auto flood = [&](std::uint32_t rate) {
        bench.spec.services[0].ask_all_rate = rate;
        bench.apply();
        bench.advance(20);
        std::size_t copies = 0;
        for (std::uint64_t n = 0; n < 600; ++n) {
            const std::string who =
                "198.18." + std::to_string(n / 200) + "." + std::to_string(1 + n % 200);
            copies_of(unknown(who.c_str(), 10 + n));
            copies += copies_of(unknown(who.c_str(), 10 + n));
        }
        return copies;
    };
    EXPECT_EQ(flood(0), 0u);
    EXPECT_EQ(flood(5), 2u * 5);
    EXPECT_EQ(flood(600), 1000u) << "what it may cost a second at all";
}

TEST_F(Copies, AreRefusedInSilence) {
    EXPECT_EQ(refuse(client, rras1, 7), "to_client") << "nobody has asked";
    const BackendIndex own = backend_of(unknown(client, 7));
    up(unknown(client, 7));
    EXPECT_EQ(refuse(client, another(own), 7), "refusal_of_copy");
    EXPECT_EQ(refuse(client, own, 7), "to_client");
    EXPECT_EQ(refuse(client, another(own), 9), "to_client") << "of another request";
    bench.advance(11);
    EXPECT_EQ(refuse(client, another(own), 7), "to_client");
}

TEST_F(Copies, OfAnUnknownRequestGoToAllThatAreAskedInFullAtItsFlow) {
    use_sa_affinity();  // a persistence's backend would be asked too
    const Session s = connect();
    const BackendIndex other = another(s.backend);
    down(Session{.backend = other}.esp_down());
    Session rekeyed = s;
    rekeyed.spi_i = 0x55;
    rekeyed.spi_r = 0x66;
    const auto request = ike_from(rekeyed, ike::exchange::informational, 0);
    EXPECT_EQ(asked(request),
              (std::vector{std::min(s.backend, other), std::max(s.backend, other)}));
    IkeMessage refusal = notify_answer(rekeyed.spi_i, rekeyed.spi_r);
    refusal.exchange = ike::exchange::informational;
    EXPECT_EQ(name(down(reply(s.backend, 4500, client, s.port_4500, behind_marker(refusal)))
                       .verdict),
              "refusal_of_copy");
    EXPECT_EQ(asked(s.dpd()), (std::vector{s.backend})) << "its pair is known";
    EXPECT_EQ(asked(keepalive_from(s)), (std::vector{other}));
}

}  // namespace
}  // namespace ikelb::affinity
