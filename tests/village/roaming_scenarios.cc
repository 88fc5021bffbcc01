// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>
#include <vector>

#include "tests/village/scenario.h"

namespace ikelb::village {

namespace {

/// A COOKIE is on its way to v when a NAT-mate of another server moves to his address.
bool e1_cookie_retry(World& w) {
    w.server(b1).wants_cookies = w.server(b2).wants_cookies = true;
    Client& mate = w.client("mate", newcomer_spot(w, b2, 3000));
    if (!mate.log_in() || mate.server()->index() != b2) throw SetupFailed{"mate is elsewhere"};
    w.run(5);
    const Tuple here = newcomer_spot(w, b1, 2000);
    Datagram init{.place = on_500(here), .ike = {.spi_i = drawn("v"), .holds_sa = true}};
    w.to_server(init);
    const Step answer = w.steps().back();
    if (answer.server != b1 || answer.datagram.ike.cookie == 0)
        throw SetupFailed{"no COOKIE of b1"};
    init.ike.cookie = answer.datagram.ike.cookie;
    init.ike.first = First::notify;
    mate.tuple = {here.address, 3000};
    w.run(5);
    w.to_server(init);
    const auto& steps = w.steps();
    const auto again = std::find_if(steps.begin(), steps.end(),
                                    [&](const Step& one) { return one.datagram == init; });
    return again != steps.end() && again->went_to == std::vector{b1};
}

bool other_address_after_init(World& w, const Habits& habits, Seconds before_data) {
    Client& v = w.client("v", newcomer_spot(w, b1, 2000), habits);
    if (!v.log_in({.moves_to = newcomer_spot(w, b2, 4444)})) return false;
    w.run(before_data);
    return w.flows(v);
}

bool e4_other_address(World& w) {
    return other_address_after_init(w, {}, 3);
}

bool e4_upload_only(World& w) {
    return other_address_after_init(w, {.mode = Mode::upload, .dpd = 30}, 100);
}

bool e4_then_e14(World& w) {
    Client& v = w.client("v", newcomer_spot(w, b1, 2000));
    v.log_in({.moves_to = newcomer_spot(w, b2, 4444)});
    w.run(900);
    v.tuple = newcomer_spot(w, b3, 1);
    return v.mobike() && w.flows(v);
}

bool e7_child_rekeys(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1);
    bool is_good = w.flows(v);
    for (int i = 0; i < 25; ++i) {
        if (i % 2 == 1)
            v.rekey_child();
        else
            v.let_server_rekey_child();
        w.run(120);
        is_good &= w.flows(v);
    }
    return is_good;
}

bool e11_ike_rekey_dpd(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1);
    const bool is_rekeyed = v.rekey_ike();
    w.run(400);
    return is_rekeyed && v.request() && w.flows(v);
}

/// Roamed with ESP first to an address that nobody had, then a reauthentication.
bool e13_reauth_after_e17(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1);
    v.tuple = newcomer_spot(w, b3, 777);
    w.run(30);
    return v.log_in() && v.server() == &w.server(b1);
}

/// The persistence of the new address is not of the SA's own server.
bool e13_reauth_after_roam(World& w) {
    Client& v = settle(w, "v", spot(w, farm, 4500), b1);
    v.tuple = {left_tuple(w).address, 777};
    w.run(30);
    return v.log_in() && w.flows(v);
}

bool e14_fresh(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1);
    v.tuple = newcomer_spot(w, b3, 777);
    return v.mobike() && w.flows(v);
}

bool mobike_into_left_tuple(World& w, bool is_fed) {
    Client& v = settle(w, "v", spot(w, hotel, 4500), b1);
    v.tuple = left_tuple(w, is_fed);
    const bool has_moved = v.mobike();
    v.rekey_child();
    w.run(3);
    return has_moved && w.flows(v, 5);
}

bool e14_used_tuple(World& w) {
    return mobike_into_left_tuple(w, false);
}
bool e14_used_tuple_fed(World& w) {
    return mobike_into_left_tuple(w, true);
}

bool e15_unseen_pair(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1);
    v.rekey_ike();
    v.tuple = newcomer_spot(w, b3, 777);
    return v.mobike() && w.flows(v);
}

bool e15_into_used_tuple(World& w) {
    Client& v = settle(w, "v", spot(w, farm, 4500), b1);
    v.rekey_ike();
    v.tuple = left_tuple(w);
    return v.mobike() && w.flows(v);
}

bool e16_rebinding(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1);
    v.tuple.port = 999;
    return w.flows(v);
}

bool e17_fresh(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1);
    v.tuple = newcomer_spot(w, b3, 777);
    return w.flows(v);
}

bool e17_used_address(World& w) {
    Client& v = settle(w, "v", spot(w, farm, 4500), b1);
    v.tuple = {left_tuple(w).address, 777};
    return w.flows(v);
}

bool esp_into_left_tuple(World& w, bool is_fed) {
    Client& v = settle(w, "v", spot(w, farm, 4500), b1);
    v.tuple = left_tuple(w, is_fed);
    w.run(2);
    return w.flows(v, 5);
}

bool e17_used_tuple(World& w) {
    return esp_into_left_tuple(w, false);
}
bool e17_used_tuple_fed(World& w) {
    return esp_into_left_tuple(w, true);
}

/// What is learned at the new address carries the next move.
bool e17_twice_with_rekey(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1);
    bool is_good = true;
    for (int i = 0; i < 6; ++i) {
        v.tuple = newcomer_spot(w, b3, 700 + i);
        w.run(5);
        v.let_server_rekey_child();
        w.run(70);
        v.tuple = spot(w, 800 + i, 700);
        is_good &= w.flows(v);
        v.let_server_rekey_child();
        w.run(70);
    }
    return is_good;
}

bool e24_reconnects(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1);
    for (int i = 0; i < 20; ++i) {
        v.log_in();
        w.run(90);
    }
    if (v.server() == &w.server(b3)) throw SetupFailed{"the hash of the new address is v's server"};
    v.tuple = newcomer_spot(w, b3, 777);
    return w.flows(v);
}

bool e26_other_vip(World& w) {
    Client& v = settle(w, "v", spot(w, home, 1111), b1);
    v.tuple = spot(w, hotel, 2222);
    v.habits.vip = 1;
    const bool is_there = v.mobike() && w.flows(v);
    v.tuple = spot(w, home, 1111);
    v.habits.vip = 0;
    return is_there && v.mobike() && w.flows(v);
}

bool e26_vip_of_other_family(World& w) {
    Client& v = settle(w, "v", spot(w, home, 1111), b1);
    const auto arrive = [&](const Address& where, int vip) {
        v.tuple = {where, 2222};
        v.habits.vip = vip;
        return v.mobike() && w.flows(v);
    };
    const Address hotels{.family = 6, .number = hotel}, farms{.family = 6, .number = farm};
    if (!arrive(hotels, 1)) return false;
    // What is new by one family counts for the other.
    v.rekey_child();
    if (!w.flows(v) || !arrive(address(w, cafe), 0)) return false;
    w.run(60);
    v.tuple.address = farms;
    v.habits.vip = 1;
    return w.flows(v) && arrive(address(w, home), 0);
}

constexpr std::array all{
    Scenario{"e1_cookie_retry", e1_cookie_retry},
    Scenario{"e4_other_address", e4_other_address},
    Scenario{"e4_upload_only", e4_upload_only},
    Scenario{"e4_then_e14", e4_then_e14},
    Scenario{"e7_child_rekeys", e7_child_rekeys},
    Scenario{"e11_ike_rekey_dpd", e11_ike_rekey_dpd},
    Scenario{"e13_reauth_after_e17", e13_reauth_after_e17},
    Scenario{"e13_reauth_after_roam", e13_reauth_after_roam},
    Scenario{"e14_fresh", e14_fresh},
    Scenario{"e14_used_tuple", e14_used_tuple},
    Scenario{"e14_used_tuple_fed", e14_used_tuple_fed},
    Scenario{"e15_unseen_pair", e15_unseen_pair},
    Scenario{"e15_into_used_tuple", e15_into_used_tuple},
    Scenario{"e16_rebinding", e16_rebinding},
    Scenario{"e17_fresh", e17_fresh},
    Scenario{"e17_used_address", e17_used_address},
    Scenario{"e17_used_tuple", e17_used_tuple},
    Scenario{"e17_used_tuple_fed", e17_used_tuple_fed},
    Scenario{"e17_twice_with_rekey", e17_twice_with_rekey},
    Scenario{"e24_reconnects", e24_reconnects},
    Scenario{"e26_other_vip", e26_other_vip, {.vips = 2, .has_aliases = true}},
    Scenario{"e26_vip_of_other_family",
             e26_vip_of_other_family,
             {.vips = 2, .has_aliases = true, .is_dual = true}},
};

}  // namespace

std::span<const Scenario> roaming_scenarios() {
    return all;
}

}  // namespace ikelb::village
