// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>

#include "dataplane/net/checksum.h"
#include "dataplane/net/ipv6_chain.h"
#include "dataplane/pipeline/quoted.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

using net::be16;
using tables::FrontendIndex;

std::optional<tables::Record> live_flow(const net::IpAddress& client, be16 port,
                                        FrontendIndex frontend, const Context& context) noexcept {
    return context.directory.flows.find(tables::flow_key(client, port, frontend),
                                        context.table.timeouts.flow, context.now);
}

/// An error on the way from us to a client: it quotes VIP to client.
void match_from_client_side(Packet& packet, const Quoted& quoted, Context& context) noexcept {
    const auto* vip = context.table.addresses.find(quoted.source);
    const std::size_t position = tables::service_port_position(quoted.source_port);
    if (quoted.source != packet.destination || vip == nullptr ||
        vip->role != tables::AddressRole::vip || position == tables::service_ports) {
        punt(packet, Verdict::punt_icmp, context);
        return;
    }
    packet.frontend = vip->frontends[position];
    packet.service = context.table.frontends[packet.frontend].service;
    auto record =
        live_flow(quoted.destination, quoted.destination_port, packet.frontend, context);
    if (!record)
        record = context.directory.bindings.find(
            tables::binding_key(
                context.table.services[packet.service].client_of(quoted.destination),
                packet.service),
            context.table.timeouts.flow, context.now);
    if (!record || !context.table.is_current(record->backend)) {
        packet.verdict = Verdict::icmp_unmatched;
        return;
    }
    packet.backend = record->backend.index;
}

/// An error on the way from us to a server: it quotes client to backend.
void match_from_server_side(Packet& packet, const Quoted& quoted, Context& context) noexcept {
    const auto* to = context.table.addresses.find(quoted.destination);
    const std::size_t position = tables::service_port_position(quoted.destination_port);
    if (to == nullptr || to->role != tables::AddressRole::backend ||
        position == tables::service_ports || quoted.source != packet.destination) {
        packet.is_icmp_error = false;
        packet.direction = Direction::transit;
        return;
    }
    packet.direction = Direction::to_client;
    packet.backend = to->backend;
    const tables::Backend& backend = context.table.backends[packet.backend];
    packet.frontend = backend.reply_frontend[position];
    for (const FrontendIndex candidate : backend.frontends[position]) {
        const auto record = live_flow(quoted.source, quoted.source_port, candidate, context);
        if (!record || record->backend.index != packet.backend) continue;
        packet.frontend = candidate;
        packet.gateway = record->gateway;
    }
    packet.service = context.table.frontends[packet.frontend].service;
    if (packet.frontend == tables::no_frontend) packet.verdict = Verdict::reply_vip_unknown;
}

/// The quoted IP header. False: it is no UDP datagram's beginning.
bool read_ipv4(std::span<const std::uint8_t> bytes, Quoted& quoted) noexcept {
    if (bytes.size() < sizeof(net::Ipv4Header)) return false;
    const auto& ip = *reinterpret_cast<const net::Ipv4Header*>(bytes.data());
    quoted.l4 = quoted.l3 + ip.header_bytes();
    quoted.source = net::IpAddress::from_v4(ip.source);
    quoted.destination = net::IpAddress::from_v4(ip.destination);
    return ip.version_ihl >> 4 == 4 && ip.header_bytes() >= sizeof(net::Ipv4Header) &&
           ip.protocol == net::ip_protocol::udp &&
           (ip.flags_offset.to_host() & net::ipv4_flags::offset_mask) == 0;
}

bool read_ipv6(std::span<const std::uint8_t> bytes, Quoted& quoted) noexcept {
    if (bytes.size() < sizeof(net::Ipv6Header)) return false;
    const auto& ip = *reinterpret_cast<const net::Ipv6Header*>(bytes.data());
    const net::Ipv6Chain chain = net::walk_ipv6_chain(bytes, ip.packet_bytes());
    quoted.l4 = quoted.l3 + chain.offset;
    quoted.source = net::IpAddress{ip.source};
    quoted.destination = net::IpAddress{ip.destination};
    return ip.version_class_flow.to_host() >> 28 == 6 && !quoted.source.is_v4() &&
           !quoted.destination.is_v4() && chain.state == net::Ipv6Chain::State::complete &&
           chain.protocol == net::ip_protocol::udp && !chain.has_segments_left;
}

}  // namespace

std::optional<Quoted> read_quoted(const Packet& packet) noexcept {
    const std::size_t l3 = packet.l4 + sizeof(net::IcmpHeader);
    if (l3 > packet.l3_end) return std::nullopt;
    const std::span<const std::uint8_t> bytes{packet.at(l3), packet.l3_end - l3};
    Quoted quoted{.l3 = l3};
    const bool is_udp = packet.is_v6 ? read_ipv6(bytes, quoted) : read_ipv4(bytes, quoted);
    if (!is_udp || quoted.l4 + sizeof(net::UdpHeader) > packet.l3_end) return std::nullopt;
    const auto& udp = *reinterpret_cast<const net::UdpHeader*>(packet.at(quoted.l4));
    quoted.source_port = udp.source_port;
    quoted.destination_port = udp.destination_port;
    return quoted;
}

void match_icmp_error(Packet& packet, Context& context) noexcept {
    if (!packet.is_icmp_error) return;
    const bool is_to_vip = packet.direction == Direction::to_server;
    const auto quoted = read_quoted(packet);
    if (!quoted) {
        // Quotes something else than UDP: of the kernel's own traffic, or transit's.
        packet.is_icmp_error = false;
        packet.direction = Direction::transit;
        if (is_to_vip) punt(packet, Verdict::punt_icmp, context);
        return;
    }
    if (is_to_vip)
        match_from_client_side(packet, *quoted, context);
    else
        match_from_server_side(packet, *quoted, context);
}

void rewrite_quoted(const Packet& packet, const net::IpAddress& address, bool is_source) noexcept {
    const auto quoted = read_quoted(packet);
    if (!quoted) return;
    auto& udp = *reinterpret_cast<net::UdpHeader*>(packet.at(quoted->l4));
    net::IcmpHeader& icmp = packet.icmp();

    net::ChecksumDelta inner;
    inner.change(is_source ? quoted->source : quoted->destination, address);
    net::ChecksumDelta outer = inner;
    if (packet.is_v6) {
        auto& ip = *reinterpret_cast<net::Ipv6Header*>(packet.at(quoted->l3));
        (is_source ? ip.source : ip.destination) = address.bytes();
    } else {
        auto& ip = *reinterpret_cast<net::Ipv4Header*>(packet.at(quoted->l3));
        (is_source ? ip.source : ip.destination) = address.v4();
        const std::uint16_t ip_checksum = inner.apply(ip.checksum);
        outer.change(ip.checksum, ip_checksum);
        ip.checksum = ip_checksum;
    }
    const std::uint16_t udp_checksum = inner.apply_udp(udp.checksum);
    outer.change(udp.checksum, udp_checksum);
    udp.checksum = udp_checksum;
    icmp.checksum = outer.apply(icmp.checksum);
}

}  // namespace ikelb::pipeline
