// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/ike/datagram.h"
#include "dataplane/net/hash.h"

namespace ikelb::ike {

/// What a backend's IKE message proves about its SA. Nothing a client sends proves anything.
enum class Evidence : std::uint8_t {
    none,       ///< COOKIE, INVALID_KE_PAYLOAD, NO_PROPOSAL_CHOSEN, REDIRECT, ...: echoes
    half_open,  ///< an answer that accepts: the first moment the responder's SPI is true
    login,      ///< SK or SKF in IKE_AUTH or IKE_INTERMEDIATE
    session,    ///< SK or SKF in any later exchange
    life,       ///< of a session that is known: IKEv1 refuses a login in the same exchange
};

/// message: the IKE message from its header on, as many contiguous bytes as are at hand (a walk
/// that runs out of bytes answers none). The sender is a backend.
Evidence evidence_of(std::span<const std::uint8_t> message) noexcept;

/// A hash of the COOKIE that an IKE_SA_INIT message begins with, a server's or its client's retry
/// (RFC 7296 section 2.6), and of its SPIi. 0: it begins with none.
std::uint64_t cookie_of(std::span<const std::uint8_t> message, net::HashKey secret) noexcept;

/// Does the message carry an encrypted payload whose first inner payload is Delete? That byte is
/// in the clear (RFC 7296 section 3.14) and unauthenticated: a hint, never an order.
bool hints_at_delete(std::span<const std::uint8_t> message) noexcept;

}  // namespace ikelb::ike
