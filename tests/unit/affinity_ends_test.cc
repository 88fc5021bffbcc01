// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// An SA's end, as far as people are told. What it steers is none of it.

#include <gtest/gtest.h>

#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

class Ends : public testing::Test {
protected:
    Bench bench{two_armed_farm()};
    const Session session = log_in(bench);
    static constexpr bool of_child = true, of_sa = false;

    static IkeMessage informational(const Session& s, std::uint32_t id, bool holds_delete) {
        IkeMessage message = encrypted(s.spi_i, s.spi_r, ike::exchange::informational, id);
        if (holds_delete) message.payloads[0].first_inner = ike::payload::delete_sa;
        return message;
    }
    Outcome client_sends(const Session& s, IkeMessage message) {
        return bench.from_client(
            to_vip(s.client.c_str(), s.port_4500, 4500, behind_marker(message), s.vip.c_str()));
    }
    Outcome server_sends(const Session& s, IkeMessage message) {
        return bench.from_server(s.answer(4500, behind_marker(message)));
    }
    static IkeMessage as_answer(IkeMessage message) {
        message.flags ^= 0x28;  // response, and not of the initiator
        return message;
    }
    /// Without the initiator's flag.
    static IkeMessage of_server(IkeMessage message) {
        message.flags = 0;
        return message;
    }
    static IkeMessage answer_of_client(IkeMessage message) {
        message.flags = 0x28;
        return message;
    }
    /// The client deletes; what the server answers tells what.
    void client_deletes(const Session& s, std::uint32_t id, bool is_child) {
        client_sends(s, informational(s, id, true));
        server_sends(s, as_answer(informational(s, id, is_child)));
    }
    /// The server deletes; what the client answers tells what.
    void server_deletes(const Session& s, std::uint32_t id, bool is_child) {
        server_sends(s, of_server(informational(s, id, true)));
        client_sends(s, answer_of_client(informational(s, id, is_child)));
    }
    auto ike_sa(const Session& s) {
        return bench.sessions().ike_sas.find(
            {net::be64::from_host(s.spi_i).wire(), net::be64::from_host(s.spi_r).wire()},
            bench.table().timeouts, bench.now());
    }
    auto flow(const Session& s) {
        return bench.sessions().flows.find(
            sessions::flow_key(address(s.client.c_str()), net::be16::from_host(s.port_4500), 1),
            bench.table().timeouts, bench.now());
    }
    bool is_ike_sa_over(const Session& s) { return ike_sa(s).value().is_over; }
    bool is_flow_over(const Session& s) { return flow(s).value().is_over; }
};

TEST_F(Ends, AClientsDeleteWithAnEmptyAnswerIsOfTheSa) {
    client_deletes(session, 2, of_sa);
    EXPECT_TRUE(is_ike_sa_over(session));
    EXPECT_TRUE(is_flow_over(session));
    EXPECT_EQ(bench.from_client(session.dpd()).backend, session.backend) << "it steers on";
    bench.advance(3600);
    EXPECT_EQ(bench.from_client(session.dpd()).backend, session.backend);
}

TEST_F(Ends, AClientsDeleteOfAChildIsAnsweredByOne) {
    client_deletes(session, 2, of_child);
    EXPECT_FALSE(is_ike_sa_over(session));
    EXPECT_FALSE(is_flow_over(session));
}

TEST_F(Ends, NoQuestionForLifeIsADelete) {
    client_sends(session, informational(session, 2, false));
    server_sends(session, as_answer(informational(session, 2, false)));
    EXPECT_FALSE(is_ike_sa_over(session));
}

/// Somebody repeats a delete of a child that was answered long ago.
TEST_F(Ends, AReplayedDeleteEndsNothing) {
    client_deletes(session, 2, of_child);
    client_sends(session, informational(session, 3, false));
    server_sends(session, as_answer(informational(session, 3, false)));
    client_sends(session, informational(session, 2, true));
    server_sends(session, as_answer(informational(session, 2, false)));
    EXPECT_FALSE(is_ike_sa_over(session));
    EXPECT_FALSE(is_flow_over(session));
}

TEST_F(Ends, ADeleteThatNoServerAnswersIsNothing) {
    client_sends(session, informational(session, 2, true));
    EXPECT_FALSE(is_ike_sa_over(session));
    EXPECT_FALSE(is_flow_over(session));
}

TEST_F(Ends, WhateverItsServerSaysUnderItTakesItBack) {
    client_deletes(session, 2, of_sa);
    bench.advance(10);
    client_sends(session, informational(session, 3, false));
    server_sends(session, as_answer(informational(session, 3, false)));
    EXPECT_FALSE(is_ike_sa_over(session));
    EXPECT_FALSE(is_flow_over(session));
}

TEST_F(Ends, EspThatWasOnItsWayIsNoSignOfLife) {
    client_deletes(session, 2, of_sa);
    bench.advance(4);
    bench.from_server(session.esp_down());
    EXPECT_TRUE(is_flow_over(session));
    bench.advance(3);
    bench.from_server(session.esp_down());
    EXPECT_FALSE(is_flow_over(session)) << "a tunnel is there";
    EXPECT_TRUE(is_ike_sa_over(session)) << "of another SA";
}

TEST_F(Ends, TheNextSaOfTheTupleBringsNoneBack) {
    client_deletes(session, 2, of_child);  // its hint waits for ESP
    client_deletes(session, 3, of_sa);
    const Session next = log_in(bench, {.spi_i = 0x7777, .spi_r = 0x8888}, 0xc0000002);
    bench.advance(10);
    bench.from_server(next.esp_down());
    EXPECT_TRUE(is_ike_sa_over(session));
    EXPECT_FALSE(is_ike_sa_over(next));
    EXPECT_FALSE(is_flow_over(next));
}

/// Its client's next login, at another server, is none of it.
TEST_F(Ends, WhoComesToStandBesideTheFlowBringsItNotBack) {
    client_deletes(session, 2, of_sa);
    for (BackendSpec& backend : bench.spec.backends) backend.mode = forwarding::Mode::drain_refuse;
    const auto other = session.backend == rras1 ? rras2 : rras1;
    bench.spec.backends[other].mode = forwarding::Mode::enabled;
    bench.apply();
    Session next{.spi_i = 0x7777, .spi_r = 0x8888, .backend = other};
    for (const PacketBuilder& packet : {next.init(), next.auth()}) bench.from_client(packet);
    bench.from_server(next.init_answer());
    bench.from_server(next.auth_answer());
    ASSERT_EQ(flow(session).value().backend.index, session.backend);
    ASSERT_TRUE(flow(session).value().has_rivals);
    EXPECT_TRUE(is_flow_over(session));
}

TEST_F(Ends, AServersDeleteEndsTheTunnelUnlessItSpeaks) {
    server_deletes(session, 7, of_sa);
    EXPECT_TRUE(is_flow_over(session));
    EXPECT_FALSE(is_ike_sa_over(session)) << "its life is shortened";
    bench.advance(bench.table().timeouts.closing + 1);
    EXPECT_EQ(ike_sa(session), std::nullopt);
}

TEST_F(Ends, EspBringsBackWhatLostAChildAlone) {
    server_deletes(session, 7, of_child);
    bench.advance(10);
    bench.from_server(session.esp_down());
    EXPECT_EQ(ike_sa(session).value().state, sessions::SaState::established);
    EXPECT_FALSE(is_ike_sa_over(session));
    EXPECT_FALSE(is_flow_over(session));
}

/// After the server's rekey of an IKE SA its children go on under the next one.
TEST_F(Ends, EspBringsBackNoSaThatBothHaveDeleted) {
    server_deletes(session, 7, of_sa);
    bench.advance(10);
    bench.from_server(session.esp_down());
    EXPECT_EQ(ike_sa(session).value().state, sessions::SaState::established) << "it steers on";
    EXPECT_TRUE(is_ike_sa_over(session));
    EXPECT_FALSE(is_flow_over(session)) << "the tunnel goes on";
}

/// A row of people's list is no reason to send a packet elsewhere.
TEST_F(Ends, NothingThatAClientSaysOfAnotherShortensALife) {
    server_deletes(session, 7, of_child);
    client_sends(session, answer_of_client(informational(session, 8, false)));  // forged
    bench.advance(10);
    bench.from_server(session.esp_down());
    bench.advance(3600);
    ASSERT_TRUE(ike_sa(session));
    EXPECT_EQ(bench.from_client(session.dpd()).backend, session.backend);
}

TEST_F(Ends, AgeStandsStillBeforeItComesAround) {
    for (int day = 1; day <= 4; ++day) {
        for (int hour = 0; hour < 24; hour += 8) {
            bench.advance(8 * 3600);
            bench.from_client(session.dpd());
            bench.from_server(session.dpd_answer());
        }
        const auto found =
            bench.sessions().ike_sas.find_noted({net::be64::from_host(session.spi_i).wire(),
                                                 net::be64::from_host(session.spi_r).wire()},
                                                bench.table().timeouts, bench.now());
        ASSERT_TRUE(found);
        const auto age = sessions::Peer::unpack(found->notes[0]).age(bench.now());
        if (day == 1)
            EXPECT_NEAR(age, 86400, 2 * sessions::Peer::age_unit);
        else
            EXPECT_GE(age, sessions::Peer::oldest) << day;
    }
}

}  // namespace
}  // namespace ikelb::pipeline
