// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// What leaves by the fast path leaves as the general path would have sent it.

#include "dataplane/pipeline/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "dataplane/net/checksum.h"
#include "tests/testlib/bench.h"
#include "tests/testlib/samples.h"

namespace ikelb::pipeline {
namespace {

using namespace testlib;
using namespace testlib::place;

/// sequence: the server has to answer a later packet before an SPI is taken for genuine.
Input up(const Bench& bench, const Session& session, std::uint32_t sequence = 9,
         std::uint32_t spi = 0xc0000001) {
    return {.bytes = bench
                         .client_side(to_vip(session.client.c_str(), session.port_4500, 4500,
                                             esp(spi, 64, sequence), session.vip.c_str()))
                         .build(),
            .port = wan};
}
Input from_client(const Bench& bench, PacketBuilder packet) {
    return {.bytes = bench.client_side(std::move(packet)).build(), .port = wan};
}
Input down(const Bench& bench, const Session& session) {
    return {.bytes = bench.server_side(session.esp_down()).build(), .port = bench.server_port()};
}

/// A farm over IPv4, and one over both.
std::array<TableSpec, 2> two_families() {
    return {two_armed_farm(), dual_stack_farm()};
}

bool has_v6(const TableSpec& spec) {
    return std::ranges::any_of(spec.services,
                               [](const auto& service) { return !service.vip.is_v4(); });
}

/// A session of whose flow the first ESP packets have passed in both directions.
Session established(Bench& bench, bool is_v6 = false) {
    Session who;
    if (is_v6) {
        who.client = client6;
        who.vip = vip6;
    } else if (!bench.spec.services.back().aliases.empty()) {
        who.vip = second_vip;
        who.by_alias = true;
    }
    const Session session = log_in(bench, who);
    for (std::uint32_t sequence = 2; sequence < 6; ++sequence) {
        bench.run(up(bench, session, sequence));
        bench.advance(sequence == 2 ? 1 : 0);
        bench.run(down(bench, session));
    }
    return session;
}

/// Which of the frames, in one burst, are left for the general path.
PlaceSet left_of(Bench& bench, const std::vector<Input>& inputs) {
    auto batch = std::make_unique<Batch>();
    std::vector<Bytes> buffers;
    for (const Input& input : inputs) {
        Bytes& buffer = buffers.emplace_back(input.headroom);
        buffer.insert(buffer.end(), input.bytes.begin(), input.bytes.end());
        batch->add({.data = buffer.data() + input.headroom,
                    .contiguous = static_cast<std::uint16_t>(input.bytes.size()),
                    .headroom = input.headroom,
                    .length = static_cast<std::uint32_t>(input.bytes.size()),
                    .port = input.port});
    }
    Context context{.table = bench.table(),
                    .sessions = bench.sessions(),
                    .counters = bench.counters(),
                    .memory = bench.memory(),
                    .now = bench.now()};
    return fast_path(*batch, context);
}

TEST(FastPath, TakesEspOfAnEstablishedSaBothWays) {
    for (const TableSpec& spec :
         {two_armed_farm(), one_port_farm(), farm_with_aliases(), dual_stack_farm()}) {
        for (const bool is_v6 : {false, true}) {
            if (is_v6 && !has_v6(spec)) continue;
            Bench bench{spec};
            const Session session = established(bench, is_v6);
            EXPECT_EQ(left_of(bench, {up(bench, session), down(bench, session)}), 0U)
                << spec.services.size() << " services, IPv6: " << is_v6;
        }
    }
}

TEST(FastPath, LeavesAllElseToTheSteps) {
    Bench bench{two_armed_farm()};
    const Session session = established(bench);
    const auto at = [&](PacketBuilder packet) { return from_client(bench, std::move(packet)); };
    const std::vector<Input> inputs{at(session.init()),
                                    at(session.dpd()),
                                    at(session.esp_up(0x7777)),
                                    at(session.esp_up().ttl(1)),
                                    at(session.esp_up().fragment(0, true)),
                                    at(session.esp_up().bad_ip_checksum()),
                                    up(bench, session)};
    EXPECT_EQ(left_of(bench, inputs), 0b0111111U);
    bench.takes_fast_path = false;
    EXPECT_EQ(bench.run(inputs[6]).verdict, Verdict::to_server);
}

std::optional<sessions::Flow> flow_of(Bench& bench, const Session& session) {
    return bench.sessions().flows.find(
        sessions::flow_key(address(session.client.c_str()), net::be16::from_host(session.port_4500),
                           session.client == client6 ? 3 : 1),
        bench.table().timeouts, bench.now());
}
std::optional<sessions::Persistence> binding_of(Bench& bench, const Session& session) {
    const forwarding::ServiceIndex service = session.client == client6 ? 1 : 0;
    const auto client = bench.table().services[service].client_of(address(session.client.c_str()));
    return bench.sessions().persistences.find(sessions::persistence_key(client, service),
                                              bench.table().timeouts, bench.now());
}

TEST(FastPath, RenewsAFlowWhereItsRecordStands) {
    for (const bool is_v6 : {false, true}) {
        Bench bench{two_families()[is_v6]};
        bench.set_now(1020);
        const Session session = established(bench, is_v6);
        auto expected = flow_of(bench, session);
        bench.advance(3);
        EXPECT_EQ(left_of(bench, {down(bench, session)}), 0U);
        ASSERT_EQ(flow_of(bench, session), expected) << "it is recent enough";
        bench.advance(2);
        EXPECT_EQ(left_of(bench, {down(bench, session)}), 0U);
        expected->last_seen = bench.now();
        EXPECT_EQ(flow_of(bench, session), expected);
        bench.advance(30);
        EXPECT_EQ(left_of(bench, {down(bench, session)}), 0U);
        EXPECT_EQ(binding_of(bench, session)->last_seen, bench.now());
    }
}

TEST(FastPath, LeavesRepliesThatHaveSomethingToTeach) {
    Bench bench{two_armed_farm()};
    bench.set_now(1020);
    const Session session = established(bench);
    bench.from_client(session.esp_up(0x7777));
    ASSERT_TRUE(flow_of(bench, session)->awaits);
    EXPECT_EQ(left_of(bench, {down(bench, session)}), 1U) << "a candidate waits for it";
}

/// RFC 4942 section 2.2: our tables take such an address for the IPv4 VIP's.
TEST(FastPath, LeavesAMappedVipToTheSteps) {
    Bench bench{farm_of_both_families()};
    const Session session = established(bench, true);
    ASSERT_EQ(left_of(bench, {up(bench, session), down(bench, session)}), 0U);
    std::vector<Input> inputs;
    // The claim's tag, of 8 bits, holds for some port.
    for (unsigned port = 4; port < 0x10000; port += 16) {
        const auto client_port = static_cast<std::uint16_t>(port);
        const PacketBuilder packet =
            to_vip(client6, client_port, 4500, esp(0xc0000001, 64, 9), "::ffff:203.0.113.10");
        inputs.push_back(from_client(bench, packet));
        ASSERT_EQ(left_of(bench, {inputs.back()}), 1U) << client_port;
    }
    EXPECT_EQ(name(bench.run(inputs.back()).verdict), "mapped_address");
}

/// Whoever logs in again where its server speaks already.
TEST(FastPath, LeavesTheReplyThatConfirmsALogin) {
    Bench bench{two_armed_farm()};
    bench.set_now(1020);
    Session session = established(bench);
    session.spi_i ^= 1;
    session.spi_r ^= 1;
    bench.from_client(session.init());
    bench.from_server(session.init_answer());
    bench.from_client(session.auth());
    bench.from_server(session.auth_answer());
    const auto state = [&] {
        return bench.sessions()
            .ike_sas
            .find({net::be64::from_host(session.spi_i).wire(),
                   net::be64::from_host(session.spi_r).wire()},
                  bench.table().timeouts, bench.now())
            ->state;
    };
    ASSERT_EQ(state(), sessions::SaState::answered);
    bench.advance(5);
    ASSERT_EQ(left_of(bench, {down(bench, session)}), 1U);
    bench.run(down(bench, session));
    EXPECT_EQ(state(), sessions::SaState::established);
    bench.advance(5);
    EXPECT_EQ(left_of(bench, {down(bench, session)}), 0U);
}

TEST(FastPath, SendsEspWithALabelWithoutARecord) {
    TableSpec spec = two_armed_farm();
    constexpr std::uint32_t slot = 1U << forwarding::FastTable::label_shift;
    spec.backends[1].label = {.esp_first = 5 * slot, .esp_last = 7 * slot + 9};
    Bench bench{spec};
    const Session unknown;
    const auto is_left = [&](std::uint32_t spi) {
        return left_of(bench, {up(bench, unknown, 9, spi)}) != 0;
    };
    EXPECT_FALSE(is_left(6 * slot + 3));
    EXPECT_EQ(bench.counters().steered[static_cast<std::size_t>(Rule::label)].read(), 1U);
    EXPECT_EQ(bench.run(up(bench, unknown, 9, 6 * slot + 3)).backend, 1);
    EXPECT_TRUE(is_left(7 * slot + 3)) << "of a slot that the label has in part";
    EXPECT_TRUE(is_left(8 * slot));
    EXPECT_EQ(left_of(bench, {up(bench, established(bench))}), 0U);
}

TEST(FastPath, AsksWhereALabelsSenderIs) {
    TableSpec spec = two_armed_farm();
    spec.backends[0].label = {.esp_first = 0xc0000000, .esp_last = 0xc00fffff};
    spec.inside_prefixes = {prefix("192.0.2.64/26")};
    Bench bench{spec};
    const auto is_left = [&](const char* from) {
        return left_of(bench, {up(bench, {.client = from})}) != 0;
    };
    EXPECT_FALSE(is_left("192.0.2.10"));
    EXPECT_TRUE(is_left("192.0.2.70")) << "an inside host";
    EXPECT_TRUE(is_left("127.0.0.1"));
    EXPECT_TRUE(is_left(place::vip));
}

std::vector<std::uint64_t> all_of(const Counters& counters) {
    std::vector<std::uint64_t> values(sizeof counters / sizeof(std::uint64_t));
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = reinterpret_cast<const Counter*>(&counters)[i].read();
    return values;
}

std::map<std::uint64_t, std::uint64_t> records_of(const auto& table) {
    std::map<std::uint64_t, std::uint64_t> records;
    table.for_each(0, table.buckets(), [&](const auto& key, const auto& record) {
        if constexpr (requires { key.rest; })
            records[sessions::hash_of(key, {1, 2})] = record.pack();
        else
            records[key[0]] = record.pack();
    });
    return records;
}

void fix_ip_checksum(Bytes& frame) {
    const std::size_t l3 = frame[12] == 0x81 && frame[13] == 0 ? 18 : 14;
    if (frame.size() < l3 + sizeof(net::Ipv4Header) || frame[l3] >> 4 != 4) return;
    frame[l3 + 10] = frame[l3 + 11] = 0;
    const std::uint16_t sum = net::checksum({frame.data() + l3, sizeof(net::Ipv4Header)});
    net::store(frame.data() + l3 + 10, sum);
}

/// Wrong in a few places, mostly in the headers, and often with a checksum that hides it.
Input spoilt(Input input, std::mt19937& random) {
    const auto at_random = [&] { return random() % (random() % 4 == 0 ? input.bytes.size() : 54); };
    for (auto count = random() % 4; count > 0; --count) {
        std::uint8_t& byte = input.bytes[std::min(at_random(), input.bytes.size() - 1)];
        byte = static_cast<std::uint8_t>(random() % 2 == 0 ? random() : byte ^ 1U << random() % 8);
    }
    if (random() % 8 != 0) fix_ip_checksum(input.bytes);
    if (random() % 8 == 0) input.bytes.resize(random() % (input.bytes.size() + 40));
    if (random() % 8 == 0) input.headroom = static_cast<std::uint16_t>(random() % 8);
    if (random() % 16 == 0) input.contiguous = random() % (input.bytes.size() + 1);
    if (random() % 16 == 0) input.port ^= 1;
    input.may_hold = random() % 16 != 0;
    input.was_held = random() % 16 == 0;
    return input;
}

void expect_equal(const Outcome& quick, const Outcome& plain) {
    ASSERT_EQ(name(quick.verdict), name(plain.verdict));
    ASSERT_EQ(difference(plain.bytes, quick.bytes), "");
    ASSERT_EQ(quick.out_port, plain.out_port);
    ASSERT_EQ(quick.backend, plain.backend);
    ASSERT_EQ(quick.out_shift, plain.out_shift);
}

/// Changes what the control thread may change under live flows.
void change_table(TableSpec& spec, std::mt19937& random) {
    net::MacAddress& gateway = spec.gateways[random() % spec.gateways.size()].mac;
    switch (random() % 6) {
        case 0: spec.backends[0].is_up = !spec.backends[0].is_up; break;
        case 1: spec.backends[0].flush_on_down = !spec.backends[0].flush_on_down; break;
        case 2: spec.interfaces[ext].is_up = !spec.interfaces[ext].is_up; break;
        case 3: gateway = gateway.is_zero() ? first_gateway_mac() : net::MacAddress{}; break;
        case 4:  // it leads to all, to the client's network, or to another
            for (RouteSpec& route : spec.routes)
                if (route.gateway == first_gateway && route.prefix.address.is_v4())
                    route.prefix = std::array{prefix("0.0.0.0/0"), prefix("192.0.2.0/24"),
                                              prefix("192.0.3.0/24")}[random() % 3];
                else if (route.gateway == v6_gateway)
                    route.prefix = std::array{prefix("::/0"), prefix("2001:db8:192::/48"),
                                              prefix("2001:db8:193::/48")}[random() % 3];
            break;
        default: {
            bool& is_served = spec.services[random() % spec.services.size()].is_served;
            is_served = !is_served;
        }
    }
}

void compare(const TableSpec& spec, bool is_v6) {
    Bench probe{spec}, quick{spec}, plain{spec};
    ASSERT_EQ(left_of(probe, {up(probe, established(probe, is_v6))}), 0U);
    plain.takes_fast_path = false;
    const Session session = established(quick, is_v6);
    established(plain, is_v6);
    std::mt19937 random{7};
    for (int round = 0; round < 12000; ++round) {
        const Input whole = random() % 2 == 0   ? up(quick, session)
                            : random() % 2 == 0 ? from_client(quick, session.esp_up())
                                                : down(quick, session);
        const Input input = random() % 3 == 0 ? whole : spoilt(whole, random);
        if (random() % 64 == 0) {
            const auto seed = random();
            for (Bench* bench : {&quick, &plain}) {
                std::mt19937 same{seed};
                change_table(bench->spec, same);
                bench->apply();
            }
        }
        if (input.bytes.empty()) continue;
        ASSERT_NO_FATAL_FAILURE(expect_equal(quick.run(input), plain.run(input)))
            << "round " << round;
        const auto pause = random() % 100 == 0 ? random() % 400 : random() % 16 == 0;
        quick.advance(static_cast<forwarding::Seconds>(pause));
        plain.advance(static_cast<forwarding::Seconds>(pause));
    }
    const auto of_quick = all_of(quick.counters()), of_plain = all_of(plain.counters());
    for (std::size_t i = 0; i < of_plain.size(); ++i)
        EXPECT_EQ(of_quick[i], of_plain[i]) << "counter " << i;
    EXPECT_EQ(records_of(quick.sessions().flows.narrow()),
              records_of(plain.sessions().flows.narrow()));
    EXPECT_EQ(records_of(quick.sessions().claims.narrow()),
              records_of(plain.sessions().claims.narrow()));
    EXPECT_EQ(records_of(quick.sessions().flows.wide()), records_of(plain.sessions().flows.wide()));
    EXPECT_EQ(records_of(quick.sessions().persistences), records_of(plain.sessions().persistences));
    EXPECT_EQ(records_of(quick.sessions().claims.wide()),
              records_of(plain.sessions().claims.wide()));
}

TEST(FastPath, EndsPacketsAsTheStepsDo) {
    std::vector<TableSpec> farms = sample_farms();
    farms.push_back(farm_of_both_families());
    farms.push_back(two_armed_farm());
    farms.back().backends[0].label = {.esp_first = 0xc0000000, .esp_last = 0xc00fffff};
    for (const TableSpec& spec : farms)
        for (const bool is_v6 : {false, true}) {
            if (is_v6 && !has_v6(spec)) continue;
            ASSERT_NO_FATAL_FAILURE(compare(spec, is_v6));
        }
}

}  // namespace
}  // namespace ikelb::pipeline
