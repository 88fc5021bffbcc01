// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/rules.h"

namespace ikelb::affinity {

/// The scheduler's choice for a client that no record knows; no_backend if there is none.
Answer schedule(Found& found) noexcept;

/// The keyed hash's choice: of the client, by SA of the new SA. no_backend: nobody takes it.
BackendIndex choose_by_hash(const Found& found) noexcept;

/// Does this IKE_SA_INIT request begin with a notify, as a COOKIE retry does (RFC 7296 section
/// 2.6)? The walk to the notify's type is the server's work.
bool is_cookie_retry(const Packet& packet) noexcept;

}  // namespace ikelb::affinity
