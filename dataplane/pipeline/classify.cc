// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "dataplane/pipeline/icmp_kind.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

using tables::AddressEntry;
using tables::AddressRole;

Verdict verdict_of(ike::Kind kind) noexcept {
    switch (kind) {
        case ike::Kind::truncated: return Verdict::ike_truncated;
        case ike::Kind::bad_length: return Verdict::ike_bad_length;
        case ike::Kind::zero_initiator_spi: return Verdict::ike_zero_spi;
        case ike::Kind::init_with_responder_spi: return Verdict::ike_init_with_spi;
        case ike::Kind::reserved_esp_spi: return Verdict::esp_reserved_spi;
        case ike::Kind::version_zero: return Verdict::ike_version_zero;
        case ike::Kind::ike:
        case ike::Kind::esp:
        case ike::Kind::keepalive: break;
    }
    return Verdict::undecided;
}

/// Does the first buffer end within what classifies a datagram?
bool is_header_split(const Packet& packet) noexcept {
    constexpr std::size_t marker_and_header = 4 + sizeof(ike::Header);
    return packet.l3_end == packet.frame.contiguous &&
           packet.frame.contiguous < packet.frame.length &&
           packet.udp_payload().size() <
               std::min<std::size_t>(marker_and_header, packet.udp_payload_length);
}

void to_vip(Packet& packet, const AddressEntry& vip, Context& context) noexcept {
    if (packet.protocol == net::ip_protocol::esp) {
        packet.verdict = Verdict::native_esp;
        return;
    }
    if (packet.has_segments_left) {
        packet.verdict = Verdict::routing_header;
        return;
    }
    if (is_icmp_error(packet)) {
        packet.is_icmp_error = true;
        packet.direction = Direction::to_server;
        return;
    }
    if (packet.is_later_udp_fragment()) {
        packet.direction = Direction::to_server;
        return;
    }
    const std::size_t position = packet.is_udp()
                                     ? tables::service_port_position(packet.destination_port)
                                     : tables::service_ports;
    if (position == tables::service_ports) {
        // A fragmented datagram to a port that is no service's has later parts that could be
        // anything: the kernel gets none of it.
        if (packet.is_udp() && packet.is_fragment)
            packet.verdict = Verdict::fragment_of_drop;
        else
            punt(packet,
                 is_ndp(packet)     ? Verdict::punt_ndp
                 : packet.is_icmp() ? Verdict::punt_icmp
                                    : Verdict::punt_local,
                 context);
        return;
    }
    packet.frontend = vip.frontends[position];
    packet.direction = Direction::to_server;
    if (!context.table.frontends[packet.frontend].is_served) {
        packet.verdict = Verdict::vip_not_served;
        return;
    }
    if (is_header_split(packet)) {
        packet.verdict = Verdict::headers_split;
        return;
    }
    packet.datagram =
        ike::classify(packet.udp_payload(), packet.udp_payload_length, position == 1);
    packet.verdict = verdict_of(packet.datagram.kind);
}

void to_own_address(Packet& packet, bool is_from_backend, Context& context) noexcept {
    if (packet.is_later_udp_fragment())
        packet.direction = Direction::transit;
    else if (packet.is_service_udp())
        packet.verdict = Verdict::service_port_own;
    else if (is_ndp(packet))
        punt(packet, Verdict::punt_ndp, context);
    else if (is_from_backend)
        punt(packet, Verdict::punt_backend, context);
    else if (packet.is_icmp())
        punt(packet, Verdict::punt_icmp, context);
    else
        punt(packet, Verdict::punt_local, context);
}

/// An IKE responder tells MOBIKE clients its private addresses, and they try them (RFC 4555
/// section 3.4): let through, a client would have a tunnel that bypasses its affinity.
bool is_direct_to_backend(const Packet& packet, const Context& context) noexcept {
    if (!context.table.interfaces[packet.in_interface].faces_clients ||
        context.table.is_inside(packet.source))
        return false;
    if (packet.protocol == net::ip_protocol::esp) return true;
    return packet.is_service_udp();
}

bool is_reply(const Packet& packet) noexcept {
    return packet.is_udp() && !packet.is_later_fragment &&
           tables::service_port_position(packet.source_port) != tables::service_ports;
}

void from_backend(Packet& packet, tables::BackendIndex backend, Context& context) noexcept {
    packet.backend = backend;
    if (context.table.is_inside(packet.destination)) return;
    if (is_icmp_error(packet)) {
        packet.is_icmp_error = true;
        packet.direction = Direction::to_client;
    } else if (packet.is_later_udp_fragment()) {
        packet.direction = Direction::to_client;
    } else if (is_reply(packet)) {
        if (packet.has_segments_left) packet.verdict = Verdict::routing_header;
        packet.direction = Direction::to_client;
        packet.datagram =
            ike::classify(packet.udp_payload(), packet.udp_payload_length,
                          tables::service_port_position(packet.source_port) == 1);
    }
}

/// No host's own address.
bool is_nobody(const Packet& packet) noexcept {
    if (packet.is_v6)
        return packet.source.is_multicast_or_broadcast() || packet.source.is_loopback() ||
               packet.source.is_unspecified();
    const std::uint32_t host = packet.source.v4_host();
    return host == 0 || host >> 24 == 127 || host >> 28 == 0xe || host == 0xffffffff;
}

const AddressEntry* find(const net::IpAddress& address, const Packet& packet,
                         const Context& context) noexcept {
    const auto& addresses = context.table.addresses;
    return packet.is_v6 ? addresses.find(address) : addresses.v4().find(address.v4_host());
}

}  // namespace

void classify(Packet& packet, Context& context) noexcept {
    const AddressEntry* to = find(packet.destination, packet, context);
    const AddressEntry* from = find(packet.source, packet, context);
    if (is_nobody(packet) || (from != nullptr && from->role != AddressRole::backend)) {
        packet.verdict = Verdict::bad_source;
        return;
    }
    const bool is_from_backend = from != nullptr;
    if (is_from_backend && !context.table.interfaces[packet.in_interface].faces_servers) {
        packet.verdict = Verdict::spoofed_backend;
        return;
    }
    if (to != nullptr && to->role == AddressRole::own) {
        to_own_address(packet, is_from_backend, context);
        return;
    }
    packet.direction = Direction::transit;
    if (to != nullptr && to->role == AddressRole::vip) {
        to_vip(packet, *to, context);
    } else if (is_from_backend) {
        from_backend(packet, from->backend, context);
    } else if (to != nullptr && is_direct_to_backend(packet, context)) {
        packet.verdict = Verdict::direct_to_backend;
    } else if (is_icmp_error(packet) &&
               context.table.interfaces[packet.in_interface].faces_servers) {
        // A router among the servers may complain of a client's packet.
        packet.is_icmp_error = true;
    }
    // RFC 4291 section 2.5.6.
    if (packet.is_v6 && !packet.is_decided() && packet.source.is_ipv6_link_local())
        packet.verdict = Verdict::bad_source;
}

}  // namespace ikelb::pipeline
