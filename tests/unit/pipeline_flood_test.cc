// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "tests/testlib/bench.h"

// What unknown sources can do to those who have a session: floods by the hundred thousand, through
// tables far smaller. After each, every session is where it was, nothing of the flood stands among
// what is confirmed, and a new user gets in.

// AddressSanitizer keeps what is freed for a while. g++ and clang++ name it differently.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IKELB_KEEPS_FREED_MEMORY
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define IKELB_KEEPS_FREED_MEMORY
#endif

namespace ikelb::pipeline {
namespace {

#ifdef IKELB_KEEPS_FREED_MEMORY
constexpr bool keeps_freed_memory = true;
#else
constexpr bool keeps_freed_memory = false;
#endif

using namespace testlib;
using namespace testlib::place;
using forwarding::BackendIndex;

constexpr std::size_t crowd = 50;

/// A frame of which a flood changes a few bytes, without a UDP checksum.
class Template {
public:
    explicit Template(const Bytes& frame) : bytes_{frame} {}

    Template& source(std::uint32_t address, std::uint16_t port) {
        put(26, address, 4);
        put(34, port, 2);
        put(24, 0, 2);
        put(24, slow_checksum(std::span{bytes_}.subspan(14, 20)), 2);
        return *this;
    }
    Template& identification(std::uint16_t id) {
        put(18, id, 2);
        return *this;
    }
    /// offset: into the UDP payload.
    Template& at(std::size_t offset, std::uint64_t value, std::size_t size) {
        put(payload + offset, value, size);
        return *this;
    }
    const Bytes& bytes() const { return bytes_; }

private:
    static constexpr std::size_t payload = 14 + 20 + 8;
    void put(std::size_t offset, std::uint64_t value, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i)
            bytes_[offset + i] = static_cast<std::uint8_t>(value >> 8 * (size - 1 - i));
    }
    Bytes bytes_;
};

std::size_t resident_bytes() {
    std::ifstream statm{"/proc/self/statm"};
    std::size_t total = 0, resident = 0;
    statm >> total >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

template <typename Table>
std::size_t records_in(const Table& table) {
    std::size_t count = 0;
    table.for_each(0, table.buckets(), [&](const auto&, const auto&) { ++count; });
    EXPECT_LE(count, table.slots());
    return count;
}
template <typename Table>
std::size_t confirmed_in(const Table& table) {
    std::size_t count = 0;
    table.for_each(0, table.buckets(),
                   [&](const auto&, const auto& record) { count += record.is_confirmed(); });
    return count;
}

class Flood : public testing::TestWithParam<forwarding::Scheduler> {
protected:
    Bench bench{farm()};
    std::vector<Session> sessions;
    std::mt19937_64 random{20};

    void SetUp() override {
        for (std::size_t n = 1; n <= crowd; ++n) sessions.push_back(connect(user(n)));
        ASSERT_EQ(bench.counters().spis_learned.read(), crowd);
        confirmed_ = confirmed();
        bytes_ = bench.sessions().bytes();
    }

    static TableSpec farm() {
        TableSpec spec = two_armed_farm();
        spec.services[0].scheduler = GetParam();
        return spec;
    }
    static Session user(std::size_t n) {
        return {.client = "192.0.2." + std::to_string(n),
                .spi_i = 0xaaaa000000000000 + n,
                .spi_r = 0xbbbb000000000000 + n};
    }
    static std::uint32_t spi_of(const Session& s) {
        return 0xc1000000 + static_cast<std::uint32_t>(s.spi_i & 0xffff);
    }
    PacketBuilder esp_of(const Session& s, std::uint32_t spi, std::uint32_t sequence) const {
        return to_vip(s.client.c_str(), s.port_4500, 4500, esp(spi, 64, sequence))
            .no_udp_checksum();
    }
    void teach(const Session& s, std::uint32_t spi) {
        bench.from_client(esp_of(s, spi, 10));
        bench.advance(1);
        bench.from_server(s.esp_down());
        bench.from_client(esp_of(s, spi, 11));
    }
    Session connect(Session session) {
        session = log_in(bench, session, spi_of(session));
        teach(session, spi_of(session));
        return session;
    }

    // --- The flood

    std::uint32_t unknown() { return 0x0b000000 | (random() & 0x00ffffff); }
    std::uint16_t port() { return static_cast<std::uint16_t>(random() | 1024); }
    Template of(PacketBuilder packet) const {
        return Template{bench.client_side(std::move(packet.no_udp_checksum())).build()};
    }
    Template init_template() const { return of(to_vip(client, 500, 500, sa_init(1).bytes())); }

    /// count frames that make() yields, in full bursts, spread over so many seconds; sees what
    /// became of each.
    template <typename Make, typename See>
    void flood(std::size_t count, forwarding::Seconds seconds, Make&& make, See&& see) {
        std::vector<Input> burst(32, {.port = wan});
        const std::size_t bursts = count / burst.size(), a_second = bursts / seconds;
        std::size_t resident = 0;
        for (std::size_t n = 0; n < bursts; ++n) {
            for (Input& input : burst) input.bytes = make();
            see(bench.run(burst), burst);
            if (n % a_second == a_second - 1) bench.advance(1);
            if (n == bursts / 10) resident = resident_bytes();
        }
        expect_flat(resident);
    }
    template <typename Make>
    void flood(std::size_t count, forwarding::Seconds seconds, Make&& make) {
        flood(count, seconds, make, [](const auto&, const auto&) {});
    }
    static void expect_flat(std::size_t before) {
        if (keeps_freed_memory) return;
        EXPECT_LE(resident_bytes(), before + 400 * 1024);
    }

    /// Those of the burst that have reached a server.
    void answer_inits(const std::vector<Outcome>& outcomes, const std::vector<Input>& burst) {
        std::vector<Input> back;
        for (std::size_t i = 0; i < burst.size(); ++i) {
            if (outcomes[i].verdict != Verdict::to_server) continue;
            const auto packet = reply(outcomes[i].backend, 500, client, 500,
                                      sa_init_answer(1, random() | 1).bytes());
            Bytes frame = bench.server_side(PacketBuilder{packet}.no_udp_checksum()).build();
            std::copy_n(burst[i].bytes.begin() + 26, 4, frame.begin() + 30);
            std::copy_n(burst[i].bytes.begin() + 34, 2, frame.begin() + 36);
            std::copy_n(burst[i].bytes.begin() + 42, 8, frame.begin() + 42);
            frame[24] = frame[25] = 0;
            const std::uint16_t sum = slow_checksum(std::span{frame}.subspan(14, 20));
            frame[24] = static_cast<std::uint8_t>(sum >> 8);
            frame[25] = static_cast<std::uint8_t>(sum);
            back.push_back({.bytes = std::move(frame), .port = lan});
        }
        for (const Outcome& outcome : bench.run(back))
            EXPECT_EQ(name(outcome.verdict), "to_client");
    }

    // --- Afterwards

    std::uint64_t by_rule(Rule rule) {
        return bench.counters().steered[static_cast<std::size_t>(rule)].read();
    }
    void expect_steered(const PacketBuilder& packet, const Session& s, Rule rule) {
        const auto before = by_rule(rule);
        EXPECT_EQ(bench.from_client(packet).backend, s.backend) << s.client;
        EXPECT_EQ(by_rule(rule), before + 1) << s.client;
    }
    void expect_all_sessions() {
        for (const Session& s : sessions) {
            expect_steered(s.dpd(), s, Rule::pair);
            expect_steered(esp_of(s, spi_of(s), 20), s, Rule::esp_client);
            expect_steered(to_vip(s.client.c_str(), s.port_4500, 4500, keepalive()), s, Rule::flow);
            // From where nobody knows it: by what has been learned of its SPI alone.
            expect_steered(to_vip("198.18.0.1", 4500, 4500, esp(spi_of(s))), s, Rule::esp_spi);
        }
    }
    std::vector<std::size_t> confirmed() {
        const auto& tables = bench.sessions();
        return {confirmed_in(tables.flows), records_in(tables.persistences),
                confirmed_in(tables.ike_sas), records_in(tables.claims)};
    }
    std::size_t begun_flows() {
        const auto& flows = bench.sessions().flows;
        return records_in(flows) - confirmed_in(flows);
    }
    void expect_bounded_tables() {
        const auto& tables = bench.sessions();
        EXPECT_EQ(confirmed(), confirmed_);
        EXPECT_EQ(tables.bytes(), bytes_);
        EXPECT_EQ(bench.counters().sessions_full.read(), 0u);
        records_in(tables.flows);
        records_in(tables.ike_sas);
        records_in(tables.choices);
        records_in(tables.pending);
        records_in(tables.candidates);
        records_in(tables.logins);
        records_in(tables.rivals);
        records_in(tables.fragments);
    }
    void expect_a_new_user_gets_in() {
        const auto learned = bench.counters().spis_learned.read();
        Session s = user(200);
        EXPECT_EQ(name(bench.from_client(s.init()).verdict), "to_server");
        s = connect(s);
        EXPECT_EQ(bench.counters().spis_learned.read(), learned + 1);
        expect_steered(s.dpd(), s, Rule::pair);
        expect_steered(to_vip("198.18.0.1", 4500, 4500, esp(spi_of(s))), s, Rule::esp_spi);
    }
    /// after: until the buckets that the flood has emptied let unknown sources in again.
    void expect_all_is_well(forwarding::Seconds after = 3) {
        expect_all_sessions();
        expect_bounded_tables();
        bench.advance(after);
        expect_a_new_user_gets_in();
        expect_all_sessions();
    }

private:
    std::vector<std::size_t> confirmed_;
    std::size_t bytes_ = 0;
};

std::string name_of(const testing::TestParamInfo<forwarding::Scheduler>& scheduler) {
    return scheduler.param == forwarding::Scheduler::maglev ? "maglev" : "weighted_round_robin";
}
INSTANTIATE_TEST_SUITE_P(Of, Flood, testing::Values(forwarding::Scheduler::weighted_round_robin),
                         name_of);

/// Floods of what a scheduler places, for each kind of scheduler.
class InitFlood : public Flood {};
INSTANTIATE_TEST_SUITE_P(Of, InitFlood,
                         testing::Values(forwarding::Scheduler::maglev,
                                         forwarding::Scheduler::weighted_round_robin),
                         name_of);

TEST_P(InitFlood, SpoofedInitsThatServersAnswer) {
    Template init = init_template();
    const auto make = [&] { return init.source(unknown(), port()).at(0, random(), 8).bytes(); };
    const auto answer = [&](const auto& outcomes, const auto& burst) {
        answer_inits(outcomes, burst);
    };
    flood(1'000'000, 10, make, answer);
    const auto passed = bench.count(Verdict::to_client);
    EXPECT_GT(passed, 50'000u);
    EXPECT_LT(passed, 80'000u);  // 3 servers, 2,000 a second, and the bursts
    EXPECT_GT(bench.count(Verdict::backend_limited), 900'000u);
    EXPECT_GT(records_in(bench.sessions().ike_sas), 1000u);
    EXPECT_EQ(begun_flows(), 0u) << "no flow is of an INIT";
    EXPECT_EQ(bench.counters().scheduler_fallbacks.read(), 0u) << "who is refused takes no turn";
    // In the thick of it: a COOKIE that a server has sent tells who is not spoofed.
    flood(32'000, 1, make);
    bench.set_now(bench.now() - 1);
    EXPECT_EQ(name(bench.from_client(to_vip("192.0.2.201", 500, 500, sa_init(9).bytes())).verdict),
              "backend_limited");
    const auto retry = [&](std::uint8_t secret) {
        return name(bench.from_client(to_vip("192.0.2.201", 500, 500,
                                             sa_init_with_cookie(9, secret).bytes()))
                        .verdict);
    };
    EXPECT_EQ(retry(0x33), "backend_limited") << "anybody can write a notify";
    bench.from_server(reply(rras2, 500, "192.0.2.201", 500, cookie_answer(9).bytes()));
    EXPECT_EQ(retry(0x34), "backend_limited");
    EXPECT_EQ(retry(0x33), "to_server");
    expect_all_is_well();
}

TEST_P(Flood, LoginsThatFail) {
    // One of the five addresses is that of a session as well.
    const std::array<const char*, 5> sources{"192.0.2.1", "192.0.2.101", "192.0.2.102",
                                             "192.0.2.103", "192.0.2.104"};
    std::size_t passed = 0;
    constexpr std::size_t logins = 200'000, seconds = 100;
    Template init = init_template();
    for (std::size_t n = 0; n < logins; ++n) {
        Session s{.client = sources[n % sources.size()],
                  .port_500 = port(),
                  .port_4500 = port(),
                  .spi_i = random() | 1,
                  .spi_r = random() | 1};
        const auto from = static_cast<std::uint32_t>(address(s.client.c_str()).low());
        const Outcome first = bench.run({
            .bytes = init.source(from, s.port_500).at(0, s.spi_i, 8).bytes(), .port = wan});
        s.backend = first.backend;
        if (first.verdict == Verdict::to_server) {
            ++passed;
            bench.from_server(s.init_answer().no_udp_checksum());
            bench.from_client(s.auth().no_udp_checksum());
            bench.from_server(s.auth_answer().no_udp_checksum());
        }
        if (n % (logins / seconds) == 0) bench.advance(1);
    }
    EXPECT_GT(passed, 100'000u);
    EXPECT_EQ(bench.count(Verdict::source_limited), logins - passed);
    EXPECT_GT(records_in(bench.sessions().logins), 0u);
    expect_all_is_well();
}

TEST_P(Flood, AnsweredInitsFlushNoLogin) {
    std::vector<Session> waiting;  // for a second factor
    for (std::size_t n = 1; n <= 100; ++n) {
        Session s = user(n);
        s.client = "198.19.0." + std::to_string(n);
        s.spi_i += 0x10000;
        s.spi_r += 0x10000;
        s.backend = bench.from_client(s.init()).backend;
        bench.from_server(s.init_answer());
        bench.from_client(s.auth());
        bench.from_server(s.auth_answer());
        waiting.push_back(s);
    }
    Template init = init_template();
    flood(
        600'000, 100, [&] { return init.source(unknown(), port()).at(0, random(), 8).bytes(); },
        [&](const auto& outcomes, const auto& burst) { answer_inits(outcomes, burst); });
    EXPECT_GT(bench.count(Verdict::to_client), 500'000u) << "6,000 a second";
    for (const Session& s : waiting) expect_steered(s.auth(), s, Rule::pair);
    expect_all_is_well();
}

/// 4,000 a second, from the very port: a login that has a COOKIE goes on.
TEST_P(Flood, InitsInTheNameOfASession) {
    const Session& s = sessions[0];
    const auto victim = static_cast<std::uint32_t>(address(s.client.c_str()).low());
    Template init = init_template();
    std::size_t n = 0, passed = 0;
    flood(40'000, 10, [&] {
        if (++n % 4000 == 0) {
            bench.from_server(reply(s.backend, 500, s.client.c_str(), s.port_500,
                                    cookie_answer(0x7700 + n).bytes()));
            passed += bench.from_client(to_vip(s.client.c_str(), s.port_500, 500,
                                               sa_init_with_cookie(0x7700 + n).bytes()))
                          .backend == s.backend;
        }
        return init.source(victim, s.port_500).at(0, random(), 8).bytes();
    });
    EXPECT_EQ(passed, 10u);
    EXPECT_GT(bench.count(Verdict::source_limited), 30'000u);
    expect_all_is_well();
}

/// From other ports than its own: whoever forges the address seldom knows that of its next login.
TEST_P(Flood, InitsInTheNameOfABoundClient) {
    const Session& s = sessions[0];
    const auto victim = static_cast<std::uint32_t>(address(s.client.c_str()).low());
    Template init = init_template();
    Session next = s;
    std::size_t n = 0, passed = 0;
    flood(40'000, 10, [&] {
        if (++n % 4000 == 0) {
            next.spi_i = random();
            passed += bench.from_client(next.init()).backend == s.backend;
        }
        const auto port = static_cast<std::uint16_t>(5000 + random() % 4);
        return init.source(victim, port).at(0, random(), 8).bytes();
    });
    EXPECT_EQ(passed, 10u);
    EXPECT_GT(bench.count(Verdict::source_limited), 20'000u);
    expect_all_is_well();
}

TEST_P(Flood, FirstFragments) {
    Template part = of(to_vip(client, 4500, 4500, esp(1, 64)).fragment(0, true));
    const auto make = [&](std::uint32_t from) {
        return part.identification(static_cast<std::uint16_t>(random()))
            .source(from, 4500)
            .at(0, random() | 1u << 31, 4)
            .bytes();
    };
    flood(150'000, 10, [&] { return make(unknown()); });
    EXPECT_EQ(bench.count(Verdict::fragment_limited), 0u);
    flood(150'000, 10, [&] { return make(0x0b000001); });
    EXPECT_GT(bench.count(Verdict::fragment_limited), 125'000u);
    // Sessions, and the servers' own traffic, have their fragments all the same.
    const Session& s = sessions[0];
    const auto follow = [&](const std::vector<Bytes>& parts, forwarding::PortIndex in) {
        std::vector<Input> burst;
        for (const Bytes& one : parts) burst.push_back({.bytes = one, .port = in});
        std::vector<std::string> verdicts;
        for (const Outcome& outcome : bench.run(burst)) verdicts.push_back(name(outcome.verdict));
        return verdicts;
    };
    for (std::uint16_t id = 0; id < 1000; ++id) {
        auto up = fragments_of(bench.client_side(esp_of(s, spi_of(s), 30)).identification(id), 40);
        auto down = fragments_of(bench.server_side(s.esp_down()).identification(id), 40);
        ASSERT_EQ(follow(up, wan), std::vector<std::string>(2, "to_server"));
        ASSERT_EQ(follow(down, lan), std::vector<std::string>(2, "to_client"));
    }
    expect_all_is_well();
}

TEST_P(Flood, FirstFragmentsInTheNameOfASession) {
    const Session& s = sessions[0];
    const auto victim = static_cast<std::uint32_t>(address(s.client.c_str()).low());
    Template part = of(to_vip(client, 4500, 4500, esp(1, 64)).fragment(0, true));
    const auto all_of = [&](const PacketBuilder& packet, std::uint16_t id) {
        std::vector<Input> burst;
        auto whole = packet;
        for (const Bytes& one : fragments_of(bench.client_side(whole).identification(id), 40))
            burst.push_back({.bytes = one, .port = wan});
        std::size_t passed = 0;
        for (const Outcome& outcome : bench.run(burst)) passed += outcome.backend == s.backend;
        return burst.size() - passed;
    };
    std::size_t n = 0, lost = 0;
    flood(200'000, 10, [&] {  // 20,000 a second, from each port and from the session's own
        if (++n % 200 == 0) {
            const auto id = static_cast<std::uint16_t>(40'000 + n / 100);
            lost += all_of(esp_of(s, spi_of(s), 30), id);
            lost += all_of(s.dpd(), static_cast<std::uint16_t>(id + 1));
        }
        return part.identification(static_cast<std::uint16_t>(n % 30'000))
            .source(victim, n % 2 == 0 ? s.port_4500 : port())
            .at(0, random() | 1u << 31, 4)
            .bytes();
    });
    EXPECT_EQ(lost, 0u);
    EXPECT_GT(bench.count(Verdict::fragment_limited), 70'000u) << "from other ports";
    expect_all_is_well();
}

TEST_P(Flood, AServersFragmentsAreNotLimited) {
    bench.spec.limits.fragments_per_source = {1, 1};
    bench.apply();
    for (std::uint16_t id = 0; id < 100; ++id)
        EXPECT_EQ(name(bench.from_server(sessions[0].esp_down().identification(id).fragment(
                           0, true)).verdict),
                  "to_client");
    EXPECT_EQ(bench.count(Verdict::fragment_limited), 0u);
}

TEST_P(Flood, UnknownIkePairs) {
    // One client's flow has left for a server that neither its persistence nor the hash names.
    const Session moved = sessions[0];
    const BackendIndex hashed = Bench{two_armed_farm()}.from_client(moved.init()).backend;
    const auto other = std::find_if(sessions.begin(), sessions.end(), [&](const Session& s) {
        return s.backend != moved.backend && s.backend != hashed;
    });
    ASSERT_NE(other, sessions.end());
    bench.advance(60);
    Session roamer = *other;
    roamer.client = moved.client;
    bench.from_server(roamer.esp_down());
    sessions.erase(sessions.begin());

    Template ike = of(to_vip(client, 4500, 4500,
                             behind_marker(encrypted(1, 2, ike::exchange::informational))));
    const auto make = [&](std::uint32_t from, std::uint16_t from_port) {
        return ike.source(from, from_port).at(4, random() | 1, 8).at(12, random() | 1, 8).bytes();
    };
    const auto passed = bench.count(Verdict::to_server);
    flood(150'000, 10, [&] { return make(unknown(), port()); });
    // The hash has one place for each: there they end in silence, and nothing is kept of them.
    EXPECT_EQ(bench.count(Verdict::to_server), passed + 150'000 / 32 * 32);
    EXPECT_EQ(bench.count(Verdict::unknown_pair_limited), 0u);
    EXPECT_EQ(begun_flows(), 0u);
    const auto victim = static_cast<std::uint32_t>(address(moved.client.c_str()).low());
    flood(150'000, 10, [&] { return make(victim, roamer.port_4500); });
    EXPECT_GT(bench.count(Verdict::unknown_pair_limited), 148'000u);
    expect_all_is_well();
}

TEST_P(Flood, RequestsThatWantToBeRemembered) {
    // From another gateway than replies take: each would be remembered for its answer.
    const auto request = [&](std::uint64_t n) {
        return bench.from_gateway(to_vip("11.0.0.1", 4500, 4500,
                                         behind_marker(encrypted(
                                             n, n, ike::exchange::informational))),
                                  second_gateway_mac());
    };
    for (std::uint64_t n = 1; n <= 2000; ++n) EXPECT_EQ(name(request(n).verdict), "to_server");
    EXPECT_EQ(bench.counters().pending_limited.read(), 1500u);
    EXPECT_LE(records_in(bench.sessions().pending), 500u);
    bench.advance(1);
    for (std::uint64_t n = 1; n <= 200; ++n) request(n);
    EXPECT_EQ(bench.counters().pending_limited.read(), 1600u);
    expect_all_is_well();
}

TEST_P(Flood, EspOfRandomSpis) {
    Template up = of(to_vip(client, 4500, 4500, esp(1, 64)));
    flood(1'000'000, 10,
          [&] { return up.source(unknown(), port()).at(0, random() | 1u << 31, 8).bytes(); });
    EXPECT_EQ(bench.counters().spis_learned.read(), crowd);
    EXPECT_EQ(begun_flows(), 0u);
    EXPECT_GE(by_rule(Rule::schedule), 999'000u);
    expect_all_is_well();
}

TEST_P(Flood, EspOfRandomSpisFromAVictimsTuple) {
    const Session& victim = sessions[7];
    const auto from = static_cast<std::uint32_t>(address(victim.client.c_str()).low());
    Template up = of(to_vip(client, 4500, 4500, esp(1, 64)));
    std::size_t n = 0;
    flood(1'000'000, 10, [&] {
        if (++n % 1000 == 0) {  // meanwhile the tunnel is in use
            bench.from_server(victim.esp_down());
            expect_steered(esp_of(victim, spi_of(victim), 20), victim, Rule::esp_client);
        }
        return up.source(from, victim.port_4500).at(0, random() | 1u << 31, 8).bytes();
    });
    EXPECT_EQ(bench.counters().spis_learned.read(), crowd) << "nothing of the flood was learned";
    bench.advance(3);
    teach(victim, 0xc2000001);
    EXPECT_EQ(bench.counters().spis_learned.read(), crowd + 1);
    expect_steered(to_vip("198.18.0.1", 4500, 4500, esp(0xc2000001)), victim, Rule::esp_spi);
}

}  // namespace
}  // namespace ikelb::pipeline
