// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

using tables::FragmentFate;

/// Only a UDP datagram's later fragments have to ask: other protocols' are plain transit, and so
/// are those between hosts that are neither VIP nor backend.
bool is_asked_about(const Packet& packet, const Context& context) noexcept {
    if (packet.protocol != net::ip_protocol::udp) return false;
    const auto& addresses = context.table.addresses;
    return addresses.find(packet.source) != nullptr ||
           addresses.find(packet.destination) != nullptr;
}

tables::FragmentKey key_of(const Packet& packet) noexcept {
    return tables::fragment_key(packet.source, packet.destination,
                                packet.ipv4().identification.to_host(), packet.protocol);
}

/// A reload may have taken away what the first fragment went to.
bool is_valid(const FragmentFate& fate, const tables::ForwardingTable& table) noexcept {
    if (fate.kind == FragmentFate::Kind::to_server)
        return fate.index < table.backends.size() && table.backends[fate.index].is_present;
    if (fate.kind == FragmentFate::Kind::to_client)
        return fate.index < table.frontends.size() &&
               !table.frontends[fate.index].vip.is_unspecified();
    return true;
}

void apply(Packet& packet, const FragmentFate& fate, Context& context) noexcept {
    switch (fate.kind) {
        case FragmentFate::Kind::to_server:
            packet.direction = Direction::to_server;
            packet.backend = fate.index;
            packet.service = fate.gateway;
            return;
        case FragmentFate::Kind::to_client:
            packet.direction = Direction::to_client;
            packet.frontend = fate.index;
            packet.service = context.table.frontends[fate.index].service;
            packet.gateway = fate.gateway;
            return;
        case FragmentFate::Kind::transit: {
            packet.direction = Direction::transit;
            const auto* to = context.table.addresses.find(packet.destination);
            if (to != nullptr && to->role == tables::AddressRole::own)
                punt(packet, Verdict::punt_local, context);
            return;
        }
        case FragmentFate::Kind::drop: packet.verdict = Verdict::fragment_of_drop; return;
    }
}

}  // namespace

void follow_fragment(Packet& packet, Context& context) noexcept {
    if (!packet.is_later_fragment || !is_asked_about(packet, context)) return;
    const auto record = context.directory.fragments.find(key_of(packet));
    if (record && is_within(context.table.timeouts.fragment, record->last_seen, context.now)) {
        const FragmentFate fate = tables::to_fate(*record);
        if (is_valid(fate, context.table)) {
            apply(packet, fate, context);
            return;
        }
    }
    packet.verdict =
        packet.frame.may_hold ? Verdict::hold_fragment : Verdict::fragment_timeout;
}

void remember_fragment(const Packet& packet, Context& context) noexcept {
    if (!packet.is_ip || !packet.is_fragment || packet.is_later_fragment ||
        !is_asked_about(packet, context))
        return;
    // Who forges a backend's address must not decide over the backend's own fragments.
    if (packet.verdict == Verdict::bad_source || packet.verdict == Verdict::spoofed_backend)
        return;
    FragmentFate fate{.kind = FragmentFate::Kind::transit};
    if (packet.is_decided()) {
        const Fate verdict = info(packet.verdict).fate;
        if (verdict == Fate::hold) return;
        if (verdict == Fate::drop) fate.kind = FragmentFate::Kind::drop;
    } else if (packet.direction == Direction::to_server) {
        fate = {.kind = FragmentFate::Kind::to_server,
                .index = packet.backend,
                .gateway = static_cast<tables::GatewayIndex>(packet.service)};
    } else if (packet.direction == Direction::to_client) {
        fate = {.kind = FragmentFate::Kind::to_client,
                .index = packet.frontend,
                .gateway = packet.gateway};
    }
    const tables::Lifetimes lives{{context.table.timeouts.fragment, context.table.timeouts.fragment,
                                   context.table.timeouts.fragment, context.table.timeouts.fragment,
                                   context.table.timeouts.fragment}};
    const auto outcome = context.directory.fragments.write(
        key_of(packet), tables::to_record(fate, context.now), lives,
        context.now, tables::Evict::oldest);
    if (outcome == tables::WriteOutcome::busy) context.counters.directory_busy.add(1);
}

}  // namespace ikelb::pipeline
