// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <array>
#include <utility>

#include "tests/village/scenario.h"

namespace ikelb::village {

namespace {

constexpr Habits uploads{.mode = Mode::upload, .dpd = 30};

/// Two clients behind one NAT whose servers have drawn the same SPI.
std::pair<Client*, Client*> equal_spis(World& w, const Habits& habits_of_b = {}) {
    Client& a = settle(w, "a", spot(w, home, 1111), b1);
    Client& b = settle_silently(w, "b", spot(w, home, 2222), b2, habits_of_b);
    b.sa().children = {{a.session.spi, 0}};
    b.session.spi = a.session.spi;
    return {&a, &b};
}

bool e20_equal_spis(World& w) {
    const auto [a, b] = equal_spis(w);
    w.run(5);
    return w.flows(*a) && w.flows(*b);
}

bool e20_equal_spis_after_idle(World& w) {
    Client& b = *equal_spis(w).second;
    w.run(5);
    b.habits.mode = Mode::silent;
    w.run(30);
    b.habits.mode = Mode::two_way;
    return w.flows(b);
}

bool e20_equal_spis_upload(World& w) {
    Client& b = *equal_spis(w, uploads).second;
    w.run(90);
    return w.flows(b);
}

/// A NAT that uses a port again for another destination.
bool e20_two_vips_one_tuple(World& w) {
    Client& a = settle(w, "a", spot(w, home, 1111), b1, {.vip = 0});
    Client& b = settle(w, "b", spot(w, home, 1111), b2, {.vip = 1});
    w.run(5);
    a.rekey_child();
    b.rekey_child();
    w.run(5);
    return w.flows(a) && w.flows(b);
}

bool upload(World& w, Seconds dpd) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1, {.mode = Mode::upload, .dpd = dpd});
    w.run(200);
    const bool is_good = w.flows(v);
    v.rekey_child();
    w.run(100);
    return w.flows(v) && is_good;
}

bool upload_only(World& w) {
    return upload(w, 30);
}

bool upload_no_dpd_server_dpd(World& w) {
    w.server(b1).dpd = 20;
    return upload(w, 0);
}

bool upload_only_e17(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1, uploads);
    w.run(200);
    v.tuple = newcomer_spot(w, b3, 777);
    return w.flows(v);
}

bool upload_rekeyed_pair_is_established(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1, uploads);
    w.run(100);
    v.rekey_ike();
    w.run(60);
    return w.balancer().is_established(v.session.ike_sa);
}

bool download_only(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1, {.mode = Mode::silent});
    v.sa().is_fed = true;
    w.run(600);
    const std::size_t before = v.received;
    w.run(100);
    v.habits.mode = Mode::two_way;
    return v.received - before >= 90 && w.flows(v);
}

bool idle_hour(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1);
    v.habits.mode = Mode::silent;
    w.run(3700);
    v.habits.mode = Mode::two_way;
    return w.flows(v);
}

/// What heals it is the client's own question.
bool idle_hour_no_dpd_then_dpd(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1);
    v.habits.mode = Mode::silent;
    w.server(b1).dpd = 0;
    w.run(3700);
    v.habits = {.mode = Mode::two_way, .dpd = 30};
    w.run(60);
    return w.flows(v);
}

constexpr std::array all{
    Scenario{"e20_equal_spis", e20_equal_spis},
    Scenario{"e20_equal_spis_after_idle", e20_equal_spis_after_idle},
    Scenario{"e20_equal_spis_upload", e20_equal_spis_upload},
    Scenario{"e20_two_vips_one_tuple", e20_two_vips_one_tuple,
             {.vips = 2, .has_aliases = true}},
    Scenario{"upload_only", upload_only},
    Scenario{"upload_no_dpd_server_dpd", upload_no_dpd_server_dpd},
    Scenario{"upload_only_e17", upload_only_e17},
    Scenario{"upload_rekeyed_pair_is_established", upload_rekeyed_pair_is_established},
    Scenario{"download_only", download_only},
    Scenario{"idle_hour", idle_hour},
    Scenario{"idle_hour_no_dpd_then_dpd", idle_hour_no_dpd_then_dpd},
};

}  // namespace

std::span<const Scenario> traffic_scenarios() {
    return all;
}

}  // namespace ikelb::village
