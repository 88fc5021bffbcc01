// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <random>

#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

constexpr std::uint8_t hop_by_hop = 0, routing = 43, authentication = 51, options = 60;
constexpr std::uint8_t echo = 128, neighbour_solicitation = 135, neighbour_advertisement = 136;

class Ipv6 : public testing::Test {
protected:
    Bench bench{dual_stack_farm()};

    static PacketBuilder init() { return Session{.client = client6, .vip = vip6}.init(); }
    static PacketBuilder esp_up() {
        return to_vip(client6, 40000, 4500, esp(0xc0000001, 101), vip6);
    }
    static PacketBuilder to(const char* destination, const char* source = client6) {
        return PacketBuilder{}.ip(source, destination).payload(Bytes(16, 1));
    }
    static PacketBuilder ndp(const char* source, const char* destination, std::uint8_t type) {
        return to(destination, source).icmp(type, 0).ttl(255).payload(Bytes(16, 1));
    }
    std::string verdict(const PacketBuilder& packet) {
        return name(bench.from_client(packet).verdict);
    }
    std::string server_verdict(const PacketBuilder& packet) {
        return name(bench.from_server(packet).verdict);
    }
    /// What must have become of a client's packet: another destination, link and hop limit.
    Bytes expected_at(forwarding::BackendIndex backend, PacketBuilder packet) {
        packet.to_ip(bench.spec.backends[backend].address).ttl(63);
        return packet.mac(srv_mac(), bench.spec.backends[backend].mac).build();
    }
    void expect_translated(const PacketBuilder& packet) {
        const auto outcome = bench.from_client(packet);
        ASSERT_EQ(name(outcome.verdict), "to_server");
        EXPECT_GE(outcome.backend, first_v6_server);
        EXPECT_EQ(difference(expected_at(outcome.backend, packet), outcome.bytes), "");
    }
};

TEST_F(Ipv6, ToAServerChangesDestinationLinkAndHopLimitAlone) {
    expect_translated(esp_up());
    expect_translated(init());
}

TEST_F(Ipv6, ToAClientChangesSourceLinkAndHopLimitAlone) {
    PacketBuilder packet = reply(first_v6_server, 4500, client6, 40000, esp(0xd0000001, 77));
    const auto outcome = bench.from_server(packet);
    ASSERT_EQ(name(outcome.verdict), "to_client");
    packet.from_ip(address(vip6)).ttl(63).mac(ext_mac(), first_gateway_mac());
    EXPECT_EQ(difference(packet.build(), outcome.bytes), "");
}

TEST_F(Ipv6, KeepsExtensionHeadersBeforeTheUdpHeader) {
    expect_translated(esp_up().extension(hop_by_hop).extension(options, Bytes(20, 1)));
    expect_translated(esp_up().extension(routing, {4, 0}));
}

TEST_F(Ipv6, TakesAnAtomicFragmentForAWholeDatagram) {
    expect_translated(esp_up().fragment(0, false));
    expect_translated(init().extension(options).fragment(0, false).extension(options));
}

TEST_F(Ipv6, LogsInAndStaysOnItsServer) {
    const Session session = log_in(bench, {.client = client6, .vip = vip6});
    EXPECT_EQ(bench.from_client(session.dpd()).backend, session.backend);
    EXPECT_EQ(bench.from_client(session.esp_up(0xc0000077)).backend, session.backend);
}

TEST_F(Ipv6, LeavesAUdpChecksumOfZeroAndCountsIt) {
    expect_translated(esp_up().no_udp_checksum());
    EXPECT_EQ(bench.counters().udp6_without_checksum.read(), 1u);
    expect_translated(esp_up());
    EXPECT_EQ(bench.counters().udp6_without_checksum.read(), 1u);
}

TEST_F(Ipv6, SendsAComputedUdpChecksumOfZeroAsAllOnes) {
    const auto backend = bench.from_client(esp_up()).backend;
    int seen = 0;
    for (unsigned word = 0; word < 0x10000; ++word) {
        Bytes payload = esp(0xc0000001, 16);
        payload[14] = static_cast<std::uint8_t>(word >> 8);
        payload[15] = static_cast<std::uint8_t>(word);
        const PacketBuilder packet = to_vip(client6, 40000, 4500, payload, vip6);
        const Bytes expected = expected_at(backend, packet);
        if (expected[60] != 0xff || expected[61] != 0xff) continue;
        ++seen;
        EXPECT_EQ(difference(expected, bench.from_client(packet).bytes), "");
    }
    EXPECT_GT(seen, 0);
}

TEST_F(Ipv6, ThereAndBackGivesTheOriginalBytes) {
    std::mt19937 random{7};
    for (int round = 0; round < 3000; ++round) {
        Bytes payload = esp(256 + static_cast<std::uint32_t>(random() >> 9), 8 + random() % 200);
        for (std::size_t i = 8; i < payload.size(); ++i)
            payload[i] = static_cast<std::uint8_t>(random());
        const std::string from = "2001:db8:192::" + std::to_string(random() % 9999 + 1);
        const auto port = static_cast<std::uint16_t>(random());
        PacketBuilder up = to_vip(from.c_str(), port, 4500, payload, vip6);
        if (random() % 4 == 0) up.no_udp_checksum();
        const auto out = bench.from_client(up);
        ASSERT_EQ(name(out.verdict), "to_server");
        ASSERT_TRUE(out.packet().is_udp_checksum_good);
        // The server's echo: the same datagram the other way round.
        Bytes echoed = out.bytes;
        std::swap_ranges(echoed.begin(), echoed.begin() + 6, echoed.begin() + 6);
        std::swap_ranges(echoed.begin() + 22, echoed.begin() + 38, echoed.begin() + 38);
        std::swap_ranges(echoed.begin() + 54, echoed.begin() + 56, echoed.begin() + 56);
        const auto back = bench.run({.bytes = echoed, .port = lan});
        ASSERT_EQ(name(back.verdict), "to_client");
        PacketBuilder expected = PacketBuilder{}.ip(vip6, from.c_str()).udp(4500, port);
        expected.payload(payload).ttl(62).mac(ext_mac(), first_gateway_mac());
        if (dissect(out.bytes).is_udp_checksum_zero) expected.no_udp_checksum();
        ASSERT_EQ(difference(expected.build(), back.bytes), "");
    }
}

TEST_F(Ipv6, CrossesTagsLikeIpv4) {
    bench.spec.interfaces[srv].port = wan;
    bench.spec.interfaces[srv].vlan = 20;
    bench.apply();
    const auto outcome = bench.from_client(init());
    ASSERT_EQ(name(outcome.verdict), "to_server");
    EXPECT_EQ(outcome.packet().vlan, 20);
    EXPECT_TRUE(outcome.packet().is_v6);
    EXPECT_TRUE(outcome.packet().is_udp_checksum_good);
}

TEST_F(Ipv6, OfTransitIsRoutedUntouched) {
    PacketBuilder packet = to(client6, "fd00:20::50").protocol(6).payload(Bytes(333, 7));
    const auto outcome = bench.from_server(packet);
    ASSERT_EQ(name(outcome.verdict), "transit");
    packet.ttl(63).mac(ext_mac(), first_gateway_mac());
    EXPECT_EQ(difference(packet.build(), outcome.bytes), "");
}

TEST_F(Ipv6, CountsTheBytesOfWholePackets) {
    const auto outcome = bench.from_client(init());
    const auto member = bench.table().member(1, outcome.backend).value();
    const auto& counters = bench.counters().members[member];
    EXPECT_EQ(counters.bytes_to_server.read(), outcome.packet().end - outcome.packet().l3);
}

TEST_F(Ipv6, MalformedIsDroppedByName) {
    EXPECT_EQ(verdict(init().version_ihl(0x45)), "bad_ip_header");
    EXPECT_EQ(verdict(init().total_length(0)), "bad_ip_header") << "a jumbogram";
    EXPECT_EQ(verdict(init().total_length(2000)), "truncated");
    EXPECT_EQ(verdict(init().total_length(7)), "truncated") << "no room for a UDP header";
    EXPECT_EQ(verdict(init().udp_length(0)), "bad_udp_length");
    EXPECT_EQ(verdict(init().cut_to(14 + 39)), "truncated");
    EXPECT_EQ(verdict(init().extension(options).extension(hop_by_hop)), "bad_extension");
    EXPECT_EQ(verdict(init().extension(options, Bytes(1000, 0))), "bad_extension");
    EXPECT_EQ(verdict(to(vip6).extension(options).raw({}).total_length(4)), "truncated");
}

TEST_F(Ipv6, WithHeadersInSeveralBuffersIsDroppedByName) {
    const Bytes frame = bench.client_side(esp_up().extension(options)).build();
    for (const std::size_t first : {53u, 54u, 61u, 62u, 69u})
        EXPECT_EQ(name(bench.run({.bytes = frame, .contiguous = first}).verdict), "headers_split")
            << first;
    EXPECT_EQ(name(bench.run({.bytes = frame, .contiguous = 14 + 48 + 8 + 32}).verdict),
              "to_server");
}

TEST_F(Ipv6, FromWhomItCannotBeIsDropped) {
    for (const char* source : {"ff02::1", "::1", "::", vip6, own_wan6})
        EXPECT_EQ(verdict(to(vip6, source).udp(500, 500)), "bad_source") << source;
    EXPECT_EQ(verdict(to("ff02::1", "ff02::2").icmp(echo, 0)), "bad_source");
    EXPECT_EQ(verdict(to("ff02::1", "::").udp(1, 2)), "bad_source");
    EXPECT_EQ(verdict(to("fe80::5", "::").icmp(echo, 0)), "bad_source");
    EXPECT_EQ(verdict(to(vip6, "fd00:20::14").udp(500, 500)), "spoofed_backend");
}

TEST_F(Ipv6, OfALinkIsNotForwardedToAnother) {
    EXPECT_EQ(verdict(Session{.client = "fe80::7", .vip = vip6}.init()), "bad_source");
    EXPECT_EQ(server_verdict(to(client6, "fe80::7").protocol(6)), "bad_source");
}

TEST_F(Ipv6, WithAMappedAddressIsNoIpv4) {
    EXPECT_EQ(verdict(to("::ffff:203.0.113.10").udp(500, 500)), "mapped_address");
    Bytes frame = bench.client_side(init()).build();
    const auto mapped = address(client).bytes();
    std::ranges::copy(mapped, frame.begin() + 22);
    EXPECT_EQ(name(bench.run({.bytes = frame}).verdict), "mapped_address");
}

TEST_F(Ipv6, WhoseSenderSaysByWhichRoutersItGoesIsDroppedFromEitherSide) {
    EXPECT_EQ(verdict(init().extension(routing, {0, 1})), "source_routed");
    EXPECT_EQ(verdict(to(vip6).icmp(echo, 0).extension(routing, {3, 2})), "source_routed");
    EXPECT_EQ(verdict(init().extension(routing, {0, 0})), "source_routed") << "RFC 5095";
    EXPECT_EQ(verdict(init().extension(routing, {3, 0})), "to_server");
    EXPECT_EQ(server_verdict(
                  reply(first_v6_server, 500, client6, 500, {}).extension(routing, {0, 1})),
              "source_routed");
    EXPECT_EQ(server_verdict(to(client6, "fd00:20::50").protocol(6).extension(routing, {0, 1})),
              "source_routed");
}

TEST_F(Ipv6, NeighborDiscoveryReachesTheKernelInAClassOfItsOwn) {
    EXPECT_EQ(verdict(ndp("fe80::1", "ff02::1:ff00:10", neighbour_solicitation)), "punt_ndp");
    EXPECT_EQ(verdict(ndp("::", "ff02::1:ff00:10", neighbour_solicitation)), "punt_ndp");
    EXPECT_EQ(verdict(ndp("fe80::1", "fe80::2", neighbour_advertisement)), "punt_ndp");
    EXPECT_EQ(verdict(ndp("2001:db8:198::50", own_wan6, neighbour_advertisement)), "punt_ndp");
    EXPECT_EQ(verdict(ndp("2001:db8:198::50", vip6, neighbour_solicitation)), "punt_ndp");
    EXPECT_EQ(server_verdict(ndp("fd00:20::14", own_lan6, neighbour_advertisement)), "punt_ndp");
}

TEST_F(Ipv6, NeighborDiscoveryThatARouterForwardedIsNone) {
    EXPECT_EQ(verdict(ndp(client6, own_wan6, neighbour_advertisement).ttl(254)), "punt_icmp");
    EXPECT_EQ(verdict(ndp(client6, "ff02::1", neighbour_advertisement).ttl(254)),
              "punt_multicast");
}

TEST_F(Ipv6, OfTheKernelsAddressesReachesIt) {
    EXPECT_EQ(verdict(to(own_wan6).icmp(echo, 0)), "punt_icmp");
    EXPECT_EQ(verdict(to(vip6).icmp(echo, 0)), "punt_icmp");
    EXPECT_EQ(verdict(to(own_wan6).protocol(6)), "punt_local");
    EXPECT_EQ(verdict(to("fe80::2", "fe80::1").udp(547, 546)), "punt_local");
    EXPECT_EQ(verdict(to("fe80::2", "fe80::1").icmp(echo, 0)), "punt_icmp");
    EXPECT_EQ(verdict(to("ff02::5", "fe80::1").protocol(89)), "punt_multicast");
    EXPECT_EQ(server_verdict(to(own_lan6, "fd00:20::14").icmp(129, 0)), "punt_backend");
    EXPECT_EQ(verdict(to(vip6).protocol(authentication)), "vip_closed");
    EXPECT_EQ(verdict(to(vip6).protocol(1)), "vip_closed") << "ICMPv4 is no ICMPv6";
}

TEST_F(Ipv6, ServiceUdpNeverReachesTheKernel) {
    for (const char* own : {own_wan6, "fe80::2", "ff02::1", "ff0e::1"})
        for (const std::uint16_t port : forwarding::service_port_numbers)
            EXPECT_EQ(verdict(to(own, "fe80::1").udp(9, port).extension(options)),
                      "service_port_own")
                << own;
    Bytes frame = init().mac(first_gateway_mac(), mac("33:33:00:00:00:01")).build();
    EXPECT_EQ(name(bench.run({.bytes = frame}).verdict), "not_for_us");
}

TEST_F(Ipv6, NativeEspAndDirectTrafficAreDroppedByName) {
    EXPECT_EQ(verdict(to(vip6).protocol(50).extension(options)), "native_esp");
    EXPECT_EQ(verdict(to("fd00:20::14").udp(500, 500)), "direct_to_backend");
    EXPECT_EQ(verdict(to("fd00:20::14").protocol(50)), "direct_to_backend");
}

TEST_F(Ipv6, WithoutANeighbourWaitsAndAsks) {
    for (auto& backend : bench.spec.backends) backend.mac = {};
    bench.spec.neighbours.clear();
    bench.apply();
    const auto outcome = bench.from_client(init());
    EXPECT_EQ(name(outcome.verdict), "hold_neighbour");
    ASSERT_EQ(bench.memory().neighbours.size(), 1u);
    EXPECT_EQ(bench.memory().neighbours[0].address, bench.spec.backends[outcome.backend].address);
}

}  // namespace
}  // namespace ikelb::pipeline
