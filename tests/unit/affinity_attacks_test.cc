// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/unit/affinity_testlib.h"

// What somebody who holds no key of a user's sends, and what the user meets with afterwards.

namespace ikelb::affinity {
namespace {

using namespace testlib;
using namespace testlib::place;

class Attacks : public test::AffinityTest {
protected:
    net::MacAddress hop_of(const PacketBuilder& packet) { return down(packet).packet().to_mac; }
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

}  // namespace
}  // namespace ikelb::affinity
