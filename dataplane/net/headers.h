// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/net/address.h"
#include "dataplane/net/byte_order.h"

namespace ikelb::net {

// Header layouts on the wire. All have alignment 1: once the length has been checked, a pointer to
// any offset of a packet may be cast to them.

#pragma pack(push, 1)

/// Ethernet II (IEEE 802.3).
struct EthernetHeader {
    MacAddress destination;
    MacAddress source;
    be16 type;
};

/// 802.1Q tag control information and the type that follows it.
struct VlanTag {
    be16 control;  ///< priority 3, drop eligible 1, VLAN 12
    be16 type;

    std::uint16_t id() const noexcept {
        return static_cast<std::uint16_t>(control.to_host() & 0x0fff);
    }
};

/// RFC 791 section 3.1, without options.
struct Ipv4Header {
    std::uint8_t version_ihl;
    std::uint8_t tos;
    be16 total_length;
    be16 identification;
    be16 flags_offset;  ///< reserved 1, don't fragment 1, more fragments 1, offset 13 (in 8 bytes)
    std::uint8_t ttl;
    std::uint8_t protocol;
    std::uint16_t checksum;  ///< as it lies on the wire
    Ipv4Address source;
    Ipv4Address destination;

    std::size_t header_bytes() const noexcept { return std::size_t{version_ihl & 0xfu} * 4; }
};

/// RFC 8200 section 3.
struct Ipv6Header {
    be32 version_class_flow;
    be16 payload_length;
    std::uint8_t next_header;
    std::uint8_t hop_limit;
    std::array<std::uint8_t, 16> source;
    std::array<std::uint8_t, 16> destination;

    std::size_t packet_bytes() const noexcept {
        return sizeof(Ipv6Header) + payload_length.to_host();
    }
};

/// RFC 8200 sections 4 and 4.4: start of an extension header, and of a routing header's data.
struct Ipv6ExtensionHeader {
    std::uint8_t next_header;
    std::uint8_t length;  ///< in 8 bytes, not counting the first 8
    std::uint8_t routing_type;
    std::uint8_t segments_left;

    std::size_t header_bytes() const noexcept { return (std::size_t{length} + 1) * 8; }
};

/// RFC 8200 section 4.5.
struct Ipv6FragmentHeader {
    std::uint8_t next_header;
    std::uint8_t reserved;
    be16 offset_flags;  ///< offset 13 (in 8 bytes), reserved 2, more fragments 1
    be32 identification;
};

/// RFC 768.
struct UdpHeader {
    be16 source_port;
    be16 destination_port;
    be16 length;
    std::uint16_t checksum;  ///< as it lies on the wire; 0 = none
};

/// RFC 792 and RFC 4443: type, code, checksum and four bytes whose use depends on the type.
struct IcmpHeader {
    std::uint8_t type;
    std::uint8_t code;
    std::uint16_t checksum;
    be32 rest;
};

#pragma pack(pop)

static_assert(sizeof(EthernetHeader) == 14 && alignof(EthernetHeader) == 1);
static_assert(sizeof(VlanTag) == 4);
static_assert(sizeof(Ipv4Header) == 20 && alignof(Ipv4Header) == 1);
static_assert(sizeof(Ipv6Header) == 40 && alignof(Ipv6Header) == 1);
static_assert(sizeof(Ipv6ExtensionHeader) == 4);
static_assert(sizeof(Ipv6FragmentHeader) == 8 && alignof(Ipv6FragmentHeader) == 1);
static_assert(sizeof(UdpHeader) == 8);
static_assert(sizeof(IcmpHeader) == 8);

namespace ether_type {
inline constexpr std::uint16_t ipv4 = 0x0800, arp = 0x0806, vlan = 0x8100, ipv6 = 0x86dd,
                              eapol = 0x888e;
}

namespace ip_protocol {
inline constexpr std::uint8_t icmp = 1, tcp = 6, udp = 17, esp = 50, icmpv6 = 58;
/// IPv6 extension headers, by the same numbers (RFC 8200 section 4).
inline constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44,
                              destination_options = 60;
}

namespace ipv4_flags {
inline constexpr std::uint16_t dont_fragment = 0x4000, more_fragments = 0x2000,
                               offset_mask = 0x1fff;
}

namespace ipv6_flags {
inline constexpr std::uint16_t more_fragments = 0x0001, offset_mask = 0xfff8;
}

namespace icmp_type {
inline constexpr std::uint8_t echo_reply = 0, unreachable = 3, redirect = 5, echo = 8,
                              time_exceeded = 11, parameter_problem = 12;
}
inline constexpr std::uint8_t icmp_code_fragmentation_needed = 4;

/// RFC 4443 and RFC 4861.
namespace icmpv6_type {
inline constexpr std::uint8_t unreachable = 1, packet_too_big = 2, time_exceeded = 3,
                              parameter_problem = 4, echo = 128, echo_reply = 129,
                              router_solicitation = 133, neighbour_solicitation = 135,
                              redirect = 137;
}

inline constexpr std::size_t longest_datagram = 65535;
inline constexpr std::uint16_t port_ike = 500, port_nat_t = 4500;

}  // namespace ikelb::net
