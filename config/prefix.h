// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/net/address.h"

namespace ikelb::config {

inline bool covers(const net::IpPrefix& outer, const net::IpPrefix& inner) noexcept {
    return outer.length <= inner.length && outer.contains(inner.address);
}

}  // namespace ikelb::config
