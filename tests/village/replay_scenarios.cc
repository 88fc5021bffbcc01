// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <array>
#include <string>
#include <utility>

#include "tests/village/attack.h"

namespace ikelb::village {

namespace {

/// v is idle for a moment, and then gets a fresh child.
bool n1_replayed_mate_idle_victim(World& w) {
    const Attack a = attack(w);
    a.victim.habits.mode = Mode::silent;
    w.run(15);
    w.to_server(a.recorded.at(a.victim.tuple));
    a.victim.let_server_rekey_child();
    w.run(12);
    w.to_server(a.recorded.at(a.victim.tuple));
    a.victim.habits.mode = Mode::two_way;
    return w.flows(a.victim);
}

/// As above, but v's last own exchange is seven minutes ago.
bool n1_replayed_mate_long_idle(World& w) {
    const Attack a = attack(w);
    a.victim.habits.mode = Mode::silent;
    a.mate.habits = {.mode = Mode::upload, .dpd = 30};
    w.run(420);
    a.victim.let_server_rekey_child();
    w.run(12);
    w.to_server(w.last_request(a.mate).at(a.victim.tuple));
    a.victim.habits.mode = Mode::two_way;
    return w.flows(a.victim);
}

bool n2_replayed_mate_upload_victim(World& w) {
    const Attack a = attack(w, Mate::behind_the_same_nat, {.mode = Mode::upload, .dpd = 30});
    w.run(100);
    w.to_server(a.recorded.at(a.victim.tuple));
    w.run(5);
    return w.flows(a.victim);
}

/// v's own request, replayed at the other VIP; then his SPI, forged there.
bool n8_reply_vip(World& w) {
    const Attack a = attack(w, Mate::elsewhere);
    w.to_server(w.last_request(a.victim).for_vip(1));
    const std::size_t before = a.victim.received;
    a.victim.sa().is_fed = true;
    a.victim.habits.mode = Mode::silent;
    w.run(5);
    const bool is_heard = a.victim.received - before == 5;
    forge(w, a.victim.tuple, a.victim.session.spi, 2, 1);
    a.victim.habits.mode = Mode::two_way;
    return is_heard && w.flows(a.victim);
}

/// Somebody without credentials logs in at the other VIP, his IKE_AUTH from v's tuple.
bool n8_failed_login_at_other_vip(World& w) {
    const Attack a = attack(w, Mate::elsewhere);
    const Tuple own = newcomer_spot(w, b1, 9);
    Client& attacker = w.client("attacker", own, {.vip = 1});
    a.victim.sa().is_fed = true;
    a.victim.habits.mode = Mode::silent;
    for (int i = 0; i < 3; ++i) {
        attacker.tuple = own;
        attacker.log_in({.password = Inner::bad_login, .moves_to = a.victim.tuple});
        w.run(5);
    }
    const std::size_t before = a.victim.received;
    w.run(5);
    const bool is_heard = a.victim.received - before == 5;
    a.victim.habits.mode = Mode::two_way;
    return is_heard && w.flows(a.victim);
}

/// A login fails at v's server and tuple, but at the VIP that v has left and a mate uses now. It
/// must not look like that server's latest word there: it does not know which VIP it answers from.
bool n8_failed_login_at_left_vip(World& w) {
    Client& v = settle(w, "v", spot(w, home, 1111), b1, {.vip = 1});
    Client& mate = settle(w, "mate", spot(w, other_home, 2222), b2, {.vip = 1});
    v.habits = {.mode = Mode::silent};
    w.run(2);
    w.balancer().place_on(b1);
    const bool has_left = v.log_in();
    w.balancer().place_freely();
    v.let_server_rekey_child();
    v.habits.mode = Mode::two_way;
    w.run(2);
    mate.tuple = v.tuple;
    const bool is_there = mate.mobike() && w.flows(mate);
    v.habits.mode = Mode::silent;
    w.run(6);
    Client& attacker = w.client("attacker", {v.tuple.address, 9}, {.vip = 1});
    attacker.log_in({.password = Inner::bad_login, .moves_to = v.tuple});
    attacker.is_gone = true;
    v.habits.mode = Mode::two_way;
    return w.flows(v) && has_left && is_there;
}

/// Foreign servers answer at v's tuple, as many as are remembered; then v logs in elsewhere.
bool n9_nominees_full(World& w) {
    const Attack a = attack(w, Mate::elsewhere);
    for (const int server : {b3, b4, b5, b2}) {
        const Client& one =
            settle(w, "x" + std::to_string(server), spot(w, 611 + server, 5), server);
        w.to_server(w.last_request(one).at(a.victim.tuple));
    }
    w.kill(b1);
    a.victim.log_in();
    w.run(3);
    return w.flows(a.victim);
}

/// A tuple is prepared before v comes to it.
bool n10_provisional_by_replay(World& w) {
    const Attack a = attack(w, Mate::elsewhere);
    a.victim.tuple = spot(w, cafe, 77);
    w.to_server(a.recorded.at(a.victim.tuple));
    const bool is_good = w.flows(a.victim);
    w.run(5);
    return w.flows(a.victim) && is_good;
}

bool n11_provisional_by_replay_upload(World& w) {
    const Attack a = attack(w, Mate::elsewhere);
    Client& u = w.client("u", newcomer_spot(w, b3, 77), {.mode = Mode::upload, .dpd = 30});
    w.to_server(a.recorded.at(u.tuple));
    u.log_in();
    const bool is_good = w.flows(u);
    w.run(60);
    return w.flows(u) && is_good;
}

bool n12_replays_block_no_claim(World& w) {
    const Attack a = attack(w);
    for (int i = 0; i < 4; ++i) {
        w.to_server(w.last_request(a.mate).at(a.victim.tuple));
        w.run(1);
        a.victim.let_server_rekey_child();
        w.run(100);
    }
    a.victim.tuple = spot(w, cafe, 77);
    return w.flows(a.victim);
}

/// From a place on the mate's path: his newest ESP arrives first from v's tuple.
bool stolen_fresh_esp(World& w, Mode mode) {
    const Attack a = attack(w, Mate::elsewhere, {.mode = mode, .dpd = 30});
    Session& stolen = a.mate.session;
    w.run(100);
    w.to_server(w.last_request(a.mate).at(a.victim.tuple));
    a.mate.is_gone = true;
    w.to_server({.kind = Kind::esp,
                 .place = on_4500(a.victim.tuple),
                 .esp = {.spi = stolen.spi, .sequence = ++stolen.sequence},
                 .key = a.mate.key(),
                 .inner = Inner::echo});
    a.mate.sa().is_fed = true;
    w.run(3);
    const bool is_good = w.flows(a.victim);
    a.victim.let_server_rekey_child();
    w.run(3);
    return w.flows(a.victim) && is_good;
}

bool n13_stolen_fresh_esp(World& w) {
    return stolen_fresh_esp(w, Mode::two_way);
}
bool n13_stolen_fresh_esp_upload(World& w) {
    return stolen_fresh_esp(w, Mode::upload);
}

constexpr std::array all{
    Scenario{"n1_replayed_mate_idle_victim", n1_replayed_mate_idle_victim},
    Scenario{"n1_replayed_mate_long_idle", n1_replayed_mate_long_idle},
    Scenario{"n2_replayed_mate_upload_victim", n2_replayed_mate_upload_victim},
    Scenario{"n8_reply_vip", n8_reply_vip, {.vips = 2, .has_aliases = true}},
    Scenario{"n8_failed_login_at_other_vip", n8_failed_login_at_other_vip,
             {.vips = 2, .has_aliases = true}},
    Scenario{"n8_failed_login_at_left_vip", n8_failed_login_at_left_vip, {.vips = 2}},
    Scenario{"n9_nominees_full", n9_nominees_full, {.servers = 6}},
    Scenario{"n10_provisional_by_replay", n10_provisional_by_replay},
    Scenario{"n11_provisional_by_replay_upload", n11_provisional_by_replay_upload},
    Scenario{"n12_replays_block_no_claim", n12_replays_block_no_claim},
    Scenario{"n13_stolen_fresh_esp", n13_stolen_fresh_esp},
    Scenario{"n13_stolen_fresh_esp_upload", n13_stolen_fresh_esp_upload},
};

}  // namespace

std::span<const Scenario> replay_scenarios() {
    return all;
}

}  // namespace ikelb::village
