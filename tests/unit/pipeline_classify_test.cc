// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

class Classify : public testing::Test {
protected:
    Bench bench{two_armed_farm()};

    std::string of_client(const PacketBuilder& packet) {
        return name(bench.from_client(packet).verdict);
    }
    std::string of_server(const PacketBuilder& packet) {
        return name(bench.from_server(packet).verdict);
    }
};

TEST_F(Classify, ASourceThatNoHostHasIsRefused) {
    for (const char* source : {vip, own_wan, own_lan, "127.0.0.1", "224.0.0.5", "255.255.255.255",
                               "0.0.0.0"}) {
        EXPECT_EQ(of_client(Session{.client = source}.init()), "bad_source") << source;
        EXPECT_EQ(of_client(PacketBuilder{}.ip(source, own_wan).icmp(8, 0)), "bad_source")
            << source;
    }
}

TEST_F(Classify, AServersAddressFromTheClientSideIsForgedWhateverItAsksFor) {
    const std::string forged = server(rras1);
    EXPECT_EQ(of_client(Session{.client = forged}.init()), "spoofed_backend");
    EXPECT_EQ(of_client(PacketBuilder{}.ip(forged.c_str(), own_wan).icmp(0, 0)),
              "spoofed_backend");
    EXPECT_EQ(of_client(reply(rras1, 4500, client, 4500, esp(256))), "spoofed_backend");
    EXPECT_EQ(of_client(PacketBuilder{}.ip(forged.c_str(), "10.20.0.12").protocol(6)),
              "spoofed_backend");
}

TEST_F(Classify, ServiceDatagramsAndEspToAServersAddressAreRefused) {
    bench.spec.wall.is_open = true;
    bench.apply();
    const auto direct = [](const char* from) {
        return PacketBuilder{}.ip(from, "10.20.0.11");
    };
    EXPECT_EQ(of_client(direct(client).udp(4500, 4500)), "direct_to_backend");
    EXPECT_EQ(of_client(direct(client).udp(4500, 500)), "direct_to_backend");
    EXPECT_EQ(of_client(direct(client).protocol(50).payload(esp(256))), "direct_to_backend");
    EXPECT_EQ(of_client(direct(client).udp(500, 53)), "transit");
    EXPECT_EQ(of_server(direct("10.20.0.50").udp(4500, 4500)), "transit") << "among servers";
}

TEST_F(Classify, LaterFragmentsToAServersAddressShareTheFateOfTheirFirst) {
    const auto parts = fragments_of(
        bench.client_side(
            PacketBuilder{}.ip(client, "10.20.0.11").udp(4500, 4500).payload(Bytes(3000, 1))),
        1400);
    bench.run({.bytes = parts[0]});
    EXPECT_EQ(name(bench.run({.bytes = parts[1]}).verdict), "fragment_of_drop");
}

TEST_F(Classify, ABroadcastFrameCarriesNoDatagramForUs) {
    for (const char* to : {vip, own_wan})
        EXPECT_EQ(name(bench
                           .run({.bytes = Session{.vip = to}
                                              .init()
                                              .mac(first_gateway_mac(), mac("ff:ff:ff:ff:ff:ff"))
                                              .build()})
                           .verdict),
                  "not_for_us");
    const auto dhcp = PacketBuilder{}
                          .ip("0.0.0.0", "255.255.255.255")
                          .udp(68, 67)
                          .mac(first_gateway_mac(), mac("ff:ff:ff:ff:ff:ff"));
    EXPECT_EQ(name(bench.run({.bytes = dhcp.build()}).verdict), "punt_multicast");
}

TEST_F(Classify, LoopbackAndTheUnspecifiedAddressAreNotRoutedOn) {
    EXPECT_EQ(of_server(PacketBuilder{}.ip("10.20.0.50", "127.0.0.1").protocol(6)), "no_route");
    EXPECT_EQ(of_server(PacketBuilder{}.ip("10.20.0.50", "0.0.0.0").protocol(6)), "no_route");
}

TEST_F(Classify, RoutesOfTheKernelSayWhatBecomesOfTransit) {
    const auto to = [](const char* address) {
        return PacketBuilder{}.ip("10.20.0.50", address).protocol(6);
    };
    EXPECT_EQ(of_server(to("100.64.1.1")), "blackhole");
    EXPECT_EQ(of_server(to("100.65.1.1")), "blackhole");
    EXPECT_EQ(of_server(to("100.66.0.1")), "punt_local");
    EXPECT_EQ(of_server(to("198.51.100.50")), "transit");
    EXPECT_EQ(of_server(to("198.51.100.51")), "punt_unresolved");
}

TEST_F(Classify, AnIkeDatagramWithPaddingBehindThePacketIsTakenWithoutIt) {
    const auto tiny = to_vip(client, 4500, 4500, keepalive());
    const Session session = log_in(bench);
    const auto outcome = bench.from_client(PacketBuilder{tiny}.pad_to(60));
    EXPECT_EQ(name(outcome.verdict), "to_server");
    EXPECT_EQ(outcome.backend, session.backend);
    EXPECT_EQ(outcome.bytes.size(), 60u);
}

TEST_F(Classify, UdpThatClaimsMoreThanItsPacketHoldsIsRefused) {
    EXPECT_EQ(of_client(Session{}.init().udp_length(1000)), "bad_udp_length");
    EXPECT_EQ(of_client(Session{}.init().udp_length(7)), "bad_udp_length");
    EXPECT_EQ(of_client(to_vip(client, 500, 500, {}).total_length(27)), "truncated");
}

}  // namespace
}  // namespace ikelb::pipeline
