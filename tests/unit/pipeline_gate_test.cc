// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>

#include "dataplane/net/checksum.h"
#include "tests/testlib/bench.h"
#include "tests/unit/random_testlib.h"

// The gate refuses requests for new SAs before they are looked up. Whatever it spares, nothing else
// may come out otherwise: not the least verdict, counter or later decision.

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;
using forwarding::BackendIndex, forwarding::Scheduler;

TEST(Spending, TellsWhenItGivesAgain) {
    test::Random random;
    for (int round = 0; round < 2000; ++round) {
        const forwarding::Rate rate{.per_second = static_cast<std::uint32_t>(random.below(3000)),
                                    .burst = static_cast<std::uint32_t>(random.below(50))};
        const auto reserve = static_cast<std::uint32_t>(random.below(2) * rate.burst / 2);
        Spending spending;
        std::uint64_t now = random.below(1'000'000);
        while (spending.take(now, rate, reserve)) now += random.below(300);
        Spending asked_often = spending;
        const std::uint64_t opens_at = spending.opens_at(rate, reserve);
        ASSERT_GT(opens_at, now) << "the one that was refused knows";
        EXPECT_FALSE(Spending{spending}.take(opens_at - 1, rate, reserve));
        for (std::uint64_t at = now; at < opens_at; at += 1 + random.below(opens_at - now))
            ASSERT_FALSE(asked_often.take(at, rate, reserve)) << "until " << opens_at;
        const bool ever = rate.per_second > 0 && rate.burst > reserve;
        EXPECT_EQ(spending.take(opens_at, rate, reserve), ever);
        EXPECT_EQ(asked_often.take(opens_at, rate, reserve), ever);
    }
}

void fix_ip_checksum(Bytes& frame) {
    constexpr std::size_t l3 = sizeof(net::EthernetHeader);
    if (frame[l3] >> 4 != 4) return;
    frame[l3 + 10] = frame[l3 + 11] = 0;
    const std::uint16_t sum = net::checksum({frame.data() + l3, sizeof(net::Ipv4Header)});
    net::store(frame.data() + l3 + 10, sum);
}

/// The same farm twice; in the second one no gate stays shut.
class Worlds {
    test::Random random;

public:
    Worlds() : with{random_farm()}, without{with.spec} {
        for (std::size_t n = 0; n < clients; ++n) sessions_.push_back(session(n));
    }

    /// Something that happens, in both.
    void step() {
        const std::uint64_t what = random.below(100);
        if (what < 40) {
            requests();
        } else if (what < 75) {
            const std::array<std::uint64_t, 4> units{1, 1000, 30'000, 1'500'000};
            const std::uint64_t micros = random.below(50) * units[random.below(4)] / 10;
            with.advance_micros(micros);
            without.advance_micros(micros);
        } else if (what < 90) {
            answer(some());
        } else if (what < 98) {
            const Session& s = some();
            run({random.one_in(2) ? up(s.dpd()) : up(s.esp_up())});
        } else {
            change();
        }
    }
    void expect_equal() {
        EXPECT_EQ(counted(with), counted(without));
        EXPECT_EQ(records(with), records(without));
    }

    Bench with, without;
    std::size_t refused_unseen = 0, admitted = 0, by_cookie = 0;

private:
    static constexpr std::size_t clients = 40;

    TableSpec random_farm() {
        const std::uint64_t kind = random.below(5);
        TableSpec spec = kind < 2   ? farm_with_aliases()
                         : kind < 4 ? farm_of_both_families() : one_port_farm();
        for (ServiceSpec& service : spec.services) {
            const std::array schedulers{Scheduler::maglev, Scheduler::maglev,
                                        Scheduler::weighted_round_robin, Scheduler::least_sas};
            service.scheduler = schedulers[random.below(4)];
            service.affinity = random.one_in(3) ? forwarding::Affinity::sa
                                                : forwarding::Affinity::source;
            service.ask_all_rate = 20;
        }
        spec.limits.requests_per_backend = {.per_second = below(60), .burst = below(30)};
        spec.limits.requests_per_source = {.per_second = below(30), .burst = below(60)};
        spec.limits.half_open_inserts = {.per_second = below(100), .burst = below(100)};
        for (BackendSpec& backend : spec.backends) change(backend);
        return spec;
    }
    std::uint32_t below(std::uint32_t n) {
        return 1 + static_cast<std::uint32_t>(random.below(n));
    }
    void change(BackendSpec& backend) {
        backend.weight = static_cast<std::uint16_t>(random.one_in(5) ? 0 : 1 + random.below(300));
        backend.is_up = backend.is_up6 = !random.one_in(5);
        backend.mode = random.one_in(3) ? static_cast<forwarding::Mode>(random.below(4))
                                        : forwarding::Mode::enabled;
        backend.flush_on_down = random.one_in(3);
        if (random.one_in(8)) ++backend.generation;
    }
    void change() {
        change(with.spec.backends[random.below(with.spec.backends.size())]);
        ServiceSpec& service = with.spec.services[random.below(with.spec.services.size())];
        service.is_served = !random.one_in(4);
        // Not the rate: a bucket counts at the new one since it was last asked, by whomever.
        if (random.one_in(4)) with.spec.limits.requests_per_backend.burst = below(30);
        without.spec = with.spec;
        with.apply();
        without.apply();
        if (random.one_in(2)) {
            with.sessions().sa_counts += 1;
            without.sessions().sa_counts += 1;
        }
    }

    Session session(std::size_t n) {
        const ServiceSpec& service = with.spec.services[n % with.spec.services.size()];
        const bool is_v6 = !service.vip.is_v4();
        return {.client = (is_v6 ? "2001:db8:192::" : "192.0.2.") + std::to_string(20 + n / 4),
                .port_500 = static_cast<std::uint16_t>(500 + n % 2),
                .port_4500 = static_cast<std::uint16_t>(4500 + n % 2),
                .spi_i = random(),
                .spi_r = random(),
                .vip = is_v6 ? vip6 : service.aliases.empty() ? vip : second_vip,
                .backend = static_cast<BackendIndex>(random.below(3)),
                .by_alias = !service.aliases.empty()};
    }
    Session& some() { return sessions_[random.below(clients)]; }
    Input up(const PacketBuilder& packet) {
        return {.bytes = with.client_side(packet).build(), .port = wan};
    }

    /// That no client has, or that the wall looks at twice.
    net::IpAddress other_source(bool is_v6) {
        const std::array v4{"127.0.0.1",    "224.0.0.1",       "10.20.0.9",       "10.20.0.11",
                            "198.51.100.1", "203.0.113.10", "255.255.255.255", "10.9.9.9"};
        const std::array v6{"::1",        "ff02::1",      "fd00:20::11",  "fe80::7",
                            "fd00:20::9", "2001:db8:203::10", "fe80::8", "::"};
        return address((is_v6 ? v6 : v4)[random.below(8)]);
    }
    /// One byte of the headers, of IKE's or of a cookie; with a checksum that hides it.
    void spoil(Bytes& frame) {
        frame[random.below(std::min<std::size_t>(frame.size(), 110))] ^=
            static_cast<std::uint8_t>(1u << random.below(8));
        fix_ip_checksum(frame);
    }
    /// For new SAs and again for old ones; with what a server has sent, or with what none has.
    void requests() {
        std::vector<Input> burst;
        for (std::uint64_t left = 1 + random.below(16); left > 0; --left) {
            Session& s = some();
            if (random.one_in(6)) {
                burst.push_back(up(random.one_in(8) ? s.dpd() : s.esp_up()));
                continue;
            }
            if (random.one_in(2)) s.spi_i = random();
            IkeMessage message = sa_init(s.spi_i);
            if (random.one_in(2))
                message = sa_init_with_cookie(s.spi_i, random.one_in(4) ? 0x34 : 0x33);
            if (random.one_in(10)) message.version = 0x10;
            const bool is_nat_t = random.one_in(6);
            PacketBuilder packet = to_vip(
                s.client.c_str(), is_nat_t ? s.port_4500 : s.port_500, is_nat_t ? 4500 : 500,
                is_nat_t ? behind_marker(message) : message.bytes(), s.vip.c_str());
            if (random.one_in(12)) packet.fragment(0, true);
            if (random.one_in(12)) packet.ttl(1);
            if (random.one_in(12)) packet.from_ip(other_source(s.vip == vip6));
            burst.push_back(up(packet));
            burst.back().was_held = random.one_in(12);
            if (random.one_in(8)) spoil(burst.back().bytes);
        }
        run(burst);
    }
    void answer(const Session& s) {
        Bytes payload = random.one_in(3)   ? sa_init_answer(s.spi_i, s.spi_r).bytes()
                        : random.one_in(6) ? esp(0xd0000001)
                                           : cookie_answer(s.spi_i).bytes();
        const std::uint16_t port = random.one_in(6) ? 4500 : 500;
        PacketBuilder packet = s.answer(port, std::move(payload));
        if (s.vip == vip6) packet.from_ip(address(server_address6(s.backend).c_str()));
        run({{.bytes = with.server_side(packet).build(), .port = lan}});
    }

    void run(const std::vector<Input>& burst) {
        without.memory().gates.shut_until.fill({});
        const auto& shut = with.memory().gates.shut_until;
        const auto before = with.count(Verdict::backend_limited);
        const bool is_shut = std::ranges::any_of(
            shut, [&](const auto& until) { return until[0] > with.now_micros(); });
        const auto a = with.run(burst), b = without.run(burst);
        if (is_shut) refused_unseen += with.count(Verdict::backend_limited) - before;
        for (std::size_t i = 0; i < burst.size(); ++i) {
            ASSERT_EQ(name(a[i].verdict), name(b[i].verdict)) << i;
            ASSERT_EQ(a[i].bytes, b[i].bytes);
            ASSERT_EQ(a[i].copies, b[i].copies);
            if (a[i].verdict != Verdict::to_server) continue;
            ++admitted;
            by_cookie += is_shut;
            for (Session& s : sessions_)
                if (address(s.client.c_str()) == dissect(burst[i].bytes).from)
                    s.backend = a[i].backend;
        }
    }

    static std::vector<std::uint64_t> counted(Bench& bench) {
        const auto* first = reinterpret_cast<const Counter*>(&bench.counters());
        std::vector<std::uint64_t> all(sizeof(Counters) / sizeof(Counter));
        std::ranges::transform(first, first + all.size(), all.begin(), &Counter::read);
        return all;
    }
    static std::vector<std::size_t> records(Bench& bench) {
        const auto count = [](const auto& table) {
            std::size_t records = 0;
            table.for_each(0, table.buckets(), [&](const auto&, const auto&) { ++records; });
            return records;
        };
        const sessions::SessionTables& sessions = bench.sessions();
        return {count(sessions.choices), count(sessions.persistences), count(sessions.pending),
                count(sessions.flows), count(sessions.ike_sas)};
    }

    std::vector<Session> sessions_;
};

TEST(Gate, ChangesNothingButWhatIsLookedUp) {
    std::size_t refused_unseen = 0, admitted = 0, by_cookie = 0;
    for (int world = 0; world < 24; ++world) {
        Worlds worlds;
        for (int step = 0; step < 1500 && !testing::Test::HasFailure(); ++step) worlds.step();
        worlds.expect_equal();
        ASSERT_FALSE(testing::Test::HasFailure()) << "world " << world;
        refused_unseen += worlds.refused_unseen;
        admitted += worlds.admitted;
        by_cookie += worlds.by_cookie;
    }
    EXPECT_GT(refused_unseen, 4'000u);
    EXPECT_GT(admitted, 4'000u);
    EXPECT_GT(by_cookie, 200u) << "past a gate that is shut for those without";
}

}  // namespace
}  // namespace ikelb::pipeline
