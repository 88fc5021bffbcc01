// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <cstring>

#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/wall_stages.h"

namespace ikelb::pipeline {
namespace {

TokenBucket& bucket_of(Verdict verdict, const Packet& packet, SideBuckets& buckets) noexcept {
    switch (verdict) {
        case Verdict::punt_hello: return buckets.hello;
        case Verdict::punt_routing: return buckets.routing;
        case Verdict::punt_arp: return buckets.arp;
        case Verdict::punt_ndp: return buckets.ndp;
        case Verdict::punt_icmp: return is_echo(packet) ? buckets.ping : buckets.icmp;
        case Verdict::punt_backend: return buckets.backend;
        case Verdict::punt_multicast: return buckets.multicast;
        case Verdict::punt_unresolved: return buckets.unresolved;
        default: return buckets.local;
    }
}

}  // namespace

SideBuckets& buckets_of(const Packet& packet, const Context& context) noexcept {
    const bool is_from_servers = !packet.is_from_clients &&
                                 context.table.interfaces[packet.in_interface].faces_servers;
    return is_from_servers ? context.memory.of_servers : context.memory.of_clients;
}

void punt(Packet& packet, Verdict verdict, const Context& context) noexcept {
    verdict = punt_class_of(packet, verdict, context);
    if (!bucket_of(verdict, packet, buckets_of(packet, context)).take(context.now_micros)) {
        packet.verdict = Verdict::punt_limited;
        context.counters.punts_limited[static_cast<std::size_t>(verdict)].add(1);
        return;
    }
    packet.verdict = verdict;
    // The kernel TAP has no tag: the addresses move up to stand right before the EtherType.
    const std::int32_t tag = packet.l3 - static_cast<std::int32_t>(sizeof(net::EthernetHeader));
    if (tag > 0) std::memmove(packet.at(static_cast<std::size_t>(tag)), packet.at(0), 12);
    packet.out_shift = tag;
    packet.out_length = packet.frame.length - static_cast<std::uint32_t>(tag);
}

}  // namespace ikelb::pipeline
