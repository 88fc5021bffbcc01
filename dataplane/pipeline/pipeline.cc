// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/pipeline.h"

namespace ikelb::pipeline {

namespace {

/// A count of SAs has been taken: what this worker chose before is in it.
void forget_old_choices(Context& context) noexcept {
    const std::uint32_t counted = context.directory.sa_counts.load(std::memory_order_relaxed);
    if (context.memory.chosen_since_count == counted) return;
    context.memory.chosen_since_count = counted;
    context.memory.chosen.fill(0);
}

/// Starts the memory accesses of the look-ups that every packet of an established SA makes.
void prefetch(const Packet& packet, const Context& context) noexcept {
    const auto& flows = context.directory.flows.confirmed;
    if (packet.is_decided() || packet.is_later_fragment || packet.is_icmp_error) return;
    if (packet.direction == Direction::to_server)
        flows.prefetch(tables::flow_key(packet.source, packet.source_port, packet.frontend));
    else if (packet.direction == Direction::to_client)
        if (const auto frontend =
                context.table.backends[packet.backend]
                    .reply_frontend[tables::service_port_position(packet.source_port)];
            frontend != tables::no_frontend)
            flows.prefetch(
                tables::flow_key(packet.destination, packet.destination_port, frontend));
}

template <typename Stage>
void for_undecided(Batch& batch, Stage&& stage) noexcept {
    for (Packet& packet : batch.all())
        if (!packet.is_decided()) stage(packet);
}

void count(const Batch& batch, Counters& counters) noexcept {
    for (std::size_t i = 0; i < batch.count; ++i) {
        const Packet& packet = batch.packets[i];
        if (packet.frame.was_held && info(packet.verdict).fate == Fate::hold) continue;
        counters.verdicts[static_cast<std::size_t>(packet.verdict)].add(1);
    }
}

}  // namespace

void run(Batch& batch, Context& context) noexcept {
    forget_old_choices(context);
    for (Packet& packet : batch.all()) parse(packet, context);
    for_undecided(batch, [&](Packet& packet) {
        classify(packet, context);
        prefetch(packet, context);
    });
    for_undecided(batch, [&](Packet& packet) { match_icmp_error(packet, context); });
    for_undecided(batch, [&](Packet& packet) {
        if (packet.direction == Direction::to_server)
            steer(packet, context);
        else if (packet.direction == Direction::to_client)
            learn(packet, context);
    });
    // A datagram's fragments mostly share a burst: the first ones speak before the later ones ask.
    for (Packet& packet : batch.all()) remember_fragment(packet, context);
    for_undecided(batch, [&](Packet& packet) { follow_fragment(packet, context); });
    for_undecided(batch, [&](Packet& packet) { route(packet, context); });
    for_undecided(batch, [&](Packet& packet) { rewrite(packet, context); });
    count(batch, context.counters);
}

}  // namespace ikelb::pipeline
