// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/commit.h"

#include "dataplane/affinity/admit.h"
#include "dataplane/ike/payload_walk.h"

namespace ikelb::affinity {
namespace {

/// Only a client's answer tells whether a delete was of the SA or of a child; no server does.
/// People are shown the client's word; nothing else hangs on it.
void note_answer_to_delete(const Packet& packet, Context& context) noexcept {
    const auto key =
        sessions::hashed(sessions::flow_key(packet.source, packet.source_port, packet.backend),
                         context.sessions.secret);
    const auto login = find_noted(context.sessions.logins, key, context);
    if (!login || !login->record.is_closing ||
        login->notes != sessions::ike_sa_key(packet.ike_header()) ||
        ike::hints_at_delete(packet.ike_message()))
        return;
    sessions::Login answered = login->record;
    answered.is_over = true;
    context.sessions.logins.refresh(key, login->record, answered);
}

void note_request(const Decision& decision, Found& found, Context& context) noexcept {
    const Packet& packet = found.packet;
    if (is_response(packet)) return note_answer_to_delete(packet, context);
    const forwarding::ForwardingTable& table = context.table;
    const auto member = table.member(packet.service, packet.backend);
    if (member && !packet.frame.was_held && !packet.is_decided())
        context.counters.ike[*member].requests.add(1);
    const auto& flow = found.flow();
    // The table holds gateways that the kernel knows.
    const auto* by_mac = table.gateway_of_mac.find(
        forwarding::gateway_key(packet.in_interface, packet.frame.sender(), packet.is_v6));
    forwarding::GatewayIndex gateway = by_mac == nullptr ? forwarding::no_gateway : *by_mac;
    const auto expected = flow && flow->gateway != forwarding::no_gateway
                              ? flow->gateway
                              : table.default_gateway(packet.source, packet.frontend);
    // A neighbour that was a route's gateway keeps its MAC address, which still names the gateway.
    if (gateway != forwarding::no_gateway && gateway != expected &&
        table.is_on_link(packet.source, packet.in_interface))
        gateway = forwarding::on_link_client;
    if (gateway == expected) gateway = forwarding::no_gateway;
    const auto& before = found.kind == Datagram::ike ? found.pending() : std::nullopt;
    const bool is_of_unknown = is_of_unknown_sa(found, decision);
    const bool is_delete = found.kind == Datagram::ike && !is_of_unknown &&
                           ike::hints_at_delete(packet.ike_message());
    // The header fields of a future request are no secret: two ways that differ cancel each other.
    const bool is_contested = before && before->gateway != gateway;
    if (is_contested) gateway = forwarding::no_gateway;
    if (!is_contested && gateway == forwarding::no_gateway && !is_delete && !is_of_unknown) return;
    if (!is_contested && !packet.frame.was_held &&
        !context.memory.pending_by_source.take(packet.source, table.hash_key, context.now_micros,
                                               table.limits.pending_per_source)) {
        context.counters.pending_limited.add(1);
        return;
    }
    keep(context.sessions.pending,
         request_key(flow_of_sender(packet), packet.ike_header(), context),
         sessions::Pending{
             .backend = ref_of(packet.backend, context),
             .copies = static_cast<std::uint8_t>((before ? before->copies : 0) + decision.asks_all),
             .is_delete = is_delete && !before,
             .gateway = gateway,
             .last_seen = context.now},
         context);
}

}  // namespace

bool keep_choice(const Packet& packet, std::uint8_t cookie, Context& context) noexcept {
    const bool is_answer = packet.direction == pipeline::Direction::to_client;
    const net::IpAddress& client = is_answer ? packet.destination : packet.source;
    return keep(context.sessions.choices,
                sessions::half_open_key(packet.ike_header().initiator_spi, client, packet.service,
                                        context.sessions.secret),
                sessions::Choice{.backend = ref_of(packet.backend, context),
                                 .cookie = cookie,
                                 .is_answered = is_answer,
                                 .last_seen = context.now},
                context);
}

void commit(Packet& packet, const Decision& decision, Found& found, Context& context) noexcept {
    if (decision.keeps_choice && !packet.is_decided() &&
        !keep_choice(packet, 0, context) && decision.rule == Rule::schedule) {
        packet.backend = choose_by_hash(found);
        if (packet.backend == no_backend) packet.verdict = Verdict::no_backend;
    }
    if (found.kind == Datagram::esp) {
        if (decision.rule != Rule::label) renew_claim(found, context);
        if (decision.rule == Rule::flow && !packet.is_decided()) consider_spi(found, context);
    } else if (found.kind == Datagram::ike ||
               (found.kind == Datagram::new_sa && !packet.is_decided())) {
        note_request(decision, found, context);
    }
}

std::size_t commit_copies(std::uint8_t place, const Decision& decision, Found& found,
                          pipeline::Copies& copies) noexcept {
    const Others others = others_of(found, decision);
    for (const BackendIndex to : others.full) copies.add(place, to);
    for (const BackendIndex to : others.copies) {
        if (!may_copy(found, false)) break;
        copies.add(place, to);
    }
    // Each of many backends has its turn to be first.
    const std::size_t count = others.asks_all ? found.context.table.backends.size() : 0;
    const std::size_t first = count == 0 ? 0 : found.context.now_micros % count;
    for (std::size_t i = first; i < first + count; ++i) {
        const auto to = static_cast<BackendIndex>(i < count ? i : i - count);
        if (!is_one_of_all(found, decision, others, to)) continue;
        if (!may_copy(found, true)) break;
        copies.add(place, to);
    }
    return others.full.size();
}

}  // namespace ikelb::affinity
