// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/health/icmp_echo.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/net/checksum.h"

namespace ikelb::health {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr IcmpEcho sample{.id = 0x1234, .sequence = 0xabcd, .token = 0x0102030405060708};

/// What the target makes of a request: the type changes, and for IPv4 the checksum.
Bytes reply_to(IpFamily family, const IcmpEcho& echo) {
    const IcmpEchoBytes request = encode_echo_request(family, echo);
    Bytes reply{request.begin(), request.end()};
    reply[0] = family == IpFamily::v4 ? 0 : 129;
    if (family == IpFamily::v6) return reply;
    reply[2] = reply[3] = 0;
    net::store(&reply[2], net::checksum(reply));
    return reply;
}

Bytes in_ipv4(const Bytes& message, std::size_t option_bytes = 0, std::uint8_t protocol = 1) {
    const std::size_t header = 20 + option_bytes;
    const std::size_t total = header + message.size();
    Bytes packet(header);
    packet[0] = static_cast<std::uint8_t>(0x40 | header / 4);
    packet[2] = static_cast<std::uint8_t>(total >> 8);
    packet[3] = static_cast<std::uint8_t>(total);
    packet[8] = 64;
    packet[9] = protocol;
    packet.insert(packet.end(), message.begin(), message.end());
    return packet;
}

TEST(IcmpEcho, RequestHasTheFieldsInPlace) {
    const IcmpEchoBytes v4 = encode_echo_request(IpFamily::v4, sample);
    const Bytes tail{0x12, 0x34, 0xab, 0xcd, 1, 2, 3, 4, 5, 6, 7, 8};
    EXPECT_EQ(v4[0], 8);
    EXPECT_EQ(v4[1], 0);
    EXPECT_EQ(net::checksum(v4), 0);
    EXPECT_TRUE(std::equal(tail.begin(), tail.end(), v4.begin() + 4));

    const IcmpEchoBytes v6 = encode_echo_request(IpFamily::v6, sample);
    EXPECT_EQ(v6[0], 128);
    EXPECT_EQ(v6[2], 0);
    EXPECT_EQ(v6[3], 0);
    EXPECT_TRUE(std::equal(tail.begin(), tail.end(), v6.begin() + 4));
}

TEST(IcmpEcho, ReadsAReply) {
    EXPECT_EQ(decode_echo_reply(IpFamily::v4, in_ipv4(reply_to(IpFamily::v4, sample))), sample);
    EXPECT_EQ(decode_echo_reply(IpFamily::v4, in_ipv4(reply_to(IpFamily::v4, sample), 8)), sample)
        << "IP options";
    EXPECT_EQ(decode_echo_reply(IpFamily::v6, reply_to(IpFamily::v6, sample)), sample);

    Bytes padded = in_ipv4(reply_to(IpFamily::v4, sample));
    padded.resize(46);
    EXPECT_EQ(decode_echo_reply(IpFamily::v4, padded), sample) << "Ethernet padding";
}

TEST(IcmpEcho, RefusesWhatIsNoReply) {
    const Bytes v4 = in_ipv4(reply_to(IpFamily::v4, sample));
    const auto changed = [&](std::size_t at, std::uint8_t value) {
        Bytes packet = v4;
        packet[at] = value;
        return packet;
    };
    const auto refused = [](IpFamily family, const Bytes& packet) {
        return !decode_echo_reply(family, packet).has_value();
    };
    EXPECT_TRUE(refused(IpFamily::v4, changed(0, 0x65))) << "IP version 6";
    EXPECT_TRUE(refused(IpFamily::v4, changed(0, 0x44))) << "IP header of 16 bytes";
    EXPECT_TRUE(refused(IpFamily::v4, changed(0, 0x4f))) << "IP header beyond the packet";
    EXPECT_TRUE(refused(IpFamily::v4, changed(3, 200))) << "total length beyond the packet";
    EXPECT_TRUE(refused(IpFamily::v4, changed(3, 10))) << "total length below the header";
    EXPECT_TRUE(refused(IpFamily::v4, changed(9, 17))) << "UDP";
    EXPECT_TRUE(refused(IpFamily::v4, changed(20, 8))) << "a request";
    EXPECT_TRUE(refused(IpFamily::v4, changed(20, 3))) << "destination unreachable";
    EXPECT_TRUE(refused(IpFamily::v4, changed(21, 1))) << "code 1";
    EXPECT_TRUE(refused(IpFamily::v4, changed(35, 9))) << "bad checksum";
    const IcmpEchoBytes request = encode_echo_request(IpFamily::v4, sample);
    EXPECT_TRUE(refused(IpFamily::v4, in_ipv4({request.begin(), request.end()})));
    Bytes v6 = reply_to(IpFamily::v6, sample);
    v6[0] = 128;
    EXPECT_TRUE(refused(IpFamily::v6, v6)) << "an ICMPv6 request";
}

TEST(IcmpEcho, RefusesEveryTruncation) {
    const Bytes v4 = in_ipv4(reply_to(IpFamily::v4, sample));
    for (std::size_t size = 0; size < v4.size(); ++size) {
        const Bytes cut{v4.begin(), v4.begin() + static_cast<std::ptrdiff_t>(size)};
        EXPECT_FALSE(decode_echo_reply(IpFamily::v4, cut)) << size;
    }
    const Bytes v6 = reply_to(IpFamily::v6, sample);
    for (std::size_t size = 0; size < v6.size(); ++size) {
        const Bytes cut{v6.begin(), v6.begin() + static_cast<std::ptrdiff_t>(size)};
        EXPECT_FALSE(decode_echo_reply(IpFamily::v6, cut)) << size;
    }
}

TEST(IcmpEcho, SurvivesNoiseAndReadsBackWhatItWrote) {
    std::mt19937_64 random{7};
    for (int i = 0; i < 20000; ++i) {
        const IcmpEcho echo{.id = static_cast<std::uint16_t>(random()),
                            .sequence = static_cast<std::uint16_t>(random()),
                            .token = random()};
        Bytes packet = in_ipv4(reply_to(IpFamily::v4, echo), 4 * (random() % 11));
        ASSERT_EQ(decode_echo_reply(IpFamily::v4, packet), echo);
        // One flipped bit in the message is always noticed: that is what the checksum can do.
        const std::size_t at = packet.size() - 1 - random() % icmp_echo_size;
        packet[at] ^= static_cast<std::uint8_t>(1U << random() % 8);
        ASSERT_FALSE(decode_echo_reply(IpFamily::v4, packet));
        Bytes noise(random() % 64);
        std::ranges::generate(noise, [&] { return static_cast<std::uint8_t>(random()); });
        (void)decode_echo_reply(IpFamily::v6, noise);  // under the sanitizers
        (void)decode_echo_reply(IpFamily::v4, noise);
    }
}

}  // namespace
}  // namespace ikelb::health
