// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <span>

#include "dataplane/packet/packet.h"

namespace ikelb::worker {

inline pipeline::Frame frame_of(rte_mbuf* packet) noexcept {
    return {.data = rte_pktmbuf_mtod(packet, std::uint8_t*),
            .contiguous = rte_pktmbuf_data_len(packet), .headroom = rte_pktmbuf_headroom(packet),
            .length = rte_pktmbuf_pkt_len(packet), .port = packet->port};
}

inline void fill(pipeline::Batch& batch, std::span<rte_mbuf* const> packets) noexcept {
    batch.count = packets.size();
    for (std::size_t i = 0; i < packets.size(); ++i) {
        const pipeline::Frame frame = frame_of(packets[i]);
        rte_prefetch0(frame.data);
        batch.put(i, frame);
    }
}

/// Gives the buffer the frame's start and length as the pipeline decided.
inline void take_shape(rte_mbuf* packet, const pipeline::Packet& decided) noexcept {
    if (decided.out_shift == 0 && decided.out_length == packet->pkt_len) [[likely]]
        return;
    packet->data_off = static_cast<std::uint16_t>(packet->data_off + decided.out_shift);
    packet->data_len = static_cast<std::uint16_t>(packet->data_len - decided.out_shift);
    packet->pkt_len = static_cast<std::uint32_t>(static_cast<std::int64_t>(packet->pkt_len) -
                                                 decided.out_shift);
    if (packet->pkt_len == decided.out_length) return;
    // Only an ICMP error is shorter than its packet, and it fits into the first buffer.
    rte_pktmbuf_free(packet->next);
    packet->next = nullptr;
    packet->nb_segs = 1;
    packet->data_len = static_cast<std::uint16_t>(decided.out_length);
    packet->pkt_len = decided.out_length;
}

}  // namespace ikelb::worker
