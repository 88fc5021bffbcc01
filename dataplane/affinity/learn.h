// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/found.h"

namespace ikelb::affinity {

using Pair = sessions::Noted<sessions::IkeSa, 2>;

/// What a backend's datagram teaches. The backend is the only one that is believed, and it answers
/// whoever asks: so an answer nominates, and what it sends on its own decides.
struct Lesson {
    Said said = Said::nothing;              ///< about its client tuple
    std::optional<sessions::SaState> sa{};  ///< about its IKE SA
    bool is_answer = false;                 ///< under an SA's keys
    bool ends_sa = false;        ///< of a client's delete, which no answer of a child's is
    bool turns_gateway = false;  ///< the way of the request that it answers is the client's
};

/// Did the packet's SA begin where the packet goes to?
inline bool began_here(const Packet& packet, const std::optional<Pair>& pair,
                       const Context& context) noexcept {
    return pair && pair->record.backend.index == packet.backend &&
           sessions::Began::unpack(pair->notes[1]).client ==
               sessions::origin_of(packet.destination, context.table.hash_key);
}

/// pair: what is known of its IKE SA. An answer under a message ID that was answered before is one
/// to a replay (RFC 7296 section 2.1). Spends tokens of logins and of SAs that backends open.
Lesson learn(const Packet& packet, const std::optional<Pair>& pair, Context& context) noexcept;

/// The VIP of a reply. Where its source address does not tell, of a backend that serves several
/// from one: the SA's own by its SPIs, else the one where it stands highest at this client tuple,
/// else the one that this client uses; no_frontend: two candidates are as bad as none.
forwarding::FrontendIndex reply_vip(const Packet& packet, const std::optional<Pair>& pair,
                                    const Context& context) noexcept;

/// A backend's packet: VIP, way, and what it teaches. Exits: reply_vip_unknown, refusal_of_copy.
void take_reply(Packet& packet, Context& context) noexcept;

}  // namespace ikelb::affinity
