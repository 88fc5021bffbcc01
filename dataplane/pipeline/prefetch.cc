// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/candidate.h"
#include "dataplane/pipeline/request.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

// Inlined by force: a call that only prefetches has no effect in g++'s eyes, which drops it.

template <bool for_write>
[[gnu::always_inline]] inline void prefetch_binding(const net::IpAddress& client,
                                                    forwarding::ServiceIndex index,
                                                    const Context& context) noexcept {
    const forwarding::Service& service = context.table.services[index];
    if (service.affinity == forwarding::Affinity::source)
        context.directory.bindings.prefetch<for_write>(
            sessions::binding_key(service.client_of(client), index));
}

[[gnu::always_inline]] inline void prefetch_request(const Packet& packet,
                                                    const Context& context) noexcept {
    const sessions::Directory& directory = context.directory;
    const auto key = flow_of_sender(packet);
    if (packet.datagram.kind != ike::Kind::ike) {
        directory.flows.prefetch(key);
        // The path for ESP of IPv4 has left it: its SPI is new to the flow.
        if (packet.datagram.kind == ike::Kind::esp && !packet.is_v6)
            directory.esp.prefetch(sessions::esp_key(packet.source, packet.datagram.esp_spi));
        return;
    }
    const ike::Header& header = packet.ike_header();
    if (header.responder_spi.wire() != 0) {
        directory.pairs.prefetch(sessions::pair_key(header));
        directory.flows.prefetch(key);
        return;
    }
    const auto service = context.table.frontends[packet.frontend].service;
    context.memory.requests_by_source.prefetch(packet.source, context.table.hash_key);
    prefetch_binding<false>(packet.source, service, context);
    directory.half_open.prefetch(sessions::half_open_key(header, packet.source, service));
}

[[gnu::always_inline]] inline void prefetch_answer(const Packet& packet,
                                                   const Context& context) noexcept {
    const sessions::Directory& directory = context.directory;
    if (packet.frontend == forwarding::no_frontend) return;
    const auto key = flow_of_receiver(packet);
    const bool is_esp = packet.datagram.kind == ike::Kind::esp;
    directory.flows.prefetch<true>(key);
    // Most ESP of IPv4 does not come here: what does changes the flow, and what hangs on it.
    if (packet.datagram.kind != ike::Kind::ike && (!is_esp || packet.is_v6)) return;
    const auto service = context.table.frontends[packet.frontend].service;
    prefetch_binding<true>(packet.destination, service, context);
    if (is_esp) {
        directory.logins.prefetch<true>(key);
        return;
    }
    const ike::Header& header = packet.ike_header();
    directory.pairs.prefetch<true>(sessions::pair_key(header));
    directory.pending.prefetch(
        directory.pending.hash(request_key(key, header, context.table.hash_key)));
    if (header.exchange == ike::exchange::ike_sa_init)
        directory.half_open.prefetch<true>(
            sessions::half_open_key(header, packet.destination, service));
    else
        directory.logins.prefetch<true>(key);
    context.memory.logins_by_source.prefetch(packet.destination, context.table.hash_key);
}

}  // namespace

void prefetch_records(const Packet& packet, const Context& context) noexcept {
    if (packet.is_later_fragment || packet.is_icmp_error) return;
    if (packet.direction == Direction::to_server)
        prefetch_request(packet, context);
    else if (packet.direction == Direction::to_client)
        prefetch_answer(packet, context);
}

void prefetch_login(const Packet& packet, const Context& context) noexcept {
    if (packet.datagram.kind != ike::Kind::esp || packet.is_v6) return;
    if (packet.frontend == forwarding::no_frontend) return;
    const sessions::PairKey pair = context.directory.logins.notes(flow_of_receiver(packet));
    if (pair[0] != 0) context.directory.pairs.prefetch<true>(pair);
}

}  // namespace ikelb::pipeline
