// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/pipeline/pipeline.h"

#include <bit>
#include <new>

#include "dataplane/affinity/admit.h"
#include "dataplane/affinity/learn.h"
#include "dataplane/pipeline/wall_stages.h"

namespace ikelb::pipeline {
namespace {

/// A new count of SAs includes earlier choices; a new table has its own limits and backends.
void forget_what_is_past(Context& context) noexcept {
    if (context.memory.gates.table_version != context.table.version)
        context.memory.gates = {.table_version = context.table.version};
    const std::uint32_t counted = context.sessions.sa_counts.load(std::memory_order_relaxed);
    if (context.memory.chosen_since_count == counted) return;
    context.memory.chosen_since_count = counted;
    context.memory.chosen.fill(0);
}

template <typename Visit>
void for_each(Batch& batch, PlaceSet places, Visit&& visit) noexcept {
    for (; places != 0; places &= places - 1)
        visit(batch.packets[static_cast<std::size_t>(std::countr_zero(places))]);
}

void count(const Packet& packet, Counters& counters) noexcept {
    if (packet.frame.was_held && info(packet.verdict).fate == Disposition::hold) return;
    counters.verdicts[static_cast<std::size_t>(packet.verdict)].add(1);
}

void parse_and_prefetch(Packet& packet, Context& context) noexcept {
    const Frame frame = packet.frame;
    ::new (&packet) Packet{.frame = frame};
    parse(packet, context);
    if (!packet.is_decided()) classify(packet, context);
    const bool is_service =
        packet.direction == Direction::to_server || packet.direction == Direction::to_client;
    if (packet.is_decided() || packet.is_later_fragment || packet.is_icmp_error || !is_service)
        return;
    if (packet.direction == Direction::to_server)
        packet.verdict = affinity::let_in(packet, context);
    if (!packet.is_decided()) affinity::prefetch_records(packet, context);
}

void choose_backend(Batch& batch, Packet& packet, Context& context) noexcept {
    if (packet.is_icmp_error && !packet.is_decided()) match_icmp_error(packet, context);
    if (packet.is_decided()) return;
    if (packet.direction == Direction::to_server)
        steer(packet, batch.place_of(packet), batch.copies, context);
    else if (packet.direction == Direction::to_client)
        affinity::take_reply(packet, context);
    else if (packet.direction == Direction::transit)
        judge_transit(packet, context);
}

void route_and_rewrite(Packet& packet, Context& context) noexcept {
    if (!packet.is_decided()) route(packet, context);
    if (!packet.is_decided()) rewrite(packet, context);
    count(packet, context.counters);
}

}  // namespace

void general_path(Batch& batch, PlaceSet places, Context& context) noexcept {
    forget_what_is_past(context);
    PlaceSet fragments = 0;
    for_each(batch, places, [&](Packet& packet) {
        parse_and_prefetch(packet, context);
        fragments |= PlaceSet{packet.is_fragment} << batch.place_of(packet);
    });
    for_each(batch, places, [&](Packet& packet) { choose_backend(batch, packet, context); });
    // A datagram's fragments mostly share a burst: first ones are stored before later ones ask.
    for_each(batch, fragments, [&](Packet& packet) { remember_fragment(packet, context); });
    for_each(batch, fragments, [&](Packet& packet) {
        if (!packet.is_decided()) follow_fragment(packet, context);
    });
    for_each(batch, places, [&](Packet& packet) { route_and_rewrite(packet, context); });
}

void run(Batch& batch, Context& context) noexcept {
    batch.copies.clear();
    const PlaceSet left = fast_path(batch, context);
    if (left != 0) general_path(batch, left, context);
}

}  // namespace ikelb::pipeline
