// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/routes.h"

#include "config/text/address.h"
#include "tests/unit/random_testlib.h"

namespace ikelb::table {
namespace {

using forwarding::RouteTable;
using net::IpAddress;
using net::IpPrefix;
using test::Random;

RouteEntry entry(std::string_view prefix, std::uint32_t value) {
    return {.prefix = text::parse_prefix(prefix).value(), .value = value};
}

std::optional<std::uint32_t> lookup(const RouteTable& table, std::string_view address) {
    return table.lookup(text::parse_address(address).value());
}

/// What the table has to find: the last of the longest prefixes that contain the address.
std::optional<std::uint32_t> linear_lookup(const std::vector<RouteEntry>& entries,
                                           const IpAddress& address) {
    const RouteEntry* best = nullptr;
    for (const RouteEntry& candidate : entries) {
        if (candidate.prefix.address.is_v4() != address.is_v4()) continue;
        if (!candidate.prefix.contains(address)) continue;
        if (best == nullptr || candidate.prefix.length >= best->prefix.length) best = &candidate;
    }
    if (best == nullptr) return std::nullopt;
    return best->value;
}

/// Addresses from a few small spaces, so that prefixes nest, touch and repeat.
IpAddress random_address(Random& random, bool is_v4) {
    static constexpr std::uint32_t corners[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffffe,
                                                0xffffffff};
    auto word = static_cast<std::uint32_t>(random());
    if (random.one_in(2)) word &= 0x8000030f;
    if (random.one_in(8)) word = corners[random.below(std::size(corners))];
    if (is_v4) return IpAddress::from_v4_host(word);
    const std::uint64_t high = random.one_in(2) ? 0x20010db800000000ULL : random.below(4) << 62;
    const std::uint64_t low = random.one_in(2) ? word : std::uint64_t{word} << 32;
    return test::v6(random.one_in(10) ? ~0ULL : high, random.one_in(10) ? ~0ULL : low);
}

IpPrefix random_prefix(Random& random, bool is_v4) {
    const unsigned bits = is_v4 ? 32 : 128;
    const unsigned length = random.one_in(10)  ? 0
                            : random.one_in(5) ? bits
                                               : static_cast<unsigned>(random.below(bits + 1));
    return {.address = random_address(random, is_v4), .length = static_cast<std::uint8_t>(length)};
}

TEST(RouteTable, FindsNothingWhenEmpty) {
    EXPECT_EQ(lookup(RouteTable{}, "10.0.0.1"), std::nullopt);
    EXPECT_EQ(lookup(cut_routes({}), "2001:db8::1"), std::nullopt);
}

TEST(RouteTable, FindsTheLongestPrefix) {
    const std::vector<RouteEntry> entries{entry("0.0.0.0/0", 1), entry("10.0.0.0/8", 2),
                                          entry("10.1.0.0/16", 3), entry("10.1.2.3/32", 4)};
    const RouteTable table = cut_routes(entries);
    EXPECT_EQ(lookup(table, "192.0.2.1"), 1u);
    EXPECT_EQ(lookup(table, "10.2.0.0"), 2u);
    EXPECT_EQ(lookup(table, "10.1.255.255"), 3u);
    EXPECT_EQ(lookup(table, "10.1.2.2"), 3u);
    EXPECT_EQ(lookup(table, "10.1.2.3"), 4u);
    EXPECT_EQ(lookup(table, "10.1.2.4"), 3u);
    EXPECT_EQ(lookup(table, "11.0.0.0"), 1u);
    EXPECT_EQ(lookup(table, "255.255.255.255"), 1u);
}

TEST(RouteTable, KeepsTheFamiliesApart) {
    const std::vector<RouteEntry> entries{entry("::/0", 6), entry("10.0.0.0/8", 4)};
    const RouteTable table = cut_routes(entries);
    EXPECT_EQ(lookup(table, "10.0.0.1"), 4u);
    EXPECT_EQ(lookup(table, "192.0.2.1"), std::nullopt);
    EXPECT_EQ(lookup(table, "2001:db8::1"), 6u);
}

TEST(RouteTable, LetsTheLastOfEqualPrefixesWin) {
    const std::vector<RouteEntry> entries{entry("10.0.0.0/8", 1), entry("10.0.0.0/24", 5),
                                          entry("10.0.0.0/8", 2)};
    const RouteTable table = cut_routes(entries);
    EXPECT_EQ(lookup(table, "10.9.9.9"), 2u);
    EXPECT_EQ(lookup(table, "10.0.0.9"), 5u);
}

TEST(RouteTable, IgnoresTheHostBitsOfAPrefix) {
    const std::vector<RouteEntry> entries{entry("10.1.2.3/24", 1), entry("2001:db8::ffff/64", 2)};
    const RouteTable table = cut_routes(entries);
    EXPECT_EQ(lookup(table, "10.1.2.250"), 1u);
    EXPECT_EQ(lookup(table, "10.1.3.1"), std::nullopt);
    EXPECT_EQ(lookup(table, "2001:db8::1"), 2u);
}

TEST(RouteTable, EndsPrefixesThatEndTogether) {
    const std::vector<RouteEntry> entries{entry("10.0.0.0/8", 1), entry("10.255.0.0/16", 2),
                                          entry("10.255.255.0/24", 3),
                                          entry("10.255.255.255/32", 4)};
    const RouteTable table = cut_routes(entries);
    EXPECT_EQ(lookup(table, "10.255.255.255"), 4u);
    EXPECT_EQ(lookup(table, "11.0.0.0"), std::nullopt);
}

TEST(RouteTable, CoversTheLastAddressOfEachFamily) {
    const std::vector<RouteEntry> entries{
        entry("255.255.255.255/32", 1),
        entry("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 2)};
    const RouteTable table = cut_routes(entries);
    EXPECT_EQ(lookup(table, "255.255.255.255"), 1u);
    EXPECT_EQ(lookup(table, "255.255.255.254"), std::nullopt);
    EXPECT_EQ(lookup(table, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 2u);
}

TEST(RouteTable, AgreesWithALinearScanOfRandomPrefixes) {
    Random random;
    for (int round = 0; round < 60; ++round) {
        std::vector<RouteEntry> entries;
        const std::size_t count = round < 20 ? random.below(6) : 1 + random.below(120);
        for (std::size_t i = 0; i < count; ++i)
            entries.push_back({.prefix = random_prefix(random, random.one_in(2)),
                               .value = static_cast<std::uint32_t>(random.below(50))});
        const RouteTable table = cut_routes(entries);
        EXPECT_LE(table.v4.starts.size() + table.v6.starts.size(), 2 * entries.size() + 2);
        for (int i = 0; i < 3000; ++i) {
            const IpAddress address = random_address(random, random.one_in(2));
            ASSERT_EQ(table.lookup(address), linear_lookup(entries, address))
                << text::to_text(address) << " among " << entries.size() << " routes";
        }
    }
}

}  // namespace
}  // namespace ikelb::table
