// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/net/address.h"
#include "dataplane/net/byte_order.h"

namespace ikelb::net {

// Header layouts as they lie on the wire. All have alignment 1, so that a pointer into a packet
// may be cast to them at any offset once the length has been checked.

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
};

/// RFC 768.
struct UdpHeader {
    be16 source_port;
    be16 destination_port;
    be16 length;
    std::uint16_t checksum;  ///< as it lies on the wire; 0 = none (IPv4)
};

/// RFC 792 and RFC 4443: type, code, checksum and the four bytes that each type uses its own way.
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
static_assert(sizeof(Ipv6Header) == 40);
static_assert(sizeof(UdpHeader) == 8);
static_assert(sizeof(IcmpHeader) == 8);

namespace ether_type {
inline constexpr std::uint16_t ipv4 = 0x0800, arp = 0x0806, vlan = 0x8100, ipv6 = 0x86dd;
}

namespace ip_protocol {
inline constexpr std::uint8_t icmp = 1, tcp = 6, udp = 17, esp = 50, icmpv6 = 58;
}

namespace ipv4_flags {
inline constexpr std::uint16_t dont_fragment = 0x4000, more_fragments = 0x2000,
                               offset_mask = 0x1fff;
}

namespace icmp_type {
inline constexpr std::uint8_t echo_reply = 0, unreachable = 3, redirect = 5, echo = 8,
                              time_exceeded = 11, parameter_problem = 12;
}
inline constexpr std::uint8_t icmp_code_fragmentation_needed = 4;

inline constexpr std::uint16_t port_ike = 500, port_nat_t = 4500;

}  // namespace ikelb::net
