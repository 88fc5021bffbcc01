// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <random>

#include "config/text/address.h"
#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

class Rewrite : public testing::Test {
protected:
    Bench bench{two_armed_farm()};

    /// What must have become of a client's packet: another destination, link and TTL, no more.
    Bytes expected_at(forwarding::BackendIndex backend, PacketBuilder packet,
                      std::uint8_t ttl = 63) {
        const InterfaceSpec& out = bench.spec.interfaces[srv];
        packet.to_ip(bench.spec.backends[backend].address).ttl(ttl);
        packet.mac(out.mac, bench.spec.backends[backend].mac);
        if (out.vlan != 0) packet.vlan(out.vlan);
        return packet.build();
    }
};

TEST_F(Rewrite, ToAServerChangesDestinationLinkAndTtlAlone) {
    const auto packet = to_vip(client, 40000, 4500, esp(0xc0000001, 101));
    const auto outcome = bench.from_client(packet);
    EXPECT_EQ(outcome.out_port, lan);
    EXPECT_EQ(difference(expected_at(outcome.backend, packet), outcome.bytes), "");
}

TEST_F(Rewrite, ToAClientChangesSourceLinkAndTtlAlone) {
    PacketBuilder packet = reply(rras3, 4500, client, 40000, esp(0xd0000001, 77));
    const auto outcome = bench.from_server(packet);
    packet.from_ip(address(vip)).ttl(63).mac(ext_mac(), first_gateway_mac());
    EXPECT_EQ(outcome.out_port, wan);
    EXPECT_EQ(difference(packet.build(), outcome.bytes), "");
}

TEST_F(Rewrite, LeavesAUdpChecksumOfZeroAtZero) {
    const auto up = bench.from_client(to_vip(client, 4500, 4500, esp(256)).no_udp_checksum());
    EXPECT_TRUE(up.packet().is_udp_checksum_zero);
    const auto down =
        bench.from_server(reply(rras1, 4500, client, 4500, esp(256)).no_udp_checksum());
    EXPECT_TRUE(down.packet().is_udp_checksum_zero);
}

TEST_F(Rewrite, SendsAComputedUdpChecksumOfZeroAsAllOnes) {
    const auto backend = bench.from_client(to_vip(client, 4500, 4500, esp(256))).backend;
    int seen = 0;
    for (unsigned word = 0; word < 0x10000; ++word) {
        Bytes payload = esp(256, 16);
        payload[14] = static_cast<std::uint8_t>(word >> 8);
        payload[15] = static_cast<std::uint8_t>(word);
        PacketBuilder packet = to_vip(client, 4500, 4500, payload);
        PacketBuilder after = packet;
        after.to_ip(bench.spec.backends[backend].address);
        const Bytes built = after.build();
        if (built[40] != 0xff || built[41] != 0xff) continue;
        ++seen;
        EXPECT_EQ(difference(expected_at(backend, packet), bench.from_client(packet).bytes), "");
    }
    EXPECT_GT(seen, 0);
}

TEST_F(Rewrite, KeepsAWrongUdpChecksumWrong) {
    const auto outcome =
        bench.from_client(to_vip(client, 4500, 4500, esp(256)).udp_checksum(0x1234));
    EXPECT_EQ(name(outcome.verdict), "to_server");
    EXPECT_FALSE(outcome.packet().is_udp_checksum_good);
}

TEST_F(Rewrite, GoesByTheHeaderLengthWhereThereAreOptions) {
    const auto packet = to_vip(client, 500, 500, sa_init(1).bytes()).options({1, 1, 1, 0});
    const auto outcome = bench.from_client(packet);
    EXPECT_EQ(difference(expected_at(outcome.backend, packet), outcome.bytes), "");
}

TEST_F(Rewrite, AddsATagWhereTheWayOutHasOne) {
    bench.spec = one_port_farm();
    bench.apply();
    const auto packet = to_vip(client, 500, 500, sa_init(1).bytes());
    const auto outcome = bench.from_client(packet);
    EXPECT_EQ(outcome.out_port, wan);
    EXPECT_EQ(outcome.out_shift, -4);
    EXPECT_EQ(difference(expected_at(outcome.backend, packet), outcome.bytes), "");
}

TEST_F(Rewrite, RemovesATagWhereTheWayOutHasNone) {
    bench.spec = one_port_farm();
    bench.apply();
    PacketBuilder packet = reply(rras1, 4500, client, 4500, esp(256));
    const auto outcome = bench.from_server(packet);
    EXPECT_EQ(outcome.out_shift, 4);
    packet.from_ip(address(vip)).ttl(63).mac(ext_mac(), first_gateway_mac());
    EXPECT_EQ(difference(packet.build(), outcome.bytes), "");
}

TEST_F(Rewrite, ReplacesOneTagByAnother) {
    bench.spec = one_port_farm();
    bench.spec.interfaces[ext].vlan = 10;
    bench.apply();
    const auto packet = to_vip(client, 500, 500, sa_init(1).bytes());
    PacketBuilder tagged = packet;
    tagged.vlan(10, 5);
    const auto outcome = bench.from_client(tagged);
    EXPECT_EQ(outcome.out_shift, 0);
    EXPECT_EQ(difference(expected_at(outcome.backend, packet), outcome.bytes), "");
}

TEST_F(Rewrite, TakesAPriorityTagForUntagged) {
    PacketBuilder packet = to_vip(client, 500, 500, sa_init(1).bytes());
    const auto outcome = bench.from_client(packet.vlan(0, 6));
    EXPECT_EQ(name(outcome.verdict), "to_server");
}

TEST_F(Rewrite, StripsTheTagOfWhatGoesToTheKernel) {
    bench.spec = one_port_farm();
    bench.apply();
    const auto packet = PacketBuilder{}.ip("10.20.0.50", own_lan).icmp(8, 0).pad_to(64);
    const auto outcome = bench.from_server(packet);
    ASSERT_EQ(name(outcome.verdict), "punt_icmp");
    EXPECT_EQ(outcome.in_interface, srv);
    PacketBuilder untagged = packet;
    untagged.mac(server_mac(0), bench.spec.interfaces[srv].mac).pad_to(60);
    EXPECT_EQ(difference(untagged.build(), outcome.bytes), "");
}

TEST_F(Rewrite, NeedsHeadroomForATagAndSaysSo) {
    bench.spec = one_port_farm();
    bench.apply();
    const auto frame = bench.client_side(Session{}.init()).build();
    EXPECT_EQ(name(bench.run({.bytes = frame, .headroom = 4}).verdict), "to_server");
    EXPECT_EQ(name(bench.run({.bytes = frame, .headroom = 3}).verdict), "no_buffer");
}

TEST_F(Rewrite, OfTransitTouchesTheTtlAndTheLinkAlone) {
    PacketBuilder packet =
        PacketBuilder{}.ip("10.20.0.50", client).protocol(6).payload(Bytes(333, 7));
    const auto outcome = bench.from_server(packet);
    ASSERT_EQ(name(outcome.verdict), "transit");
    packet.ttl(63).mac(ext_mac(), first_gateway_mac());
    EXPECT_EQ(difference(packet.build(), outcome.bytes), "");
}

TEST_F(Rewrite, OfTransitFromTheClientSideTouchesAsLittle) {
    bench.spec.wall.is_open = true;
    bench.apply();
    PacketBuilder packet =
        PacketBuilder{}.ip(client, server(rras2).c_str()).protocol(6).payload(Bytes(40, 7));
    const auto outcome = bench.from_client(packet);
    ASSERT_EQ(name(outcome.verdict), "transit");
    packet.ttl(63).mac(srv_mac(), server_mac(rras2));
    EXPECT_EQ(difference(packet.build(), outcome.bytes), "");
}

TEST_F(Rewrite, OfAServersIkeToAnInsideAddressIsNone) {
    const auto outcome =
        bench.from_server(PacketBuilder{}.ip(server(rras1).c_str(), "10.20.0.12").udp(500, 500));
    EXPECT_EQ(name(outcome.verdict), "transit");
    EXPECT_EQ(text::to_text(outcome.packet().from), server(rras1));
}

TEST_F(Rewrite, ThereAndBackGivesTheOriginalBytes) {
    std::mt19937 random{3};
    for (int round = 0; round < 3000; ++round) {
        Bytes payload = esp(256 + static_cast<std::uint32_t>(random() >> 9), 8 + random() % 200);
        for (std::size_t i = 8; i < payload.size(); ++i)
            payload[i] = static_cast<std::uint8_t>(random());
        const std::string from = "192.0.2." + std::to_string(random() % 254 + 1);
        const auto port = static_cast<std::uint16_t>(random());
        PacketBuilder up = to_vip(from.c_str(), port, 4500, payload);
        if (random() % 4 == 0) up.no_udp_checksum();
        const auto out = bench.from_client(up);
        ASSERT_EQ(name(out.verdict), "to_server");
        // The server's echo: the same datagram the other way round.
        Bytes echo = out.bytes;
        std::swap_ranges(echo.begin(), echo.begin() + 6, echo.begin() + 6);
        std::swap_ranges(echo.begin() + 26, echo.begin() + 30, echo.begin() + 30);
        std::swap_ranges(echo.begin() + 34, echo.begin() + 36, echo.begin() + 36);
        const auto back = bench.run({.bytes = echo, .port = lan});
        ASSERT_EQ(name(back.verdict), "to_client");
        PacketBuilder expected = PacketBuilder{}.ip(vip, from.c_str()).udp(4500, port);
        expected.payload(payload).ttl(62).mac(ext_mac(), first_gateway_mac());
        if (dissect(out.bytes).is_udp_checksum_zero) expected.no_udp_checksum();
        ASSERT_EQ(difference(expected.build(), back.bytes), "");
    }
}

TEST_F(Rewrite, CountsPacketsAndBytesOfTheServiceAndServer) {
    const auto outcome = bench.from_client(Session{}.init());
    const auto member = bench.table().member(0, outcome.backend).value();
    const auto& counters = bench.counters().members[member];
    EXPECT_EQ(counters.packets_to_server.read(), 1u);
    EXPECT_EQ(counters.bytes_to_server.read(), outcome.packet().end - outcome.packet().l3);
    bench.from_server(Session{.backend = outcome.backend}.init_answer());
    EXPECT_EQ(counters.packets_to_client.read(), 1u);
}

TEST_F(Rewrite, OfAFrameInSeveralBuffersIsOfItsHeadersAlone) {
    const auto packet = to_vip(client, 4500, 4500, esp(256, 1400));
    const auto outcome =
        bench.run({.bytes = bench.client_side(packet).build(), .contiguous = 96});
    EXPECT_EQ(difference(expected_at(outcome.backend, packet), outcome.bytes), "");
}

TEST_F(Rewrite, OfAnUnresolvedServerAsksForItAndWaits) {
    for (auto& backend : bench.spec.backends) backend.mac = {};
    bench.spec.neighbours.clear();
    bench.apply();
    const auto outcome = bench.from_client(Session{}.init());
    EXPECT_EQ(name(outcome.verdict), "hold_neighbour");
    ASSERT_EQ(bench.memory().neighbours.size(), 1u);
    EXPECT_EQ(bench.memory().neighbours[0].address, bench.spec.backends[outcome.backend].address);
}

}  // namespace
}  // namespace ikelb::pipeline
