// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <cstring>

#include "dataplane/net/checksum.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

/// RFC 1812 section 5.3.1, with RFC 1141's incremental update; RFC 8200 section 3.
void decrement_ttl(const Packet& packet) noexcept {
    if (packet.is_v6) {
        --packet.ipv6().hop_limit;
        return;
    }
    net::Ipv4Header& ip = packet.ipv4();
    const auto word = [&] { return net::load<std::uint16_t>(&ip.ttl); };
    const std::uint16_t before = word();
    --ip.ttl;
    net::ChecksumDelta delta;
    delta.change(before, word());
    ip.checksum = delta.apply(ip.checksum);
}

enum class Field : std::uint8_t { source, destination };

/// Changes one address and every checksum that covers it: over IPv6 each upper layer's (RFC 8200
/// section 8.1). A UDP checksum of zero is none there as well (RFC 6935).
void translate(const Packet& packet, Field which, const net::IpAddress& to,
               Counters& counters) noexcept {
    net::ChecksumDelta delta;
    if (packet.is_v6) {
        auto& field = which == Field::source ? packet.ipv6().source : packet.ipv6().destination;
        delta.change(net::IpAddress{field}, to);
        field = to.bytes();
    } else {
        net::Ipv4Header& ip = packet.ipv4();
        net::Ipv4Address& field = which == Field::source ? ip.source : ip.destination;
        delta.change(field.value, to.v4().value);
        field = to.v4();
        ip.checksum = delta.apply(ip.checksum);
    }
    if (packet.is_later_fragment) return;
    if (packet.is_udp()) {
        if (packet.is_v6 && packet.udp().checksum == 0) counters.udp6_without_checksum.add(1);
        packet.udp().checksum = delta.apply_udp(packet.udp().checksum);
    } else if (packet.is_v6 && packet.is_icmp()) {
        packet.icmp().checksum = delta.apply(packet.icmp().checksum);
    }
}

/// Puts the link header right before the IP header, whatever stood there.
void write_link(Packet& packet) noexcept {
    const forwarding::LinkHeader& link = *packet.link;
    const std::int32_t shift = packet.l3 - static_cast<std::int32_t>(link.length);
    if (shift < 0 && -shift > packet.frame.headroom) {
        packet.verdict = Verdict::no_buffer;
        return;
    }
    std::uint8_t* start = packet.frame.data + shift;
    constexpr std::size_t macs = 2 * sizeof(net::MacAddress);
    std::memcpy(start, link.bytes.data(), macs);
    if (link.length != sizeof(net::EthernetHeader)) [[unlikely]]
        std::memcpy(start + macs, link.bytes.data() + macs, sizeof(net::VlanTag));
    net::store(start + link.length - sizeof(net::be16),
               net::be16::from_host(packet.is_v6 ? net::ether_type::ipv6
                                                 : net::ether_type::ipv4));
    packet.out_port = link.port;
    packet.out_shift = shift;
    packet.out_length =
        static_cast<std::uint32_t>(static_cast<std::int64_t>(packet.frame.length) - shift);
}

/// The counters of the packet's (service, backend); nullptr if it is of none.
MemberCounters* counters_of(const Packet& packet, Context& context) noexcept {
    const auto member = context.table.member(packet.service, packet.backend);
    return member ? &context.counters.members[*member] : nullptr;
}

void count_to_server(const Packet& packet, Context& context) noexcept {
    if (MemberCounters* counters = counters_of(packet, context)) {
        counters->packets_to_server.add(1);
        counters->bytes_to_server.add(packet.ip_bytes);
    }
}

}  // namespace

bool readdress(Packet& copy, forwarding::BackendIndex to, Context& context) noexcept {
    const forwarding::Target& target = context.table.target(copy.service, to);
    if (!target.link.is_resolved || copy.ip_bytes > target.link.mtu) return false;
    copy.backend = to;
    copy.link = &target.link;
    write_link(copy);
    if (copy.verdict == Verdict::no_buffer) return false;
    translate(copy, Field::destination, target.address, context.counters);
    count_to_server(copy, context);
    context.counters.copies.add(1);
    return true;
}

void rewrite(Packet& packet, Context& context) noexcept {
    write_link(packet);
    if (packet.is_decided()) return;
    switch (packet.direction) {
        case Direction::to_server: {
            const net::IpAddress& to = context.table.target(packet.service, packet.backend).address;
            if (packet.is_icmp_error) rewrite_quoted(packet, to, true);
            translate(packet, Field::destination, to, context.counters);
            packet.verdict = Verdict::to_server;
            count_to_server(packet, context);
            break;
        }
        case Direction::to_client: {
            const net::IpAddress& vip = context.table.frontends[packet.frontend].vip;
            if (packet.is_icmp_error) rewrite_quoted(packet, vip, false);
            translate(packet, Field::source, vip, context.counters);
            packet.verdict = Verdict::to_client;
            if (MemberCounters* counters = counters_of(packet, context)) {
                counters->packets_to_client.add(1);
                counters->bytes_to_client.add(packet.ip_bytes);
            }
            break;
        }
        case Direction::transit:
        case Direction::none: packet.verdict = Verdict::transit; break;
    }
    decrement_ttl(packet);
}

}  // namespace ikelb::pipeline
