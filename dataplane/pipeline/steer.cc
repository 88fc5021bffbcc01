// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

using tables::BackendIndex;
using tables::Record;

/// A record counts if its backend is still the one meant and serves the addressed VIP.
bool counts(const Record& record, tables::ServiceIndex service, const Context& context) noexcept {
    return context.table.is_current(record.backend) &&
           context.table.member(service, record.backend.index) != tables::no_member;
}

/// Steers by a record of an existing SA. Down is a flag, not an end: the SA is valid nowhere else,
/// so it is never rescheduled.
bool follow_session(Packet& packet, const Record& record, const Context& context) noexcept {
    if (!counts(record, packet.service, context)) return false;
    const tables::Backend& backend = context.table.backends[record.backend.index];
    if (!backend.is_up && backend.flush_on_down) {
        packet.verdict = Verdict::backend_down;
        return true;
    }
    packet.backend = record.backend.index;
    return true;
}

bool by_pair(Packet& packet, const Context& context) noexcept {
    const auto record =
        context.directory.pairs.find(tables::pair_key(packet.ike_header()),
                                     context.table.timeouts.pair, context.now);
    return record && follow_session(packet, *record, context);
}

bool by_flow(Packet& packet, const Context& context) noexcept {
    const auto record = context.directory.flows.find(
        tables::flow_key(packet.source, packet.source_port, packet.frontend),
        context.table.timeouts.flow, context.now);
    return record && follow_session(packet, *record, context);
}

std::optional<Record> find_binding(const Packet& packet, const Context& context) noexcept {
    return context.directory.bindings.find(
        tables::binding_key(packet.source, packet.service),
        context.table.timeouts.flow, context.now);
}

bool by_binding(Packet& packet, const Context& context) noexcept {
    const auto record = find_binding(packet, context);
    return record && follow_session(packet, *record, context);
}

/// A new SA of a client that has a binding: it returns there, if the backend will have it.
bool by_binding_for_new_sa(Packet& packet, const Context& context) noexcept {
    const auto record = find_binding(packet, context);
    if (!record || !counts(*record, packet.service, context) ||
        !context.table.backends[record->backend.index].takes_returning_clients())
        return false;
    packet.backend = record->backend.index;
    return true;
}

bool by_half_open(Packet& packet, const Context& context) noexcept {
    const auto record = context.directory.half_open.find(
        tables::half_open_key(packet.ike_header(), packet.source, packet.service));
    if (!record ||
        !is_within(context.table.timeouts.half_open, record->last_seen, context.now) ||
        !counts(*record, packet.service, context) ||
        !context.table.backends[record->backend.index].takes_returning_clients())
        return false;
    packet.backend = record->backend.index;
    return true;
}

void by_schedule(Packet& packet, Context& context) noexcept {
    packet.backend = schedule(packet, packet.service, context);
    if (packet.backend == tables::no_backend) packet.verdict = Verdict::no_backend;
}

void steer_new_sa(Packet& packet, Context& context) noexcept {
    if (!by_binding_for_new_sa(packet, context)) {
        if (!by_half_open(packet, context)) by_schedule(packet, context);
        return;
    }
    // The reply of a backend with several VIPs has to find the one that was asked: the binding
    // alone does not tell it where the client uses two of them.
    if (context.table.backends[packet.backend].is_ambiguous())
        remember_choice(packet, packet.service, packet.backend, context);
}

void steer_ike(Packet& packet, Context& context) noexcept {
    const ike::Header& header = packet.ike_header();
    const bool is_response = header.major_version() == 2 && header.is_response();
    // A response without a responder's SPI (COOKIE, INVALID_KE_PAYLOAD) answers an SA that a
    // backend opens: no new SA of the client's, and nothing to schedule.
    if (header.responder_spi.wire() == 0 && !is_response) {
        steer_new_sa(packet, context);
        return;
    }
    if (by_pair(packet, context) || by_flow(packet, context) || by_binding(packet, context)) return;
    if (is_response)
        packet.verdict = Verdict::unknown_response;
    else
        by_schedule(packet, context);
}

/// Remembers, for the answer to commit, the gateway an IKE request came from, where replies would
/// go to another one. ESP is not asked: it is too frequent, and proves no more.
void note_gateway(const Packet& packet, Context& context) noexcept {
    const tables::ForwardingTable& table = context.table;
    const auto& ethernet = *reinterpret_cast<const net::EthernetHeader*>(packet.at(0));
    const auto* by_mac =
        table.gateway_of_mac.find(tables::gateway_key(packet.in_interface, ethernet.source));
    if (by_mac == nullptr) return;
    const auto key = tables::flow_key(packet.source, packet.source_port, packet.frontend);
    const auto record = context.directory.flows.find(key, table.timeouts.flow, context.now);
    const auto expected = record && record->gateway != tables::no_gateway
                              ? record->gateway
                              : default_gateway(packet.source, packet.frontend, table);
    if (*by_mac == expected) return;
    const Record pending{.gateway = *by_mac, .last_seen = context.now};
    const tables::Lifetimes lives{{table.timeouts.pending}};
    const auto outcome = context.directory.pending_gateways.write(
        {request_key(key, packet.ike_header(), table.hash_key)}, pending, lives, context.now,
        tables::RecordTable<1>::Evict::oldest);
    if (outcome == tables::WriteOutcome::busy) context.counters.directory_busy.add(1);
}

/// A client on the servers' own subnet is answered past us, straight from a private address.
bool is_on_farm_subnet(const Packet& packet, const Context& context) noexcept {
    const auto index = context.table.route_table.lookup(packet.source);
    if (!index) return false;
    const tables::Route& route = context.table.routes[*index];
    if (route.kind != tables::RouteKind::on_link) return false;
    return context.table.route_table.lookup(
               context.table.backends[packet.backend].address) == index;
}

}  // namespace

void steer(Packet& packet, Context& context) noexcept {
    if (packet.is_later_fragment || packet.is_icmp_error) return;
    packet.service = context.table.frontends[packet.frontend].service;
    switch (packet.datagram.kind) {
        case ike::Kind::ike: steer_ike(packet, context); break;
        case ike::Kind::esp:
            // A flow means that a reply passed us: its client is not on the servers' subnet.
            if (by_flow(packet, context)) return;
            if (!by_binding(packet, context)) by_schedule(packet, context);
            break;
        default:
            if (by_flow(packet, context)) return;
            if (!by_binding(packet, context)) packet.verdict = Verdict::unknown_keepalive;
            break;
    }
    if (packet.is_decided()) return;
    if (is_on_farm_subnet(packet, context))
        packet.verdict = Verdict::client_on_farm_subnet;
    else if (packet.datagram.kind == ike::Kind::ike)
        note_gateway(packet, context);
}

}  // namespace ikelb::pipeline
