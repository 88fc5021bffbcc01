// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <boost/container/static_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/ike/datagram.h"
#include "dataplane/net/address.h"
#include "dataplane/packet/verdict.h"

namespace ikelb::pipeline {

/// A received frame, as its owner (a DPDK worker, a pcap replay, a test) passes it.
struct Frame {
    std::uint8_t* data = nullptr;    ///< Ethernet header
    std::uint16_t contiguous = 0;    ///< bytes at data
    std::uint16_t headroom = 0;      ///< writable bytes before data
    std::uint32_t length = 0;        ///< of the whole frame, further buffers included
    forwarding::PortIndex port = 0;
    bool may_hold = true;   ///< false: the frame was held long enough
    bool was_held = false;  ///< the frame was held before

    const net::MacAddress& sender() const noexcept {
        return reinterpret_cast<const net::EthernetHeader*>(data)->source;
    }
};

/// Direction of a packet through the balancer.
enum class Direction : std::uint8_t { none, to_server, to_client, transit };

/// One packet of a burst: its frame, its fields and its disposition. The frame's owner reads
/// verdict and the out_ fields, and in_interface of a punted packet.
struct Packet {
    Frame frame;
    Verdict verdict = Verdict::undecided;

    // parse
    std::uint16_t l3 = 0;  ///< offset of the IP header
    std::uint16_t l4 = 0;
    std::uint16_t payload = 0;  ///< of the UDP payload
    std::uint16_t l3_end = 0;   ///< end of the IP packet's bytes at hand, without padding
    std::uint8_t protocol = 0;  ///< ip_protocol::fragment for a later IPv6 fragment
    bool is_ip = false;
    bool is_v6 = false;
    bool is_fragment = false;        ///< any part of a fragmented datagram
    bool is_later_fragment = false;  ///< without a transport header
    forwarding::InterfaceIndex in_interface = forwarding::no_interface;
    std::uint32_t ip_bytes = 0;        ///< length by the IP header
    std::uint32_t identification = 0;  ///< of a fragment
    net::IpAddress source{};
    net::IpAddress destination{};
    net::be16 source_port = net::be16::from_wire(0);
    net::be16 destination_port = net::be16::from_wire(0);
    std::uint16_t udp_payload_length = 0;

    // classify
    Direction direction = Direction::none;
    bool is_from_clients = false;  ///< false: from the servers' side
    bool is_icmp_error = false;
    ike::Datagram datagram{};
    forwarding::FrontendIndex frontend = forwarding::no_frontend;

    // steer, learn, route
    forwarding::ServiceIndex service = forwarding::max_services;
    forwarding::BackendIndex backend = forwarding::no_backend;
    Rule rule = Rule::none;
    forwarding::GatewayIndex gateway = forwarding::no_gateway;
    const forwarding::LinkHeader* link = nullptr;

    // out: frame bytes [data + out_shift, data + out_shift + out_length) leave by out_port, or go
    // to the kernel TAP of in_interface if the packet is punted.
    forwarding::PortIndex out_port = 0;
    std::int32_t out_shift = 0;
    std::uint32_t out_length = 0;

    void decide(Verdict as) noexcept { verdict = as; }
    bool is_decided() const noexcept { return verdict != Verdict::undecided; }
    std::uint8_t* at(std::size_t offset) const noexcept { return frame.data + offset; }
    /// The IP packet's bytes at hand, from the offset on.
    std::span<const std::uint8_t> at_hand(std::size_t offset) const noexcept {
        if (offset > l3_end) return {};
        return {at(offset), l3_end - offset};
    }
    template <typename Header>
    Header& header_at(std::size_t offset) const noexcept {
        return *reinterpret_cast<Header*>(at(offset));
    }
    net::Ipv4Header& ipv4() const noexcept { return header_at<net::Ipv4Header>(l3); }
    net::Ipv6Header& ipv6() const noexcept { return header_at<net::Ipv6Header>(l3); }
    net::UdpHeader& udp() const noexcept { return header_at<net::UdpHeader>(l4); }
    net::IcmpHeader& icmp() const noexcept { return header_at<net::IcmpHeader>(l4); }
    std::uint8_t hops_left() const noexcept { return is_v6 ? ipv6().hop_limit : ipv4().ttl; }
    bool is_udp() const noexcept { return protocol == net::ip_protocol::udp; }
    /// A fragment that may be UDP's (over IPv6, of any protocol); it has no ports.
    bool is_later_udp_fragment() const noexcept { return is_later_fragment && (is_v6 || is_udp()); }
    /// UDP to a service port, with the ports at hand.
    bool is_service_udp() const noexcept {
        return is_udp() && !is_later_fragment &&
               forwarding::service_port_position(destination_port) != forwarding::service_ports;
    }
    /// ICMP of the packet's family: ICMPv6 over IPv4 and ICMP over IPv6 do not count.
    bool is_icmp() const noexcept {
        return protocol == (is_v6 ? net::ip_protocol::icmpv6 : net::ip_protocol::icmp);
    }
    /// The bytes at hand of the UDP payload.
    std::span<const std::uint8_t> udp_payload() const noexcept {
        const std::size_t here = l3_end - std::size_t{payload};
        return {at(payload), here < udp_payload_length ? here : udp_payload_length};
    }
    const ike::Header& ike_header() const noexcept {
        return ike::header_of(udp_payload(), datagram);
    }
    std::span<const std::uint8_t> ike_message() const noexcept {
        return udp_payload().subspan(datagram.ike_offset);
    }
};

// Types of ICMP messages, for both families.

/// nullopt: no ICMP of the packet's family, or its header is not at hand.
inline std::optional<std::uint8_t> icmp_type_of(const Packet& packet) noexcept {
    if (!packet.is_icmp() || packet.is_later_fragment ||
        packet.l3_end < packet.l4 + sizeof(net::IcmpHeader))
        return std::nullopt;
    return packet.icmp().type;
}

/// True for an ICMP error that quotes the packet in question.
inline bool is_icmp_error(const Packet& packet) noexcept {
    const auto type = icmp_type_of(packet);
    if (!type) return false;
    if (packet.is_v6)
        return *type >= net::icmpv6_type::unreachable &&
               *type <= net::icmpv6_type::parameter_problem;
    return *type == net::icmp_type::unreachable || *type == net::icmp_type::time_exceeded ||
           *type == net::icmp_type::parameter_problem;
}

inline bool is_echo_reply(const Packet& packet) noexcept {
    return icmp_type_of(packet) ==
           (packet.is_v6 ? net::icmpv6_type::echo_reply : net::icmp_type::echo_reply);
}

inline bool is_echo(const Packet& packet) noexcept {
    return is_echo_reply(packet) ||
           icmp_type_of(packet) == (packet.is_v6 ? net::icmpv6_type::echo : net::icmp_type::echo);
}

/// Neighbor Discovery of this link: a hop limit of 255 proves that no router has forwarded the
/// packet (RFC 4861 sections 6.1, 7.1 and 8.1).
inline bool is_ndp(const Packet& packet) noexcept {
    const auto type = packet.is_v6 ? icmp_type_of(packet) : std::nullopt;
    return type && *type >= net::icmpv6_type::router_solicitation &&
           *type <= net::icmpv6_type::redirect && packet.ipv6().hop_limit == 255;
}

inline constexpr std::size_t max_burst = 64;
/// Set of a burst's packets, one bit per place.
using PlaceSet = std::uint64_t;
static_assert(max_burst <= 64);

/// Copies of a burst's packets for further backends; the worker makes them with readdress().
struct Copy {
    std::uint8_t place;  ///< the packet's place in the burst
    forwarding::BackendIndex to;
};
struct Copies : boost::container::static_vector<Copy, 256> {
    /// Ignores a copy without room.
    void add(std::uint8_t place, forwarding::BackendIndex to) noexcept {
        if (size() < capacity()) push_back({place, to});
    }
};

/// A burst. Packets keep their places from stage to stage; a stage skips decided packets.
struct Batch {
    std::array<Packet, max_burst> packets;
    std::size_t count = 0;
    Copies copies;  ///< run() clears it

    std::span<Packet> all() noexcept { return {packets.data(), count}; }
    PlaceSet places() const noexcept {
        return count == 64 ? ~PlaceSet{0} : (PlaceSet{1} << count) - 1;
    }
    std::uint8_t place_of(const Packet& packet) const noexcept {
        return static_cast<std::uint8_t>(&packet - packets.data());
    }
    /// Appends a frame, undecided; run() sets the other fields. At most max_burst frames.
    Packet& add(const Frame& frame) noexcept { return put(count++, frame); }
    /// The same at a given place; the caller sets count.
    Packet& put(std::size_t place, const Frame& frame) noexcept {
        Packet& packet = packets[place];
        packet.frame = frame;
        packet.verdict = Verdict::undecided;
        return packet;
    }
};

}  // namespace ikelb::pipeline
