// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <vector>

#include "tests/testlib/bench.h"

// What sessions and unknown sources have in common: the room of flows and pairs.

namespace ikelb::pipeline {
namespace {

using namespace testlib;

class Room : public testing::Test {
protected:
    static constexpr sessions::SessionLimits few{.flows = 64,
                                                 .persistences = 16384,
                                                 .ike_sas = 64,
                                                 .esp_spis = 16384,
                                                 .half_open = 1024,
                                                 .fragments = 64,
                                                 .transit = 64};
    Bench bench{two_armed_farm(), 1, few};

    /// Of a network of its own, so that no share of a source's is spent.
    Session newcomer() {
        const std::uint32_t n = ++newcomers_;
        if (n % 100 == 0) bench.advance(1);
        return {.client = "11." + std::to_string(n / 250) + "." + std::to_string(n % 250) + ".1",
                .spi_i = 0xaaaa000000000000 + n,
                .spi_r = 0xbbbb000000000000 + n};
    }
    Session log_in() { return testlib::log_in(bench, newcomer(), 0xc1000000 + newcomers_); }
    /// Half of them without a word after IKE_SA_INIT, half with a password that is refused.
    void flood(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            Session s = newcomer();
            s.backend = bench.from_client(s.init()).backend;
            bench.from_server(s.init_answer());
            if (i % 2 == 0) continue;
            bench.from_client(s.auth());
            bench.from_server(s.auth_answer());
        }
    }
    bool has_pair(const Session& s) {
        const auto ike_sa = bench.sessions().ike_sas.find(
            {net::be64::from_host(s.spi_i).wire(), net::be64::from_host(s.spi_r).wire()},
            bench.table().timeouts, bench.now());
        return ike_sa && ike_sa->is_confirmed();
    }
    bool has_flow(const Session& s) {
        const auto flow = bench.sessions().flows.find(
            sessions::flow_key(address(s.client.c_str()), net::be16::from_host(s.port_4500), 1),
            bench.table().timeouts, bench.now());
        return flow && flow->is_confirmed();
    }
    std::uint64_t refused() { return bench.counters().sessions_full.read(); }
    template <typename Table>
    static std::size_t live_in(const Table& table, const Bench& bench) {
        std::size_t count = 0;
        table.for_each(0, table.buckets(), [&](const auto&, const auto& record) {
            count += record.is_alive(bench.table().timeouts, bench.now());
        });
        return count;
    }

private:
    std::uint32_t newcomers_ = 0;
};

TEST_F(Room, OfAFloodIsThatOfSessions) {
    auto& tables = bench.sessions();
    flood(8000);
    ASSERT_GT(live_in(tables.ike_sas, bench), tables.ike_sas.slots() * 9 / 10);
    ASSERT_GT(live_in(tables.flows, bench), tables.flows.slots() * 9 / 10);
    std::vector<Session> sessions;
    for (int n = 0; n < 500; ++n) {
        sessions.push_back(log_in());
        Session elsewhere = sessions.back();
        elsewhere.port_4500 = 4600;
        bench.from_server(elsewhere.esp_down());
        ASSERT_TRUE(has_flow(elsewhere)) << n;
        ASSERT_TRUE(has_flow(sessions.back()) && has_pair(sessions.back())) << n;
        flood(4);
    }
    EXPECT_EQ(refused(), 0u);
    flood(8000);
    for (Session& s : sessions) {
        EXPECT_TRUE(has_flow(s) && has_pair(s)) << s.client;
        s.port_4500 = 4600;
        EXPECT_TRUE(has_flow(s)) << s.client;
    }
}

TEST_F(Room, OfSessionsIsNobodyElses) {
    std::vector<Session> sessions;
    while (refused() == 0) sessions.push_back(log_in());
    EXPECT_GT(sessions.size(), bench.sessions().ike_sas.slots() * 9 / 10);
    std::erase_if(sessions, [&](const Session& s) { return !has_flow(s) || !has_pair(s); });
    EXPECT_GT(sessions.size(), bench.sessions().ike_sas.slots() * 9 / 10);
    flood(8000);
    EXPECT_GT(refused(), 0u);
    for (const Session& s : sessions) EXPECT_TRUE(has_flow(s) && has_pair(s)) << s.client;
}

}  // namespace
}  // namespace ikelb::pipeline
