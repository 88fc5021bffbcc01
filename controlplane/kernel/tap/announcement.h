// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/net/address.h"

namespace ikelb::tap {

/// The frame that tells everybody on the link that `address` is at `mac` now, so that neighbours
/// which remember another machine there change at once: an ARP announcement (RFC 5227 section 3)
/// or an unsolicited neighbour advertisement (RFC 4861 section 7.2.6). Neither makes an entry at a
/// neighbour that has none.
std::vector<std::uint8_t> make_announcement(const net::IpAddress& address,
                                            const net::MacAddress& mac);

}  // namespace ikelb::tap
