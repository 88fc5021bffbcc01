// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/unit/affinity_testlib.h"

// What somebody who holds no key of a user's sends, and what the user meets with afterwards.

namespace ikelb::affinity {
namespace {

using namespace testlib;
using namespace testlib::place;
using sessions::SaState;

class Attacks : public test::UnknownSourceTest {
protected:
    void answer_to_delete(const Session& s, std::uint32_t id) {
        IkeMessage message = delete_request(s.spi_i, s.spi_r);
        message.flags = 0x20;
        message.message_id = id;
        down(reply(s.backend, 4500, s.client.c_str(), s.port_4500, behind_marker(message)));
    }
};

/// SPIs and message IDs are in the clear: garbage under the next one is dropped by the server
/// without a word, and the genuine request comes within the time of a pending one.
TEST_F(Attacks, AForgedRequestUnderTheNextIdTurnsNoNextHop) {
    const Session s = connect();
    ASSERT_EQ(hop_of(s.esp_down()), first_gateway_mac());
    bench.from_gateway(ike_from(s, ike::exchange::informational, 2), second_gateway_mac());
    up(ike_from(s, ike::exchange::informational, 2));
    EXPECT_EQ(hop_of(ike_answer(s, ike::exchange::informational, 2)), first_gateway_mac());
    EXPECT_EQ(hop_of(s.esp_down()), first_gateway_mac());
}

TEST_F(Attacks, AReplayedDeleteOfAChildEndsNoPair) {
    const Session s = connect();
    answer_to_delete(s, 2);
    bench.advance(6);
    down(s.esp_down());
    ASSERT_EQ(ike_sa(s)->state, SaState::established) << "the delete was of a child";
    answer_to_delete(at(other_client, s, 1234), 2);
    for (int i = 0; i < 20; ++i) {
        bench.advance(10);
        down(s.esp_down());
    }
    ASSERT_TRUE(ike_sa(s));
    EXPECT_EQ(ike_sa(s)->state, SaState::established);
}

TEST_F(Attacks, AnUnknownSourcesLoginAtAUsersTupleHidesNotTheUsersOwn) {
    const Session s = session(1, 2, rras1);
    down(s.init_answer());
    answer(s, 1, ike::exchange::ike_auth);
    const Session own = at(other_client, session(7, 8, rras2));
    fail_to_log_in(own, at(client, own));
    for (int i = 0; i < 40; ++i) {
        bench.advance(10);
        down(s.esp_down());
    }
    ASSERT_TRUE(ike_sa(s)) << "ESP has confirmed nothing";
    EXPECT_EQ(ike_sa(s)->state, SaState::established);
}

TEST_F(Attacks, AMatesLoginAtAnotherServerHidesNotTheUsersOwn) {
    const Session s = session(1, 2, rras1);
    down(s.init_answer());
    answer(s, 1, ike::exchange::ike_auth);
    const Session mates = at(client, session(7, 8, rras2));
    fail_to_log_in(mates, mates);
    for (int i = 0; i < 40; ++i) {
        bench.advance(10);
        down(s.esp_down());
    }
    ASSERT_TRUE(ike_sa(s)) << "ESP has confirmed nothing";
    EXPECT_EQ(ike_sa(s)->state, SaState::established);
}

}  // namespace
}  // namespace ikelb::affinity
