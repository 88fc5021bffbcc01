// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/testlib/bench.h"
#include "tests/testlib/samples.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

TEST(AnyPacket, CutAnywhereGetsAVerdictAndIsReadNoFurther) {
    for (const TableSpec& spec : sample_farms()) {
        Bench bench{spec};
        log_in(bench);
        for (const Input& frame : sample_frames(bench))
            for (std::size_t length = 0; length < frame.bytes.size(); ++length) {
                Input part = frame;
                part.bytes.resize(length);
                const Outcome outcome = bench.run(part);
                EXPECT_NE(outcome.verdict, Verdict::to_client) << length;
                EXPECT_NE(outcome.verdict, Verdict::to_server) << length;
            }
    }
}

TEST(AnyPacket, SplitOverBuffersIsForwardedAsAWholeOrDroppedByName) {
    constexpr std::size_t enough = 160;  // link, extensions, UDP, IKE and an ICMP error's quote
    for (const TableSpec& spec : sample_farms()) {
        Bench bench{spec};
        log_in(bench);
        for (const Input& frame : sample_frames(bench)) {
            bench.advance(1);
            const Outcome whole = bench.run(frame);
            for (std::size_t first = 0; first < frame.bytes.size(); ++first) {
                Input split = frame;
                split.contiguous = first;
                bench.advance(1);
                const Outcome outcome = bench.run(split);
                if (outcome.verdict != whole.verdict && first < enough) {
                    EXPECT_NE(outcome.verdict, Verdict::to_server) << first;
                    EXPECT_NE(outcome.verdict, Verdict::to_client) << first;
                    continue;
                }
                ASSERT_EQ(name(outcome.verdict), name(whole.verdict)) << first;
                if (whole.verdict != Verdict::icmp_error_sent) {
                    EXPECT_EQ(difference(whole.bytes, outcome.bytes), "") << first;
                }
            }
        }
    }
}

/// Random UDP to the service ports of the VIPs and of our own addresses, right and wrong in every
/// way, also as fragments and broadcast frames.
PacketBuilder random_service_udp(std::mt19937& random, const Bench& bench) {
    const std::array targets{vip, second_vip, own_wan, own_lan};
    const std::array sources{client, other_client, "10.20.0.11", "10.20.0.50", vip, "0.0.0.0"};
    Bytes payload(random() % 80);
    for (auto& byte : payload) byte = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
    PacketBuilder packet =
        to_vip(sources[random() % sources.size()], static_cast<std::uint16_t>(random()),
               random() % 2 == 0 ? 500 : 4500, payload, targets[random() % targets.size()]);
    packet = bench.client_side(packet);
    if (random() % 4 == 0) packet.fragment(random() % 4 * 8, random() % 2 == 0);
    if (random() % 8 == 0) packet.udp_length(static_cast<std::uint16_t>(random()));
    if (random() % 8 == 0) packet.total_length(static_cast<std::uint16_t>(random() % 120));
    if (random() % 8 == 0) packet.version_ihl(static_cast<std::uint8_t>(random()));
    if (random() % 8 == 0) packet.bad_ip_checksum();
    if (random() % 8 == 0) packet.ttl(static_cast<std::uint8_t>(random() % 3));
    if (random() % 8 == 0) packet.options(Bytes(random() % 10 * 4, 1));
    if (random() % 8 == 0) packet.pad_to(60 + random() % 60);
    if (random() % 8 == 0) packet.vlan(0);
    if (random() % 8 == 0) packet.cut_to(random() % 100);
    if (random() % 8 == 0) packet.mac(first_gateway_mac(), mac("ff:ff:ff:ff:ff:ff"));
    return packet;
}

/// The same of IPv6, with extension headers in any order, also to the kernel's own kinds of
/// address.
PacketBuilder random_service_udp6(std::mt19937& random, const Bench& bench) {
    const std::array targets{vip6, own_wan6, own_lan6, "fe80::2", "ff02::1",
                             "::ffff:203.0.113.10"};
    const std::array sources{client6, other_client6, "fd00:20::14", "fd00:20::50",
                             vip6,    "::",          "fe80::1",     "ff02::1"};
    Bytes payload(random() % 80);
    for (auto& byte : payload) byte = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
    PacketBuilder packet =
        to_vip(sources[random() % sources.size()], static_cast<std::uint16_t>(random()),
               random() % 2 == 0 ? 500 : 4500, payload, targets[random() % targets.size()]);
    packet = bench.client_side(packet).identification(random() % 4);
    for (auto count = random() % 16 < 15 ? random() % 3 : 12; count > 0; --count) {
        const std::array<std::uint8_t, 4> kinds{0, 43, 60, 60};
        Bytes body(random() % 40);
        if (body.size() > 2) body[1] = static_cast<std::uint8_t>(random() % 4 == 0);
        packet.extension(kinds[random() % kinds.size()], body);
        if (random() % 6 == 0) packet.fragment(random() % 4 * 8, random() % 2 == 0);
    }
    if (random() % 8 == 0) packet.udp_length(static_cast<std::uint16_t>(random()));
    if (random() % 8 == 0) packet.total_length(static_cast<std::uint16_t>(random() % 160));
    if (random() % 8 == 0) packet.ttl(static_cast<std::uint8_t>(random() % 3));
    if (random() % 8 == 0) packet.pad_to(80 + random() % 60);
    if (random() % 8 == 0) packet.cut_to(random() % 140);
    if (random() % 8 == 0) packet.mac(first_gateway_mac(), mac("33:33:00:00:00:01"));
    return packet;
}

/// What is of the link alone asks no fragment table: the first part does not get past us, and
/// without it the kernel can make nothing of the others.
bool is_rest_for_the_link(const PacketBuilder& packet) {
    const Dissected d = dissect(packet.build());
    return d.is_valid && d.is_v6 && d.is_later_fragment &&
           (d.to.is_ipv6_link_local() || d.to.is_multicast_or_broadcast());
}

template <typename Generator>
void expect_never_punted(TableSpec spec, Generator&& generate) {
    std::mt19937 random{4};
    for (auto& interface : spec.interfaces) interface.mac = ext_mac();
    Bench bench{spec};
    std::map<Verdict, int> seen;
    for (int round = 0; round < 40000; ++round) {
        const PacketBuilder packet = generate(random, bench);
        const Outcome outcome = bench.run({.bytes = packet.build(),
                                           .port = static_cast<forwarding::PortIndex>(random() % 2),
                                           .may_hold = random() % 2 == 0});
        if (!is_rest_for_the_link(packet)) {
            ASSERT_NE(outcome.fate(), Disposition::punt) << name(outcome.verdict) << "\n" << packet;
        }
        ++seen[outcome.verdict];
    }
    EXPECT_GT(seen.size(), 12u) << "the generator must reach many ways out";
}

TEST(ServiceUdp, IsNeverPuntedInAnyForm) {
    TableSpec spec = farm_with_two_vips();
    spec.services[1].is_served = false;
    expect_never_punted(spec, random_service_udp);
}

TEST(ServiceUdp, OverIpv6IsNeverPuntedInAnyForm) {
    expect_never_punted(dual_stack_farm(), random_service_udp6);
}

TEST(ManyWorkers, DecideAsOneDoes) {
    std::mt19937 random{5};
    for (const TableSpec& spec : sample_farms()) {
        Bench one{spec, 1};
        Bench two{spec, 2};
        std::map<int, forwarding::BackendIndex> backends;
        for (int step = 0; step < 4000; ++step) {
            const int who = static_cast<int>(random() % 40);
            const bool is_v6 = who % 2 == 1 && spec.services.back().vip == address(vip6);
            Session session{
                .client = (is_v6 ? "2001:db8:192::" : "192.0.2.") + std::to_string(who + 20),
                .spi_i = static_cast<std::uint64_t>(who) + 1,
                .vip = is_v6 ? vip6 : vip};
            session.backend = backends.contains(who) ? backends[who]
                              : is_v6                ? first_v6_server
                                                     : rras1;
            const std::array<PacketBuilder, 8> packets{
                session.init(),        session.auth(),     session.dpd(),     session.esp_up(),
                session.init_answer(), session.esp_down(), session.auth_answer(),
                session.dpd_answer()};
            const std::size_t what = random() % packets.size();
            const std::size_t worker = random() % 2;
            const auto send = [&](Bench& bench, std::size_t by) {
                return what < 4 ? bench.from_client(packets[what], by)
                                : bench.from_server(packets[what], by);
            };
            const Outcome a = send(one, 0);
            const Outcome b = send(two, worker);
            ASSERT_EQ(name(a.verdict), name(b.verdict)) << packets[what];
            ASSERT_EQ(difference(a.bytes, b.bytes), "") << packets[what];
            if (what == 0 && a.verdict == Verdict::to_server) backends[who] = a.backend;
            one.advance(step % 3 == 0 ? 1 : 0);
            two.set_now(one.now());
        }
    }
}

TEST(ManyWorkers, KeepARetryWhereTheOtherWorkerPutIt) {
    TableSpec spec = two_armed_farm();
    spec.services[0].scheduler = forwarding::Scheduler::weighted_round_robin;
    Bench bench{spec, 2};
    const auto first = bench.from_client(Session{}.init(), 0).backend;
    bench.set_now(bench.now() - 1);  // the other worker's burst began a moment before
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(bench.from_client(Session{}.init(), 1).backend, first);
}

}  // namespace
}  // namespace ikelb::pipeline
