// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>

#include "tests/village/scenario.h"

namespace ikelb::village {

namespace {

bool e13_reauth_refuse(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b1, 4500), b1);
    w.balancer().set_drain(b1, Drain::refuse);
    const Session old = v.session;
    const bool is_elsewhere = v.log_in() && v.server() != &w.server(b1) && w.flows(v);
    v.session = old;  // which is used until it is deleted
    v.session.sequence += 100;
    return is_elsewhere && w.flows(v);
}

/// After a failover the old server is back.
bool e13_reauth_in_office(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b1, 4500), b1);
    w.kill(b1);
    v.log_in();
    w.run(30);
    w.revive(b1);
    w.server(b1).sas.clear();
    const Server* const now = v.server();
    w.run(30);
    return v.log_in() && v.server() == now;
}

bool login_elsewhere(World& w, const Habits& habits) {
    Client& v = settle(w, "v", newcomer_spot(w, b1, 4500), b1, habits);
    w.kill(b1);
    v.log_in();
    w.run(3);
    const bool is_good = w.flows(v);
    w.revive(b1);
    w.run(400);
    return w.flows(v) && is_good;
}

bool e22_login_elsewhere(World& w) {
    return login_elsewhere(w, {});
}
bool e22_upload_only(World& w) {
    return login_elsewhere(w, {.mode = Mode::upload, .dpd = 30});
}
bool e22_upload_no_dpd(World& w) {
    return login_elsewhere(w, {.mode = Mode::upload});
}

bool e22_ping_only(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b1, 4500), b1);
    w.balancer().set_up(b1, false);
    bool is_good = w.flows(v);
    v.let_server_rekey_child();
    is_good &= w.flows(v);
    w.run(60);
    return w.flows(v) && is_good;
}

bool e22_office_ping_down(World& w) {
    Client& u = settle(w, "u", spot(w, home, 1), b1);
    Client& v = settle(w, "v", spot(w, home, 2), b1);
    w.balancer().set_up(b1, false);
    v.log_in();
    w.run(5);
    w.balancer().set_up(b1, true);
    const Server* const now = v.server();
    const bool u_flows = w.flows(u), v_flows = w.flows(v);
    return u_flows && v_flows && v.log_in() && v.server() == now;
}

/// A server is added between the answer to a login's first message and its second one, for which
/// the user has to find his password.
bool e22_added_while_asked(World& w) {
    Client& v = w.client("v", newcomer_spot(w, b1, 4500));
    w.kill(b1);
    const Seconds begun = w.now();
    w.each_second = [&w, begun] {
        if (w.now() == begun + 20) w.revive(b1);
    };
    const bool is_in = v.log_in({.waits = 40});
    w.each_second = {};
    const auto tries = std::ranges::count_if(w.steps(), [&](const Step& step) {
        return step.from == &v && step.datagram.ike.exchange == oracle::ike_auth;
    });
    return is_in && tries == 1 && w.flows(v);
}

/// A new login elsewhere, while the old server keeps sending.
bool e22_stale_server_feeds(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b1, 4500), b1);
    v.sa().is_fed = true;
    w.balancer().set_drain(b1, Drain::refuse);
    v.log_in();
    w.balancer().set_drain(b1, Drain::none);
    w.run(10);
    const bool is_good = w.flows(v, 5);
    v.let_server_rekey_child();
    w.run(10);
    return w.flows(v, 5) && is_good;
}

bool restart(World& w, bool has_stale, const Habits& habits) {
    Client& v = settle(w, "v", spot(w, home, 4500), b1, habits);
    w.run(20);
    w.restart(true);
    if (has_stale) w.server(b2).keep_feeding(v.tuple);
    w.run(10);
    const bool is_good = w.flows(v);
    v.let_server_rekey_child();
    w.run(20);
    return w.flows(v, 5) && is_good;
}

bool restart_kept(World& w) {
    return restart(w, false, {});
}
bool restart_stale_feeds(World& w) {
    return restart(w, true, {});
}
bool restart_upload(World& w) {
    return restart(w, false, {.mode = Mode::upload, .dpd = 30});
}

bool restart_upload_stale(World& w) {
    Client& v = settle(w, "v", spot(w, home, 4500), b1, {.mode = Mode::upload, .dpd = 30});
    w.run(20);
    w.restart(true);
    w.server(b2).keep_feeding(v.tuple);
    w.run(10);
    v.let_server_rekey_child();
    w.run(60);
    return w.flows(v);
}

/// Nothing was saved, and an old server feeds for three more minutes.
bool crash_stale_feeds(World& w) {
    Client& v = settle(w, "v", spot(w, home, 4500), b1, {.dpd = 30});
    w.run(20);
    w.restart(false);
    w.server(b2).keep_feeding(v.tuple);
    w.run(180);
    w.server(b2).sas.clear();
    w.run(420);
    return w.flows(v);
}

bool restart_empty(World& w) {
    Client& v = settle(w, "v", newcomer_spot(w, b2, 4500), b1, {.dpd = 30});
    w.run(20);
    w.restart(false);
    w.run(90);
    bool is_good = w.flows(v);
    v.let_server_rekey_child();
    w.run(90);
    is_good &= w.flows(v);
    v.tuple = newcomer_spot(w, b3, 777);
    return w.flows(v) && is_good;
}

constexpr std::array all{
    Scenario{"e13_reauth_refuse", e13_reauth_refuse},
    Scenario{"e13_reauth_in_office", e13_reauth_in_office},
    Scenario{"e22_login_elsewhere", e22_login_elsewhere},
    Scenario{"e22_upload_only", e22_upload_only},
    Scenario{"e22_upload_no_dpd", e22_upload_no_dpd},
    Scenario{"e22_ping_only", e22_ping_only},
    Scenario{"e22_office_ping_down", e22_office_ping_down},
    Scenario{"e22_added_while_asked", e22_added_while_asked},
    Scenario{"e22_stale_server_feeds", e22_stale_server_feeds},
    Scenario{"restart_kept", restart_kept},
    Scenario{"restart_stale_feeds", restart_stale_feeds},
    Scenario{"restart_upload", restart_upload},
    Scenario{"restart_upload_stale", restart_upload_stale},
    Scenario{"crash_stale_feeds", crash_stale_feeds},
    Scenario{"restart_empty", restart_empty},
};

}  // namespace

std::span<const Scenario> server_scenarios() {
    return all;
}

}  // namespace ikelb::village
