// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "dataplane/pipeline/stages.h"
#include "tests/unit/affinity_testlib.h"

// The events that a tunnel survives, by crafted datagrams dealt to different workers, and the
// attacks on what is learned from them.

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;
using forwarding::BackendIndex;

using test::spi_down, test::spi_up;

class Affinity : public test::AffinityTest {
protected:
    /// The server deletes an SA or a child, sends ESP so many seconds later, and the client moves
    /// in ten minutes.
    Session move_after_delete(const Session& s, forwarding::Seconds esp_after) {
        down(reply(s.backend, 4500, s.client.c_str(), s.port_4500,
                   behind_marker(delete_request(s.spi_i, s.spi_r))));
        bench.advance(esp_after);
        down(s.esp_down(spi_down));
        bench.advance(600);
        schedule_only(another(s.backend));
        Session moved = s;
        moved.client = other_client;
        return moved;
    }
};

TEST_F(Affinity, E7EspGoesByItsClaimAlone) {
    const Session s = connect();
    EXPECT_EQ(learned(), 1u);
    const auto by_claim = by_rule(Rule::esp_client), by_flow = by_rule(Rule::flow);
    EXPECT_EQ(backend_of(esp_from(s, 21)), s.backend);
    EXPECT_EQ(by_rule(Rule::esp_client), by_claim + 1);
    EXPECT_EQ(by_rule(Rule::flow), by_flow);
}

TEST_F(Affinity, E8ARekeyedChildIsLearnedBesideTheOldOne) {
    const Session s = connect();
    exchange_esp(s, 0xc0000002);
    EXPECT_EQ(learned(), 2u);
    schedule_only(another(s.backend));
    EXPECT_EQ(backend_of(to_vip(other_client, 900, 4500, esp(0xc0000002))), s.backend);
    EXPECT_EQ(backend_of(to_vip(other_client, 901, 4500, esp(spi_up))), s.backend);
}

TEST_F(Affinity, E14MobikeMovesTheFlowWhenTheBackendAnswersThere) {
    const Session s = connect();
    schedule_only(another(s.backend));
    Session moved = s;
    moved.client = other_client;
    EXPECT_EQ(backend_of(ike_from(moved, ike::exchange::informational, 5)), s.backend);
    down(ike_answer(moved, ike::exchange::informational, 5));
    // An SPI that nobody has seen, and a keepalive: only the flow at the new address can tell.
    EXPECT_EQ(backend_of(esp_from(moved, 1, 0xc0000777)), s.backend);
    EXPECT_EQ(backend_of(to_vip(other_client, moved.port_4500, 4500, keepalive())), s.backend);
}

TEST_F(Affinity, E15MobikeRightAfterARekeyIsAskedOfAllOnceItIsRepeated) {
    const Session s = connect();
    schedule_only(another(s.backend));
    Session moved = s;
    moved.client = other_client;
    moved.spi_i = 0x5555;
    moved.spi_r = 0x6666;
    const auto update = ike_from(moved, ike::exchange::informational, 0);
    EXPECT_EQ(asked(update), (std::vector{another(s.backend)}));
    EXPECT_EQ(asked(update), (std::vector<BackendIndex>{0, 1, 2}));
    down(ike_answer(moved, ike::exchange::informational, 0));
    EXPECT_EQ(asked(update), (std::vector{s.backend}));
    EXPECT_EQ(backend_of(esp_from(moved, 1, 0xc0000777)), s.backend);
}

TEST_F(Affinity, E15AndE17NeedNoMemoryWithLabelledSpis) {
    Session s{.spi_r = 0xab00000000000042, .backend = 2};
    bench.spec.backends[2].label = {.ike_mask = 0xff00000000000000,
                                    .ike_value = 0xab00000000000000,
                                    .esp_first = 0xc8000000,
                                    .esp_last = 0xc8ffffff};
    schedule_only(0);
    EXPECT_EQ(backend_of(ike_from(s, ike::exchange::informational, 0)), 2);
    EXPECT_EQ(backend_of(esp_from(s, 1, 0xc8000000)), 2);
    EXPECT_EQ(backend_of(esp_from(s, 1, 0xc8ffffff)), 2);
    EXPECT_EQ(backend_of(esp_from(s, 1, 0xc9000000)), 0);
    // After a rekey by the server its SPI comes first, and the client is the responder.
    IkeMessage as_responder = encrypted(0xab00000000000043, 7, ike::exchange::informational);
    as_responder.flags = 0;
    EXPECT_EQ(backend_of(to_vip(client, 4500, 4500, behind_marker(as_responder))), 2);
    as_responder.flags = 0x08;
    EXPECT_EQ(backend_of(to_vip(client, 4500, 4500, behind_marker(as_responder))), 0);
}

TEST_F(Affinity, ACopyGoesToAnotherBackendWithGoodChecksums) {
    const Session s{};
    const auto sent = bench.from_client(s.dpd());
    ASSERT_EQ(name(sent.verdict), "to_server");
    const BackendIndex other = another(sent.backend);
    const auto expected = [&] {
        schedule_only(other);
        return bench.from_client(s.dpd());
    }();
    ASSERT_EQ(expected.backend, other);
    EXPECT_NE(sent.bytes, expected.bytes);

    Batch batch;
    Bytes frame(128);
    const Bytes whole = bench.client_side(s.dpd()).build();
    frame.insert(frame.end(), whole.begin(), whole.end());
    const auto size = static_cast<std::uint16_t>(whole.size());
    schedule_only(sent.backend);
    Context context{.table = bench.table(),
                    .sessions = bench.sessions(),
                    .counters = bench.counters(0),
                    .memory = bench.memory(0),
                    .now = bench.now(),
                    .now_micros = std::uint64_t{bench.now()} * 1'000'000};
    Packet& packet = batch.add({.data = frame.data() + 128,
                                .contiguous = size,
                                .headroom = 128,
                                .length = size,
                                .port = place::wan});
    pipeline::run(batch, context);
    ASSERT_EQ(packet.backend, sent.backend);
    ASSERT_TRUE(readdress(packet, other, context));
    const std::uint8_t* const start = packet.frame.data + packet.out_shift;
    EXPECT_EQ((Bytes{start, start + packet.out_length}), expected.bytes);
    bench.spec.backends[other].mac = {};
    bench.apply();
    Context later{.table = bench.table(),
                  .sessions = bench.sessions(),
                  .counters = bench.counters(0),
                  .memory = bench.memory(0)};
    EXPECT_FALSE(readdress(packet, other, later));
}

TEST_F(Affinity, ADeleteOfAChildDoesNotEndTheIkeSa) {
    const Session s = connect();
    const Session moved = move_after_delete(s, 60);
    EXPECT_EQ(backend_of(ike_from(moved, ike::exchange::informational, 9)), s.backend);
}

TEST_F(Affinity, E18AfterADeleteTheSasLastEspInFlightChangesNothing) {
    const Session s = connect();
    const Session moved = move_after_delete(s, 5);
    EXPECT_NE(backend_of(ike_from(moved, ike::exchange::informational, 9)), s.backend);
}

TEST_F(Affinity, ABindingGoesToWhoeverSpeaksOnlyIfItsBackendTakesNoSaBack) {
    const Session s = connect();
    const BackendIndex other = another(s.backend);
    const auto next_login = [&] {
        return backend_of(to_vip(client, 500, 500, sa_init(77).bytes()));
    };
    bench.advance(60);
    down(reply(other, 4500, s.client.c_str(), 777, esp(spi_down)));
    EXPECT_EQ(next_login(), s.backend);
    bench.spec.backends[s.backend].is_up = false;
    bench.apply();
    const std::uint64_t failed = 0xbad;
    down(reply(other, 4500, s.client.c_str(), 778,
               behind_marker(encrypted_answer(failed, 1, ike::exchange::ike_auth))));
    bench.spec.backends[s.backend].is_up = true;
    bench.apply();
    bench.advance(60);
    EXPECT_EQ(next_login(), s.backend) << "a login there failed meanwhile";
    bench.spec.backends[s.backend].is_up = false;
    bench.apply();
    down(reply(other, 4500, s.client.c_str(), 779, esp(spi_down)));
    bench.spec.backends[s.backend].is_up = true;
    bench.apply();
    bench.advance(60);
    EXPECT_EQ(next_login(), other);
}

TEST_F(Affinity, E17AnUploadIsKnownByItsSpiOnceTheBackendAnsweredAnythingFresh) {
    const Session s = connect();
    const std::uint32_t rekeyed = 0xc0000042;
    up(esp_from(s, 1, rekeyed));
    up(ike_from(s, ike::exchange::informational, 3));
    bench.advance(1);
    down(ike_answer(s, ike::exchange::informational, 3));
    up(esp_from(s, 2, rekeyed));
    EXPECT_EQ(learned(), 2u);
    schedule_only(another(s.backend));
    EXPECT_EQ(backend_of(to_vip(other_client, 900, 4500, esp(rekeyed))), s.backend);
}

TEST_F(Affinity, AFailedLoginInSomebodysNameVouchesForNoSpi) {
    const Session s = connect();
    const std::uint32_t forged = 0xc0000042;
    up(esp_from(s, 1, forged));
    bench.advance(6);
    down(reply(s.backend, 4500, client, s.port_4500,
               behind_marker(encrypted_answer(0xbad, 0xf00, ike::exchange::ike_auth, 1))));
    up(esp_from(s, 2, forged));
    EXPECT_EQ(learned(), 1u);
    down(s.esp_down());
    up(esp_from(s, 3, forged));
    EXPECT_EQ(learned(), 2u);
}

TEST_F(Affinity, ASpoofedInitOnAnotherVipTakesNoTunnelsReplies) {
    Bench two{farm_with_two_vips()};
    const Session victim = log_in(two);
    two.from_server(victim.esp_down(spi_down));
    // The same server answers a forged IKE_SA_INIT from the victim's address and port.
    const auto forged = two.from_client(
        to_vip(client, victim.port_4500, 4500, behind_marker(sa_init(0xbad)), second_vip));
    two.from_server(reply(victim.backend, 4500, client, victim.port_4500,
                          behind_marker(sa_init_answer(0xbad, 0xf00))));
    ASSERT_EQ(name(forged.verdict), "to_server");
    const auto down = two.from_server(victim.esp_down(spi_down));
    EXPECT_EQ(name(down.verdict), "to_client");
    EXPECT_EQ(down.packet().from, address(vip));
}

TEST_F(Affinity, WhoIsOverHisShareCostsNobodyAChoice) {
    bench.spec.services[0].scheduler = forwarding::Scheduler::weighted_round_robin;
    bench.spec.limits.requests_per_source = {1, 5};
    bench.spec.limits.half_open_inserts = {1, 10};
    bench.apply();
    for (std::uint64_t n = 1; n <= 50; ++n)
        bench.from_client(to_vip(client, 500, 500, sa_init(n).bytes()));
    EXPECT_EQ(bench.count(Verdict::source_limited), 45u);
    EXPECT_EQ(bench.counters(0).scheduler_fallbacks.read(), 0u);
    bench.from_client(to_vip(other_client, 500, 500, sa_init(99).bytes()));
    EXPECT_EQ(bench.counters(0).scheduler_fallbacks.read(), 0u);
}

TEST_F(Affinity, E1ARetryGoesToItsServerAlsoWhenItsAddressWasBoundMeanwhile) {
    bench.spec.services[0].scheduler = forwarding::Scheduler::weighted_round_robin;
    bench.apply();
    const auto home = backend_of(to_vip(client, 500, 500, sa_init(7).bytes()));
    schedule_only(another(home));
    const Session neighbour = connect({.port_500 = 501, .port_4500 = 4501});
    ASSERT_NE(neighbour.backend, home);
    EXPECT_EQ(backend_of(to_vip(client, 500, 500, sa_init_with_cookie(7).bytes())), home);
    EXPECT_EQ(by_rule(Rule::half_open), 1u);
    EXPECT_EQ(backend_of(to_vip(client, 500, 500, sa_init(8).bytes())), neighbour.backend);
    bench.spec.backends[home].is_up = false;
    bench.apply();
    EXPECT_EQ(backend_of(to_vip(client, 500, 500, sa_init(7).bytes())), neighbour.backend);
}

TEST_F(Affinity, E1ACookieGoesBackToItsServerByTheHashAsWell) {
    const auto home = backend_of(to_vip(client, 500, 500, sa_init(7).bytes()));
    down(reply(home, 500, client, 500, cookie_answer(7).bytes()));
    schedule_only(another(home));
    const Session neighbour = connect({.port_500 = 501, .port_4500 = 4501});
    const auto retry = [&] {
        return backend_of(to_vip(client, 500, 500, sa_init_with_cookie(7).bytes()));
    };
    bench.advance(60);
    EXPECT_EQ(retry(), home);
    bench.advance(16);
    EXPECT_EQ(retry(), neighbour.backend);
}

TEST_F(Affinity, AHeldRequestPaysOnce) {
    bench.spec.limits.requests_per_backend = {1, 4};
    for (auto& backend : bench.spec.backends) backend.mac = {};
    bench.apply();
    const PacketBuilder request = to_vip(client, 500, 500, sa_init(1).bytes());
    const Input first{.bytes = bench.client_side(request).build(), .port = wan};
    Input again = first;
    again.was_held = true;
    EXPECT_EQ(name(bench.run(first).verdict), "hold_neighbour");
    for (int n = 0; n < 20; ++n) EXPECT_EQ(name(bench.run(again).verdict), "hold_neighbour");
}

TEST_F(Affinity, E17EspFromANewAddressFindsItsBackendAlsoPastAForeignBinding) {
    const Session s = connect();
    const Session office = open_office(another(s.backend));
    ASSERT_NE(office.backend, s.backend);
    const Session moved = moved_into_office(s);
    EXPECT_EQ(backend_of(esp_from(moved, 30)), s.backend);
    // The backend's ESP to the new tuple commits the flow; the office's persistence stays.
    down(moved.esp_down(spi_down));
    EXPECT_EQ(backend_of(esp_from(moved, 31, 0xc0000999)), s.backend);
    EXPECT_EQ(backend_of(to_vip(other_client, 500, 500, sa_init(99).bytes())), office.backend);
}

TEST_F(Affinity, E16OfANewNatPortTheClientsSpiIsAskedBesideAForeignFlow) {
    const Session first = connect();
    schedule_only(another(first.backend));
    bench.advance(2800);  // the first one's persistence is gone
    down(first.esp_down(spi_down));
    use_sa_affinity();
    const Session again =
        log_in(bench, {.port_500 = 501, .port_4500 = 5000, .spi_i = 5, .spi_r = 6});
    ASSERT_NE(again.backend, first.backend);
    exchange_esp(again, 0xc0000055);
    exchange_esp(first, 0xc0000077);
    // The NAT gives the second one's port to the first one.
    Session swapped = first;
    swapped.port_4500 = 5000;
    EXPECT_EQ(backend_of(esp_from(swapped, 40, 0xc0000077)), again.backend);
    EXPECT_EQ(asked(esp_from(swapped, 40, 0xc0000077)),
              (std::vector{std::min(first.backend, again.backend),
                           std::max(first.backend, again.backend)}));
    EXPECT_EQ(asked(esp_from(swapped, 41, 0xc0000055)), (std::vector{again.backend}));
    // The backend that the SA is of speaks there.
    down(swapped.esp_down());
    EXPECT_EQ(backend_of(esp_from(swapped, 42, 0xc0000077)), first.backend);
}

TEST_F(Affinity, E19ClientsBehindOneAddressSpreadByTheirSas) {
    use_sa_affinity();
    std::array<int, 3> share{};
    for (std::uint64_t n = 1; n <= 300; ++n) {
        Session s{.port_500 = static_cast<std::uint16_t>(1000 + n),
                  .port_4500 = static_cast<std::uint16_t>(3000 + n),
                  .spi_i = n * 0x9e3779b97f4a7c15,
                  .spi_r = n};
        s = log_in(bench, s);
        ++share[s.backend];
        EXPECT_EQ(backend_of(ike_from(s, ike::exchange::informational, 2)), s.backend);
        const auto own_spi = static_cast<std::uint32_t>(0xc1000000 + n);
        EXPECT_EQ(backend_of(esp_from(s, 9, own_spi)), s.backend);
    }
    for (const int clients : share) EXPECT_GT(clients, 60);
}

TEST_F(Affinity, E19ARetriedInitKeepsItsBackendThoughThePoolChanges) {
    use_sa_affinity();
    Session s{};
    s.backend = backend_of(s.init());
    down(s.init_answer());
    schedule_only(another(s.backend));
    EXPECT_EQ(backend_of(s.init()), s.backend);
    EXPECT_EQ(backend_of(to_vip(client, 500, 500, sa_init(77).bytes())), another(s.backend));
}

TEST_F(Affinity, E19ASharedIkeFlowDecidesNothingWithAffinityBySa) {
    use_sa_affinity();
    const Session s = log_in(bench);
    EXPECT_EQ(verdict_of(to_vip(client, 500, 500,
                                encrypted(8, 9, ike::exchange::informational).bytes())),
              "unknown_sa");
    EXPECT_EQ(verdict_of(to_vip(client, 9999, 4500, esp(0xcccccccc))), "unknown_sa");
    EXPECT_EQ(verdict_of(to_vip(client, 9999, 4500, keepalive())), "unknown_keepalive");
    EXPECT_EQ(backend_of(esp_from(s, 1, 0xcccccccc)), s.backend);
}

TEST_F(Affinity, ASpoofedPairOrSpiMovesNothing) {
    const Session victim = connect();
    schedule_only(another(victim.backend));
    const Session other = log_in(bench, {.client = other_client, .spi_i = 3, .spi_r = 4});
    ASSERT_NE(victim.backend, other.backend);
    // The attacker knows the other SA's SPIs and sends with the victim's address.
    Session forged = other;
    forged.client = victim.client;
    EXPECT_EQ(backend_of(ike_from(forged, ike::exchange::informational, 3)), other.backend);
    up(esp_from(forged, 70, 0xc0000abc));
    EXPECT_EQ(backend_of(keepalive_from(victim)), victim.backend);
    EXPECT_EQ(backend_of(esp_from(victim, 71)), victim.backend);
    // Even if that server answers: the flow is of the last to speak.
    down(ike_answer(forged, ike::exchange::informational, 3));
    EXPECT_EQ(backend_of(keepalive_from(victim)), victim.backend);
    EXPECT_EQ(asked(esp_from(victim, 72)), (std::vector{victim.backend}));
    EXPECT_EQ(flows_moved(), 0u);
}

TEST_F(Affinity, AFlowGoesToTheLastToSpeakAndToNobodyWhoOnlyAnswers) {
    const Session old = connect();
    schedule_only(another(old.backend));
    Session s = log_in(bench, {.client = other_client, .spi_i = 3, .spi_r = 4});
    bench.advance(60);
    s.client = old.client;
    up(ike_from(s, ike::exchange::informational, 9));
    EXPECT_EQ(backend_of(keepalive_from(old)), old.backend);
    down(ike_answer(s, ike::exchange::informational, 9));
    EXPECT_EQ(backend_of(keepalive_from(old)), old.backend);
    down(s.esp_down());
    EXPECT_EQ(backend_of(keepalive_from(old)), s.backend);
    EXPECT_EQ(backend_of(to_vip(client, 500, 500, sa_init(99).bytes())), old.backend)
        << "the binding stays";
}

TEST_F(Affinity, E13ANewSaThatLeavesADrainedServerTakesItsFlowAlong) {
    const Session old = connect();
    bench.spec.backends[old.backend].mode = forwarding::Mode::drain_refuse;
    schedule_only(another(old.backend));
    const Session fresh = log_in(bench, {.spi_i = 3, .spi_r = 4});
    ASSERT_NE(fresh.backend, old.backend);
    // Both SAs speak on one client port: each keeps its server.
    down(old.esp_down(spi_down));
    EXPECT_EQ(backend_of(esp_from(old, 80)), old.backend);
    EXPECT_EQ(backend_of(ike_from(old, ike::exchange::informational, 4)), old.backend);
    EXPECT_EQ(backend_of(esp_from(fresh, 1, 0xc0000f00)), fresh.backend);
    EXPECT_EQ(backend_of(ike_from(fresh, ike::exchange::informational, 4)), fresh.backend);
}

TEST_F(Affinity, E22ARecordedClientDoesNotFollowAPing) {
    const Session s = connect();
    bench.spec.backends[s.backend].is_up = false;
    bench.apply();
    EXPECT_EQ(backend_of(esp_from(s, 60)), s.backend);
    EXPECT_EQ(backend_of(ike_from(s, ike::exchange::informational, 3)), s.backend);
    EXPECT_NE(backend_of(to_vip(client, 500, 500, sa_init(77).bytes())), s.backend);
}

TEST_F(Affinity, AClientIsAsWideAsItsPrefix) {
    bench.spec.services[0].prefix_v4 = 24;
    bench.apply();
    const Session s = log_in(bench, {.client = "192.0.2.7"});
    schedule_only(another(s.backend));
    EXPECT_EQ(backend_of(to_vip("192.0.2.250", 500, 500, sa_init(5).bytes())), s.backend);
    EXPECT_NE(backend_of(to_vip("192.0.3.7", 500, 500, sa_init(5).bytes())), s.backend);
}

TEST_F(Affinity, UnderPressureRetriesWithACookieGoFirst) {
    bench.spec.limits.requests_per_backend = {1, 10};
    schedule_only(0);
    std::string last;
    for (std::uint64_t n = 1; n <= 12; ++n)
        last = name(bench.from_client(to_vip(client, 500, 500, sa_init(n).bytes())).verdict);
    EXPECT_EQ(last, "backend_limited");
    down(reply(rras1, 500, client, 500, cookie_answer(3).bytes()));
    EXPECT_EQ(name(bench.from_client(to_vip(client, 500, 500, sa_init_with_cookie(3).bytes()))
                       .verdict),
              "to_server");
}

TEST_F(Affinity, UnderPressureANotifyThatNoServerHasSentIsNoCookie) {
    bench.spec.limits.requests_per_backend = {1, 10};
    schedule_only(0);
    const auto verdict = [&](const IkeMessage& message) {
        return name(bench.from_client(to_vip(client, 500, 500, message.bytes())).verdict);
    };
    for (std::uint64_t n = 1; n <= 12; ++n) verdict(sa_init(n));
    EXPECT_EQ(verdict(sa_init_with_cookie(3)), "backend_limited");
    down(reply(rras1, 500, client, 500, cookie_answer(3).bytes()));
    EXPECT_EQ(verdict(sa_init_with_cookie(3, 0x34)), "backend_limited") << "another one";
    EXPECT_EQ(verdict(sa_init_with_cookie(3)), "to_server");
}

TEST_F(Affinity, ACrowdedHalfOpenRegionLeavesTheChoiceToTheHash) {
    bench.spec.services[0].scheduler = forwarding::Scheduler::weighted_round_robin;
    bench.apply();
    bench.sessions().is_half_open_crowded = true;
    const auto first = bench.from_client(to_vip(client, 500, 500, sa_init(1).bytes())).backend;
    for (std::uint64_t n = 2; n < 12; ++n)
        EXPECT_EQ(bench.from_client(to_vip(client, 500, 500, sa_init(n).bytes())).backend, first);
    EXPECT_EQ(bench.counters(0).scheduler_fallbacks.read(), 11u);
}

TEST_F(Affinity, RequestsWithoutAnAnswerCanBeCounted) {
    const Session s = connect();
    const auto member = bench.table().member(0, s.backend).value();
    const auto requests = [&] {
        return bench.counters(0).ike[member].requests.read() +
               bench.counters(1).ike[member].requests.read();
    };
    const auto before = requests();
    const auto answers = bench.counters(2).ike[member].answers.read();
    up(ike_from(s, ike::exchange::informational, 3));
    up(ike_from(s, ike::exchange::informational, 4));
    down(ike_answer(s, ike::exchange::informational, 3));
    EXPECT_EQ(requests() - before, 2u);
    EXPECT_EQ(bench.counters(2).ike[member].answers.read() - answers, 1u);
}

TEST_F(Affinity, APairTellsWhereItsBackendLastSentTo) {
    const Session s = connect();
    Session moved = s;
    moved.client = other_client;
    up(ike_from(moved, ike::exchange::informational, 5));
    down(ike_answer(moved, ike::exchange::informational, 5));
    bench.advance(300);
    const auto& ike_sas = bench.sessions().ike_sas;
    const auto found = ike_sas.find_noted(ike_sa_key(s));
    ASSERT_TRUE(found);
    const auto peer = sessions::Peer::unpack(found->notes[0]);
    EXPECT_EQ(peer.client, sessions::name_of(address(other_client)));
    EXPECT_EQ(peer.port, s.port_4500);
    EXPECT_EQ(peer.moves, 1);
    EXPECT_GE(peer.age(bench.now()), 256u);
}

}  // namespace
}  // namespace ikelb::pipeline
