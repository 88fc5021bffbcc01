// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// A reload has taken a backend away. Its server does not know, and sends on.

#include <gtest/gtest.h>

#include "config/text/address.h"
#include "tests/testlib/bench.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

struct Farm {
    const char* what;
    TableSpec spec;
    Session session;
    const char* inside;   ///< an address of the tunnels' clients
    const char* outside;  ///< some host of the Internet
};

std::vector<Farm> farms() {
    const Session v6{.client = client6, .vip = vip6};
    const Session by_alias{.vip = second_vip, .by_alias = true};
    std::vector<Farm> all{{"IPv4", two_armed_farm(), {}, "10.77.0.1", other_client},
                          {"alias", farm_with_aliases(), by_alias, "10.77.0.1", other_client},
                          {"one port", one_port_farm(), {}, "10.77.0.1", other_client},
                          {"IPv6", dual_stack_farm(), v6, "fd00:77::1", other_client6}};
    for (Farm& farm : all) {
        farm.spec.inside_prefixes.push_back(prefix("10.77.0.0/16"));
        farm.spec.inside_prefixes.push_back(prefix("fd00:77::/32"));
        farm.spec.routes.push_back({prefix("10.77.0.0/16")});
        farm.spec.routes.back().interface = srv;
        farm.spec.routes.push_back({prefix("fd00:77::/32")});
        farm.spec.routes.back().interface = srv;
    }
    return all;
}

class Removed : public testing::TestWithParam<std::size_t> {
protected:
    const Farm farm = farms()[GetParam()];
    Bench bench{farm.spec};
    Session session = log_in(bench, farm.session);
    const net::IpAddress address = server_address();

    net::IpAddress server_address() const {
        return testlib::address(session.by_alias ? server_alias(session.backend).c_str()
                                                 : server(session.backend).c_str());
    }
    /// Its neighbour entry stays, and its place in the farm.
    void remove() {
        BackendSpec& gone = bench.spec.backends[session.backend];
        bench.spec.removed = {gone.address};
        bench.spec.neighbours.push_back({.interface = gone.interface,
                                         .address = gone.address,
                                         .mac = gone.mac});
        for (ServiceSpec& service : bench.spec.services) {
            std::erase(service.members, session.backend);
            for (const AliasSpec& alias : service.aliases)
                if (alias.backend == session.backend) bench.spec.removed.push_back(alias.address);
            std::erase_if(service.aliases, [&](const AliasSpec& alias) {
                return alias.backend == session.backend;
            });
        }
        gone = {.mac = gone.mac, .is_present = false, .generation = 1};
        bench.apply();
    }
    std::string sent(const PacketBuilder& packet) {
        return name(bench.from_server(packet).verdict);
    }
    PacketBuilder from_it(const char* to) const {
        return PacketBuilder{}.ip(text::to_text(address).c_str(), to);
    }
};

INSTANTIATE_TEST_SUITE_P(Farms, Removed, testing::Range<std::size_t>(0, farms().size()),
                         [](const auto& farm) {
                             std::string what = farms()[farm.param].what;
                             std::erase(what, ' ');
                             return what;
                         });

TEST_P(Removed, NothingOfItsTunnelsLeaves) {
    EXPECT_EQ(sent(session.esp_down()), "to_client");
    remove();
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(sent(session.esp_down()), "backend_removed");
        EXPECT_EQ(sent(session.dpd_answer()), "backend_removed");
        EXPECT_EQ(sent(session.init_answer()), "backend_removed");
        EXPECT_EQ(sent(session.answer(4500, keepalive())), "backend_removed");
        EXPECT_EQ(sent(session.answer(4500, behind_marker(delete_request(1, 2)))),
                  "backend_removed");
        bench.takes_fast_path = false;
    }
    bench.advance(40);
    EXPECT_EQ(sent(session.esp_down()), "backend_removed");
}

TEST_P(Removed, NoFragmentOfItsTunnelsLeaves) {
    remove();
    const auto parts = fragments_of(
        bench.server_side(session.answer(4500, esp(0xd0000001, 3000)).identification(7)), 1400);
    std::vector<std::string> ends;
    for (const Bytes& part : parts)
        ends.push_back(name(bench.run({.bytes = part, .port = bench.server_port()}).verdict));
    EXPECT_EQ(ends, (std::vector<std::string>{"backend_removed", "fragment_of_drop",
                                              "fragment_of_drop"}));
    const auto other = fragments_of(
        bench.server_side(session.answer(4500, esp(0xd0000001, 3000)).identification(8)), 1400);
    EXPECT_EQ(name(bench.run({.bytes = other[1], .port = bench.server_port()}).verdict),
              "hold_fragment")
        << "whose beginning nobody has seen";
    EXPECT_EQ(name(bench.run({.bytes = other[1],
                              .port = bench.server_port(),
                              .may_hold = false})
                       .verdict),
              "fragment_timeout");
}

TEST_P(Removed, NeitherDoesAnErrorAboutThem) {
    const bool is_v6 = !address.is_v4();
    Bytes quote = PacketBuilder{}
                      .ip(session.client.c_str(), text::to_text(address).c_str())
                      .udp(session.port_4500, 4500)
                      .payload(esp(0xc0000001))
                      .build_ip();
    const auto about = [&](const char* from, std::uint8_t type) {
        return PacketBuilder{}.ip(from, session.client.c_str()).icmp(type, 3).payload(quote);
    };
    const std::string own = text::to_text(address);
    remove();
    EXPECT_EQ(sent(about(own.c_str(), is_v6 ? 1 : 3)), "backend_removed");
    EXPECT_EQ(sent(about(is_v6 ? "fd00:77::9" : "10.77.0.9", is_v6 ? 1 : 3)), "backend_removed")
        << "from a router on the servers' side";
}

/// The host is its router's neighbour as before: nobody has to know that it was a VPN server.
TEST_P(Removed, WhatNeverWasVpnPasses) {
    remove();
    const char* outside = farm.outside;
    EXPECT_EQ(sent(from_it(outside).protocol(6).raw(tcp_header(40000, 443))), "transit");
    EXPECT_EQ(sent(from_it(outside).udp(40000, 53).payload(Bytes(20))), "transit");
    EXPECT_EQ(sent(from_it(outside).udp(40000, 4500).payload(esp(0xd0000001))), "transit")
        << "a client of somebody else's VPN";
    EXPECT_EQ(sent(from_it(farm.inside).udp(4500, 4500).payload(esp(0xd0000001))),
              "hold_neighbour")
        << "to inside_prefixes: no client is there";
}

TEST_P(Removed, NobodyReachesItPastTheVip) {
    remove();
    EXPECT_EQ(name(bench.from_client(PacketBuilder{}
                                         .ip(farm.outside, text::to_text(address).c_str())
                                         .udp(4500, 4500)
                                         .payload(esp(0xc0000001)))
                       .verdict),
              "direct_to_backend");
    EXPECT_EQ(name(bench.from_client(from_it(session.vip.c_str())
                                         .udp(4500, 4500)
                                         .payload(esp(0xc0000001)))
                       .verdict),
              "spoofed_backend");
}

TEST_P(Removed, ItsClientsGoElsewhere) {
    remove();
    for (const PacketBuilder& packet : {session.esp_up(), session.dpd(), session.init()}) {
        const Outcome outcome = bench.from_client(packet);
        EXPECT_EQ(name(outcome.verdict), "to_server");
        EXPECT_NE(outcome.backend, session.backend);
    }
}

/// Where both sides are on one interface it is known by its neighbour entry as before.
TEST(RemovedOnOneArm, NothingOfItsTunnelsLeaves) {
    Bench bench{flat_farm()};
    const Session session{.backend = rras1};
    bench.spec.removed = {bench.spec.backends[rras1].address};
    bench.spec.neighbours.push_back({.interface = 0,
                                     .address = bench.spec.backends[rras1].address,
                                     .mac = server_mac(rras1)});
    std::erase(bench.spec.services[0].members, rras1);
    bench.spec.backends[rras1] = {.interface = ext, .is_present = false, .generation = 1};
    bench.apply();
    EXPECT_EQ(name(bench.from_gateway(session.esp_down(), server_mac(rras1)).verdict),
              "backend_removed");
    EXPECT_EQ(name(bench.from_gateway(session.esp_down(), first_gateway_mac()).verdict),
              "spoofed_backend");
}

}  // namespace
}  // namespace ikelb::pipeline
