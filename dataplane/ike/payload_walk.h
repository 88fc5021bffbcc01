// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/ike/datagram.h"
#include "dataplane/net/hash.h"

namespace ikelb::ike {

/// Proof of a backend's IKE message about its SA. A client's message proves nothing.
enum class Evidence : std::uint8_t {
    none,       ///< COOKIE, INVALID_KE_PAYLOAD, NO_PROPOSAL_CHOSEN, REDIRECT, ...: echoes
    half_open,  ///< an accepting answer, the first message with the true responder's SPI
    login,      ///< SK or SKF in IKE_AUTH or IKE_INTERMEDIATE
    session,    ///< SK or SKF in any later exchange
    life,       ///< of a known session: IKEv1 refuses a login in the same exchange
};

/// message: a backend's IKE message from its header on, in contiguous bytes. A walk that runs out
/// of bytes proves none.
Evidence evidence_of(std::span<const std::uint8_t> message) noexcept;

/// A keyed hash of SPIi and of the COOKIE that an IKE_SA_INIT message begins with, a server's or
/// its client's retry (RFC 7296 section 2.6). 0: the message begins with no COOKIE.
std::uint64_t cookie_of(std::span<const std::uint8_t> message, net::HashKey secret) noexcept;

/// True if the message's encrypted payload names Delete as its first inner payload. This byte is in
/// the clear (RFC 7296 section 3.14) and unauthenticated: a hint, never an order.
bool hints_at_delete(std::span<const std::uint8_t> message) noexcept;

}  // namespace ikelb::ike
