// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/pipeline.h"

#include <bit>

#include "dataplane/pipeline/express.h"

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

template <typename Visit>
void for_each(Batch& batch, PlaceSet places, Visit&& visit) noexcept {
    for (; places != 0; places &= places - 1)
        visit(batch.packets[static_cast<std::size_t>(std::countr_zero(places))]);
}

template <typename Stage>
void for_undecided(Batch& batch, PlaceSet places, Stage&& stage) noexcept {
    for_each(batch, places, [&](Packet& packet) {
        if (!packet.is_decided()) stage(packet);
    });
}

void count(const Packet& packet, Counters& counters) noexcept {
    if (packet.frame.was_held && info(packet.verdict).fate == Fate::hold) return;
    counters.verdicts[static_cast<std::size_t>(packet.verdict)].add(1);
}

void run_stages(Batch& batch, PlaceSet places, Context& context) noexcept {
    for_each(batch, places, [&](Packet& packet) {
        const Frame frame = packet.frame;
        packet = Packet{};
        packet.frame = frame;
        parse(packet, context);
    });
    for_undecided(batch, places, [&](Packet& packet) {
        classify(packet, context);
        prefetch(packet, context);
    });
    for_undecided(batch, places, [&](Packet& packet) { match_icmp_error(packet, context); });
    for_undecided(batch, places, [&](Packet& packet) {
        if (packet.direction == Direction::to_server)
            steer(packet, context);
        else if (packet.direction == Direction::to_client)
            learn(packet, context);
    });
    // A datagram's fragments mostly share a burst: the first ones speak before the later ones ask.
    for_each(batch, places, [&](Packet& packet) { remember_fragment(packet, context); });
    for_undecided(batch, places, [&](Packet& packet) { follow_fragment(packet, context); });
    for_undecided(batch, places, [&](Packet& packet) { route(packet, context); });
    for_undecided(batch, places, [&](Packet& packet) { rewrite(packet, context); });
    for_each(batch, places, [&](const Packet& packet) { count(packet, context.counters); });
}

}  // namespace

void run(Batch& batch, Context& context) noexcept {
    forget_old_choices(context);
    const PlaceSet left = express(batch, context);
    if (left == 0) return;
    StageTimer timer{context.probe};
    run_stages(batch, left, context);
    timer.lap(&StageProbe::steps);
}

}  // namespace ikelb::pipeline
