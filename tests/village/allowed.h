// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "tests/village/schedule.h"

// Where an attacker may make a difference, as docs/affinity.md tells.

namespace ikelb::village {

/// A request of an IKE SA under which no server has answered, since its rekey was inside
/// encryption; or ESP of an SPI that one packet of its client's has shown, or none. It goes to
/// whoever speaks where it comes from, and by the address's persistence. Where both are his who has
/// credentials, one of his server's clients who has moved there and rekeyed has sent the same after
/// the same: his server is as right as the other one. All are asked when a request is repeated.
bool is_unseen(const Village& attacked, const Step& asked);

/// A user's datagram meets with another fate where he is, or with none (met), for one of the other
/// reasons; or it is a reply, and where he is not it is dropped or leaves by a VIP that is not its
/// user's.
bool is_limit(const Village& attacked, const Client& user, const Step& asked, const Step* met);

}  // namespace ikelb::village
