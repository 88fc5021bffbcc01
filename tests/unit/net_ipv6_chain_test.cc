// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <gtest/gtest.h>

#include "dataplane/net/ipv6_chain.h"
#include "tests/testlib/packet_builder.h"

namespace ikelb::net {
namespace {

using testlib::Bytes;
using testlib::PacketBuilder;
using State = Ipv6Chain::State;

constexpr std::uint8_t hop_by_hop = 0, routing = 43, authentication = 51, options = 60;

PacketBuilder datagram() {
    return PacketBuilder{}.ip("2001:db8::1", "2001:db8::2").udp(4500, 4500).payload(Bytes(24, 1));
}

Ipv6Chain walk(const PacketBuilder& packet) {
    const Bytes bytes = packet.build_ip();
    return walk_ipv6_chain(bytes, bytes.size());
}

TEST(Ipv6Chain, OfNoExtensionEndsRightBehindTheHeader) {
    const Ipv6Chain chain = walk(datagram());
    EXPECT_EQ(chain.state, State::complete);
    EXPECT_EQ(chain.protocol, ip_protocol::udp);
    EXPECT_EQ(chain.offset, 40u);
    EXPECT_FALSE(chain.is_fragment);
}

TEST(Ipv6Chain, StepsOverExtensionsOfAnyLength) {
    const Ipv6Chain chain = walk(
        datagram().extension(hop_by_hop).extension(options, Bytes(30, 1)).extension(routing, {4}));
    EXPECT_EQ(chain.state, State::complete);
    EXPECT_EQ(chain.protocol, ip_protocol::udp);
    EXPECT_EQ(chain.offset, 40u + 8 + 32 + 8);
    EXPECT_FALSE(chain.is_source_routed);
}

TEST(Ipv6Chain, TellsWhetherTheDestinationIsTheLast) {
    EXPECT_TRUE(walk(datagram().extension(routing, {0, 1})).is_source_routed);
    EXPECT_TRUE(walk(datagram().extension(routing, {4, 255})).is_source_routed);
    EXPECT_FALSE(walk(datagram().extension(routing, {4, 0})).is_source_routed);
    EXPECT_TRUE(walk(datagram().extension(routing, {0, 0})).is_source_routed) << "RFC 5095";
}

TEST(Ipv6Chain, EndsAtAnAuthenticationHeader) {
    EXPECT_EQ(walk(datagram().protocol(authentication)).protocol, authentication);
}

TEST(Ipv6Chain, AllowsHopByHopOptionsInTheFirstPlaceAlone) {
    EXPECT_EQ(walk(datagram().extension(options).extension(hop_by_hop)).state, State::malformed);
    EXPECT_EQ(walk(datagram().extension(hop_by_hop).extension(hop_by_hop)).state,
              State::malformed);
}

TEST(Ipv6Chain, IsLimitedInNumberAndBytes) {
    PacketBuilder many = datagram();
    for (std::size_t i = 0; i < max_ipv6_extensions; ++i) many.extension(options);
    EXPECT_EQ(walk(many).state, State::complete);
    EXPECT_EQ(walk(many.extension(options)).state, State::malformed);
    const auto of_bytes = [](std::size_t bytes) {
        return walk(datagram().extension(options, Bytes(bytes - 2, 0))).state;
    };
    EXPECT_EQ(of_bytes(max_ipv6_extension_bytes), State::complete);
    EXPECT_EQ(of_bytes(max_ipv6_extension_bytes + 8), State::malformed);
}

TEST(Ipv6Chain, KnowsAFirstFragmentAndWhatItIsOf) {
    const Ipv6Chain chain = walk(
        datagram().identification(0x89abcdef).extension(hop_by_hop).fragment(0, true).extension(
            options));
    EXPECT_EQ(chain.state, State::complete);
    EXPECT_TRUE(chain.is_fragment);
    EXPECT_FALSE(chain.is_later_fragment());
    EXPECT_EQ(chain.identification, 0x89abcdefu);
    EXPECT_EQ(chain.protocol, ip_protocol::udp);
    EXPECT_EQ(chain.offset, 40u + 24);
}

TEST(Ipv6Chain, DoesNotBelieveALaterFragmentsNextHeader) {
    const Ipv6Chain chain = walk(datagram().fragment(1400, false).extension(options));
    EXPECT_EQ(chain.state, State::complete);
    EXPECT_TRUE(chain.is_later_fragment());
    EXPECT_EQ(chain.fragment_offset, 1400);
    EXPECT_EQ(chain.protocol, ip_protocol::fragment);
    EXPECT_EQ(chain.offset, 48u);
}

TEST(Ipv6Chain, TakesAnAtomicFragmentForAWholeDatagram) {
    const Ipv6Chain chain = walk(datagram().fragment(0, false));
    EXPECT_FALSE(chain.is_fragment);
    EXPECT_EQ(chain.protocol, ip_protocol::udp);
    EXPECT_EQ(chain.offset, 48u);
}

TEST(Ipv6Chain, RefusesFragmentsThatCannotBe) {
    EXPECT_EQ(walk(datagram().fragment(0, false).fragment(0, true)).state, State::malformed);
    const auto part = [](std::size_t offset, bool more, std::size_t bytes) {
        return walk(datagram().fragment(offset, more).raw(Bytes(bytes, 1))).state;
    };
    EXPECT_EQ(part(1400, true, 33), State::malformed) << "not a multiple of eight, and more follow";
    EXPECT_EQ(part(1400, false, 33), State::complete);
    EXPECT_EQ(part(65528, false, 7), State::complete);
    EXPECT_EQ(part(65528, false, 8), State::past_end) << "a datagram of more than 65535 bytes";
}

TEST(Ipv6Chain, IsReadNeitherBeyondThePacketNorBeyondTheBytesAtHand) {
    const Bytes bytes =
        datagram().extension(hop_by_hop).extension(options, Bytes(14, 0)).build_ip();
    for (std::size_t length = 40; length < bytes.size(); ++length) {
        const Bytes part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
        const bool is_whole = length >= 40 + 8 + 16;
        EXPECT_EQ(walk_ipv6_chain(part, part.size()).state,
                  is_whole ? State::complete : State::cut_short)
            << length;
        EXPECT_EQ(walk_ipv6_chain(part, bytes.size()).state,
                  is_whole ? State::complete : State::split)
            << length;
    }
}

}  // namespace
}  // namespace ikelb::net
