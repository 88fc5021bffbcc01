// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/restore.h"
#include "controlplane/state/snapshot.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/state_life.h"
#include "tests/unit/state_testlib.h"

namespace ikelb::state {
namespace {

using namespace test;
using sessions::SaState;
using sessions::Standing;

/// A client whose backend is the given one, whatever the hash would say.
Session on_server(Life& life, forwarding::BackendIndex backend, std::uint8_t number) {
    Session session{.client = "192.0.2." + std::to_string(number),
                    .spi_i = 0x1000u + number,
                    .spi_r = 0x2000u + number,
                    .backend = backend};
    life.bench->from_server(session.init_answer());
    life.bench->from_server(session.auth_answer());
    life.bench->from_server(session.esp_down());
    return session;
}

class StateSnapshot : public testing::Test {
protected:
    Life before;
    std::vector<Session> sessions;

    /// Four clients on each server.
    void SetUp() override {
        for (std::uint8_t i = 0; i < 12; ++i)
            sessions.push_back(on_server(before, static_cast<forwarding::BackendIndex>(i % 3),
                                         static_cast<std::uint8_t>(10 + i)));
    }
};

TEST_F(StateSnapshot, EveryTunnelStaysOnItsServer) {
    Life after;
    const Restored restored = after.restore(before.save());
    EXPECT_EQ(restored.ike_sas, 12u);
    EXPECT_EQ(restored.flows, 12u) << "two ports each";
    EXPECT_EQ(restored.persistences, 12u);
    EXPECT_EQ(restored.expired + restored.homeless + restored.no_room, 0u);
    for (const Session& session : sessions) {
        EXPECT_EQ(after.bench->from_client(session.esp_up()).backend, session.backend);
        EXPECT_EQ(after.bench->from_client(session.dpd()).backend, session.backend);
        Session again = session;
        again.spi_i += 0x9000;
        EXPECT_EQ(after.bench->from_client(again.init()).backend, session.backend);
        Session roamed = session;
        roamed.client = "192.0.2.200";
        EXPECT_EQ(after.bench->from_client(roamed.dpd()).backend, session.backend);
    }
}

TEST_F(StateSnapshot, RecordsKeepTheirStateAndGrowOlder) {
    Life after;
    before.bench->advance(100);
    before.bench->from_server(sessions[0].esp_down());
    before.bench->advance(20);
    after.restore(before.save(), start_of_wall_clock + 5s);
    EXPECT_EQ(after.ike_sa(sessions[0])->state, SaState::established);
    EXPECT_EQ(after.flow(sessions[0])->standing, Standing::spoke);
    EXPECT_EQ(after.flow(sessions[0])->last_seen, after.bench->now() - 25);
    EXPECT_EQ(after.flow(sessions[1])->last_seen, after.bench->now() - 125);
    EXPECT_EQ(after.persistence(sessions[1])->last_seen, after.bench->now() - 125);
}

TEST_F(StateSnapshot, ARestoredFlowIsAsSureAsItWas) {
    Life after;
    after.restore(before.save());
    Session answering = sessions[0];
    answering.backend = rras3;
    after.bench->from_server(answering.dpd_answer());
    EXPECT_EQ(after.flow(answering)->backend.index, rras1) << "it has spoken, the other answers";
    Session moved = sessions[0];
    moved.backend = rras2;
    after.bench->from_server(moved.esp_down());
    EXPECT_EQ(after.flow(moved)->backend.index, rras2);
    EXPECT_EQ(after.persistence(moved)->backend.index, rras1) << "a binding stays with its server";
}

TEST_F(StateSnapshot, WhoStandsBesideAFlowComesAlong) {
    Session other = sessions[0];
    before.bench->advance(50);
    other.backend = rras2;
    before.bench->from_server(other.esp_down());
    before.bench->advance(7);
    ASSERT_TRUE(before.flow(other)->has_rivals);
    Life after;
    after.restore(before.save(), start_of_wall_clock + 10s);
    EXPECT_EQ(after.flow(other)->backend.index, rras2);
    ASSERT_TRUE(after.flow(other)->has_rivals);
    using Rival = std::pair<Standing, forwarding::Seconds>;
    ASSERT_EQ(after.rivals(other).count(rras1), 1u);
    EXPECT_EQ(after.rivals(other).at(rras1), (Rival{Standing::spoke, 67}));
    // Both are asked.
    const Outcome sent = after.bench->from_client(other.esp_up(0xc0009999));
    EXPECT_EQ(sent.backend, rras2);
    EXPECT_EQ(sent.copies.size(), 1u);
    Life later;
    later.restore(before.save(), start_of_wall_clock + 260s);
    EXPECT_FALSE(later.flow(other)->has_rivals) << "silent for more than 300 seconds";
}

TEST_F(StateSnapshot, WhoWasSilentForLongWhenAnotherOneSpokeIsNotHeardByTheRestart) {
    Session other = sessions[0];
    other.backend = rras2;
    before.bench->advance(2500);
    before.bench->from_server(other.esp_down());
    before.bench->advance(100);  // what was written as 2,047 s is more than half of 12 bits now
    Life after;
    after.restore(before.save());
    EXPECT_EQ(after.flow(other)->backend.index, rras2);
    EXPECT_FALSE(after.flow(other)->has_rivals);
}

TEST_F(StateSnapshot, WhoseFlowIsOfAServerThatIsGoneTheBestOfTheOthersHasIt) {
    Session other = sessions[0];
    other.backend = rras2;
    before.bench->advance(50);
    before.bench->from_server(other.esp_down());
    Life after{{{"rras1", "10.20.0.11"}, {"rras3", "10.20.0.13"}}};
    after.restore(before.save());
    ASSERT_TRUE(after.flow(other));
    EXPECT_EQ(after.home_of(after.bench->from_client(other.esp_up())), "rras1");
    EXPECT_EQ(after.flow(other)->standing, Standing::spoke);
    EXPECT_FALSE(after.flow(other)->has_rivals);
}

TEST_F(StateSnapshot, AnIkeSaKeepsWhereItBeganHowFarItIsAndWhatPeopleSee) {
    before.bench->advance(1000);
    const auto notes_of = [](Life& life, const Session& session) {
        return life.bench->sessions().ike_sas.find_noted(
            Life::ike_sa_key(session), life.bench->table().timeouts, life.bench->now());
    };
    const auto old = notes_of(before, sessions[0]);
    ASSERT_TRUE(old);
    ASSERT_NE(old->notes[1], 0u);
    Life after;
    after.bench->set_now(77'777);
    after.restore(before.save(), start_of_wall_clock + 500s);
    const auto restored = notes_of(after, sessions[0]);
    ASSERT_TRUE(restored);
    EXPECT_EQ(restored->notes[1], old->notes[1]);
    const auto was = sessions::Peer::unpack(old->notes[0]);
    const auto peer = sessions::Peer::unpack(restored->notes[0]);
    EXPECT_EQ(peer.client, was.client);
    EXPECT_EQ(peer.port, was.port);
    EXPECT_NEAR(peer.age(after.bench->now()), 1500, 2 * sessions::Peer::age_unit);
}

TEST_F(StateSnapshot, AClaimKeepsItsTagAndItsRank) {
    const sessions::Claim claim{.backend = before.flow(sessions[1])->backend,
                                .rank = 3,
                                .tag = 0x55,
                                .last_seen = before.bench->now() - 40};
    before.bench->sessions().claims.write(
        sessions::esp_key(address(sessions[0].client.c_str()), net::be32::from_host(0xc0001234)),
        claim, before.bench->table().timeouts, before.bench->now(), sessions::Evict::never);
    Life after;
    EXPECT_EQ(after.restore(before.save(), start_of_wall_clock + 2s).esp, 1u);
    const auto found = after.claim(sessions[0], 0xc0001234);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->backend.index, rras2);
    EXPECT_EQ(found->rank, 3);
    EXPECT_EQ(found->tag, 0x55);
    EXPECT_EQ(found->last_seen, after.bench->now() - 42);
}

TEST_F(StateSnapshot, ARestoredPairNeverMoves) {
    Life after;
    after.restore(before.save());
    Session stale = sessions[0];
    stale.backend = rras2;
    after.bench->from_server(stale.dpd_answer());
    EXPECT_EQ(after.ike_sa(sessions[0])->backend.index, rras1);
}

TEST_F(StateSnapshot, RecordsFollowTheNamesToNewIndices) {
    Life after{{{"new", "10.20.0.14"},
                {"rras3", "10.20.0.13"},
                {"rras2", "10.20.0.12"},
                {"rras1", "10.20.0.11"}}};
    EXPECT_EQ(after.restore(before.save()).flows, 12u);
    for (const Session& session : sessions) {
        const std::string home = before.config.pools[0].backends[session.backend].name;
        EXPECT_EQ(after.home_of(after.bench->from_client(session.esp_up())), home);
        EXPECT_EQ(after.home_of(after.bench->from_client(session.dpd())), home);
    }
}

TEST_F(StateSnapshot, RecordsOfServersThatAreGoneOrOthersEnd) {
    const std::vector<std::vector<Named>> farms{
        {{"rras1", "10.20.0.11"}, {"rras3", "10.20.0.13"}},                             // removed
        {{"rras1", "10.20.0.11"}, {"renamed", "10.20.0.12"}, {"rras3", "10.20.0.13"}},  // renamed
        {{"rras1", "10.20.0.11"}, {"rras2", "10.20.0.22"}, {"rras3", "10.20.0.13"}}};   // moved
    for (const auto& farm : farms) {
        Life after{farm};
        const Restored restored = after.restore(before.save());
        EXPECT_EQ(restored.ike_sas, 8u);
        EXPECT_EQ(restored.flows, 8u);
        EXPECT_EQ(restored.persistences, 8u);
        EXPECT_EQ(restored.homeless, 4u * 3);
        for (const Session& session : sessions) {
            EXPECT_EQ(after.flow(session).has_value(), session.backend != rras2);
            EXPECT_EQ(after.ike_sa(session).has_value(), session.backend != rras2);
        }
    }
}

/// Whom the next process still has to know, by address: those it has in no pool.
TEST_F(StateSnapshot, WhoWasABackendIsKnownAfterwards) {
    const auto known = [](const Restored& restored) {
        std::set<std::string> names;
        for (const table::RemovedBackend& one : restored.known)
            names.insert(one.name + " " + text::to_text(one.address));
        return names;
    };
    before.config.pools[0].backends[0].aliases = {
        {.service = "aovpn", .address = address("10.20.0.111")}};
    const std::vector<table::RemovedBackend> gone{
        {.name = "old", .address = address("10.20.0.9")},
        {.name = "old6", .address = address("fd00:20::9")}};
    before.removed.take_up(gone, before.config, before.bench->now());
    const auto saved = before.save();
    Life after{{{"rras2", "10.20.0.12"}}};
    const std::set<std::string> all{"rras1 10.20.0.11", "rras1 10.20.0.111", "rras2 10.20.0.12",
                                    "rras3 10.20.0.13", "old 10.20.0.9", "old6 fd00:20::9"};
    const Restored restored = after.restore(saved);
    EXPECT_EQ(known(restored), all);
    EXPECT_EQ(restored.ike_sas, 4u);
    after.removed.take_up(restored.known, after.config, after.bench->now());
    EXPECT_EQ(after.removed.all().size(), 5u);
    Life third{{{"rras2", "10.20.0.12"}}};
    EXPECT_EQ(known(third.restore(after.save())), all) << "and after the next restart";
    Life late{{{"rras2", "10.20.0.12"}}};
    EXPECT_EQ(known(late.restore(saved, start_of_wall_clock + 25h)), std::set<std::string>{});
}

TEST_F(StateSnapshot, AServerThatGetsAnIpv6AddressBesidesKeepsItsTunnels) {
    Life after;
    for (config::Backend& backend : after.config.pools[0].backends)
        backend.address6 = address(("fd00:20::1" + backend.name.substr(4)).c_str());
    after.registry.update(after.config).value();
    EXPECT_EQ(after.restore(before.save()).homeless, 0u);
    for (const Session& session : sessions) EXPECT_TRUE(after.ike_sa(session));
    Life again;
    EXPECT_EQ(again.restore(after.save()).homeless, 0u) << "nor by losing it";
}

TEST_F(StateSnapshot, TwoBackendsThatBecomeOneKeepTheTunnelsOfBoth) {
    State state = *decode(before.save());
    state.facts.backends[rras2].name = "rras2-v6";
    state.facts.backends[rras2].address = address("fd00:20::11");
    Life after{{{"rras1", "10.20.0.11"}, {"rras3", "10.20.0.13"}}};
    after.config.pools[0].backends[0].address6 = address("fd00:20::11");
    after.registry.update(after.config).value();
    EXPECT_EQ(after.restore(state).homeless, 0u);
    for (const Session& session : sessions)
        EXPECT_EQ(after.ike_sa(session)->backend.index, session.backend == rras3 ? 1 : 0);
}

TEST_F(StateSnapshot, RecordsOfAnotherServiceOrVipEnd) {
    Life renamed{three_servers, "other"};
    const Restored by_service = renamed.restore(before.save());
    EXPECT_EQ(by_service.ike_sas, 0u);
    EXPECT_EQ(by_service.persistences, 0u);
    EXPECT_EQ(by_service.flows, 12u) << "the VIP is what a flow is of";
    Life readdressed{three_servers, "aovpn", second_vip};
    const Restored by_vip = readdressed.restore(before.save());
    EXPECT_EQ(by_vip.flows, 0u);
    EXPECT_EQ(by_vip.ike_sas, 12u);
    EXPECT_EQ(by_vip.persistences, 12u);
}

TEST_F(StateSnapshot, AFileOlderThanAFlowLivesRestoresPairsOnly) {
    Life in_time, late;
    const auto bytes = before.save();
    EXPECT_FALSE(in_time.restore(bytes, start_of_wall_clock + 45min).is_ike_sas_only);
    EXPECT_EQ(in_time.flow(sessions[0])->standing, Standing::spoke);
    const Restored restored = late.restore(bytes, start_of_wall_clock + 45min + 1s);
    EXPECT_TRUE(restored.is_ike_sas_only);
    EXPECT_EQ(restored.ike_sas, 12u);
    EXPECT_EQ(restored.flows + restored.persistences, 0u);
    EXPECT_FALSE(late.flow(sessions[0]));
    EXPECT_EQ(late.bench->from_client(sessions[0].dpd()).backend, rras1);
}

TEST_F(StateSnapshot, WhatEndedInTheMeantimeStaysAway) {
    before.bench->advance(40 * 60);
    before.bench->from_server(sessions[0].esp_down());
    Life after;
    const Restored restored = after.restore(before.save(), start_of_wall_clock + 6min);
    EXPECT_EQ(restored.flows, 1u);
    EXPECT_EQ(restored.ike_sas, 12u) << "they live for a day";
    EXPECT_EQ(restored.expired, 11u + 11) << "half-open ones are not even saved";
    Life next_day;
    EXPECT_EQ(next_day.restore(before.save(), start_of_wall_clock + 24h).ike_sas, 0u);
}

TEST_F(StateSnapshot, DeadRecordsAreNotSaved) {
    before.bench->advance(46 * 60);
    const State state = *decode(before.save());
    EXPECT_EQ(state.ike_sas.size(), 12u);
    EXPECT_TRUE(state.flows.empty());
    EXPECT_TRUE(state.persistences.empty());
}

TEST_F(StateSnapshot, AClockThatWasSetBackAgesNothing) {
    Life after;
    const Restored restored = after.restore(before.save(), start_of_wall_clock - 24h);
    EXPECT_EQ(restored.age, 0s);
    EXPECT_EQ(restored.flows, 12u);
    EXPECT_EQ(after.flow(sessions[0])->last_seen, after.bench->now());
}

TEST_F(StateSnapshot, OperatorsModesComeBack) {
    before.modes.set("rras1", forwarding::Mode::drain_keep, before.registry);
    before.modes.set("rras2", forwarding::Mode::drain_refuse, before.registry);
    before.apply();
    Life after{{{"rras1", "10.20.0.99"}, {"rras2", "10.20.0.12"}, {"rras3", "10.20.0.13"}}};
    const Restored restored = after.restore(before.save());
    EXPECT_EQ(after.modes.mode("rras1"), forwarding::Mode::drain_keep) << "by its name alone";
    EXPECT_EQ(after.modes.mode("rras2"), forwarding::Mode::drain_refuse);
    EXPECT_EQ(after.modes.mode("rras3"), forwarding::Mode::enabled);
    EXPECT_EQ(restored.modes.size(), 2u);
    EXPECT_EQ(after.bench->from_client(sessions[1].esp_up()).backend, rras2)
        << "tunnels of a drained server stay";
    Life elsewhere{{{"other", "10.20.0.14"}}};
    EXPECT_TRUE(elsewhere.restore(before.save()).modes.empty());
}

TEST_F(StateSnapshot, ADisabledServersTunnelsStayEnded) {
    before.modes.set("rras1", forwarding::Mode::disabled, before.registry);
    before.apply();
    Life after;
    const Restored restored = after.restore(before.save());
    EXPECT_EQ(after.modes.mode("rras1"), forwarding::Mode::disabled);
    EXPECT_EQ(restored.ike_sas, 8u);
    EXPECT_EQ(restored.homeless, 0u) << "they were not even saved";
}

TEST_F(StateSnapshot, LoginsUnderWayKeepTheirStateAndEndInTime) {
    const Session login{.client = "192.0.2.70", .spi_i = 0x71, .spi_r = 0x72, .backend = rras2};
    before.bench->from_server(login.auth_answer());
    before.bench->advance(200);
    Life after;
    after.restore(before.save(), start_of_wall_clock + 10s);
    EXPECT_EQ(after.ike_sa(login)->state, SaState::answered);
    EXPECT_EQ(after.flow(login)->standing, Standing::nominated);
    EXPECT_FALSE(after.persistence(login));
    after.bench->advance(90);
    EXPECT_TRUE(after.flow(login));
    after.bench->advance(1);
    EXPECT_FALSE(after.flow(login));
    EXPECT_FALSE(after.ike_sa(login));
}

TEST_F(StateSnapshot, TheNextHopComesBackByInterfaceAndAddress) {
    const auto set_gateway = [this](std::size_t session, forwarding::GatewayIndex gateway) {
        const auto found = before.flow(sessions[session]);
        sessions::Flow flow = *found;
        flow.gateway = gateway;
        before.bench->sessions().flows.refresh(Life::flow_key(sessions[session]), *found, flow);
    };
    set_gateway(0, second_gateway);
    set_gateway(1, forwarding::on_link_client);
    set_gateway(2, forwarding::no_gateway);
    Life after;
    after.restore(before.save());
    const auto second = after.registry.gateway({ext, address("198.51.100.253")});
    ASSERT_TRUE(second) << "its index waits for the kernel's routes";
    EXPECT_EQ(after.flow(sessions[0])->gateway, *second);
    EXPECT_EQ(after.flow(sessions[1])->gateway, forwarding::on_link_client);
    EXPECT_EQ(after.flow(sessions[2])->gateway, forwarding::no_gateway);

    Life rewired;
    rewired.config.interfaces[0].name = "outside";
    rewired.restore(before.save());
    EXPECT_EQ(rewired.flow(sessions[0])->gateway, forwarding::no_gateway);
}

TEST_F(StateSnapshot, ASecondRestartLosesNothing) {
    Life after, later;
    after.restore(before.save(), start_of_wall_clock + 10s);
    const Restored restored =
        later.restore(after.save(start_of_wall_clock + 10s), start_of_wall_clock + 20s);
    EXPECT_EQ(restored.ike_sas, 12u);
    EXPECT_EQ(restored.flows, 12u);
    EXPECT_EQ(later.flow(sessions[0])->standing, Standing::spoke);
    EXPECT_EQ(later.flow(sessions[0])->last_seen, later.bench->now() - 20);
}

TEST_F(StateSnapshot, TheHashKeyComesAlong) {
    const State state = *decode(before.save());
    EXPECT_EQ(state.facts.hash_key.k0, before.bench->table().hash_key.k0);
    EXPECT_EQ(state.facts.hash_key.k1, before.bench->table().hash_key.k1);
}

TEST(StateRestore, CountsWhatTheDirectoryDoesNotHold) {
    State state = testlib::small_state();
    state.facts.backends = {{.name = "rras1", .address = address("10.20.0.11")}};
    state.ike_sas[0].record.backend = 0;
    const SavedIkeSa ike_sa = state.ike_sas[0];
    state = {.facts = state.facts};
    for (std::uint64_t i = 1; i <= 50'000; ++i) {
        state.ike_sas.push_back(ike_sa);
        state.ike_sas.back().initiator_spi = i;
    }
    Life life;
    const Restored restored = life.restore(state);
    EXPECT_GT(restored.ike_sas, 4096u) << "the bench's directory is made for 4096";
    EXPECT_GT(restored.no_room, 0u);
    EXPECT_EQ(restored.ike_sas + restored.no_room, 50'000u);
}

TEST(StateRestore, TakesAnyStateThatDecodes) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        State state = testlib::RandomState{seed}.make(200);
        for (std::size_t i = 0; i < state.facts.backends.size(); i += 2)
            state.facts.backends[i] = {.name = three_servers[i / 2 % 3].name,
                                       .address = address(three_servers[i / 2 % 3].address.c_str()),
                                       .mode = state.facts.backends[i].mode};
        for (auto& service : state.facts.services) service = "aovpn";
        for (auto& frontend : state.facts.frontends)
            frontend = {.vip = address(vip), .port = 4500};
        Life life;
        const Restored restored = life.restore(state, state.facts.saved_at + 1s);
        EXPECT_EQ(restored.ike_sas + restored.flows + restored.persistences + restored.esp +
                      restored.transit + restored.expired + restored.homeless + restored.no_room,
                  state.ike_sas.size() + state.flows.size() + state.persistences.size() +
                      state.esp.size() + state.transit.size());
    }
}

}  // namespace
}  // namespace ikelb::state
