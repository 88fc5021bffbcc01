// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/request.h"

#include "dataplane/pipeline/candidate.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

using sessions::Record;

/// The gateway the frame came from, if it is one of those the kernel knows.
forwarding::GatewayIndex gateway_of(const Packet& packet, const Context& context) noexcept {
    const auto* by_mac = context.table.gateway_of_mac.find(
        forwarding::gateway_key(packet.in_interface, packet.frame.sender()));
    return by_mac == nullptr ? forwarding::no_gateway : *by_mac;
}

bool is_agreed(const Packet& packet, const Context& context) noexcept {
    const forwarding::Service& service = context.table.services[packet.service];
    const auto binding = find_binding(packet.source, packet.service, context);
    return (binding && binding->backend.index == packet.backend) ||
           choose_by_hash(packet, service, context) == packet.backend;
}

}  // namespace

std::array<std::uint64_t, 1> request_key(const sessions::FlowKey& flow, const ike::Header& header,
                                         net::HashKey secret) noexcept {
    std::uint64_t hash = flow.is_narrow() ? sessions::WholeKey::hash(flow.narrow(), secret)
                                          : sessions::WholeKey::hash(flow.wide(), secret);
    hash = net::keyed_hash(header.initiator_spi.wire(), hash, secret);
    return {net::keyed_hash(header.message_id.wire(), hash, secret) | 1};
}

bool is_cookie_retry(const Packet& packet) noexcept {
    if (packet.datagram.kind != ike::Kind::ike) return false;
    const ike::Header& header = packet.ike_header();
    return header.exchange == ike::exchange::ike_sa_init && !header.is_response() &&
           header.next_payload == ike::payload::notify;
}

void note_request(const Packet& packet, Context& context) noexcept {
    if (packet.datagram.kind != ike::Kind::ike || context.is_rehearsal) return;
    const ike::Header& header = packet.ike_header();
    if (header.major_version() == 2 && header.is_response()) return;
    const forwarding::ForwardingTable& table = context.table;
    const auto member = table.member(packet.service, packet.backend);
    if (member && !packet.frame.was_held)
        context.counters.ike[*member].requests.add(1);
    const auto key = flow_of_sender(packet);
    const auto flow = find_flow(key, context);
    const forwarding::BackendRef ref{.index = packet.backend,
                                     .generation = table.backends[packet.backend].generation};
    const bool is_move = flow && flow->backend != ref;
    forwarding::GatewayIndex gateway = gateway_of(packet, context);
    const auto expected = flow && !is_move && flow->gateway != forwarding::no_gateway
                              ? flow->gateway
                              : table.default_gateway(packet.source, packet.frontend);
    if (gateway == expected) gateway = forwarding::no_gateway;
    if (!is_move && gateway == forwarding::no_gateway) return;
    if (!packet.frame.was_held &&
        !context.memory.pending_by_source.take(packet.source, table.hash_key, context.now_micros,
                                               table.limits.pending_per_source)) {
        context.counters.pending_limited.add(1);
        return;
    }
    const Record pending{.backend = ref, .gateway = gateway, .last_seen = context.now};
    keep(context.directory.pending, request_key(key, header, table.hash_key), pending,
         table.timeouts.pending, context);
}

std::optional<Record> answered_request(const Packet& packet, const Context& context) noexcept {
    if (packet.datagram.kind != ike::Kind::ike) return std::nullopt;
    const ike::Header& header = packet.ike_header();
    if (header.major_version() == 2 && !header.is_response()) return std::nullopt;
    const auto pending = context.directory.pending.find(
        request_key(flow_of_receiver(packet), header, context.table.hash_key));
    if (!pending || pending->backend.index != packet.backend ||
        !is_within(context.table.timeouts.pending, pending->last_seen, context.now))
        return std::nullopt;
    return pending;
}

bool is_source_limited(Packet& packet, Context& context) noexcept {
    if (context.memory.requests_by_source.take(packet.source, context.table.hash_key,
                                               context.now_micros,
                                               context.table.limits.requests_per_source))
        return false;
    packet.verdict = Verdict::source_limited;
    return true;
}

void limit_new_sa(Packet& packet, Context& context) noexcept {
    const forwarding::AbuseLimits& limits = context.table.limits;
    const std::uint32_t reserve =
        is_cookie_retry(packet) ? 0 : limits.requests_per_backend.burst / 2;
    if (!context.memory.requests_by_backend[packet.backend].take(
            context.now_micros, limits.requests_per_backend, reserve))
        packet.verdict = Verdict::backend_limited;
}

void limit_unknown_pair(Packet& packet, Context& context) noexcept {
    if (packet.rule != Rule::flow && packet.rule != Rule::schedule) return;
    if (is_agreed(packet, context)) return;
    if (!context.memory.unknown_pairs_by_backend[packet.backend].take(
            context.now_micros, context.table.limits.unknown_pairs_per_backend))
        packet.verdict = Verdict::unknown_pair_limited;
}

}  // namespace ikelb::pipeline
