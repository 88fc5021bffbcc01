// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/candidate.h"
#include "dataplane/pipeline/request.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

using forwarding::BackendIndex, forwarding::ServiceIndex, sessions::Record;

const forwarding::Service& service_of(const Packet& packet, const Context& context) noexcept {
    return context.table.services[packet.service];
}

bool is_by_source(const Packet& packet, const Context& context) noexcept {
    return service_of(packet, context).affinity == forwarding::Affinity::source;
}

/// A record counts if its backend is still the one meant and serves the addressed VIP.
bool counts(const Record& record, ServiceIndex service, const Context& context) noexcept {
    return context.table.is_current(record.backend) &&
           context.table.member(service, record.backend.index);
}

/// Steers to the backend of an existing SA. Down is a flag, not an end: the SA is valid nowhere
/// else, so it is never rescheduled.
bool follow(Packet& packet, BackendIndex index, Rule rule, const Context& context) noexcept {
    if ((context.passed_over >> static_cast<unsigned>(rule) & 1) != 0) [[unlikely]]
        return false;
    const forwarding::Backend& backend = context.table.backends[index];
    packet.rule = rule;
    if (!backend.is_up && backend.flush_on_down)
        packet.verdict = Verdict::backend_down;
    else
        packet.backend = index;
    return true;
}

bool follow(Packet& packet, const std::optional<Record>& record, Rule rule,
            const Context& context) noexcept {
    return record && counts(*record, packet.service, context) &&
           follow(packet, record->backend.index, rule, context);
}

/// The server's own SPI of an IKE SA: the responder's unless the client says it is the responder
/// itself, as after a rekey by the server. IKEv1 cookies have no such flag.
std::uint64_t server_spi(const ike::Header& header) noexcept {
    const bool client_initiated = header.major_version() == 1 || header.is_from_initiator();
    return (client_initiated ? header.responder_spi : header.initiator_spi).to_host();
}

bool by_label(Packet& packet, const Context& context) noexcept {
    if (context.table.labelled.empty()) [[likely]]
        return false;
    const bool is_esp = packet.datagram.kind == ike::Kind::esp;
    const std::uint64_t spi =
        is_esp ? packet.datagram.esp_spi.to_host() : server_spi(packet.ike_header());
    for (const BackendIndex index : context.table.labelled) {
        const forwarding::SpiLabel& label = context.table.backends[index].label;
        const bool is_its =
            is_esp ? label.holds_esp(static_cast<std::uint32_t>(spi)) : label.holds_ike(spi);
        if (is_its && context.table.member(packet.service, index))
            return follow(packet, index, Rule::label, context);
    }
    return false;
}

bool by_pair(Packet& packet, const Context& context) noexcept {
    return follow(packet,
                  context.directory.pairs.find(sessions::pair_key(packet.ike_header()),
                                               context.table.timeouts.pair, context.now),
                  Rule::pair, context);
}

/// With affinity by SA the IKE port's flow never decides: clients of one address share it.
bool may_flow_decide(const Packet& packet, const Context& context) noexcept {
    return is_by_source(packet, context) ||
           context.table.frontends[packet.frontend].port ==
               net::be16::from_host(forwarding::service_port_numbers[1]);
}

bool by_flow(Packet& packet, const Context& context) noexcept {
    return may_flow_decide(packet, context) &&
           follow(packet, find_flow(flow_of_sender(packet), context), Rule::flow, context);
}

bool by_binding(Packet& packet, const Context& context) noexcept {
    return follow(packet, find_binding(packet.source, packet.service, context), Rule::binding,
                  context);
}

bool takes_back(const Record& record, const Packet& packet, const Context& context) noexcept {
    return counts(record, packet.service, context) &&
           context.table.backends[record.backend.index].takes_returning_clients();
}

/// A new SA of a client that has a binding: it returns there, if the backend will have it.
bool by_binding_for_new_sa(Packet& packet, const Context& context) noexcept {
    const auto record = find_binding(packet.source, packet.service, context);
    return record && takes_back(*record, packet, context) &&
           follow(packet, record->backend.index, Rule::binding, context);
}

bool by_half_open(Packet& packet, const Context& context) noexcept {
    const auto record = context.directory.half_open.find(
        sessions::half_open_key(packet.ike_header(), packet.source, packet.service));
    return record &&
           is_within(context.table.timeouts.half_open, record->last_seen, context.now) &&
           takes_back(*record, packet, context) &&
           follow(packet, record->backend.index, Rule::half_open, context);
}

bool by_hint(Packet& packet, const Context& context) noexcept {
    const auto record = context.directory.hints.find(flow_of_sender(packet));
    return record && is_within(context.table.timeouts.pending, record->last_seen, context.now) &&
           follow(packet, record, Rule::hint, context);
}

void by_schedule(Packet& packet, Context& context) noexcept {
    packet.rule = Rule::schedule;
    packet.backend = schedule(packet, packet.service, context);
    if (packet.backend == forwarding::no_backend) packet.verdict = Verdict::no_backend;
}

void steer_new_sa(Packet& packet, Context& context) noexcept {
    if (by_half_open(packet, context)) return;
    if (!by_binding_for_new_sa(packet, context)) {
        by_schedule(packet, context);
        return;
    }
    // The reply of a backend with several VIPs has to find the one that was asked: the binding
    // alone does not tell it where the client uses two of them.
    if (context.table.backends[packet.backend].is_ambiguous())
        remember_choice(packet, packet.service, packet.backend, context);
}

/// A request of an SA that nobody knows: the client moved right after a rekey. Servers are silent
/// on what they do not know, so the one that answers is the right one.
bool may_ask_all(const Packet& packet, Context& context) noexcept {
    const std::uint32_t rate = service_of(packet, context).ask_all_rate;
    const std::uint8_t first = packet.ike_header().next_payload;
    return rate != 0 && !context.is_rehearsal &&
           (first == ike::payload::encrypted || first == ike::payload::encrypted_fragment) &&
           (packet.frame.was_held ||
            context.memory.asked_all[packet.service].take(context.now_micros,
                                                          {.per_second = rate, .burst = rate}));
}

void steer_known_sa(Packet& packet, bool is_response, Context& context) noexcept {
    if (by_label(packet, context) || by_pair(packet, context) || by_flow(packet, context) ||
        by_hint(packet, context) || by_binding(packet, context))
        return;
    if (is_response) {
        packet.verdict = Verdict::unknown_response;
        return;
    }
    packet.asks_all = may_ask_all(packet, context);
    if (packet.asks_all) context.counters.asked_all.add(1);
    if (packet.asks_all || is_by_source(packet, context))
        by_schedule(packet, context);
    else
        packet.verdict = Verdict::unknown_sa;
}

void steer_ike(Packet& packet, Context& context) noexcept {
    const ike::Header& header = packet.ike_header();
    const bool is_response = header.major_version() == 2 && header.is_response();
    // A response without a responder's SPI (COOKIE, INVALID_KE_PAYLOAD) answers an SA that a
    // backend opens: no new SA of the client's, and nothing to schedule.
    const bool is_new_sa = header.responder_spi.wire() == 0 && !is_response;
    // What a held packet has paid for, it does not pay for again.
    const bool must_pay = !context.is_rehearsal && !packet.frame.was_held;
    if (is_new_sa && must_pay && is_source_limited(packet, context)) return;
    if (is_new_sa)
        steer_new_sa(packet, context);
    else
        steer_known_sa(packet, is_response, context);
    if (!packet.is_decided() && must_pay) {
        if (is_new_sa)
            limit_new_sa(packet, context);
        else if (!is_response)
            limit_unknown_pair(packet, context);
    }
}

bool by_client_spi(Packet& packet, const std::optional<sessions::Noted>& flow,
                   Context& context) noexcept {
    const auto record =
        context.directory.esp.find(sessions::esp_key(packet.source, packet.datagram.esp_spi));
    if (!record || !record->is_alive(context.table.timeouts.flow, context.now) ||
        !follow(packet, record, Rule::esp_client, context))
        return false;
    if (flow && flow->record.backend == record->backend &&
        sessions::is_confirmed(flow->record.state) && !context.is_rehearsal)
        remember_spi(packet, *flow, context);
    return true;
}

/// By the SPI alone, from whatever address, if all who were seen to use it are on one backend.
bool by_spi_alone(Packet& packet, Context& context) noexcept {
    const SpiClaim claim = find_claim(packet.datagram.esp_spi, context);
    if (claim.is_ambiguous) context.counters.spi_collisions.add(1);
    if (claim.is_ambiguous || !claim.record ||
        !follow(packet, claim.record, Rule::esp_spi, context))
        return false;
    if (context.is_rehearsal) return true;
    // For pending seconds IKE of a pair that nobody knows, from the same tuple, follows it.
    const auto pending = context.table.timeouts.pending;
    const auto key = flow_of_sender(packet);
    const auto hint = context.directory.hints.find(key);
    if (!hint || hint->backend != claim.record->backend ||
        !is_within(pending / 2, hint->last_seen, context.now))
        keep(context.directory.hints, key,
             {.backend = claim.record->backend, .last_seen = context.now}, pending, context);
    return true;
}

void steer_esp(Packet& packet, Context& context) noexcept {
    const auto flow = context.directory.flows.find_noted(
        flow_of_sender(packet), context.table.timeouts.flow, context.now);
    if (by_label(packet, context)) return;
    if (flow && context.trusts_flow_spis &&
        sessions::FlowSpis::unpack(flow->note).holds(packet.datagram.esp_spi.to_host()) &&
        follow(packet, flow->record, Rule::flow, context)) [[likely]]
        return;
    if (by_client_spi(packet, flow, context)) return;
    if (flow && follow(packet, flow->record, Rule::flow, context)) {
        if (!context.is_rehearsal) consider_spi(packet, flow->record, context);
        return;
    }
    if (by_spi_alone(packet, context) || by_binding(packet, context)) return;
    if (is_by_source(packet, context))
        by_schedule(packet, context);
    else
        packet.verdict = Verdict::unknown_sa;
}

/// A client on the servers' own subnet is answered past us, straight from a private address.
bool is_on_farm_subnet(const Packet& packet, const Context& context) noexcept {
    const forwarding::ForwardingTable& table = context.table;
    const forwarding::Route* route = table.find_route(packet.source);
    return route != nullptr && route->kind == forwarding::RouteKind::on_link &&
           table.find_route(table.target(packet.service, packet.backend).address) == route;
}

}  // namespace

void steer(Packet& packet, Context& context) noexcept {
    if (packet.is_later_fragment || packet.is_icmp_error) return;
    packet.service = context.table.frontends[packet.frontend].service;
    switch (packet.datagram.kind) {
        case ike::Kind::ike: steer_ike(packet, context); break;
        case ike::Kind::esp: steer_esp(packet, context); break;
        default:
            if (!by_flow(packet, context) && !by_binding(packet, context))
                packet.verdict = Verdict::unknown_keepalive;
            break;
    }
    if (packet.rule != Rule::none)
        context.counters.steered[static_cast<std::size_t>(packet.rule)].add(1);
    if (packet.is_decided()) return;
    // A flow means that a reply passed us: its client is not on the servers' subnet.
    if (packet.rule != Rule::flow && is_on_farm_subnet(packet, context))
        packet.verdict = Verdict::client_on_farm_subnet;
    else if (packet.datagram.kind == ike::Kind::ike)
        context.directory.flows.prefetch(flow_of_sender(packet));
}

}  // namespace ikelb::pipeline
