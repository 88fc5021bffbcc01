// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/testlib/bench.h"

namespace ikelb::test {

using forwarding::BackendIndex;
using pipeline::Rule, pipeline::Verdict;
using testlib::Outcome, testlib::PacketBuilder, testlib::Session;

inline constexpr std::uint32_t spi_up = 0xc0000001, spi_down = 0xd0000001;

/// Crafted datagrams, dealt to three workers: requests to two of them, answers to the third.
class AffinityTest : public testing::Test {
protected:
    testlib::Bench bench{testlib::two_armed_farm(), 3};

    static BackendIndex another(BackendIndex than) {
        return static_cast<BackendIndex>((than + 1) % 3);
    }
    /// Another client, whose address is bound to this backend.
    Session open_office(BackendIndex backend) {
        schedule_only(backend);
        return log_in(bench,
                      {.client = testlib::place::other_client, .spi_i = 3, .spi_r = 4}, 0xc00000ff);
    }
    /// The session's client, at the office's address now.
    static Session moved_into_office(Session session) {
        session.client = testlib::place::other_client;
        session.port_4500 = 40001;
        return session;
    }
    void schedule_only(BackendIndex backend) {
        for (BackendIndex b = 0; b < 3; ++b) bench.spec.backends[b].weight = b == backend ? 100 : 0;
        bench.apply();
    }
    void use_sa_affinity() {
        bench.spec.services[0].affinity = forwarding::Affinity::sa;
        bench.apply();
    }
    Outcome up(const PacketBuilder& packet) { return bench.from_client(packet, turn_++ % 2); }
    Outcome down(const PacketBuilder& packet) { return bench.from_server(packet, 2); }

    static PacketBuilder esp_from(const Session& s, std::uint32_t sequence,
                                  std::uint32_t spi = spi_up) {
        return testlib::to_vip(s.client.c_str(), s.port_4500, 4500,
                               testlib::esp(spi, 64, sequence))
            .no_udp_checksum();
    }
    static PacketBuilder ike_from(const Session& s, std::uint8_t exchange, std::uint32_t id) {
        return testlib::to_vip(
            s.client.c_str(), s.port_4500, 4500,
            testlib::behind_marker(testlib::encrypted(s.spi_i, s.spi_r, exchange, id)));
    }
    static PacketBuilder ike_answer(const Session& s, std::uint8_t exchange, std::uint32_t id) {
        return testlib::reply(
            s.backend, 4500, s.client.c_str(), s.port_4500,
            testlib::behind_marker(testlib::encrypted_answer(s.spi_i, s.spi_r, exchange, id)));
    }
    static PacketBuilder keepalive_from(const Session& s) {
        return testlib::to_vip(s.client.c_str(), s.port_4500, 4500, testlib::keepalive());
    }
    /// Traffic both ways, enough for the client's SPI to be claimed: the backend is heard
    /// after the candidate came, and the client goes on.
    void exchange_esp(const Session& s, std::uint32_t spi = spi_up, std::uint32_t from = 1) {
        up(esp_from(s, from, spi));
        bench.advance(1);
        down(s.esp_down(spi_down));
        up(esp_from(s, from + 1, spi));
    }
    Session connect(Session session = {}) {
        session = log_in(bench, session);
        exchange_esp(session, spi_up, 10);
        return session;
    }
    BackendIndex backend_of(const PacketBuilder& packet) { return up(packet).backend; }
    std::string verdict_of(const PacketBuilder& packet) {
        return testlib::name(up(packet).verdict);
    }
    /// Where the datagram and its copies go, sorted.
    std::vector<BackendIndex> asked(const PacketBuilder& packet) {
        const Outcome outcome = up(packet);
        std::vector<BackendIndex> backends;
        if (outcome.verdict != Verdict::to_server) return backends;
        backends.push_back(outcome.backend);
        for (const testlib::Bytes& copy : outcome.copies)
            for (BackendIndex b = 0; b < bench.spec.backends.size(); ++b)
                if (testlib::dissect(copy).to == bench.table().backends[b].homes[0].address)
                    backends.push_back(b);
        EXPECT_EQ(backends.size(), outcome.copies.size() + 1);
        std::sort(backends.begin(), backends.end());
        return backends;
    }
    std::uint64_t sum(const auto& counter_of) {
        std::uint64_t sum = 0;
        for (std::size_t w = 0; w < 3; ++w) sum += counter_of(bench.counters(w)).read();
        return sum;
    }
    std::uint64_t learned() {
        return sum([](const pipeline::Counters& all) -> auto& { return all.spis_learned; });
    }
    std::uint64_t flows_moved() {
        return sum([](const pipeline::Counters& all) -> auto& { return all.flows_moved; });
    }
    std::uint64_t flows_committed() {
        return sum([](const pipeline::Counters& all) -> auto& { return all.flows_committed; });
    }
    std::uint64_t by_rule(Rule rule) {
        return sum([rule](const pipeline::Counters& all) -> auto& {
            return all.steered[static_cast<std::size_t>(rule)];
        });
    }

    std::optional<sessions::Flow> flow(const Session& s) {
        return bench.sessions().flows.find(sessions::flow_key(testlib::address(s.client.c_str()),
                                                              net::be16::from_host(s.port_4500), 1),
                                           bench.table().timeouts, bench.now());
    }
    std::optional<sessions::IkeSa> ike_sa(const Session& s) {
        return bench.sessions().ike_sas.find(ike_sa_key(s), bench.table().timeouts, bench.now());
    }
    std::optional<sessions::Persistence> persistence(const Session& s) {
        return bench.sessions().persistences.find(
            sessions::persistence_key(testlib::address(s.client.c_str()), 0),
            bench.table().timeouts, bench.now());
    }
    std::optional<sessions::Claim> claim(const Session& s, std::uint32_t spi = spi_up) {
        return bench.sessions().claims.find(
            sessions::esp_key(testlib::address(s.client.c_str()), net::be32::from_host(spi)),
            bench.table().timeouts, bench.now());
    }
    static sessions::IkeSaKey ike_sa_key(const Session& s) {
        return {net::be64::from_host(s.spi_i).wire(), net::be64::from_host(s.spi_r).wire()};
    }

    AffinityTest() {
        bench.spec.services[0].ask_all_rate = 50;
        bench.apply();
    }

private:
    std::size_t turn_ = 0;
};

/// With what somebody does who holds no key of a user's.
class UnknownSourceTest : public AffinityTest {
protected:
    static Session at(const char* address, Session s, std::uint16_t port = 4500) {
        s.client = address;
        s.port_4500 = port;
        return s;
    }
    void answer(const Session& s, std::uint32_t id,
                std::uint8_t exchange = ike::exchange::informational) {
        down(ike_answer(s, exchange, id));
    }
    /// A login of somebody's own that begins at his address and goes on at another one, where it
    /// fails.
    void fail_to_log_in(const Session& own, const Session& goes_on) {
        down(own.init_answer());
        answer(goes_on, 1, ike::exchange::ike_auth);
    }
    net::MacAddress hop_of(const PacketBuilder& packet) { return down(packet).packet().to_mac; }
    static Session session(std::uint64_t spi_i, std::uint64_t spi_r,
                           forwarding::BackendIndex backend) {
        return {.spi_i = spi_i, .spi_r = spi_r, .backend = backend};
    }
};

}  // namespace ikelb::test
