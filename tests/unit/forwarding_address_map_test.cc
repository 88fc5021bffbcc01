// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/forwarding/address_map.h"

#include <map>

#include "config/text/address.h"
#include "tests/unit/random_testlib.h"

namespace ikelb::forwarding {
namespace {

using net::IpAddress;
using test::hash_key;
using test::Random;

IpAddress random_address(Random& random, std::uint64_t space) {
    const auto host = static_cast<std::uint32_t>(random.below(space));
    return random.one_in(2) ? IpAddress::from_v4_host(0x0a000000 + host)
                            : test::v6(0x20010db8ULL << 32, host);
}

TEST(AddressMap, FindsNothingWhenEmpty) {
    const AddressMap<int> map;
    EXPECT_EQ(map.find(IpAddress{}), nullptr);
    EXPECT_EQ((AddressMap<int>{{}, hash_key}.find(IpAddress{})), nullptr);
}

TEST(AddressMap, HoldsTheUnspecifiedAddressLikeAnyOther) {
    const std::vector<AddressMap<int>::Entry> entries{{IpAddress{}, 5}};
    const AddressMap<int> map{entries, hash_key};
    ASSERT_NE(map.find(IpAddress{}), nullptr);
    EXPECT_EQ(*map.find(IpAddress{}), 5);
    EXPECT_EQ(map.find(IpAddress::from_v4_host(0)), nullptr);
}

TEST(AddressMap, LetsTheLastOfEqualKeysWin) {
    const IpAddress address = IpAddress::from_v4_host(0x0a000001);
    const std::vector<AddressMap<int>::Entry> entries{{address, 1}, {address, 2}};
    const AddressMap<int> map{entries, hash_key};
    EXPECT_EQ(*map.find(address), 2);
}

TEST(AddressMap, AgreesWithAMapOfRandomAddresses) {
    Random random;
    for (const std::size_t count : {1u, 2u, 3u, 100u, 5000u}) {
        std::vector<AddressMap<std::uint32_t>::Entry> entries;
        std::map<IpAddress, std::uint32_t> expected;
        for (std::size_t i = 0; i < count; ++i) {
            const auto value = static_cast<std::uint32_t>(random());
            entries.push_back({random_address(random, 2 * count), value});
            expected[entries.back().address] = value;
        }
        const AddressMap<std::uint32_t> map{entries, hash_key};
        for (int i = 0; i < 20000; ++i) {
            const IpAddress address = random_address(random, 2 * count);
            const auto known = expected.find(address);
            const std::uint32_t* const found = map.find(address);
            ASSERT_EQ(found != nullptr, known != expected.end()) << text::to_text(address);
            if (found != nullptr) {
                ASSERT_EQ(*found, known->second);
            }
        }
    }
}

TEST(AddressMap, SurvivesBeingCopiedAndMoved) {
    const IpAddress address = IpAddress::from_v4_host(0x0a000001);
    const std::vector<AddressMap<int>::Entry> entries{{address, 7}};
    AddressMap<int> original{entries, hash_key};
    const AddressMap<int> copy = original;
    const AddressMap<int> moved = std::move(original);
    EXPECT_EQ(*copy.find(address), 7);
    EXPECT_EQ(*moved.find(address), 7);
    EXPECT_NE(copy.find(address), moved.find(address));
}

TEST(WordMap, AgreesWithAMapOfKeysOfThreeWords) {
    Random random;
    using Map = WordMap<3, std::uint16_t>;
    std::vector<Map::Entry> entries;
    std::map<Map::Key, std::uint16_t> expected;
    const auto random_key = [&] {
        return Map::Key{random.below(4), random.below(10), random.below(50)};
    };
    for (int i = 0; i < 1000; ++i) {
        entries.push_back({random_key(), static_cast<std::uint16_t>(i)});
        expected[entries.back().key] = static_cast<std::uint16_t>(i);
    }
    const Map map{entries, hash_key};
    for (int i = 0; i < 20000; ++i) {
        const Map::Key key = random_key();
        const auto known = expected.find(key);
        const std::uint16_t* const found = map.find(key);
        ASSERT_EQ(found != nullptr, known != expected.end());
        if (found != nullptr) {
            ASSERT_EQ(*found, known->second);
        }
    }
}

}  // namespace
}  // namespace ikelb::forwarding
