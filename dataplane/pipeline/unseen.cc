// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <cstdint>
#include <span>

#include "dataplane/affinity/admit.h"
#include "dataplane/pipeline/headers.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {
namespace {

/// Refuses a request for a new SA while its service's gate is shut, as affinity::let_in() does and
/// with the same token of its source; false: the general path decides, and no token is spent.
template <typename Family>
bool refuse(Packet& packet, const Group& group, Context& context) noexcept {
    const auto& [table, sessions, counters, memory, now, micros] = context;
    const Headers<Family> headers{packet.frame.data + group.l3};
    const auto client = headers.source();
    const net::IpAddress& ip = Family::ip(client);
    const be16 port = headers.udp.destination_port;
    const auto* to =
        table.fast_path.vips[Family::is_v6].find({Family::end_key(headers.ip.destination, port)});
    const FastTable::Interface& interface = *group.interface;
    // The general path sees sources that the wall checks more closely; also link-local and mapped
    // sources, whose first octets are IPv4 martians'.
    if ((headers.faults(packet.frame.length - group.l3, 0) |
         (FastTable::load_mac(packet.frame.data) ^ interface.mac)) != 0 ||
        to == nullptr ||
        !Family::is(headers.ip.destination, table.fast_path.frontends[to->frontend].vip) ||
        interface.faces_servers || table.wall.is_suspect(ip, Family::is_v6) ||
        Family::find(table.addresses, client) != nullptr)
        return false;
    const forwarding::Frontend& frontend = table.frontends[to->frontend];
    const std::span payload{reinterpret_cast<const std::uint8_t*>(&headers.udp + 1),
                            headers.udp.length.to_host() - sizeof headers.udp};
    const auto datagram = ike::classify(payload, payload.size(), port == nat_t_port);
    if (!frontend.is_served || datagram.kind != ike::Kind::ike ||
        !affinity::begins_sa(ike::header_of(payload, datagram)) ||
        !affinity::is_gate_shut(payload.subspan(datagram.ike_offset), frontend.service, context) ||
        !memory.requests_by_source.take(ip, table.hash_key, micros,
                                        table.limits.requests_per_source))
        return false;
    packet.verdict = Verdict::backend_limited;
    counters.verdicts[static_cast<std::size_t>(packet.verdict)].add(1);
    return true;
}

}  // namespace

PlaceSet refuse_unseen(Batch& batch, PlaceSet taken, Context& context) noexcept {
    PlaceSet refused = 0;
    for (std::size_t i = 0; i < batch.count; ++i) {
        if ((taken >> i & 1) != 0) continue;
        Packet& packet = batch.packets[i];
        const auto group = Group::of(packet.frame, context.table);
        if (!group || !(group->is_v6 ? refuse<V6>(packet, *group, context)
                                     : refuse<V4>(packet, *group, context)))
            break;
        refused |= PlaceSet{1} << i;
    }
    return refused;
}

}  // namespace ikelb::pipeline
