// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/wall_stages.h"
#include "dataplane/wall/quote.h"

namespace ikelb::pipeline {
namespace {

using forwarding::ForwardingTable, forwarding::Route, wall::Conversation;
using wall::Progress, wall::TransitKey, wall::Upper;

/// Minimum move of a record's end: no write for each packet.
constexpr forwarding::Seconds renewal_interval = 4;

bool is_backend(const net::IpAddress& address, const ForwardingTable& table) noexcept {
    const auto* entry = table.addresses.find(address);
    return entry != nullptr && entry->role == forwarding::AddressRole::backend;
}

auto& records_of(const TransitKey& key, Context& context) noexcept {
    const auto share = is_backend(key.inside, context.table) ? wall::TransitShare::backends
                       : context.table.is_inside(key.inside) ? wall::TransitShare::inside_prefixes
                                                             : wall::TransitShare::others;
    return context.sessions.transit[static_cast<std::size_t>(share)];
}

std::optional<Conversation> find_record(const TransitKey& key, Context& context) noexcept {
    return find_live(records_of(key, context), key, context);
}

void write_record(const TransitKey& key, const std::optional<Conversation>& before,
                  Progress progress, Context& context) noexcept {
    const bool is_short = progress != Progress::answered;
    Conversation record{
        .progress = progress,
        .ends_at = context.now + context.table.wall.timeouts.of(key.protocol, is_short)};
    auto& records = records_of(key, context);
    if (!before || before->progress != progress) {
        if (write_to(records, key, record, sessions::Evict::oldest_by_half, context, nullptr,
                     &before))
            return;
        context.counters.transit_untracked.add(1);
        if (!before) return;
        record.progress = before->progress;
    }
    if (static_cast<std::int32_t>(record.ends_at - before->ends_at) >=
        std::int32_t{renewal_interval})
        records.refresh(key, *before, record);
}

/// No rule admits IKE and ESP to a backend's own address.
bool is_vpn_of_backend(const net::IpAddress& inside, std::uint8_t protocol, std::uint16_t port,
                       const ForwardingTable& table) noexcept {
    const bool is_service_udp =
        protocol == net::ip_protocol::udp &&
        forwarding::service_port_position(net::be16::from_host(port)) != forwarding::service_ports;
    return (protocol == net::ip_protocol::esp || is_service_udp) && is_backend(inside, table);
}

/// True for an answer to a conversation that a rule lets begin on the clients' side. The rule is
/// asked each time: no record outlives it, and clients take no room from the servers' records.
bool is_let_in(const net::IpAddress& inside, const net::IpAddress& outside, const Upper& sent,
               const ForwardingTable& table) noexcept {
    return table.wall.allow != nullptr &&
           !is_vpn_of_backend(inside, sent.protocol, sent.source_port, table) &&
           table.wall.allow->allow({.source = outside,
                                    .destination = inside,
                                    .protocol = sent.protocol,
                                    .destination_port = sent.source_port});
}

/// True in a conversation that the servers' side began: an answer, or an error about its packet.
bool is_expected(const Packet& packet, const Upper& upper, Context& context) noexcept {
    if (is_icmp_error(packet)) {
        const auto quoted = packet.at_hand(packet.l4 + sizeof(net::IcmpHeader));
        const auto quote = wall::read_quote(packet.is_v6, quoted);
        if (!quote || quote->source != packet.destination || quote->upper > quoted.size())
            return false;
        const Upper asked = wall::read_upper(quote->protocol, quoted.subspan(quote->upper));
        return asked.may_ask() &&
               (is_let_in(quote->source, quote->destination, asked, context.table) ||
                find_record(wall::asked(quote->source, quote->destination, asked), context));
    }
    if (!upper.may_answer()) return false;
    const TransitKey key = wall::answered(packet.source, packet.destination, upper);
    const auto record = find_record(key, context);
    if (record)
        write_record(key, record, wall::advance(record->progress, upper, true), context);
    return record.has_value();
}

/// On an interface that faces both sides the clients are behind their own gateways.
bool leads_to_clients(const Route& route, const ForwardingTable& table) noexcept {
    const forwarding::Interface& out = table.interfaces[route.interface];
    return out.faces_clients &&
           (!out.faces_servers || (route.kind == forwarding::RouteKind::gateway &&
                                   table.gateways[route.gateway].faces_clients));
}

bool is_on_servers_side(const net::IpAddress& address,
                        const ForwardingTable& table) noexcept {
    return is_backend(address, table) || table.is_inside(address) ||
           table.wall.is_of_servers(address);
}

/// True if the operator lets the packet begin on the clients' side.
bool is_allowed(const Packet& packet, const Upper& upper, Context& context) noexcept {
    const wall::Wall& wall = context.table.wall;
    if (wall.is_open) return true;
    if (wall.allow != nullptr &&
        wall.allow->allow({.source = packet.source,
                           .destination = packet.destination,
                           .protocol = packet.protocol,
                           .destination_port = upper.asked_port(),
                           .is_established = upper.has(Upper::ack | Upper::rst)}))
        return true;
    // The former node knew the conversation, or this node before a crash.
    const bool is_underway =
        upper.is_tcp() && upper.may_answer() && upper.tcp_flags != 0 && !upper.has(Upper::syn);
    if (!is_underway || context.now >= wall.grace_until ||
        !is_on_servers_side(packet.destination, context.table))
        return false;
    context.counters.transit_grace.add(1);
    return true;
}

/// A DHCP answer to the host: from clients any; else for this link, or while the interface has no
/// address. A DHCP server sends to the address that it offers (RFC 2131 section 4.1).
bool is_offer(const Packet& packet, const ForwardingTable& table) noexcept {
    const forwarding::Interface& in = table.interfaces[packet.in_interface];
    return packet.is_udp() && packet.source_port.to_host() == (packet.is_v6 ? 547 : 67) &&
           packet.destination_port.to_host() == (packet.is_v6 ? 546 : 68) &&
           (packet.is_from_clients || (packet.is_v6 ? in.address6 : in.address).is_unspecified() ||
            table.is_on_link(packet.destination, packet.in_interface));
}

}  // namespace

void judge_transit(Packet& packet, Context& context) noexcept {
    if (context.table.wall.is_broadcast(packet.destination))
        return packet.decide(Verdict::directed_broadcast);
    if (packet.is_later_fragment) return;
    if (packet.is_from_clients) {
        const Upper upper = upper_of(packet);
        if (is_expected(packet, upper, context)) return;
        // An IKE responder tells MOBIKE clients its private addresses, and they try them (RFC 4555
        // section 3.4): let through, a client would have a tunnel that bypasses its affinity.
        const bool is_vpn = is_vpn_of_backend(packet.destination, packet.protocol,
                                              upper.destination_port, context.table);
        if (is_vpn) packet.verdict = Verdict::direct_to_backend;
        if (is_vpn || is_allowed(packet, upper, context)) return;
    }
    if (is_offer(packet, context.table))
        punt(packet, Verdict::punt_local, context);
    else if (packet.is_from_clients)
        packet.verdict = Verdict::transit_not_allowed;
}

void remember_transit(const Packet& packet, const Route& route, Context& context) noexcept {
    if (packet.is_from_clients || packet.is_later_fragment ||
        !leads_to_clients(route, context.table))
        return;
    const Upper upper = upper_of(packet);
    if (!upper.may_ask()) return;
    const TransitKey key = wall::asked(packet.source, packet.destination, upper);
    const auto record = find_record(key, context);
    if (!record && (upper.has(Upper::rst) || is_let_in(packet.source, packet.destination, upper,
                                                       context.table)))
        return;
    const Progress before = record ? record->progress : Progress::asked;
    write_record(key, record, wall::advance(before, upper, false), context);
}

}  // namespace ikelb::pipeline
