// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/net/checksum.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/wall/quote.h"

namespace ikelb::pipeline {
namespace {

using forwarding::FrontendIndex;

struct Quoted : wall::Quote {
    std::size_t l3;  ///< offset of the quoted IP header in the frame, from which upper counts
    net::be16 source_port;
    net::be16 destination_port;
};
/// nullopt: the quote has no UDP datagram with its ports, or is cut short.
std::optional<Quoted> read_quoted(const Packet& packet) noexcept {
    const std::size_t l3 = packet.l4 + sizeof(net::IcmpHeader);
    const auto quote = wall::read_quote(packet.is_v6, packet.at_hand(l3));
    if (!quote || quote->protocol != net::ip_protocol::udp ||
        l3 + quote->upper + sizeof(net::UdpHeader) > packet.l3_end)
        return std::nullopt;
    const auto& udp = packet.header_at<net::UdpHeader>(l3 + quote->upper);
    return Quoted{*quote, l3, udp.source_port, udp.destination_port};
}

/// An error on a packet from VIP to client.
void match_from_client_side(Packet& packet, const Quoted& quoted, Context& context) noexcept {
    const auto* vip = context.table.addresses.find(quoted.source);
    const std::size_t position = forwarding::service_port_position(quoted.source_port);
    if (quoted.source != packet.destination || vip == nullptr ||
        vip->role != forwarding::AddressRole::vip || position == forwarding::service_ports)
        return punt(packet, Verdict::punt_icmp, context);
    packet.frontend = vip->frontends[position];
    packet.service = context.table.frontends[packet.frontend].service;
    const auto key =
        sessions::flow_key(quoted.destination, quoted.destination_port, packet.frontend);
    std::optional<forwarding::BackendRef> backend;
    if (const auto flow = find_live(context.sessions.flows, key, context))
        backend = flow->backend;
    else if (const auto bound = affinity::find_persistence(key.client, packet.service, context))
        backend = bound->backend;
    if (!backend || !context.table.is_current(*backend))
        return packet.decide(Verdict::icmp_unmatched);
    packet.backend = backend->index;
}

/// An error on a packet from client to backend.
void match_from_server_side(Packet& packet, const Quoted& quoted, Context& context) noexcept {
    const auto* to = context.table.addresses.find(quoted.destination);
    const std::size_t position = forwarding::service_port_position(quoted.destination_port);
    if (to == nullptr || to->role != forwarding::AddressRole::backend ||
        position == forwarding::service_ports || quoted.source != packet.destination) {
        packet.is_icmp_error = false;
        packet.direction = Direction::transit;
        return;
    }
    packet.direction = Direction::to_client;
    packet.backend = to->backend;
    packet.frontend = to->frontends[position];
    std::span<const FrontendIndex> candidates{&packet.frontend, 1};
    if (packet.frontend == forwarding::no_frontend)
        candidates = context.table.backends[packet.backend].homes[packet.is_v6].frontends[position];
    for (const FrontendIndex candidate : candidates) {
        const auto flow =
            find_live(context.sessions.flows,
                      sessions::flow_key(quoted.source, quoted.source_port, candidate), context);
        if (!flow || flow->backend.index != packet.backend) continue;
        packet.frontend = candidate;
        packet.gateway = flow->gateway;
    }
    packet.service = context.table.frontends[packet.frontend].service;
    if (to->backend == forwarding::no_backend)
        packet.verdict = Verdict::backend_removed;
    else if (packet.frontend == forwarding::no_frontend)
        packet.verdict = Verdict::reply_vip_unknown;
}

}  // namespace

void match_icmp_error(Packet& packet, Context& context) noexcept {
    if (!packet.is_icmp_error) return;
    const bool is_to_vip = packet.direction == Direction::to_server;
    const auto quoted = read_quoted(packet);
    if (!quoted) {
        // The quote is not UDP: the error belongs to the kernel's own traffic, or to transit.
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
    auto& udp = packet.header_at<net::UdpHeader>(quoted->l3 + quoted->upper);
    net::IcmpHeader& icmp = packet.icmp();

    const std::uint64_t inner =
        net::change(is_source ? quoted->source : quoted->destination, address);
    std::uint64_t outer = inner;
    if (packet.is_v6) {
        auto& ip = packet.header_at<net::Ipv6Header>(quoted->l3);
        (is_source ? ip.source : ip.destination) = address.bytes();
    } else {
        auto& ip = packet.header_at<net::Ipv4Header>(quoted->l3);
        (is_source ? ip.source : ip.destination) = address.v4();
        const std::uint16_t before = ip.checksum;
        outer += net::change(before, ip.checksum = net::changed(before, inner));
    }
    const std::uint16_t before = udp.checksum;
    outer += net::change(before, udp.checksum = net::changed_udp(before, inner));
    icmp.checksum = net::changed(icmp.checksum, outer);
}

}  // namespace ikelb::pipeline
