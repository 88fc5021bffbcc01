// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "dataplane/net/branchless.h"
#include "dataplane/net/checksum.h"
#include "dataplane/packet/context.h"
#include "dataplane/packet/packet.h"

// The fast path's view of a frame's headers, before a Packet exists for the general path.

namespace ikelb::pipeline {

using forwarding::FastTable, forwarding::ForwardingTable, net::be16;

inline constexpr be16 nat_t_port = be16::from_host(net::port_nat_t);
inline constexpr std::size_t udp_and_esp = sizeof(net::UdpHeader) + 8;  // RFC 4303: SPI, sequence

/// Family-dependent parts. An IPv4 address is a number here, which compilers optimize better.
struct V4 {
    static constexpr bool is_v6 = false;
    static constexpr std::uint16_t ether_type = net::ether_type::ipv4;
    using Header = net::Ipv4Header;
    using Flows = decltype(sessions::SessionTables::flows)::Narrow;
    using Claims = decltype(sessions::SessionTables::claims)::Narrow;
    using Address = std::uint32_t;

    static const auto& of(const auto& table) noexcept { return table.narrow(); }
    static Address address(const net::Ipv4Address& at) noexcept { return at.value.to_host(); }
    static net::IpAddress ip(Address at) noexcept { return net::IpAddress::from_v4_host(at); }
    static const auto* find(const auto& map, Address at) noexcept {
        return map.find(0, std::uint64_t{0xffff} << 32 | at);
    }
    static std::array<std::uint64_t, 1> key(Address client, std::uint32_t rest) noexcept {
        return {std::uint64_t{client} << 32 | rest};
    }
    static std::size_t bytes_of(const Header& ip) noexcept { return ip.total_length.to_host(); }
    /// Returns 0 for UDP in one piece that may be forwarded.
    static std::uint64_t faults(const Header& ip) noexcept {
        constexpr std::uint64_t version = 0xff, fragment = 0xff3fULL << 48, ttl_above_1 = 0xfe,
                                protocol = 0xff00;
        const auto* const at = reinterpret_cast<const std::uint8_t*>(&ip);
        const auto w0 = net::load<std::uint64_t>(at), w1 = net::load<std::uint64_t>(at + 8);
        return ((w0 & (version | fragment)) ^ 0x45) |
               ((w1 & protocol) ^ net::ip_protocol::udp << 8) |
               static_cast<std::uint64_t>((w1 & ttl_above_1) == 0) |
               static_cast<std::uint64_t>(!net::is_sum_good(ip));
    }
    static std::uint64_t end_key(const net::Ipv4Address& address, be16 port) noexcept {
        return FastTable::end_key(address.value.wire(), port);
    }
    /// Keys are equal; so are IPv4 addresses.
    static bool is(const net::Ipv4Address&, const FastTable::Address&) noexcept { return true; }
};

/// IPv6 without extension headers.
struct V6 {
    static constexpr bool is_v6 = true;
    static constexpr std::uint16_t ether_type = net::ether_type::ipv6;
    using Header = net::Ipv6Header;
    using Flows = decltype(sessions::SessionTables::flows)::Wide;
    using Claims = decltype(sessions::SessionTables::claims)::Wide;
    using Address = net::IpAddress;

    static const auto& of(const auto& table) noexcept { return table.wide(); }
    static Address address(const std::array<std::uint8_t, 16>& at) noexcept { return Address{at}; }
    static const net::IpAddress& ip(const Address& address) noexcept { return address; }
    static const auto* find(const auto& map, const Address& at) noexcept { return map.find(at); }
    static auto key(const Address& client, std::uint32_t rest) noexcept {
        return sessions::ClientKey{.client = client, .rest = rest}.wide();
    }
    static std::size_t bytes_of(const Header& ip) noexcept { return ip.packet_bytes(); }
    static std::uint64_t faults(const Header& ip) noexcept {
        return (std::uint64_t{ip.version_class_flow.to_host()} >> 28 ^ 6) |
               static_cast<std::uint64_t>(ip.next_header ^ net::ip_protocol::udp) |
               static_cast<std::uint64_t>(ip.hop_limit <= 1) |
               static_cast<std::uint64_t>(net::IpAddress{ip.destination}.is_v4());
    }
    static std::uint64_t end_key(const std::array<std::uint8_t, 16>& address, be16 port) noexcept {
        return FastTable::end_key(net::load<std::uint64_t>(address.data()),
                                  net::load<std::uint64_t>(address.data() + 8), port);
    }
    static bool is(const std::array<std::uint8_t, 16>& address,
                   const FastTable::Address& other) noexcept {
        return address == other;
    }
};

/// The headers of ESP in UDP. Faults are gathered in bits, not in branches.
template <typename Family>
struct Headers {
    const typename Family::Header& ip;
    const net::UdpHeader& udp;

    explicit Headers(const std::uint8_t* l3) noexcept
        : ip{*reinterpret_cast<const typename Family::Header*>(l3)},
          udp{*reinterpret_cast<const net::UdpHeader*>(l3 + sizeof ip)} {}

    auto source() const noexcept { return Family::address(ip.source); }
    auto destination() const noexcept { return Family::address(ip.destination); }
    std::uint32_t spi() const noexcept {
        return net::load<net::be32>(reinterpret_cast<const std::uint8_t*>(&udp + 1)).to_host();
    }
    /// 0 for a whole, sound packet that may be forwarded: ESP, or with lowest_spi 0 of any kind.
    std::uint64_t faults(std::size_t bytes, std::int64_t lowest_spi = 256) const noexcept {
        const auto total = static_cast<std::int64_t>(Family::bytes_of(ip));
        const auto length = std::int64_t{udp.length.to_host()};
        // The highest bit is set if any term is negative.
        const std::int64_t room = (static_cast<std::int64_t>(bytes) - total) |
                                  (length - std::int64_t{udp_and_esp}) |
                                  (total - std::int64_t{sizeof ip} - length) |
                                  (std::int64_t{spi()} - lowest_spi);
        return Family::faults(ip) | static_cast<std::uint64_t>(room) >> 63;
    }
};

/// Common properties of frames: one interface, one tag, one family.
struct Group {
    const FastTable::Interface* interface;
    std::size_t l3;     ///< offset of the IP header
    std::uint32_t tag;  ///< in frame order, if l3 leaves room for it
    forwarding::PortIndex port;
    bool is_v6 = false;

    /// The group of this frame; nullopt: general path, also for a frame in several buffers.
    static std::optional<Group> of(const Frame& frame, const ForwardingTable& table) noexcept {
        const auto& ports = table.fast_path.untagged;
        if (!is_whole(frame, tagged + sizeof(net::Ipv4Header)) || frame.port >= ports.size())
            return std::nullopt;
        Group group{&ports[frame.port], untagged, tag_of(frame), frame.port};
        auto type = net::load<be16>(frame.data + untagged - sizeof(be16));
        if (type == be16::from_host(net::ether_type::vlan)) {
            const auto tag = net::load<net::VlanTag>(frame.data + untagged);
            const forwarding::InterfaceIndex index = table.interface_at(frame.port, tag.id());
            if (index == forwarding::no_interface) return std::nullopt;
            group.interface = &table.fast_path.interfaces[index];
            group.l3 = tagged;
            type = tag.type;
        }
        group.is_v6 = type == be16::from_host(V6::ether_type);
        if (group.is_v6 ? frame.length < group.l3 + sizeof(V6::Header) + udp_and_esp
                        : type != be16::from_host(V4::ether_type))
            return std::nullopt;
        return group;
    }
    /// True if the frame belongs to the group and is in one piece. offset: l3.
    template <typename Family, std::size_t offset>
    [[gnu::always_inline]] bool holds(const Frame& frame) const noexcept {
        return is_whole(frame, offset + sizeof(typename Family::Header)) && frame.port == port &&
               net::load<be16>(frame.data + offset - sizeof(be16)) ==
                   be16::from_host(Family::ether_type) &&
               (offset == untagged || tag_of(frame) == tag);
    }

    static constexpr std::size_t untagged = sizeof(net::EthernetHeader),
                                 tagged = untagged + sizeof(net::VlanTag);

private:
    /// True if all bytes are at hand, with UDP and ESP headers at least behind `headers` bytes.
    [[gnu::always_inline]] static bool is_whole(const Frame& frame, std::size_t headers) noexcept {
        return !net::any_of(frame.contiguous < headers + udp_and_esp,
                            frame.contiguous != frame.length, frame.was_held);
    }
    /// Type and VLAN without the priority.
    static std::uint32_t tag_of(const Frame& frame) noexcept {
        return net::load<std::uint32_t>(frame.data + 12) & 0xff0fffff;
    }
};

/// Writes a link header right before the IP header; false: the frame has no room.
[[gnu::always_inline]] inline bool write_link(Packet& packet, const auto& link, std::uint8_t* l3,
                                              std::uint16_t type) noexcept {
    constexpr std::size_t macs = 2 * sizeof(net::MacAddress);
    std::uint8_t* const start = l3 - link.length;
    packet.out_shift = 0;
    packet.out_length = packet.frame.length;
    if (start != packet.frame.data) [[unlikely]] {
        const auto shift = static_cast<std::int32_t>(start - packet.frame.data);
        if (shift < -std::int32_t{packet.frame.headroom}) return false;
        packet.out_shift = shift;
        packet.out_length -= static_cast<std::uint32_t>(shift);
    }
    std::memcpy(start, link.bytes.data(), macs);
    if (link.length != sizeof(net::EthernetHeader)) [[unlikely]]
        std::memcpy(start + macs, link.bytes.data() + macs, sizeof(net::VlanTag));
    net::store(l3 - sizeof(be16), be16::from_host(type));
    packet.out_port = link.port;
    return true;
}

}  // namespace ikelb::pipeline
