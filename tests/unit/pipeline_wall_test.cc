// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Who may say what of himself, and what of our own addresses is open: both families, and farms on
// two ports, on one port with a VLAN, and on one flat subnet.

#include <gtest/gtest.h>

#include "config/text/address.h"
#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

constexpr std::uint8_t tcp = 6, icmp_echo = 8, icmpv6_echo = 128;

PacketBuilder tcp_to(const char* from, const char* to, std::uint16_t port) {
    return PacketBuilder{}.ip(from, to).protocol(tcp).raw(tcp_header(40000, port));
}

class Wall : public testing::Test {
protected:
    Bench bench{dual_stack_farm()};

    std::string of_client(const PacketBuilder& packet) {
        return name(bench.from_client(packet).verdict);
    }
    std::string of_server(const PacketBuilder& packet) {
        return name(bench.from_server(packet).verdict);
    }
};

// --- Sources ---

TEST_F(Wall, KnowsTheSourcesThatNoHostHas) {
    for (const char* source : {"0.1.2.3", "127.9.9.9", "224.0.0.5", "239.255.255.255", "240.0.0.1",
                               "254.1.1.1", "255.255.255.255", "10.20.0.255", "198.51.100.255"}) {
        EXPECT_EQ(of_client(PacketBuilder{}.ip(source, vip).udp(500, 500)), "bad_source")
            << source;
        EXPECT_EQ(of_server(PacketBuilder{}.ip(source, client).udp(9, 53)), "bad_source")
            << source;
    }
    for (const char* source : {"::", "::1", "ff02::1", "ff0e::1"})
        EXPECT_EQ(of_client(PacketBuilder{}.ip(source, vip6).udp(500, 500)), "bad_source")
            << source;
}

TEST_F(Wall, TakesPrivateSharedAndDocumentationAddressesForThoseOfHosts) {
    for (const char* source :
         {"172.16.0.1", "192.168.1.1", "100.64.9.9", "192.0.2.1", "198.51.100.7", "223.1.1.1"})
        EXPECT_EQ(of_client(PacketBuilder{}.ip(source, vip).icmp(icmp_echo, 0)), "punt_icmp")
            << source;
}

TEST_F(Wall, LetsNobodySayByWhichRoutersAPacketGoes) {
    for (const std::uint8_t route : std::initializer_list<std::uint8_t>{131, 137}) {
        const Bytes options{1, 7, 3, 4, route, 3, 4, 0};
        EXPECT_EQ(of_client(Session{}.init().options(options)), "source_routed");
        EXPECT_EQ(
            of_client(PacketBuilder{}.ip(client, own_wan).icmp(icmp_echo, 0).options(options)),
            "source_routed");
        EXPECT_EQ(of_server(PacketBuilder{}.ip("10.20.0.50", client).udp(9, 53).options(options)),
                  "source_routed");
    }
    EXPECT_EQ(of_client(Session{}.init().options({7, 3, 4, 0})), "to_server") << "record route";
    EXPECT_EQ(of_client(Session{}.init().options({0, 131, 3, 4})), "to_server") << "behind the end";
    EXPECT_EQ(of_client(Session{}.init().options({7, 9, 4, 0})), "source_routed")
        << "an option that reaches beyond the header hides what follows";
    EXPECT_EQ(of_client(Session{}.init().options({131, 3, 4, 0}).fragment(8, false)),
              "source_routed")
        << "whatever else is wrong with it";
}

TEST_F(Wall, LetsNobodySaySoOnALinkEither) {
    const auto routed = [](const char* from, const char* to) {
        return PacketBuilder{}.ip(from, to).extension(43, {0, 1}).udp(9, 9);
    };
    EXPECT_EQ(of_client(routed(client6, "fe80::1")), "source_routed");
    EXPECT_EQ(of_client(routed("fe80::254", own_wan6)), "source_routed");
    EXPECT_EQ(of_client(routed("fe80::254", "fe80::1")), "source_routed");
    EXPECT_EQ(of_client(routed(client6, "ff02::1")), "source_routed");
    EXPECT_EQ(of_server(routed("fe80::14", "ff02::1")), "source_routed");
    EXPECT_EQ(of_client(PacketBuilder{}.ip(client, "224.0.0.1").udp(9, 9).options(
                  {131, 3, 4, 0})),
              "source_routed");
}

TEST_F(Wall, RefusesSourcesOfTheServersSideFromTheClients) {
    for (const char* source : {"10.20.0.50", "10.9.9.9"}) {
        EXPECT_EQ(of_client(Session{.client = source}.init()), "spoofed_source") << source;
        EXPECT_EQ(of_client(PacketBuilder{}.ip(source, own_wan).icmp(icmp_echo, 0)),
                  "spoofed_source");
        EXPECT_EQ(of_client(tcp_to(source, "10.20.0.11", 445)), "spoofed_source");
    }
    EXPECT_EQ(of_client(Session{.client = "fd00:20::50", .vip = vip6}.init()), "spoofed_source");
    EXPECT_EQ(of_client(PacketBuilder{}.ip("fd00:20::14", vip6).udp(500, 500)), "spoofed_backend");
    bench.spec.inside_prefixes.clear();
    bench.apply();
    EXPECT_EQ(of_client(Session{.client = "10.20.0.50"}.init()), "spoofed_source")
        << "the servers' own subnet needs no saying";
    EXPECT_EQ(of_client(Session{.client = "10.9.9.9"}.init()), "to_server");
}

TEST_F(Wall, RefusesThemFromAnotherVlanOfTheSamePort) {
    bench.spec = one_port_farm();
    bench.apply();
    EXPECT_EQ(of_client(PacketBuilder{}.ip("10.20.0.50", vip).udp(500, 500)), "spoofed_source");
    EXPECT_EQ(of_client(reply(rras1, 4500, client, 4500, esp(256))), "spoofed_backend");
    EXPECT_EQ(of_server(reply(rras1, 4500, client, 4500, esp(256))), "to_client");
}

// --- One interface that faces both sides ---

class FlatSubnet : public testing::Test {
protected:
    Bench bench{flat_farm()};

    std::string from(const net::MacAddress& mac, const PacketBuilder& packet) {
        return name(bench.from_gateway(packet, mac).verdict);
    }
    std::string of_router(const PacketBuilder& packet) {
        return from(first_gateway_mac(), packet);
    }
    std::string of_server(const PacketBuilder& packet) {
        return from(server_mac(rras1), packet);
    }
};

TEST_F(FlatSubnet, ServersSpeakForThemselvesAndNoRouterForThem) {
    const auto answer = reply(rras1, 4500, client, 4500, esp(256));
    EXPECT_EQ(of_server(answer), "to_client");
    EXPECT_EQ(of_router(answer), "spoofed_backend");
    EXPECT_EQ(of_router(Session{}.init()), "to_server");
}

TEST_F(FlatSubnet, ARouterDoesNotHandOnWhatALinkHasOfItself) {
    EXPECT_EQ(of_router(tcp_to("10.20.0.50", "192.0.2.200", 443)), "spoofed_source");
    EXPECT_EQ(of_router(tcp_to("10.9.9.9", "192.0.2.200", 443)), "spoofed_source");
    EXPECT_EQ(of_server(tcp_to("10.20.0.50", "192.0.2.200", 443)), "transit");
    EXPECT_EQ(of_server(tcp_to("10.9.9.9", "192.0.2.200", 443)), "transit");
}

TEST_F(FlatSubnet, ARouterMaySpeakForItself) {
    const auto ping = [](const char* from) {
        return PacketBuilder{}.ip(from, own_lan).icmp(icmp_echo, 0);
    };
    EXPECT_EQ(of_router(ping("10.20.0.254")), "punt_icmp");
    EXPECT_EQ(of_router(ping("10.20.0.77")), "spoofed_source");
    bench.spec.neighbours.push_back(
        {.interface = ext, .address = address("10.20.0.77"), .mac = first_gateway_mac()});
    bench.apply();
    EXPECT_EQ(of_router(ping("10.20.0.77")), "punt_icmp") << "its second address";
}

TEST_F(FlatSubnet, ARouterMaySayWhichAddressesItHas) {
    bench.spec.interfaces[ext].address6 = address("fd00:20::1");
    bench.spec.routes.push_back({.prefix = prefix("fd00:20::/64"), .interface = ext});
    bench.spec.inside_prefixes.push_back(prefix("fd00::/8"));
    bench.apply();
    const auto advertised = PacketBuilder{}
                                .ip("fd00:20::fe", "fd00:20::1")
                                .icmp(136, 0)
                                .ttl(255)
                                .payload(Bytes(16, 1));
    EXPECT_EQ(of_router(advertised), "punt_ndp") << "known by its IPv4 address alone so far";
    EXPECT_EQ(of_router(PacketBuilder{advertised}.ttl(254)), "spoofed_source");
}

/// Of a router that answers for a virtual MAC address and sends from its own.
net::MacAddress unknown_mac() { return mac("02:aa:aa:aa:aa:01"); }

TEST_F(FlatSubnet, WhoIsUnknownSpeaksForNobodyOfTheServersSide) {
    bench.spec.inside_prefixes.push_back(prefix("172.16.0.0/12"));
    bench.spec.neighbours.push_back({.interface = ext, .address = address("10.20.0.51"),
                                     .mac = mac("02:00:00:00:02:51")});
    bench.spec.services.push_back({.vip = address(vip6)});
    bench.spec.backends.push_back({.address = address("fd00:20::14"),
                                   .mac = mac("02:00:00:00:02:14"), .interface = ext});
    bench.spec.routes.push_back({.prefix = prefix("fd00:20::/64"), .interface = ext});
    bench.apply();
    const auto unknown = [&](const PacketBuilder& packet) { return from(unknown_mac(), packet); };
    for (const char* source : {"10.20.0.50", "10.20.0.51", "10.20.0.254", "172.16.0.9"}) {
        EXPECT_EQ(unknown(tcp_to(source, "100.66.0.1", 22)), "spoofed_source") << source;
        EXPECT_EQ(unknown(tcp_to(source, "10.20.0.12", 445)), "spoofed_source") << source;
        EXPECT_EQ(unknown(PacketBuilder{}.ip(source, vip).udp(500, 500)), "spoofed_source");
    }
    EXPECT_EQ(unknown(tcp_to("fd00:20::50", "fd00:20::14", 445)), "spoofed_source");
    EXPECT_EQ(unknown(tcp_to("fd00:20::14", client6, 443)), "spoofed_backend");
    EXPECT_EQ(unknown(tcp_to("10.20.0.11", client, 443)), "spoofed_backend");
    EXPECT_EQ(unknown(reply(rras1, 4500, client, 4500, esp(256))), "spoofed_backend");
    EXPECT_EQ(unknown(Session{}.init()), "to_server") << "clients' packets it does hand on";
}

TEST_F(FlatSubnet, ANeighbourSpeaksForItselfAlone) {
    const auto own = mac("02:00:00:00:02:51");
    bench.spec.neighbours.push_back(
        {.interface = ext, .address = address("10.20.0.51"), .mac = own});
    bench.apply();
    EXPECT_EQ(from(own, tcp_to("10.20.0.51", "192.0.2.200", 443)), "transit");
    EXPECT_EQ(from(own, tcp_to("10.20.0.50", "192.0.2.200", 443)), "spoofed_source");
    EXPECT_EQ(from(own, tcp_to("10.9.9.9", "192.0.2.200", 443)), "spoofed_source");
    EXPECT_EQ(from(own, tcp_to("10.20.0.11", "192.0.2.200", 443)), "spoofed_backend");
    EXPECT_EQ(of_server(tcp_to("10.20.0.51", "192.0.2.200", 443)), "transit")
        << "a server hands on what it tunnels for";
}

TEST_F(FlatSubnet, AMissingNeighbourIsAskedFor) {
    auto& asked = bench.memory().neighbours;
    EXPECT_EQ(from(unknown_mac(), tcp_to("10.20.0.50", "192.0.2.200", 443)), "spoofed_source");
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_EQ(asked[0].address, address("10.20.0.50"));
    asked.clear();
    from(unknown_mac(), tcp_to("10.20.0.11", "192.0.2.200", 443));
    EXPECT_EQ(asked.size(), 0u) << "known, and by another MAC address";
    from(first_gateway_mac(), tcp_to("10.20.0.50", "192.0.2.200", 443));
    EXPECT_EQ(asked.size(), 0u) << "unknown sources would have us ask for a subnet's every address";
    std::size_t questions = 0;
    for (int host = 0; host < 250; ++host) {
        from(unknown_mac(), tcp_to(("10.20.0." + std::to_string(host)).c_str(), client, 443));
        questions += asked.size();
        asked.clear();
    }
    EXPECT_LE(questions, 50u);
}

TEST_F(FlatSubnet, AnotherMemberOfATeamIsListed) {
    bench.spec.server_macs = {{.interface = ext, .mac = unknown_mac()}};
    bench.apply();
    EXPECT_EQ(from(unknown_mac(), reply(rras1, 4500, client, 4500, esp(256))), "to_client");
    EXPECT_EQ(from(unknown_mac(), tcp_to("10.20.0.11", "192.0.2.200", 443)), "transit");
    EXPECT_EQ(from(unknown_mac(), tcp_to("10.9.9.9", "192.0.2.200", 443)), "transit");
    EXPECT_EQ(from(server_mac(rras2), reply(rras1, 4500, client, 4500, esp(256))), "to_client");
}

TEST_F(FlatSubnet, AnEstablishedSessionIsNoWayAroundIt) {
    const auto in = [&](const net::MacAddress& mac, const PacketBuilder& packet) {
        return bench.from_gateway(packet, mac);
    };
    Session session;
    session.backend = in(first_gateway_mac(), session.init()).backend;
    const auto own = server_mac(session.backend);
    in(own, session.init_answer());
    in(first_gateway_mac(), session.auth());
    in(own, session.auth_answer());
    in(first_gateway_mac(), session.esp_up());
    in(own, session.esp_down());
    ASSERT_EQ(name(in(own, session.esp_down()).verdict), "to_client");
    EXPECT_EQ(name(in(first_gateway_mac(), session.esp_down()).verdict), "spoofed_backend");
    EXPECT_EQ(name(in(unknown_mac(), session.esp_down()).verdict), "spoofed_backend");
}

TEST_F(FlatSubnet, ConversationsOfTheServersAreAnsweredThroughTheRouter) {
    EXPECT_EQ(of_router(tcp_to("192.0.2.200", "10.20.0.12", 3389)), "transit_not_allowed");
    EXPECT_EQ(of_server(tcp_to("10.20.0.12", "192.0.2.200", 443)), "transit");
    EXPECT_EQ(of_router(PacketBuilder{}
                            .ip("192.0.2.200", "10.20.0.12")
                            .protocol(tcp)
                            .raw(tcp_header(443, 40000, 0x12))),
              "transit");
}

TEST_F(FlatSubnet, ARouterOfTheServersIsNoneOfTheClients) {
    bench.spec.gateways[0].is_of_servers = true;
    bench.apply();
    EXPECT_EQ(of_router(tcp_to("10.9.9.9", "192.0.2.200", 443)), "transit");
    EXPECT_EQ(of_router(tcp_to("192.0.2.200", "10.20.0.11", 445)), "transit_not_allowed")
        << "an address of nowhere in particular is a client's";
}

// --- VIPs ---

TEST_F(Wall, OfAVipOnlyTheServiceAndPingAreOpen) {
    const auto echo = [](const char* from, const char* to, std::uint8_t type) {
        return PacketBuilder{}.ip(from, to).icmp(type, 0);
    };
    EXPECT_EQ(of_client(echo(client, vip, icmp_echo)), "punt_icmp");
    EXPECT_EQ(of_client(echo(client, vip, 0)), "punt_icmp") << "answers to our own probes";
    EXPECT_EQ(of_client(echo(client, vip, 13)), "vip_closed") << "timestamp";
    EXPECT_EQ(of_client(echo(client, vip, 5)), "vip_closed") << "redirect";
    EXPECT_EQ(of_client(echo(client6, vip6, icmpv6_echo)), "punt_icmp");
    EXPECT_EQ(of_client(echo(client6, vip6, 129)), "punt_icmp");
    EXPECT_EQ(of_client(echo(client6, vip6, 139)), "vip_closed") << "node information";
    for (const auto& [from, to] : {std::pair{client, vip}, {client6, vip6}}) {
        EXPECT_EQ(of_client(tcp_to(from, to, 22)), "vip_closed");
        EXPECT_EQ(of_client(PacketBuilder{}.ip(from, to).udp(5000, 161)), "vip_closed");
        EXPECT_EQ(of_client(PacketBuilder{}.ip(from, to).protocol(47).raw(Bytes(20, 0))),
                  "vip_closed");
        EXPECT_EQ(of_client(PacketBuilder{}.ip(from, to).protocol(50).raw(Bytes(20, 0))),
                  "native_esp");
    }
    EXPECT_EQ(of_server(tcp_to("10.20.0.50", vip, 22)), "vip_closed") << "from either side";
    EXPECT_EQ(of_server(tcp_to("10.20.0.11", vip, 22)), "vip_closed");
    EXPECT_EQ(of_server(tcp_to("fd00:20::14", vip6, 22)), "vip_closed");
    EXPECT_EQ(of_server(echo("10.20.0.50", vip, icmp_echo)), "punt_icmp");
}

TEST_F(Wall, OfAVipTheHostPortsAreTheKernels) {
    for (auto& service : bench.spec.services)
        service.host_ports = {{.protocol = tcp, .first_port = 22, .last_port = 22},
                              {.protocol = 17, .first_port = 8000, .last_port = 8080}};
    bench.apply();
    for (const auto& [from, to] : {std::pair{client, vip}, {client6, vip6}}) {
        // clang 14 lets no lambda capture a structured persistence.
        const auto udp = [&, source = from, target = to](std::uint16_t port) {
            return PacketBuilder{}.ip(source, target).udp(5000, port);
        };
        EXPECT_EQ(of_client(tcp_to(from, to, 22)), "punt_local");
        EXPECT_EQ(of_client(tcp_to(from, to, 23)), "vip_closed");
        EXPECT_EQ(of_client(udp(22)), "vip_closed") << "of TCP alone";
        EXPECT_EQ(of_client(udp(8000)), "punt_local");
        EXPECT_EQ(of_client(udp(8080)), "punt_local");
        EXPECT_EQ(of_client(udp(8081)), "vip_closed");
        EXPECT_EQ(of_client(udp(7999)), "vip_closed");
    }
    EXPECT_EQ(of_client(PacketBuilder{}.ip(client, vip).protocol(tcp).raw(Bytes(3, 0))),
              "vip_closed")
        << "its port is not there";
    EXPECT_EQ(of_client(to_vip(client, 500, 500, Bytes(27, 1))), "ike_truncated")
        << "a service port is never the kernel's";
}

TEST_F(Wall, OfAVipFragmentsFollowTheirFirst) {
    bench.spec.services[0].host_ports = {{.protocol = tcp, .first_port = 22, .last_port = 22}};
    bench.apply();
    const auto parts = [&](std::uint16_t port, std::uint32_t id) {
        Bytes segment = tcp_header(40000, port);
        segment.resize(2000, 7);
        const PacketBuilder whole =
            PacketBuilder{}.ip(client, vip).protocol(tcp).identification(id).raw(segment);
        return fragments_of(bench.client_side(whole), 1400);
    };
    const auto verdict = [&](const Bytes& frame) {
        return name(bench.run({.bytes = frame}).verdict);
    };
    EXPECT_EQ(verdict(parts(22, 1)[1]), "hold_fragment");
    EXPECT_EQ(verdict(parts(22, 1)[0]), "punt_local");
    EXPECT_EQ(verdict(parts(22, 1)[1]), "punt_local");
    EXPECT_EQ(verdict(parts(23, 2)[0]), "vip_closed");
    EXPECT_EQ(verdict(parts(23, 2)[1]), "fragment_of_drop");
    const auto of_server_side = fragments_of(
        bench.server_side(
            PacketBuilder{}.ip("10.20.0.50", vip).protocol(tcp).raw(Bytes(2000, 7))),
        1400);
    EXPECT_EQ(name(bench.run({.bytes = of_server_side[1], .port = lan}).verdict),
              "hold_fragment")
        << "from the servers' side nothing slips by either";
}

// --- Our other addresses ---

TEST_F(Wall, OfOurAddressesTheIngressInterfacesOwnAreTheHosts) {
    EXPECT_EQ(of_client(tcp_to(client, own_wan, 22)), "punt_local");
    EXPECT_EQ(of_client(tcp_to(client6, own_wan6, 22)), "punt_local");
    EXPECT_EQ(of_client(tcp_to(client, own_lan, 22)), "own_address_closed");
    EXPECT_EQ(of_client(tcp_to(client6, own_lan6, 22)), "own_address_closed");
    EXPECT_EQ(of_client(PacketBuilder{}.ip(client, own_lan).icmp(icmp_echo, 0)),
              "own_address_closed");
    EXPECT_EQ(of_server(tcp_to("10.20.0.50", own_lan, 22)), "punt_local");
    EXPECT_EQ(of_server(tcp_to("10.20.0.50", own_wan, 22)), "punt_local")
        << "the servers' side is not kept out";
}

// Two providers: what one of them brings has no business with the address on the other's cable.
TEST_F(Wall, OfOurAddressesAnotherUplinksIsClosed) {
    constexpr forwarding::PortIndex second = 2;
    const auto own = text::parse_mac("02:00:00:00:00:77").value();
    const char* const there = "198.51.101.1";
    const char* const there6 = "2001:db8:199::1";
    bench.spec.interfaces.push_back({.port = second,
                                     .mac = own,
                                     .address = address(there),
                                     .faces_clients = true,
                                     .address6 = address(there6)});
    bench.apply();
    const auto of_second = [&](PacketBuilder packet) {
        const Bytes frame = packet.mac(second_gateway_mac(), own).build();
        return name(bench.run({.bytes = frame, .port = second}).verdict);
    };
    EXPECT_EQ(of_client(tcp_to(client, there, 22)), "own_address_closed");
    EXPECT_EQ(of_client(tcp_to(client6, there6, 22)), "own_address_closed");
    EXPECT_EQ(of_client(PacketBuilder{}.ip(client, there).icmp(icmp_echo, 0)),
              "own_address_closed");
    EXPECT_EQ(of_second(tcp_to(client, own_wan, 22)), "own_address_closed");
    EXPECT_EQ(of_second(tcp_to(client6, own_wan6, 22)), "own_address_closed");
    EXPECT_EQ(of_second(tcp_to(client, there, 22)), "punt_local");
    EXPECT_EQ(of_second(tcp_to(client6, there6, 22)), "punt_local");
    EXPECT_EQ(of_second(Session{}.init()), "to_server") << "a VIP is reached from everywhere";
}

TEST_F(Wall, OfOurAddressesOthersAreOpenToWhomTheyAreOpened) {
    bench.spec.other_addresses = {address("10.255.0.1"), address("2001:db8:ffff::1")};
    const wall::OpenPort bgp{.protocol = tcp, .first_port = 179, .last_port = 179};
    bench.apply();
    EXPECT_EQ(of_client(tcp_to("198.51.100.254", "10.255.0.1", 179)), "own_address_closed");
    EXPECT_EQ(of_client(tcp_to("2001:db8:198::50", "2001:db8:ffff::1", 179)),
              "own_address_closed");
    bench.spec.wall.own_services = {
        {.address = address("10.255.0.1"), .from = prefix("198.51.100.0/24"), .port = bgp},
        {.address = address("2001:db8:ffff::1"), .from = prefix("2001:db8:198::/64"),
         .port = bgp}};
    bench.apply();
    EXPECT_EQ(of_client(tcp_to("198.51.100.254", "10.255.0.1", 179)), "punt_routing");
    EXPECT_EQ(of_client(tcp_to("2001:db8:198::50", "2001:db8:ffff::1", 179)), "punt_routing");
    EXPECT_EQ(of_client(tcp_to(client, "10.255.0.1", 179)), "own_address_closed");
    EXPECT_EQ(of_client(tcp_to("198.51.100.254", "10.255.0.1", 22)), "own_address_closed");
    EXPECT_EQ(of_client(tcp_to("198.51.100.254", own_lan, 179)), "own_address_closed");
    EXPECT_EQ(of_client(PacketBuilder{}.ip("198.51.100.254", "10.255.0.1").udp(500, 500)),
              "service_port_own");
}

TEST_F(Wall, OfOurAddressesFragmentsFollowTheirFirst) {
    const auto parts = [&](const char* to, std::uint32_t id) {
        Bytes segment = tcp_header(40000, 22);
        segment.resize(2000, 7);
        const PacketBuilder whole =
            PacketBuilder{}.ip(client, to).protocol(tcp).identification(id).raw(segment);
        return fragments_of(bench.client_side(whole), 1400);
    };
    const auto verdict = [&](const Bytes& frame) {
        return name(bench.run({.bytes = frame}).verdict);
    };
    for (const Bytes& part : parts(own_wan, 1)) EXPECT_EQ(verdict(part), "punt_local");
    EXPECT_EQ(verdict(parts(own_lan, 2)[1]), "hold_fragment");
    EXPECT_EQ(verdict(parts(own_lan, 2)[0]), "own_address_closed");
    EXPECT_EQ(verdict(parts(own_lan, 2)[1]), "fragment_of_drop");
}

TEST_F(Wall, FragmentsEndWithinADatagram) {
    const auto part = [](const char* from, const char* to, std::size_t offset,
                         std::size_t bytes) {
        return PacketBuilder{}.ip(from, to).protocol(17).fragment(offset, false).raw(
            Bytes(bytes, 1));
    };
    for (const auto& [from, to] : {std::pair{client, vip}, {client6, vip6}}) {
        EXPECT_EQ(of_client(part(from, to, 65528, 8)), "fragment_past_end");
        EXPECT_EQ(of_client(part(from, to, 64000, 1536)), "fragment_past_end");
    }
    EXPECT_EQ(of_client(part(client, vip, 65512, 3)), "hold_fragment");
    EXPECT_EQ(of_client(part(client, vip, 65512, 4)), "fragment_past_end")
        << "the IPv4 header is part of the 65,535 bytes";
    EXPECT_EQ(of_client(part(client6, vip6, 65528, 7)), "hold_fragment");
    const auto behind_options = [](std::size_t bytes) {
        return PacketBuilder{}
            .ip(client6, vip6)
            .extension(60)
            .protocol(17)
            .fragment(65520, false)
            .raw(Bytes(bytes, 1));
    };
    EXPECT_EQ(of_client(behind_options(7)), "hold_fragment");
    EXPECT_EQ(of_client(behind_options(8)), "fragment_past_end")
        << "and so are IPv6's headers before the fragment header";
}

}  // namespace
}  // namespace ikelb::pipeline
