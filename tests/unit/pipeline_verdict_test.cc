// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;
using enum Verdict;

PacketBuilder client_ip(const char* to) { return PacketBuilder{}.ip(client, to); }

Bench two_armed() { return Bench{two_armed_farm()}; }

Verdict of_client(const PacketBuilder& packet) { return two_armed().from_client(packet).verdict; }
Verdict of_server(const PacketBuilder& packet) { return two_armed().from_server(packet).verdict; }
Verdict of_client6(const PacketBuilder& packet) {
    return Bench{dual_stack_farm()}.from_client(packet).verdict;
}
PacketBuilder init6() { return Session{.client = client6, .vip = vip6}.init(); }
Verdict of_payload(std::uint16_t port, Bytes payload) {
    return of_client(to_vip(client, 500, port, std::move(payload)));
}
/// A first IKE_SA_INIT with one thing changed about the farm.
Verdict with_farm(const std::function<void(TableSpec&)>& change,
                  const PacketBuilder& packet = Session{}.init()) {
    TableSpec spec = two_armed_farm();
    change(spec);
    return Bench{spec}.from_client(packet).verdict;
}
Verdict raw(Input input, bool has_addresses_of_first_gateway = true) {
    Bench bench = two_armed();
    if (has_addresses_of_first_gateway)
        input.bytes = bench.client_side(Session{}.init()).build();
    return bench.run(input).verdict;
}

Verdict reply_of_a_removed_backend() {
    TableSpec spec = two_armed_farm();
    spec.removed = {address("10.20.0.99")};
    return Bench{spec}
        .from_server(PacketBuilder{}.ip("10.20.0.99", client).udp(4500, 4500).payload(esp(256)))
        .verdict;
}

Verdict flood(Bench& bench, const PacketBuilder& packet, Verdict until) {
    Verdict verdict = undecided;
    for (int i = 0; i < 30000 && verdict != until; ++i) verdict = bench.from_client(packet).verdict;
    return verdict;
}

Verdict too_big_without_dont_fragment() {
    TableSpec spec = two_armed_farm();
    spec.interfaces[srv].mtu = 600;
    Bench bench{spec};
    return bench.from_client(to_vip(client, 500, 4500, esp(0xc0000001, 700))).verdict;
}

Verdict ttl_expired_beyond_the_rate() {
    Bench bench = two_armed();
    return flood(bench, Session{}.init().ttl(1), ttl_expired);
}

Verdict ambiguous_reply() {
    Bench bench{farm_with_two_vips()};
    return bench.from_server(reply(rras1, 4500, client, 4500, esp(0xd0000001))).verdict;
}

Verdict session_of_a_flushed_backend() {
    Bench bench = two_armed();
    const Session session = log_in(bench);
    bench.spec.backends[session.backend].is_up = false;
    bench.spec.backends[session.backend].flush_on_down = true;
    bench.apply();
    return bench.from_client(session.dpd()).verdict;
}

/// The flow is of one backend, and neither a persistence nor the hash agrees.
Verdict unknown_pair_on_a_foreign_flow() {
    Bench bench = two_armed();
    const Session session = log_in(bench);
    bench.spec.limits.unknown_pairs_per_backend = {1, 0};
    bench.spec.backends[session.backend].weight = 0;
    bench.apply();
    const auto& service = bench.table().services[0];
    bench.sessions().persistences.erase(
        sessions::persistence_key(service.client_of(address(session.client.c_str())), 0));
    // Where its backend spoke a flow has a share of its own first.
    return flood(bench,
                 to_vip(session.client.c_str(), session.port_4500, 4500,
                        behind_marker(encrypted(7, 8, ike::exchange::informational))),
                 Verdict::unknown_pair_limited);
}

/// All got it when it was repeated, and another one than its own says so.
Verdict refusal_of_a_copied_request() {
    TableSpec spec = two_armed_farm();
    spec.services[0].ask_all_rate = 50;
    Bench bench{spec};
    const Session unknown{};
    bench.from_client(unknown.dpd());
    const auto asked = bench.from_client(unknown.dpd()).backend;
    IkeMessage refusal = notify_answer(unknown.spi_i, unknown.spi_r);
    refusal.exchange = ike::exchange::informational;
    refusal.message_id = 2;
    return bench
        .from_server(reply(asked == rras1 ? rras2 : rras1, 4500, client, unknown.port_4500,
                           behind_marker(refusal)))
        .verdict;
}

Verdict later_part_of_a_dropped_datagram() {
    Bench bench = two_armed();
    const auto parts =
        fragments_of(bench.client_side(to_vip(client, 500, 500, Bytes(600, 0))), 64);
    bench.run({.bytes = parts[0]});
    return bench.run({.bytes = parts[1]}).verdict;
}

PacketBuilder later_fragment() {
    return to_vip(client, 0, 0, Bytes(64, 1)).fragment(64, false);
}

const PacketBuilder& arp() {
    static const PacketBuilder packet =
        PacketBuilder{}.ether_type(net::ether_type::arp).payload(Bytes(28, 0));
    return packet;
}

/// How a packet can be brought to leave the pipeline in each way.
const std::map<Verdict, std::function<Verdict()>>& examples() {
    static const std::map<Verdict, std::function<Verdict()>> all{
        {to_server, [] { return of_client(Session{}.init()); }},
        {to_client, [] { return of_server(Session{.backend = rras1}.init_answer()); }},
        {transit, [] { return of_server(PacketBuilder{}.ip("10.20.0.50", client).udp(9, 53)); }},
        {icmp_error_sent, [] { return of_client(Session{}.init().ttl(1)); }},
        {punt_arp, [] { return of_client(arp()); }},
        {punt_ndp,
         [] {
             return of_client6(
                 PacketBuilder{}.ip("fe80::254", own_wan6).ttl(255).icmp(136, 0));
         }},
        {punt_icmp, [] { return of_client(client_ip(vip).icmp(8, 0)); }},
        {punt_hello, [] { return of_client(client_ip("224.0.0.18").protocol(112).ttl(255)); }},
        {punt_routing,
         [] { return of_client(PacketBuilder{}.ip("198.51.100.254", "224.0.0.5").protocol(89)); }},
        {punt_backend,
         [] { return of_server(PacketBuilder{}.ip(server(rras1).c_str(), own_lan).icmp(0, 0)); }},
        {punt_local, [] { return of_client(client_ip(own_wan).protocol(net::ip_protocol::tcp)); }},
        {punt_multicast, [] { return of_client(client_ip("224.0.0.18").protocol(112)); }},
        {punt_unresolved,
         [] { return of_server(PacketBuilder{}.ip("10.20.0.50", "198.51.100.77").udp(9, 53)); }},
        {hold_fragment, [] { return of_client(later_fragment()); }},
        {hold_neighbour,
         [] {
             return with_farm([](TableSpec& s) {
                 for (auto& backend : s.backends) backend.mac = {};
             });
         }},
        {not_for_us,
         [] {
             return two_armed()
                 .run({.bytes = Session{}
                                    .init()
                                    .mac(first_gateway_mac(), mac("02:00:00:00:00:77"))
                                    .build()})
                 .verdict;
         }},
        {unknown_vlan, [] { return of_client(Session{}.init().vlan(7)); }},
        {truncated, [] { return raw({.bytes = Bytes(13, 0)}, false); }},
        {headers_split, [] { return raw({.contiguous = 30}); }},
        {not_ip,
         [] { return of_client(PacketBuilder{}.ether_type(0x88cc).payload(Bytes(46, 0))); }},
        {bad_ip_header, [] { return of_client(Session{}.init().version_ihl(0x44)); }},
        {bad_ip_checksum, [] { return of_client(Session{}.init().bad_ip_checksum()); }},
        {bad_udp_length, [] { return of_client(Session{}.init().udp_length(7)); }},
        {bad_extension, [] { return of_client6(init6().extension(60).extension(0)); }},
        {mapped_address,
         [] { return of_client6(PacketBuilder{}.ip(client6, "::ffff:203.0.113.10").udp(9, 9)); }},
        {source_routed,
         [] {
             return of_client6(init6().extension(43, {0, 1}));
         }},
        {bad_source, [] { return of_client(PacketBuilder{}.ip(vip, vip).udp(500, 500)); }},
        {spoofed_backend, [] { return of_client(Session{.backend = rras1}.init_answer()); }},
        {spoofed_source,
         [] { return of_client(PacketBuilder{}.ip("10.20.0.50", vip).udp(500, 500)); }},
        {ttl_expired, ttl_expired_beyond_the_rate},
        {too_big, too_big_without_dont_fragment},
        {ike_truncated, [] { return of_payload(500, Bytes(27, 1)); }},
        {ike_bad_length, [] { return of_payload(500, Bytes(28, 0x21)); }},
        {ike_zero_spi, [] { return of_payload(500, sa_init(0).bytes()); }},
        {ike_init_with_spi,
         [] { return of_payload(500, encrypted(1, 2, ike::exchange::ike_sa_init).bytes()); }},
        {ike_version_zero, [] { return of_payload(500, Bytes(28, 0)); }},
        {esp_reserved_spi, [] { return of_payload(4500, esp(255)); }},
        {vip_not_served,
         [] { return with_farm([](TableSpec& s) { s.services[0].is_served = false; }); }},
        {service_port_own, [] { return of_client(client_ip(own_wan).udp(500, 500)); }},
        {vip_closed, [] { return of_client(client_ip(vip).udp(5000, 53)); }},
        {own_address_closed, [] { return of_client(client_ip(own_lan).udp(5000, 53)); }},
        {native_esp, [] { return of_client(client_ip(vip).protocol(net::ip_protocol::esp)); }},
        {no_backend,
         [] {
             return with_farm([](TableSpec& s) {
                 for (auto& backend : s.backends) backend.is_up = false;
             });
         }},
        {backend_down, session_of_a_flushed_backend},
        {unknown_response,
         [] { return of_payload(500, encrypted_answer(1, 2, ike::exchange::ike_auth).bytes()); }},
        {unknown_sa,
         [] {
             return with_farm(
                 [](TableSpec& s) { s.services[0].affinity = forwarding::Affinity::sa; },
                 Session{}.esp_up());
         }},
        {source_limited,
         [] { return with_farm([](TableSpec& s) {
                  s.limits.requests_per_source = {1, 0};
              }); }},
        {backend_limited,
         [] { return with_farm([](TableSpec& s) {
                  s.limits.requests_per_backend = {1, 0};
              }); }},
        {unknown_pair_limited, unknown_pair_on_a_foreign_flow},
        {unknown_keepalive, [] { return of_payload(4500, keepalive()); }},
        {reply_vip_unknown, ambiguous_reply},
        {refusal_of_copy, refusal_of_a_copied_request},
        {backend_removed, reply_of_a_removed_backend},
        {direct_to_backend, [] { return of_client(client_ip("10.20.0.11").udp(500, 500)); }},
        {directed_broadcast, [] { return of_client(client_ip("10.20.0.255").udp(9, 9)); }},
        {transit_not_allowed, [] { return of_client(client_ip("10.20.0.11").udp(500, 53)); }},
        {client_on_farm_subnet,
         [] { return of_server(to_vip("10.20.0.50", 500, 500, sa_init(1).bytes())); }},
        {fragment_timeout,
         [] {
             Bench bench = two_armed();
             return bench.run({.bytes = bench.client_side(later_fragment()).build(),
                               .may_hold = false,
                               .was_held = true})
                 .verdict;
         }},
        {fragment_of_drop, later_part_of_a_dropped_datagram},
        {fragment_short, [] { return of_client6(init6().fragment(0, true).raw({})); }},
        {fragment_overlap,
         [] { return of_client(to_vip(client, 500, 500, Bytes(8, 1)).fragment(8, true)); }},
        {fragment_past_end,
         [] { return of_client(to_vip(client, 0, 0, Bytes(16, 1)).fragment(65528, false)); }},
        {fragment_limited,
         [] {
             return with_farm([](TableSpec& s) { s.limits.fragments_per_source = {1, 0}; },
                              to_vip(client, 4500, 4500, esp(256)).fragment(0, true));
         }},
        {icmp_unmatched,
         [] {
             return of_client(client_ip(vip).icmp(3, 3).payload(
                 PacketBuilder{}.ip(vip, client).udp(500, 500).build_ip()));
         }},
        {no_route,
         [] {
             TableSpec spec = two_armed_farm();
             spec.routes.clear();
             return Bench{spec}.from_server(PacketBuilder{}.ip("10.20.0.50", client)).verdict;
         }},
        {blackhole,
         [] { return of_server(PacketBuilder{}.ip("10.20.0.50", "100.64.0.1").protocol(6)); }},
        {no_neighbour,
         [] {
             TableSpec spec = two_armed_farm();
             for (auto& backend : spec.backends) backend.mac = {};
             Bench bench{spec};
             return bench.run({.bytes = bench.client_side(Session{}.init()).build(),
                               .may_hold = false,
                               .was_held = true})
                 .verdict;
         }},
        {interface_down,
         [] { return with_farm([](TableSpec& s) { s.interfaces[srv].is_up = false; }); }},
        {punt_limited,
         [] {
             Bench bench = two_armed();
             return flood(bench, arp(), punt_limited);
         }},
        {no_buffer,
         [] {
             TableSpec spec = two_armed_farm();
             spec.interfaces[srv].vlan = 20;
             Bench bench{spec};
             return bench
                 .run({.bytes = bench.client_side(Session{}.init()).build(), .headroom = 3})
                 .verdict;
         }},
    };
    return all;
}

TEST(Verdicts, AreEachProvokedByAnExample) {
    for (const auto& [verdict, provoke] : examples())
        EXPECT_EQ(name(provoke()), name(verdict));
}

TEST(Verdicts, HaveAnExampleUnlessOnlyAShellWithQueuesCanGiveThem) {
    const std::set<Verdict> of_the_shell{tx_full, twin_full, hold_full};
    for (std::size_t i = 0; i < verdict_count; ++i) {
        const auto verdict = static_cast<Verdict>(i);
        EXPECT_NE(examples().contains(verdict), of_the_shell.contains(verdict)) << name(verdict);
    }
}

TEST(Verdicts, AreCountedUnderTheirNamesOncePerFrame) {
    Bench bench{two_armed_farm()};
    bench.from_client(Session{}.init());
    bench.from_client(arp());
    const Input again{.bytes = bench.client_side(later_fragment()).build(), .was_held = true};
    bench.from_client(later_fragment());
    bench.run(again);
    bench.run(again);
    EXPECT_EQ(bench.count(to_server), 1u);
    EXPECT_EQ(bench.count(punt_arp), 1u);
    EXPECT_EQ(bench.count(hold_fragment), 1u) << "a frame that is held on is not counted again";
}

TEST(Verdicts, OfPuntsThatWereLimitedSayWhichClassItWas) {
    Bench bench{two_armed_farm()};
    flood(bench, arp(), punt_limited);
    EXPECT_EQ(bench.counters().punts_limited[static_cast<std::size_t>(punt_arp)].read(), 1u);
    EXPECT_EQ(name(bench.from_client(client_ip(vip).icmp(8, 0)).verdict), "punt_icmp")
        << "classes do not share a limit";
}

}  // namespace
}  // namespace ikelb::pipeline
