// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>

#include "dataplane/packet/context.h"
#include "dataplane/packet/packet.h"

namespace ikelb::pipeline {

/// Of a packet to a VIP, and of one to a client.
inline sessions::FlowKey flow_of_sender(const Packet& packet) noexcept {
    return sessions::flow_key(packet.source, packet.source_port, packet.frontend);
}
inline sessions::FlowKey flow_of_receiver(const Packet& packet) noexcept {
    return sessions::flow_key(packet.destination, packet.destination_port, packet.frontend);
}
/// The live record of a flow.
inline std::optional<sessions::Record> find_flow(const sessions::FlowKey& key,
                                                 const Context& context) noexcept {
    return context.directory.flows.find(key, context.table.timeouts.flow, context.now);
}
/// Of a client, masked as its service says; nullopt also with affinity by SA.
inline std::optional<sessions::Record> find_binding(const net::IpAddress& client,
                                                    forwarding::ServiceIndex index,
                                                    const Context& context) noexcept {
    const forwarding::Service& service = context.table.services[index];
    if (service.affinity != forwarding::Affinity::source) return std::nullopt;
    return context.directory.bindings.find(sessions::binding_key(service.client_of(client), index),
                                           context.table.timeouts.flow, context.now);
}

// ESP SPIs of clients. None of them ever appears in a backend's packet, so each is believed only
// after client and backend have both spoken on a flow that a session has confirmed.

/// Most SPIs that one flow may teach within a flow's life: each rekey of a child takes one.
inline constexpr unsigned max_spis_per_flow = 8;

/// A client's ESP with an SPI that nobody knows, on a flow that decided: takes it as the flow's
/// candidate, or learns it, if the backend has sent to the flow since the candidate came and this
/// packet's sequence number is a later one. Asks for nothing of flows that are not confirmed.
void consider_spi(const Packet& packet, const sessions::Record& flow, Context& context) noexcept;

/// A backend's ESP, or IKE of an established SA, on a flow that awaits it.
void vouch_for_candidate(const Packet& packet, Context& context) noexcept;

/// Lets the flow's next packets with this SPI do without further look-ups.
void remember_spi(const Packet& packet, const sessions::Noted& flow, Context& context) noexcept;

/// Keeps the SPIs that a flow remembers alive as long as the flow.
void refresh_spis(const net::IpAddress& client, const sessions::Noted& flow,
                  Context& context) noexcept;

/// Who claims an SPI, whatever the client's address.
struct SpiClaim {
    std::optional<sessions::Record> record{};
    bool is_ambiguous = false;  ///< two backends do
};
SpiClaim find_claim(net::be32 spi, const Context& context) noexcept;

}  // namespace ikelb::pipeline
