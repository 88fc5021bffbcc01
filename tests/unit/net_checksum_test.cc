// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include <random>

#include "config/text/address.h"
#include "dataplane/net/checksum.h"
#include "tests/testlib/packet_builder.h"

namespace ikelb::net {
namespace {

using testlib::Bytes;

Bytes random_bytes(std::mt19937& random, std::size_t length) {
    Bytes bytes(length);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
}

/// Memory order to the host order of the slow checksum.
std::uint16_t host(std::uint16_t wire) { return be16::from_wire(wire).to_host(); }

TEST(Checksum, EqualsTheSlowOneForEveryLengthAndAlignment) {
    std::mt19937 random{1};
    for (std::size_t length = 0; length < 300; ++length)
        for (std::size_t offset = 0; offset < 8; ++offset) {
            const Bytes bytes = random_bytes(random, length + offset);
            const auto part = std::span{bytes}.subspan(offset);
            ASSERT_EQ(host(checksum(part)), testlib::slow_checksum(part)) << length;
        }
}

TEST(Checksum, OfTheExampleInRfc1071) {
    const Bytes bytes{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    EXPECT_EQ(host(static_cast<std::uint16_t>(~checksum(bytes))), 0xddf2);
}

TEST(Checksum, DoesNotOverflowOnTheLongestPacketOfOnes) {
    const Bytes bytes(65535, 0xff);
    EXPECT_EQ(host(checksum(bytes)), testlib::slow_checksum(bytes));
}

TEST(ChangedChecksum, OfAnAddressEqualsTheChecksumComputedAnew) {
    std::mt19937 random{2};
    for (int round = 0; round < 20000; ++round) {
        Bytes bytes = random_bytes(random, 20 + random() % 41);
        const std::size_t at = random() % 4 * 4 + 2;
        const std::uint16_t before = checksum(bytes);
        const auto from = load<be32>(bytes.data() + at);
        // Long runs of zeros and ones are where one's complement has its two zeros.
        const std::uint32_t to = std::array{0u, 0xffffffffu, static_cast<std::uint32_t>(random()),
                                            from.wire()}[random() % 4];
        const std::uint64_t changes =
            change(IpAddress::from_v4({from}), IpAddress::from_v4({be32::from_wire(to)}));
        store(bytes.data() + at, to);
        ASSERT_EQ(changed(before, changes), checksum(bytes)) << round;
        ASSERT_EQ(changed(before, fold(changes)), checksum(bytes)) << round;
    }
}

TEST(ChangedChecksum, OfSeveralWordsEqualsTheChecksumComputedAnew) {
    std::mt19937 random{3};
    for (int round = 0; round < 20000; ++round) {
        Bytes bytes = random_bytes(random, 40);
        const std::uint16_t before = checksum(bytes);
        std::uint64_t changes = 0;
        for (int word = 0; word < 4; ++word) {
            const std::size_t at = random() % 20 * 2;
            const auto to = std::array{std::uint16_t{0}, std::uint16_t{0xffff},
                                       static_cast<std::uint16_t>(random())}[random() % 3];
            changes += change(load<std::uint16_t>(bytes.data() + at), to);
            store(bytes.data() + at, to);
        }
        ASSERT_EQ(changed(before, changes), checksum(bytes)) << round;
    }
}

TEST(ChangedChecksum, OfAnIpv6AddressCoversAllItsWords) {
    const auto from = *text::parse_address("2001:db8:1:2:3:4:5:6");
    const auto to = *text::parse_address("fd00::f00d");
    EXPECT_EQ(changed(checksum(from.bytes()), change(from, to)), checksum(to.bytes()));
}

constexpr std::uint64_t some_change = change(std::uint16_t{0x0a00}, std::uint16_t{0xcb71});

TEST(ChangedChecksum, LeavesAUdpChecksumOfZeroAlone) {
    EXPECT_EQ(changed_udp(0, some_change), 0);
}

TEST(ChangedChecksum, SendsAComputedUdpChecksumOfZeroAsAllOnes) {
    int seen = 0;
    for (std::uint32_t before = 1; before <= 0xffff; ++before) {
        const auto checksum = static_cast<std::uint16_t>(before);
        EXPECT_NE(changed_udp(checksum, some_change), 0);
        if (changed(checksum, some_change) == 0) {
            EXPECT_EQ(changed_udp(checksum, some_change), 0xffff);
            ++seen;
        }
    }
    EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace ikelb::net
