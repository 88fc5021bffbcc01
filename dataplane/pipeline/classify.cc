// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>

#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/wall_stages.h"
#include "dataplane/wall/source.h"

namespace ikelb::pipeline {
namespace {

using forwarding::AddressEntry, forwarding::AddressRole;

/// By ike::Kind.
constexpr std::array verdict_of{
    Verdict::undecided,         Verdict::undecided,        Verdict::undecided,
    Verdict::ike_truncated,     Verdict::ike_bad_length,   Verdict::ike_zero_spi,
    Verdict::ike_init_with_spi, Verdict::esp_reserved_spi, Verdict::ike_version_zero};
static_assert(verdict_of.size() == static_cast<std::size_t>(ike::Kind::version_zero) + 1);

/// True if the first buffer ends within the bytes that classify a datagram.
bool is_header_split(const Packet& packet) noexcept {
    constexpr std::size_t marker_and_header = 4 + sizeof(ike::Header);
    return packet.l3_end == packet.frame.contiguous &&
           packet.frame.contiguous < packet.frame.length &&
           packet.udp_payload().size() <
               std::min<std::size_t>(marker_and_header, packet.udp_payload_length);
}

void to_vip(Packet& packet, const AddressEntry& vip, Context& context) noexcept {
    if (packet.protocol == net::ip_protocol::esp) return packet.decide(Verdict::native_esp);
    packet.is_icmp_error = is_icmp_error(packet);
    if (packet.is_icmp_error || packet.is_later_fragment) {
        packet.direction = Direction::to_server;
        return;
    }
    if (!packet.is_service_udp()) return judge_host_port(packet, vip, context);
    const std::size_t position = forwarding::service_port_position(packet.destination_port);
    packet.frontend = vip.frontends[position];
    packet.direction = Direction::to_server;
    packet.service = context.table.frontends[packet.frontend].service;
    if (!context.table.frontends[packet.frontend].is_served)
        return packet.decide(Verdict::vip_not_served);
    if (is_header_split(packet)) return packet.decide(Verdict::headers_split);
    packet.datagram = ike::classify(packet.udp_payload(), packet.udp_payload_length, position == 1);
    packet.verdict = verdict_of[static_cast<std::size_t>(packet.datagram.kind)];
}

void to_own_address(Packet& packet, const AddressEntry& own, bool is_from_backend,
                    Context& context) noexcept {
    if (packet.is_later_fragment && (packet.is_from_clients || packet.is_later_udp_fragment()))
        packet.direction = Direction::transit;
    else if (packet.is_service_udp())
        packet.verdict = Verdict::service_port_own;
    else if (is_closed(packet, own, context))
        packet.verdict = Verdict::own_address_closed;
    else if (is_ndp(packet))
        punt(packet, Verdict::punt_ndp, context);
    else if (is_from_backend && is_echo_reply(packet))
        punt(packet, Verdict::punt_backend, context);
    else if (packet.is_icmp())
        punt(packet, Verdict::punt_icmp, context);
    else
        punt(packet, Verdict::punt_local, context);
}

bool is_reply(const Packet& packet) noexcept {
    return packet.is_udp() && !packet.is_later_fragment &&
           forwarding::service_port_position(packet.source_port) != forwarding::service_ports;
}

void from_backend(Packet& packet, const AddressEntry& from, Context& context) noexcept {
    packet.backend = from.backend;
    if (context.table.is_inside(packet.destination)) return;
    packet.is_icmp_error = is_icmp_error(packet);
    if (packet.is_icmp_error || packet.is_later_udp_fragment()) {
        packet.direction = Direction::to_client;
    } else if (is_reply(packet)) {
        const std::size_t position = forwarding::service_port_position(packet.source_port);
        packet.direction = Direction::to_client;
        packet.frontend = from.frontends[position];
        packet.datagram =
            ike::classify(packet.udp_payload(), packet.udp_payload_length, position == 1);
        if (from.backend == forwarding::no_backend) packet.verdict = Verdict::backend_removed;
    }
}

}  // namespace

void classify(Packet& packet, Context& context) noexcept {
    const AddressEntry* to = context.table.addresses.find(packet.destination);
    const AddressEntry* from = context.table.addresses.find(packet.source);
    const bool is_from_backend = from != nullptr;
    const wall::Wall& wall = context.table.wall;
    const bool is_suspect = wall.is_suspect(packet.source, packet.is_v6);
    if ((is_suspect && (wall::is_martian(packet.source) || wall.is_broadcast(packet.source))) ||
        (is_from_backend && from->role != AddressRole::backend))
        return packet.decide(Verdict::bad_source);
    find_side(packet, is_from_backend, is_suspect, context);
    if (packet.is_decided()) return;
    if (to != nullptr && to->role == AddressRole::own)
        return to_own_address(packet, *to, is_from_backend, context);
    packet.direction = Direction::transit;
    if (to != nullptr && to->role == AddressRole::vip) {
        to_vip(packet, *to, context);
    } else if (is_from_backend) {
        from_backend(packet, *from, context);
    } else if (is_icmp_error(packet) && !packet.is_from_clients) {
        // A router among the servers may send an error about a client's packet.
        packet.is_icmp_error = true;
    }
    // RFC 4291 section 2.5.6: no router forwards a link-local source.
    if (packet.is_v6 && !packet.is_decided() && packet.source.is_ipv6_link_local())
        packet.verdict = Verdict::bad_source;
}

}  // namespace ikelb::pipeline
