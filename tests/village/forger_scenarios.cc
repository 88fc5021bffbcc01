// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "tests/village/attack.h"

namespace ikelb::village {

namespace {

/// Logins that fail, with the IKE_AUTH of each from the victim's tuple.
bool n3_failed_logins_become_established(World& w) {
    const Attack a = attack(w, Mate::elsewhere);
    const Tuple own = newcomer_spot(w, b1, 9);
    Client& attacker = w.client("attacker", own);
    std::vector<Pair> ike_sas;
    for (int i = 0; i < 30; ++i) {
        attacker.log_in({.password = Inner::bad_login, .moves_to = a.victim.tuple});
        ike_sas.push_back(attacker.session.ike_sa);
        attacker.tuple = own;
        w.run(5);
    }
    return std::none_of(ike_sas.begin(), ike_sas.end(),
                        [&](const Pair& ike_sa) { return w.balancer().is_established(ike_sa); });
}

/// v's SPI comes from the mate's tuple too, and then v moves.
bool n4_spi_made_ambiguous(World& w) {
    const Attack a = attack(w, Mate::elsewhere);
    forge(w, a.mate.tuple, a.victim.session.spi);
    a.victim.tuple = spot(w, cafe, 77);
    return w.flows(a.victim);
}

/// The same from the tuples of users of five servers.
bool n4_spi_claimed_everywhere(World& w) {
    const Attack a = attack(w, Mate::elsewhere);
    for (const int server : {b3, b4, b5, b6}) {
        const Client& one =
            settle(w, "x" + std::to_string(server), spot(w, 611 + server, 5), server);
        forge(w, one.tuple, a.victim.session.spi, 6);
    }
    a.victim.tuple = spot(w, cafe, 77);
    return w.flows(a.victim);
}

/// v's new SPI is claimed from the mate's tuple first.
bool n5_mate_claims_first(World& w) {
    const Attack a = attack(w);
    a.victim.habits.mode = Mode::silent;
    a.victim.let_server_rekey_child();
    w.run(12);
    forge(w, a.mate.tuple, a.victim.session.spi);
    w.run(12);
    a.victim.habits.mode = Mode::two_way;
    return w.flows(a.victim);
}

/// v's SPI is claimed from the mate's tuple too; the mate leaves it, and v moves there.
bool n5_claimed_where_v_roams(World& w) {
    const Attack a = attack(w, Mate::elsewhere);
    forge(w, a.mate.tuple, a.victim.session.spi);
    a.mate.is_gone = true;
    a.victim.tuple = a.mate.tuple;
    return w.flows(a.victim);
}

bool mobike_onto_victim(World& w, const Habits& habits) {
    const Attack a = attack(w, Mate::elsewhere, habits);
    w.run(400);
    speak_at(w, a.victim.tuple);
    w.run(30);
    const bool is_good = w.flows(a.victim, 5);
    a.victim.let_server_rekey_child();
    w.run(10);
    return w.flows(a.victim, 5) && is_good;
}

bool n6_valid_mobike_onto_victim(World& w) {
    return mobike_onto_victim(w, {});
}
bool n6_valid_mobike_upload_victim(World& w) {
    return mobike_onto_victim(w, {.mode = Mode::upload, .dpd = 30});
}

bool n6_valid_mobike_while_ping_fails(World& w) {
    const Attack a = attack(w, Mate::elsewhere, {.dpd = 30});
    w.balancer().set_up(b1, false);
    w.restart(true);
    speak_at(w, a.victim.tuple);
    w.run(60);
    a.victim.let_server_rekey_child();
    w.run(30);
    return w.flows(a.victim);
}

/// v's persistence and the hash decide his next login, not unknown sources.
bool n7_next_login(World& w) {
    const Attack a = attack(w, Mate::elsewhere);
    for (int x = 0; x < 20; ++x) {
        w.to_server(a.recorded.at({a.victim.tuple.address, static_cast<std::uint16_t>(3000 + x)}));
        w.to_server(a.recorded.at(a.victim.tuple));
    }
    speak_at(w, a.victim.tuple);
    w.run(20);
    return a.victim.log_in() && a.victim.server() == &w.server(b1);
}

/// Forged SPIs on v's own tuple, and then v moves.
bool n14_claim_budget(World& w) {
    const Attack a = attack(w, Mate::elsewhere);
    a.victim.let_server_rekey_child();
    for (std::uint32_t i = 0; i < 120; ++i) {
        for (std::uint32_t x = 0; x < 4; ++x)
            w.to_server({.kind = Kind::esp,
                         .place = on_4500(a.victim.tuple),
                         .esp = {.spi = 1'000'000 + i / 6 * 4 + x, .sequence = 1000 + i}});
        w.run(1);
    }
    a.victim.tuple = spot(w, cafe, 77);
    return w.flows(a.victim);
}

/// An SA of somebody with valid credentials speaks where v is about to roam.
bool speaks_where_v_roams(World& w, Mode mode) {
    Client& v = settle(w, "v", spot(w, home, 1111), b1, {.mode = mode, .dpd = 30});
    const Tuple there = spot(w, cafe, 77);
    w.run(100);
    speak_at(w, there);
    w.run(5);
    v.tuple = there;
    const bool has_moved = v.mobike();
    w.run(60);
    const bool is_good = w.flows(v);
    v.let_server_rekey_child();
    w.run(60);
    return w.flows(v) && has_moved && is_good;
}

bool n15_valid_speaks_where_v_roams(World& w) {
    return speaks_where_v_roams(w, Mode::two_way);
}
bool n15_valid_speaks_where_upload_roams(World& w) {
    return speaks_where_v_roams(w, Mode::upload);
}

/// v's server takes no new SA, so an unknown source's is begun elsewhere, in the name of v's next
/// port.
bool n16_init_answered_where_v_rebinds(World& w) {
    Client& v = settle(w, "v", spot(w, home, 1111), b1);
    v.habits.mode = Mode::silent;
    v.let_server_rekey_child();
    w.balancer().set_drain(b1, Drain::refuse);
    v.tuple.port = 2222;
    w.to_server({.place = on_4500(v.tuple), .ike = {.spi_i = drawn("new"), .holds_sa = true}});
    v.habits.mode = Mode::two_way;
    return w.flows(v);
}

constexpr std::array all{
    Scenario{"n3_failed_logins_become_established", n3_failed_logins_become_established},
    Scenario{"n4_spi_made_ambiguous", n4_spi_made_ambiguous},
    Scenario{"n4_spi_claimed_everywhere", n4_spi_claimed_everywhere, {.servers = 6}},
    Scenario{"n5_mate_claims_first", n5_mate_claims_first},
    Scenario{"n5_claimed_where_v_roams", n5_claimed_where_v_roams},
    Scenario{"n6_valid_mobike_onto_victim", n6_valid_mobike_onto_victim},
    Scenario{"n6_valid_mobike_upload_victim", n6_valid_mobike_upload_victim},
    Scenario{"n6_valid_mobike_while_ping_fails", n6_valid_mobike_while_ping_fails},
    Scenario{"n7_next_login", n7_next_login},
    Scenario{"n14_claim_budget", n14_claim_budget},
    Scenario{"n15_valid_speaks_where_v_roams", n15_valid_speaks_where_v_roams},
    Scenario{"n15_valid_speaks_where_upload_roams", n15_valid_speaks_where_upload_roams},
    Scenario{"n16_init_answered_where_v_rebinds", n16_init_answered_where_v_rebinds},
};

}  // namespace

std::span<const Scenario> forger_scenarios() {
    return all;
}

}  // namespace ikelb::village
