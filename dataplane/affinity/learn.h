// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/found.h"

namespace ikelb::affinity {

using Pair = sessions::Noted<sessions::IkeSa, 2>;

/// Facts that a backend's datagram teaches. Only backends are believed, and a backend answers any
/// request: so an answer nominates the backend, and a datagram that it sends on its own decides.
struct Lesson {
    Said said = Said::nothing;              ///< about its client tuple
    std::optional<sessions::SaState> sa{};  ///< about its IKE SA
    bool is_answer = false;                 ///< an answer under an SA's keys
    bool ends_sa = false;                   ///< answers a client's delete of the SA, not of a child
    bool turns_gateway = false;  ///< the client now uses the gateway of the answered request
};

/// Returns true if the packet's SA began at the packet's backend and destination.
inline bool began_here(const Packet& packet, const std::optional<Pair>& ike_sa,
                       const Context& context) noexcept {
    return ike_sa && ike_sa->record.backend.index == packet.backend &&
           sessions::Began::unpack(ike_sa->notes[1]).client ==
               sessions::origin_of(packet.destination, context.table.hash_key);
}

/// pair: the record of the packet's IKE SA. An answer under a message ID that was answered before
/// answers a replay (RFC 7296 section 2.1). Spends tokens of logins and of SAs that backends open.
Lesson learn(const Packet& packet, const std::optional<Pair>& ike_sa, Context& context) noexcept;

/// Returns the VIP of a reply; if a backend serves several VIPs from the source address, the SA's
/// by its SPIs, else the VIP where the backend stands highest at this client tuple, else the one of
/// client persistence; no_frontend if several candidates fit, or none.
forwarding::FrontendIndex reply_vip(const Packet& packet, const std::optional<Pair>& ike_sa,
                                    const Context& context) noexcept;

/// Sets a backend packet's VIP and gateway, and learns. Exits: reply_vip_unknown, refusal_of_copy.
void take_reply(Packet& packet, Context& context) noexcept;

}  // namespace ikelb::affinity
