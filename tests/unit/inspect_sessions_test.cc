// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/inspect/sessions.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "config/text/address.h"
#include "controlplane/inspect/as_json.h"
#include "dataplane/packet/context.h"
#include "tests/testlib/bench.h"

namespace ikelb::inspect {
namespace {

using namespace testlib;
using namespace testlib::place;
using sessions::SaState;

class Sessions : public testing::Test {
protected:
    Bench bench{two_armed_farm()};

    std::vector<Session> list(SessionQuery query = {}) {
        std::vector<Session> all;
        for (;;) {
            const SessionSlice slice =
                list_sessions(bench.sessions(), bench.table(), bench.now(), query);
            all.insert(all.end(), slice.sessions.begin(), slice.sessions.end());
            if (!slice.next) return all;
            EXPECT_GT(*slice.next, query.from);
            query.from = *slice.next;
        }
    }
    /// A pair as learned, without the packets.
    void add_ike_sa(std::uint64_t spi, const net::IpAddress& client, std::uint16_t port,
                    forwarding::BackendIndex backend = rras1,
                    SaState state = SaState::established) {
        auto& ike_sas = bench.sessions().ike_sas;
        const sessions::IkeSaKey key{net::be64::from_host(spi).wire(),
                                     net::be64::from_host(1).wire()};
        const sessions::Peer peer{.client = sessions::name_of(client),
                                  .port = port,
                                  .created = sessions::Peer::created_at(bench.now())};
        const std::array notes{peer.pack(), std::uint64_t{0}};
        ASSERT_EQ(
            ike_sas.write(
                key, {.backend = {.index = backend}, .state = state, .last_seen = bench.now()},
                bench.table().timeouts, bench.now(), sessions::Evict::oldest_by_half, &notes),
            sessions::WriteOutcome::written);
    }
    void add_flow(const net::IpAddress& client, std::uint16_t port) {
        bench.sessions().flows.write(sessions::flow_key(client, net::be16::from_host(port), 1),
                                     {.backend = {.index = rras1},
                                      .standing = sessions::Standing::spoke,
                                      .last_seen = bench.now()},
                                     bench.table().timeouts, bench.now(),
                                     sessions::Evict::oldest_by_half);
    }
};

TEST_F(Sessions, ALoginIsARowWithItsClientAndBackend) {
    const testlib::Session login = log_in(bench);
    bench.advance(300);
    const auto rows = list();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].initiator_spi, login.spi_i);
    EXPECT_EQ(rows[0].responder_spi, login.spi_r);
    EXPECT_EQ(text::to_text(*rows[0].client), login.client);
    EXPECT_EQ(rows[0].port, 4500);
    EXPECT_EQ(rows[0].sa.backend.index, login.backend);
    EXPECT_EQ(rows[0].sa.state, SaState::established);
    EXPECT_EQ(rows[0].moves, 0u);
    ASSERT_TRUE(rows[0].age);
    EXPECT_LE(*rows[0].age, 300u + 128u);
    EXPECT_GE(*rows[0].age, 300u - 128u);
}

TEST(SessionAge, IsNeverLessThanTheIdleTime) {
    constexpr forwarding::Seconds begun = 10 * sessions::Peer::age_unit;
    const auto age_after = [](forwarding::Seconds idle) {
        return age_of({.last_seen = begun}, {.created = sessions::Peer::created_at(begun)},
                      begun + idle);
    };
    EXPECT_EQ(age_after(0), 0u);
    EXPECT_EQ(age_after(100), 100u);
    EXPECT_EQ(age_after(300), 300u);
    EXPECT_EQ(age_after(2048 * sessions::Peer::age_unit + 50), 2048 * 128 + 50u);  // its note wraps
    EXPECT_EQ(age_of({.last_seen = 900}, {.created = 5}, 1000), 2 * 128u);
}

TEST_F(Sessions, AMoveIsCountedAndTheRowNamesTheNewAddress) {
    testlib::Session login = log_in(bench);
    login.client = other_client;
    bench.from_client(login.dpd());
    bench.from_server(login.dpd_answer());
    const auto rows = list();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(text::to_text(*rows[0].client), other_client);
    EXPECT_EQ(rows[0].moves, 1u);
}

/// What both ends have deleted is closing for as long as its deletion is a hint, then nothing.
TEST_F(Sessions, WhoIsOverIsLeftOutAfterTheDeleteHint) {
    add_ike_sa(0x10, address("192.0.2.1"), 4500);
    add_ike_sa(0x20, address("192.0.2.1"), 4500);
    const sessions::IkeSaKey key{net::be64::from_host(0x10).wire(), net::be64::from_host(1).wire()};
    auto& ike_sas = bench.sessions().ike_sas;
    const auto before = ike_sas.find(key);
    auto over = *before;
    over.is_over = true;
    ike_sas.refresh(key, *before, over);
    const IndexNames names{.backends = {"rras1"}, .services = {"aovpn"}};
    const auto states = [&] {
        std::map<std::uint64_t, std::string> found;
        for (const Session& row : list())
            found[row.initiator_spi] =
                as_json(row, bench.table(), bench.now(), names)["state"].get<std::string>();
        return found;
    };
    using Map = std::map<std::uint64_t, std::string>;
    EXPECT_EQ(states(), (Map{{0x10, "closing"}, {0x20, "established"}}));
    bench.advance(bench.table().timeouts.closing);
    EXPECT_EQ(states().size(), 2u);
    bench.advance(1);
    EXPECT_EQ(states(), (Map{{0x20, "established"}}));
}

TEST_F(Sessions, FiltersLeaveTheOthersOut) {
    add_ike_sa(0x10, address("192.0.2.1"), 4500, rras1);
    add_ike_sa(0x20, address("192.0.2.2"), 4500, rras2);
    add_ike_sa(0x30, address("198.51.100.9"), 4500, rras2, SaState::answered);
    const auto spis = [this](const SessionQuery& query) {
        std::set<std::uint64_t> found;
        for (const Session& row : list(query)) found.insert(row.initiator_spi);
        return found;
    };
    using Set = std::set<std::uint64_t>;
    EXPECT_EQ(spis({}), (Set{0x10, 0x20, 0x30}));
    EXPECT_EQ(spis({.client = prefix("192.0.2.2/32")}), (Set{0x20}));
    EXPECT_EQ(spis({.client = prefix("192.0.2.0/24")}), (Set{0x10, 0x20}));
    EXPECT_EQ(spis({.client = prefix("2001:db8::/32")}), (Set{}));
    EXPECT_EQ(spis({.spi = 0x30}), (Set{0x30}));
    EXPECT_EQ(spis({.spi = 1}), (Set{0x10, 0x20, 0x30})) << "of the other side";
    EXPECT_EQ(spis({.spi = 0x31}), (Set{}));
    EXPECT_EQ(spis({.backend = rras2}), (Set{0x20, 0x30}));
    EXPECT_EQ(spis({.client = prefix("192.0.2.0/24"), .backend = rras2}), (Set{0x20}));
}

TEST_F(Sessions, AnEspSpiLeadsToTheSasOfWhoUsesIt) {
    add_ike_sa(0x10, address("192.0.2.1"), 4500, rras1);
    add_ike_sa(0x20, address("192.0.2.2"), 4500, rras2);
    const auto use = [this](const char* client, std::uint32_t spi,
                            forwarding::BackendIndex backend) {
        bench.sessions().claims.write(sessions::esp_key(address(client), net::be32::from_host(spi)),
                                      {.backend = {.index = backend}, .last_seen = bench.now()},
                                      bench.table().timeouts, bench.now(), sessions::Evict::never);
    };
    use("192.0.2.1", 0xc0000001, rras1);
    use("192.0.2.2", 0xc0000002, rras1);
    ASSERT_EQ(list({.spi = 0xc0000001}).size(), 1u);
    EXPECT_EQ(list({.spi = 0xc0000001})[0].initiator_spi, 0x10u);
    EXPECT_TRUE(list({.spi = 0xc0000002}).empty()) << "its SA is on another backend";
    EXPECT_TRUE(list({.spi = 0xc0000003}).empty());
    bench.advance(2701);
    EXPECT_TRUE(list({.spi = 0xc0000001}).empty()) << "the record has ended";
}

TEST_F(Sessions, WhatHasEndedIsNotListed) {
    add_ike_sa(0x10, address("192.0.2.1"), 4500, rras1);
    add_ike_sa(0x20, address("192.0.2.2"), 4500, rras2, SaState::half_open);
    bench.advance(76);
    ASSERT_EQ(list().size(), 1u);
    EXPECT_EQ(list()[0].initiator_spi, 0x10u);
    bench.spec.backends[rras1].generation = 1;
    bench.apply();
    EXPECT_TRUE(list().empty());
}

TEST_F(Sessions, SlicesHoldEveryOneOnce) {
    for (std::uint64_t i = 0; i < 3000; ++i)
        add_ike_sa(0x1000 + i, address("192.0.2.1"), static_cast<std::uint16_t>(1 + i), rras1,
                   i % 3 == 0 ? SaState::answered : SaState::established);
    std::multiset<std::uint64_t> seen;
    std::size_t slices = 0;
    SessionQuery query{.limit = 100};
    for (bool is_last = false; !is_last; ++slices) {
        const auto slice = list_sessions(bench.sessions(), bench.table(), bench.now(), query);
        EXPECT_LE(slice.sessions.size(), 103u) << "a bucket holds four";
        for (const Session& row : slice.sessions) seen.insert(row.initiator_spi);
        is_last = !slice.next;
        query.from = slice.next.value_or(0);
    }
    EXPECT_GE(slices, 29u);
    const auto wide =
        list_sessions(bench.sessions(), bench.table(), bench.now(), {.limit = 100000});
    EXPECT_LE(wide.sessions.size(), 2003u) << "whoever asks for all does not get them at once";
    EXPECT_TRUE(wide.next);
    EXPECT_EQ(seen.size(), 3000u);
    EXPECT_EQ((std::set<std::uint64_t>{seen.begin(), seen.end()}.size()), 3000u);
}

TEST_F(Sessions, AFlowNamesTheIpv6AddressOfWhichThePairHoldsAHash) {
    bench.spec.services[0].vip = address("2001:db8::10");
    bench.apply();
    const net::IpAddress named = address("2001:db8:1::1");
    const net::IpAddress unknown = address("2001:db8:2::1");
    add_ike_sa(0x10, named, 4500);
    add_ike_sa(0x20, unknown, 4500);
    add_flow(named, 4500);
    for (const Session& row : list()) {
        if (row.initiator_spi == 0x10)
            EXPECT_EQ(row.client, named);
        else
            EXPECT_EQ(row.client, std::nullopt);
    }
    ASSERT_EQ(list({.client = prefix("2001:db8:1::/48")}).size(), 1u);
    EXPECT_EQ(list({.client = prefix("2001:db8:1::/48")})[0].initiator_spi, 0x10u);
    EXPECT_TRUE(list({.client = prefix("2001:db8:2::/48")}).empty()) << "nobody knows its name";
    const IndexNames names{.backends = {"rras1"}, .services = {"aovpn"}};
    std::set<std::string> clients;
    for (const Session& row : list())
        clients.insert(as_json(row, bench.table(), bench.now(), names).at("client"));
    EXPECT_EQ(clients, (std::set<std::string>{"2001:db8:1::1", "?"}));
}

TEST_F(Sessions, ARowAsJson) {
    add_ike_sa(0x10, address("192.0.2.1"), 4501, rras2);
    bench.advance(7);
    const auto rows = list();
    ASSERT_EQ(rows.size(), 1u);
    const nlohmann::json row = as_json(rows[0], bench.table(), bench.now(),
                                       {.backends = {"a", "b"}, .services = {"aovpn"}});
    EXPECT_EQ(row.at("client"), "192.0.2.1");
    EXPECT_EQ(row.at("port"), 4501);
    EXPECT_EQ(row.at("spi_i"), "0000000000000010");
    EXPECT_EQ(row.at("spi_r"), "0000000000000001");
    EXPECT_EQ(row.at("backend"), "b");
    EXPECT_EQ(row.at("service"), "aovpn");
    EXPECT_EQ(row.at("vip"), vip);
    EXPECT_EQ(row.at("state"), "established");
    EXPECT_EQ(row.at("idle_s"), 7);
}

TEST(ClientMemory, IsTheTablesOwnSizesByWhatOneClientNeeds) {
    const sessions::SessionLimits limits{.flows = 1 << 17,
                                         .persistences = 1 << 17,
                                         .ike_sas = 1 << 17,
                                         .esp_spis = 1 << 18,
                                         .half_open = 1 << 16,
                                         .fragments = 1 << 12};
    const sessions::SessionTables d{limits, {.k0 = 1, .k1 = 2}};
    const ClientMemory memory = memory_of_client(d, limits, 2);
    EXPECT_EQ(memory.clients, 1u << 17);
    const auto of = [&](std::size_t bytes) { return static_cast<double>(bytes) / (1 << 17); };
    // With limits in the very proportion of a client's records, each is bytes over clients.
    EXPECT_DOUBLE_EQ(memory.persistences, of(d.persistences.bytes()));
    EXPECT_DOUBLE_EQ(memory.flows, of(d.flows.bytes()));
    EXPECT_DOUBLE_EQ(memory.ike_sas, of(d.ike_sas.bytes()));
    EXPECT_DOUBLE_EQ(memory.esp_spis, of(d.claims.bytes()));
    EXPECT_NEAR(memory.total(), of(d.bytes() + 2 * sizeof(pipeline::WorkerMemory)), 0.001);
    EXPECT_LE(memory.established(), 192);
}

TEST(ClientMemory, LimitsOutOfProportionChangeTheClientsAndNotTheRecords) {
    const sessions::SessionLimits even{.flows = 1 << 17,
                                       .persistences = 1 << 17,
                                       .ike_sas = 1 << 17,
                                       .esp_spis = 1 << 18,
                                       .half_open = 1 << 16,
                                       .fragments = 1 << 12};
    sessions::SessionLimits odd = even;
    odd.persistences = 1 << 18;
    odd.esp_spis = 1 << 16;
    const sessions::SessionTables even_directory{even, {.k0 = 1, .k1 = 2}};
    const sessions::SessionTables odd_directory{odd, {.k0 = 1, .k1 = 2}};
    const ClientMemory a = memory_of_client(even_directory, even, 1);
    const ClientMemory b = memory_of_client(odd_directory, odd, 1);
    EXPECT_EQ(b.clients, 1u << 15);
    EXPECT_NEAR(a.established(), b.established(), 1);
    EXPECT_NEAR(b.passing, 4 * a.passing, 0.001) << "shared by fewer";
}

}  // namespace
}  // namespace ikelb::inspect
