// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Servers with an address of each family, behind a VIP of each: one backend, whatever family a
// client comes by.

#include <gtest/gtest.h>

#include <algorithm>

#include "config/text/address.h"
#include "tests/testlib/bench.h"
#include "tests/testlib/quoted.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

class BothFamilies : public testing::Test {
protected:
    Bench bench{farm_of_both_families()};

    std::string from_of(const Outcome& outcome) {
        return outcome.verdict == Verdict::to_client ? text::to_text(outcome.packet().from)
                                                     : name(outcome.verdict);
    }
    std::string to_of(const Outcome& outcome) {
        return outcome.verdict == Verdict::to_server ? text::to_text(outcome.packet().to)
                                                     : name(outcome.verdict);
    }
    /// The server that has all of its kind without a record is another one than the session's.
    void schedule_others_than(forwarding::BackendIndex server) {
        for (BackendSpec& backend : bench.spec.backends) backend.weight = 0;
        bench.spec.backends[server == rras3 ? rras1 : server + 1u].weight = 1;
        bench.apply();
    }
    /// The same client with its other address, at the other VIP.
    static Session moved(const Session& session) {
        Session now = session;
        now.client = client6;
        now.vip = vip6;
        now.port_4500 = 3333;
        return now;
    }
};

TEST_F(BothFamilies, EachIsServedAtItsOwnAddressOfOneBackend) {
    const Session old = log_in(bench);
    const Session now = moved(old);
    EXPECT_EQ(to_of(bench.from_client(old.dpd())), server(old.backend));
    const Outcome up = bench.from_client(now.dpd());
    EXPECT_EQ(to_of(up), server_address6(old.backend));
    EXPECT_TRUE(up.packet().is_udp_checksum_good);
    const Outcome down = bench.from_server(now.dpd_answer());
    EXPECT_EQ(from_of(down), vip6);
    EXPECT_TRUE(down.packet().is_udp_checksum_good);
    EXPECT_EQ(from_of(bench.from_server(old.dpd_answer())), vip);
}

TEST_F(BothFamilies, AClientThatMovesKeepsItsServerAndComesBack) {
    const Session old = log_in(bench);
    schedule_others_than(old.backend);
    const Session now = moved(old);
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(to_of(bench.from_client(now.dpd())), server_address6(old.backend));
        EXPECT_EQ(from_of(bench.from_server(now.dpd_answer())), vip6);
        EXPECT_EQ(to_of(bench.from_client(now.esp_up())), server_address6(old.backend));
        EXPECT_EQ(from_of(bench.from_server(now.esp_down())), vip6);
        bench.advance(60);
        EXPECT_EQ(to_of(bench.from_client(old.dpd())), server(old.backend));
        EXPECT_EQ(from_of(bench.from_server(old.dpd_answer())), vip);
        EXPECT_EQ(to_of(bench.from_client(old.esp_up())), server(old.backend));
        EXPECT_EQ(from_of(bench.from_server(old.esp_down())), vip);
        bench.advance(60);
    }
}

TEST_F(BothFamilies, AnEspSpiThatIsKnownAtOneIsKnownAtTheOther) {
    const Session old = log_in(bench);
    for (int i = 0; i < 4; ++i) {  // until it is claimed
        bench.from_client(
            old.esp_up().payload(esp(0xc0000001, 64, static_cast<std::uint32_t>(i + 2))));
        bench.from_server(old.esp_down());
    }
    schedule_others_than(old.backend);
    EXPECT_EQ(to_of(bench.from_client(moved(old).esp_up())), server_address6(old.backend));
}

TEST_F(BothFamilies, ALabelIsOfBoth) {
    bench.spec.backends[rras2].label = {.ike_mask = 0xff, .ike_value = 0x42};
    bench.apply();
    Session unseen{.client = client6, .spi_r = 0x42, .vip = vip6};
    EXPECT_EQ(to_of(bench.from_client(unseen.dpd())), server_address6(rras2));
}

TEST_F(BothFamilies, HealthIsOfOneFamilyAndModeOfBoth) {
    bench.spec.backends[rras1].is_up6 = false;
    bench.spec.backends[rras1].flush_on_down = true;
    bench.apply();
    Session old{.spi_i = 3, .spi_r = 4};
    for (std::uint64_t n = 1; old.backend != rras1; ++n)
        old = log_in(bench,
                     {.client = "192.0.2." + std::to_string(n), .spi_i = n, .spi_r = n + 1000});
    EXPECT_EQ(to_of(bench.from_client(old.dpd())), server(rras1));
    EXPECT_EQ(to_of(bench.from_client(moved(old).dpd())), "backend_down");
    for (std::uint64_t n = 1; n < 50; ++n) {
        const Session other{
            .client = "2001:db8:192::" + std::to_string(n), .spi_i = n, .vip = vip6};
        EXPECT_NE(to_of(bench.from_client(other.init())), server_address6(rras1));
    }
    bench.spec.backends[rras1].is_up6 = true;
    bench.spec.backends[rras1].is_up = false;
    bench.apply();
    EXPECT_EQ(to_of(bench.from_client(old.dpd())), "backend_down");
    EXPECT_EQ(to_of(bench.from_client(moved(old).dpd())), server_address6(rras1));
    bench.spec.backends[rras1].is_up = true;
    bench.spec.backends[rras1].mode = forwarding::Mode::drain_refuse;
    bench.apply();
    for (std::uint64_t n = 1; n < 50; ++n) {
        const std::string host = std::to_string(n);
        const Session four{.client = "192.0.2." + host, .spi_i = n + 5000};
        const Session six{.client = "2001:db8:192::" + host, .spi_i = n + 6000, .vip = vip6};
        EXPECT_NE(to_of(bench.from_client(four.init())), server(rras1));
        EXPECT_NE(to_of(bench.from_client(six.init())), server_address6(rras1));
    }
    EXPECT_EQ(to_of(bench.from_client(moved(old).dpd())), server_address6(rras1));
}

TEST_F(BothFamilies, WhereOneFamilyIsMissingTheServerIsNoMember) {
    const Session old = log_in(bench);
    bench.spec.backends[old.backend].address6 = {};
    std::erase(bench.spec.services[1].members, old.backend);
    bench.apply();
    EXPECT_EQ(to_of(bench.from_client(old.dpd())), server(old.backend));
    const Outcome up = bench.from_client(moved(old).dpd());
    EXPECT_EQ(name(up.verdict), "to_server");
    EXPECT_NE(up.backend, old.backend) << "for want of anything better";
    for (std::uint64_t n = 1; n < 50; ++n) {
        const Session other{
            .client = "2001:db8:192::" + std::to_string(n), .spi_i = n, .vip = vip6};
        const Outcome outcome = bench.from_client(other.init());
        EXPECT_EQ(name(outcome.verdict), "to_server");
        EXPECT_NE(outcome.backend, old.backend);
    }
}

TEST_F(BothFamilies, AFragmentWhoseServerLosesItsFamilyGoesNowhere) {
    const Session old = log_in(bench);
    IkeMessage large = encrypted(old.spi_i, old.spi_r, ike::exchange::informational, 3);
    large.payloads[0].body = Bytes(3000, 0xcc);
    const auto parts = fragments_of(
        bench.client_side(to_vip(client6, 3333, 4500, behind_marker(large), vip6)), 1400);
    EXPECT_EQ(to_of(bench.run({.bytes = parts[0], .port = wan})), server_address6(old.backend));
    EXPECT_EQ(to_of(bench.run({.bytes = parts[1], .port = wan})), server_address6(old.backend));
    bench.spec.backends[old.backend].address6 = {};
    std::erase(bench.spec.services[1].members, old.backend);
    bench.apply();
    EXPECT_EQ(to_of(bench.run({.bytes = parts[2], .port = wan})), "no_route");
}

TEST_F(BothFamilies, TwoVipsOfOneFamilyAreToldApartAmongThemselves) {
    constexpr const char* other_vip6 = "2001:db8:203::20";
    bench.spec.services.push_back({.vip = address(other_vip6),
                                   .members = bench.spec.services[1].members,
                                   .uplink = v6_gateway});
    bench.apply();
    const Session old = log_in(bench);
    EXPECT_EQ(from_of(bench.from_server(old.esp_down())), vip) << "one VIP of its family";
    Session six{.client = client6, .spi_i = 8, .spi_r = 9, .vip = other_vip6};
    six.backend = bench.from_client(six.init()).backend;
    EXPECT_EQ(from_of(bench.from_server(six.init_answer())), other_vip6);
    bench.from_client(six.auth());
    EXPECT_EQ(from_of(bench.from_server(six.auth_answer())), other_vip6);
    EXPECT_EQ(from_of(bench.from_server(six.esp_down())), other_vip6);
    Session nobody{
        .client = other_client6, .spi_i = 18, .spi_r = 19, .vip = vip6, .backend = six.backend};
    EXPECT_EQ(from_of(bench.from_server(nobody.esp_down())), "reply_vip_unknown");
}

TEST_F(BothFamilies, CopiesGoToTheAddressesOfTheirFamily) {
    bench.spec.services[1].ask_all_rate = 2;
    bench.apply();
    const PacketBuilder request = to_vip(
        client6, 4500, 4500, behind_marker(encrypted(5, 6, ike::exchange::informational, 2)), vip6);
    EXPECT_TRUE(bench.from_client(request).copies.empty());
    const Outcome sent = bench.from_client(request);  // repeated
    ASSERT_EQ(sent.copies.size(), 2u);
    std::vector<std::string> asked{to_of(sent)};
    for (const Bytes& copy : sent.copies) {
        EXPECT_TRUE(dissect(copy).is_udp_checksum_good);
        asked.push_back(text::to_text(dissect(copy).to));
    }
    std::ranges::sort(asked);
    EXPECT_EQ(asked, (std::vector{server_address6(rras1), server_address6(rras2),
                                  server_address6(rras3)}));
}

}  // namespace
}  // namespace ikelb::pipeline
