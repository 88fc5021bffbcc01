// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/net/checksum.h"
#include "dataplane/pipeline/headers.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {
namespace {

/// RFC 1812 section 5.3.1, with RFC 1141's incremental update; RFC 8200 section 3.
void decrement_ttl(const Packet& packet) noexcept {
    if (packet.is_v6) {
        --packet.ipv6().hop_limit;
        return;
    }
    --packet.ipv4().ttl;
    packet.ipv4().checksum = net::changed(packet.ipv4().checksum, net::hop_delta);
}

/// Changes the source or destination address and every checksum that covers it: over IPv6 each
/// upper layer's (RFC 8200 section 8.1). There too a UDP checksum of zero is none (RFC 6935).
void translate(const Packet& packet, bool is_source, const net::IpAddress& to,
               Counters& counters) noexcept {
    std::uint64_t changes = 0;
    if (packet.is_v6) {
        auto& field = is_source ? packet.ipv6().source : packet.ipv6().destination;
        changes = net::change(net::IpAddress{field}, to);
        field = to.bytes();
    } else {
        net::Ipv4Header& ip = packet.ipv4();
        net::Ipv4Address& field = is_source ? ip.source : ip.destination;
        changes = net::change(net::IpAddress::from_v4(field), to);
        field = to.v4();
        ip.checksum = net::changed(ip.checksum, changes);
    }
    if (packet.is_later_fragment) return;
    if (packet.is_udp()) {
        if (packet.is_v6 && packet.udp().checksum == 0) counters.udp6_without_checksum.add(1);
        packet.udp().checksum = net::changed_udp(packet.udp().checksum, changes);
    } else if (packet.is_v6 && packet.is_icmp()) {
        packet.icmp().checksum = net::changed(packet.icmp().checksum, changes);
    }
}

bool put_link(Packet& packet) noexcept {
    const auto type = packet.is_v6 ? net::ether_type::ipv6 : net::ether_type::ipv4;
    const bool has_room = write_link(packet, *packet.link, packet.at(packet.l3), type);
    if (!has_room) packet.verdict = Verdict::no_buffer;
    return has_room;
}

/// Counters of the packet's (service, backend), or a spare entry.
MemberCounters& counters_of(const Packet& packet, Context& context) noexcept {
    const auto member = context.table.member(packet.service, packet.backend);
    return context.counters.members[member.value_or(forwarding::no_member)];
}

}  // namespace

bool readdress(Packet& copy, forwarding::BackendIndex to, Context& context) noexcept {
    const forwarding::Target& target = context.table.target(copy.service, to);
    if (!target.link.is_resolved || copy.ip_bytes > target.link.mtu) return false;
    copy.backend = to;
    copy.link = &target.link;
    if (!put_link(copy)) return false;
    translate(copy, false, target.address, context.counters);
    counters_of(copy, context).count_to_server(copy.ip_bytes);
    context.counters.copies.add(1);
    return true;
}

void rewrite(Packet& packet, Context& context) noexcept {
    if (!put_link(packet)) return;
    packet.verdict = Verdict::transit;
    if (packet.direction == Direction::to_server) {
        const net::IpAddress& to = context.table.target(packet.service, packet.backend).address;
        if (packet.is_icmp_error) rewrite_quoted(packet, to, true);
        translate(packet, false, to, context.counters);
        packet.verdict = Verdict::to_server;
        counters_of(packet, context).count_to_server(packet.ip_bytes);
    } else if (packet.direction == Direction::to_client) {
        const net::IpAddress& vip = context.table.frontends[packet.frontend].vip;
        if (packet.is_icmp_error) rewrite_quoted(packet, vip, false);
        translate(packet, true, vip, context.counters);
        packet.verdict = Verdict::to_client;
        counters_of(packet, context).count_to_client(packet.ip_bytes);
    }
    decrement_ttl(packet);
}

}  // namespace ikelb::pipeline
