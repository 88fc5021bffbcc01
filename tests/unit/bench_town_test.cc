// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/bench/frames.h"
#include "tests/bench/stream.h"
#include "tests/bench/town.h"

namespace ikelb::bench {
namespace {

/// The records of a table with their notes, sorted, as words.
using Contents = std::vector<std::vector<std::uint64_t>>;

template <typename Table>
Contents contents_of_one(const Table& table) {
    Contents contents;
    table.for_each(0, table.buckets(), [&](const auto& key, const auto& record) {
        std::vector<std::uint64_t> words(key.begin(), key.end());
        words.push_back(record.pack());
        if constexpr (requires { table.find_noted(key); })
            if (const auto found = table.find_noted(key))
                words.insert(words.end(), found->notes.begin(), found->notes.end());
        contents.push_back(std::move(words));
    });
    std::ranges::sort(contents);
    return contents;
}
template <typename Table>
Contents contents_of(const Table& table) {
    if constexpr (requires { table.narrow(); }) {
        Contents contents = contents_of_one(table.narrow());
        for (auto& record : contents_of_one(table.wide())) contents.push_back(std::move(record));
        return contents;
    } else {
        return contents_of_one(table);
    }
}

std::map<std::string, Contents> contents_of(const Town& town) {
    const sessions::SessionTables& d = town.sessions();
    return {{"flows", contents_of(d.flows)},
            {"bindings", contents_of(d.persistences)},
            {"pairs", contents_of(d.ike_sas)},
            {"claims", contents_of(d.claims)},
            {"choices", contents_of(d.choices)},
            {"rivals", contents_of(d.rivals)},
            {"pending", contents_of(d.pending)},
            {"candidates", contents_of(d.candidates)},
            {"logins", contents_of(d.logins)},
            {"fragments", contents_of(d.fragments)}};
}

constexpr std::size_t few = 1000;

class TownOf : public testing::TestWithParam<Family> {
protected:
    TownOptions options{.family = GetParam(), .clients = few};
};
INSTANTIATE_TEST_SUITE_P(Families, TownOf, testing::Values(Family::v4, Family::v6));

TEST_P(TownOf, BulkWritingLeavesWhatPacketsLeave) {
    Town taught{options}, written{options};
    taught.establish_by_packets(0, few);
    written.establish_in_bulk(0, few);
    const auto expected = contents_of(taught), got = contents_of(written);
    for (const auto& [table, records] : expected) {
        EXPECT_EQ(records.size(), got.at(table).size()) << table;
        EXPECT_TRUE(records == got.at(table)) << table;
    }
    EXPECT_EQ(expected.at("flows").size(), few);
    EXPECT_EQ(expected.at("bindings").size(), few);
    EXPECT_EQ(expected.at("pairs").size(), few);
    EXPECT_EQ(expected.at("claims").size(), 2 * few);
}

TEST_P(TownOf, FramesAreValid) {
    const Town town{options};
    const FrameMaker frames = town.frames(512);
    for (const Towards towards : {Towards::server, Towards::client})
        for (std::size_t kind = 0; kind < kinds; ++kind)
            for (const std::size_t number : {std::size_t{0}, std::size_t{1}, few - 1}) {
                const Client client = town.client(number);
                const auto frame = frames.make(
                    towards, static_cast<Kind>(kind),
                    {.by = client,
                     .backend = town.address_of(town.backend_of(client)),
                     .esp_spi = 0x12345678});
                const testlib::Dissected got = testlib::dissect(frame);
                ASSERT_TRUE(got.is_valid) << kind;
                EXPECT_EQ(got.end, frame.size()) << kind;
                EXPECT_TRUE(got.is_ip_checksum_good) << kind;
                EXPECT_TRUE(got.is_later_fragment || got.is_udp_checksum_good) << kind;
                EXPECT_FALSE(!got.is_later_fragment && got.is_udp_checksum_zero) << kind;
                EXPECT_EQ(towards == Towards::server ? got.from : got.to, client.address);
            }
    EXPECT_EQ(frames.esp_frame(), 512u);
}

TEST_P(TownOf, VerificationSeesWhatIsWrong) {
    Town town{options};
    town.establish_by_packets(0, few);
    const FrameMaker frames = town.frames(64);
    const Client client = town.client(7);
    const Said said{.by = client,
                    .backend = town.address_of(town.backend_of(client)),
                    .esp_spi = client.esp_up[0]};
    for (const Towards towards : {Towards::server, Towards::client}) {
        const Ends ends{.towards = towards,
                        .client = client.address,
                        .backend = town.backend_of(client)};
        const testlib::Bytes in = frames.make(towards, Kind::esp, said);
        testlib::Bytes frame = in;
        pipeline::Batch batch;
        pipeline::Counters counters;
        pipeline::WorkerMemory memory;
        batch.add({.data = frame.data(),
                   .contiguous = static_cast<std::uint16_t>(frame.size()),
                   .length = static_cast<std::uint32_t>(frame.size()),
                   .port = static_cast<forwarding::PortIndex>(towards == Towards::server ? 0 : 1)});
        pipeline::Context context{.table = town.table(),
                                  .sessions = town.sessions(),
                                  .counters = counters,
                                  .memory = memory,
                                  .now = town.now(),
                                  .now_micros = town.now_micros()};
        pipeline::run(batch, context);
        ASSERT_EQ(check_output(town, ends, in, frame), "");
        const testlib::Dissected good = testlib::dissect(frame);
        const auto broken = [&](std::size_t at) {
            testlib::Bytes bad = frame;
            bad[at] ^= 1;
            return check_output(town, ends, in, bad);
        };
        EXPECT_EQ(broken(0), "link addresses");
        EXPECT_EQ(broken(11), "link addresses");
        EXPECT_EQ(broken(good.l4 + 6), "UDP checksum");
        EXPECT_EQ(broken(frame.size() - 1), "UDP checksum, payload");
        if (!good.is_v6) {
            EXPECT_EQ(broken(good.l3 + 10), "IP checksum");
            EXPECT_EQ(broken(good.l3 + 8), "TTL, IP checksum");
        } else {
            EXPECT_EQ(broken(good.l3 + 7), "TTL");
        }
        Ends others = ends;
        others.client = town.client(8).address;
        EXPECT_EQ(check_output(town, others, in, frame),
                  towards == Towards::server ? "source address" : "destination address");
        EXPECT_NE(check_output(town, ends, in, in), "") << "not forwarded at all";
    }
}

TEST(Clients, AreAllDifferent) {
    std::vector<net::IpAddress> addresses;
    std::vector<std::uint32_t> spis;
    for (std::size_t n = 0; n < 100'000; ++n) {
        const Client client = client_of(n, Family::v4);
        addresses.push_back(client.address);
        spis.insert(spis.end(), client.esp_up.begin(), client.esp_up.end());
    }
    std::ranges::sort(addresses);
    std::ranges::sort(spis);
    EXPECT_EQ(std::ranges::adjacent_find(addresses), addresses.end());
    EXPECT_EQ(std::ranges::adjacent_find(spis), spis.end());
}

}  // namespace
}  // namespace ikelb::bench
