// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>

#include "dataplane/packet/context.h"
#include "dataplane/packet/packet.h"

namespace ikelb::pipeline {

// IKE requests of clients: which of them an answer may commit something for, and how many a
// stranger may send.

/// Of a steered packet that is an IKE request: remembers it for pending seconds if its answer would
/// change something: it came from another gateway than replies would take, or from a flow that
/// another backend has. ESP is not asked: it is too frequent, and proves no more.
void note_request(const Packet& packet, Context& context) noexcept;

/// Names a request on a flow. Who merely spoofs a client's address knows neither the SPIs nor the
/// message ID of an SA in use. The answer to an IKE_SA_INIT adds the responder's SPI: left out.
std::array<std::uint64_t, 1> request_key(const sessions::FlowKey& flow, const ike::Header& header,
                                         net::HashKey secret) noexcept;

/// The remembered request that a backend's IKE message answers (R = 1, same flow, SPIi and message
/// ID; IKEv1, which has no response flag: whatever follows the request).
std::optional<sessions::Record> answered_request(const Packet& packet,
                                                 const Context& context) noexcept;

/// A request without a responder's SPI, before it costs anything. Exit: source_limited.
bool is_source_limited(Packet& packet, Context& context) noexcept;

/// The same when it has its backend. Exit: backend_limited. Under pressure those that bring a
/// COOKIE go first.
void limit_new_sa(Packet& packet, Context& context) noexcept;

/// A request of an SA that nobody knows, by a flow or the scheduler where neither the client's
/// binding nor the hash agrees: a mis-steered packet is a black hole. Exit: unknown_pair_limited.
void limit_unknown_pair(Packet& packet, Context& context) noexcept;

/// Does this IKE_SA_INIT request begin with a notify, as a COOKIE retry does (RFC 7296 section
/// 2.6)? The walk to the notify's type is the server's work.
bool is_cookie_retry(const Packet& packet) noexcept;

}  // namespace ikelb::pipeline
