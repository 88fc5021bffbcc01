// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <cstring>

#include "dataplane/net/checksum.h"
#include "dataplane/pipeline/quoted.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

/// RFC 1812 section 5.3.1, with RFC 1141's incremental update.
void decrement_ttl(net::Ipv4Header& ip) noexcept {
    const auto word = [&] { return net::load<std::uint16_t>(&ip.ttl); };
    const std::uint16_t before = word();
    --ip.ttl;
    net::ChecksumDelta delta;
    delta.change(before, word());
    ip.checksum = delta.apply(ip.checksum);
}

/// Changes one address and every checksum that covers it. The only place where an address of a
/// forwarded packet changes.
void translate(Packet& packet, net::Ipv4Address& field, net::Ipv4Address to) noexcept {
    net::Ipv4Header& ip = packet.ipv4();
    net::ChecksumDelta delta;
    delta.change(field.value, to.value);
    field = to;
    ip.checksum = delta.apply(ip.checksum);
    if (packet.protocol == net::ip_protocol::udp && !packet.is_later_fragment)
        packet.udp().checksum = delta.apply_udp(packet.udp().checksum);
}

/// Puts the link header right before the IP header, whatever stood there.
void write_link(Packet& packet) noexcept {
    const tables::LinkHeader& link = *packet.link;
    const std::int32_t shift = packet.l3 - static_cast<std::int32_t>(link.length);
    if (shift < 0 && -shift > packet.frame.headroom) {
        packet.verdict = Verdict::no_buffer;
        return;
    }
    std::uint8_t* start = packet.frame.data + shift;
    std::memcpy(start, link.bytes.data(), link.length - sizeof(net::be16));
    net::store(start + link.length - sizeof(net::be16),
               net::be16::from_host(net::ether_type::ipv4));
    packet.out_port = link.port;
    packet.out_shift = shift;
    packet.out_length =
        static_cast<std::uint32_t>(static_cast<std::int64_t>(packet.frame.length) - shift);
}

/// The counters of the packet's (service, backend); nullptr if it is of none.
MemberCounters* counters_of(const Packet& packet, Context& context) noexcept {
    if (packet.service >= context.table.services.size() ||
        packet.backend >= context.table.backends.size())
        return nullptr;
    const auto member = context.table.member(packet.service, packet.backend);
    return member == tables::no_member ? nullptr : &context.counters.members[member];
}

}  // namespace

void rewrite(Packet& packet, Context& context) noexcept {
    write_link(packet);
    if (packet.is_decided()) return;
    net::Ipv4Header& ip = packet.ipv4();
    switch (packet.direction) {
        case Direction::to_server: {
            const net::IpAddress& backend = context.table.backends[packet.backend].address;
            if (packet.is_icmp_error) rewrite_quoted(packet, backend, true);
            translate(packet, ip.destination, backend.v4());
            packet.verdict = Verdict::to_server;
            if (MemberCounters* counters = counters_of(packet, context)) {
                counters->packets_to_server.add(1);
                counters->bytes_to_server.add(ip.total_length.to_host());
            }
            break;
        }
        case Direction::to_client: {
            const net::IpAddress& vip = context.table.frontends[packet.frontend].vip;
            if (packet.is_icmp_error) rewrite_quoted(packet, vip, false);
            translate(packet, ip.source, vip.v4());
            packet.verdict = Verdict::to_client;
            if (MemberCounters* counters = counters_of(packet, context)) {
                counters->packets_to_client.add(1);
                counters->bytes_to_client.add(ip.total_length.to_host());
            }
            break;
        }
        case Direction::transit:
        case Direction::none: packet.verdict = Verdict::transit; break;
    }
    decrement_ttl(ip);
}

}  // namespace ikelb::pipeline
