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

TEST(ChecksumDelta, OfAChangedAddressEqualsTheChecksumComputedAnew) {
    std::mt19937 random{2};
    for (int round = 0; round < 20000; ++round) {
        Bytes bytes = random_bytes(random, 20 + random() % 41);
        const std::size_t at = random() % 4 * 4 + 2;
        const std::uint16_t before = checksum(bytes);
        const auto from = load<be32>(bytes.data() + at);
        // Long runs of zeros and ones are where one's complement has its two zeros.
        const std::uint32_t to = std::array{0u, 0xffffffffu, static_cast<std::uint32_t>(random()),
                                            from.wire()}[random() % 4];
        ChecksumDelta delta;
        delta.change(from, be32::from_wire(to));
        store(bytes.data() + at, to);
        ASSERT_EQ(delta.apply(before), checksum(bytes)) << round;
    }
}

TEST(ChecksumDelta, OfAnIpv6AddressCoversAllItsWords) {
    const auto from = *text::parse_address("2001:db8:1:2:3:4:5:6");
    const auto to = *text::parse_address("fd00::f00d");
    ChecksumDelta delta;
    delta.change(from, to);
    EXPECT_EQ(delta.apply(checksum(from.bytes())), checksum(to.bytes()));
}

TEST(ChecksumDelta, LeavesAUdpChecksumOfZeroAlone) {
    ChecksumDelta delta;
    delta.change(be32::from_host(0x0a000001), be32::from_host(0xcb00710a));
    EXPECT_EQ(delta.apply_udp(0), 0);
}

TEST(ChecksumDelta, SendsAComputedUdpChecksumOfZeroAsAllOnes) {
    int seen = 0;
    for (std::uint32_t before = 1; before <= 0xffff; ++before) {
        ChecksumDelta delta;
        delta.change(be32::from_host(0x0a000001), be32::from_host(0xcb00710a));
        const auto checksum = static_cast<std::uint16_t>(before);
        EXPECT_NE(delta.apply_udp(checksum), 0);
        if (delta.apply(checksum) == 0) {
            EXPECT_EQ(delta.apply_udp(checksum), 0xffff);
            ++seen;
        }
    }
    EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace ikelb::net
