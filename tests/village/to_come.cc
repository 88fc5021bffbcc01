// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/to_come.h"

#include <algorithm>
#include <array>

namespace ikelb::village {

namespace {

constexpr std::array list{
    ToCome{"e1_cookie_retry",
           "the hash leaves no choice on record, so a binding that has come decides"},
    ToCome{"e14_used_tuple", "a flow whose server was heard a moment ago gives way to nobody"},
    ToCome{"e14_used_tuple_fed", "a flow whose server keeps sending gives way to nobody"},
    ToCome{"e15_into_used_tuple", "no other server is asked unless configured"},
    ToCome{"e15_unseen_pair", "no other server is asked unless configured"},
    ToCome{"e17_used_tuple", "the flow that is there decides, whose SPI it ever is"},
    ToCome{"e17_used_tuple_fed", "the flow that is there decides, whose SPI it ever is"},
    ToCome{"e20_equal_spis", "an SPI that two clients of an address have is the first one's"},
    ToCome{"e20_equal_spis_after_idle",
           "an SPI that two clients of an address have is the first one's"},
    ToCome{"e20_equal_spis_upload",
           "an SPI that two clients of an address have is the first one's"},
    ToCome{"e24_reconnects", "a flow teaches eight SPIs, and none after them"},
    ToCome{"restart_stale_feeds", "the first server that sends after a restart takes the flow"},
    ToCome{"crash_stale_feeds",
           "a stale server takes the empty flow, and keeps it once it is silent"},
    ToCome{"n1_replayed_mate_idle_victim",
           "the answer to a login that began there takes an idle flow"},
    ToCome{"n3_failed_logins_become_established",
           "ESP to a tuple makes an SA of the login answered last there"},
    ToCome{"n4_spi_claimed_everywhere", "an SPI of two servers decides nothing"},
    ToCome{"n4_spi_made_ambiguous", "an SPI of two servers decides nothing"},
    ToCome{"n5_mate_claims_first",
           "a forged SPI becomes that of the server whose flow it comes by"},
    ToCome{"n6_valid_mobike_upload_victim",
           "an answer takes the flow of a server that sends nothing"},
    ToCome{"n10_provisional_by_replay",
           "the answer to a replay fills an empty flow, which then decides"},
    ToCome{"n12_replays_block_no_claim",
           "the answer to a login that began at that address takes the flow"},
    ToCome{"n15_valid_speaks_where_upload_roams",
           "a flow whose server keeps sending gives way to nobody"},
    ToCome{"n15_valid_speaks_where_v_roams",
           "a flow whose server keeps sending gives way to nobody"},
};

}  // namespace

std::span<const ToCome> to_come() {
    return list;
}

const ToCome* find_to_come(std::string_view scenario) {
    const auto found = std::find_if(list.begin(), list.end(),
                                    [&](const ToCome& one) { return one.scenario == scenario; });
    return found == list.end() ? nullptr : found;
}

}  // namespace ikelb::village
