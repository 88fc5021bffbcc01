// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string_view>

#include "tests/village/balancer.h"

namespace ikelb::village {

// Balancers that know addresses and nothing of IKE, as most do. They know by magic the VIP of each
// reply, so that whatever they fail by is where clients' datagrams go.

/// By the hash of the source address, over the servers that are up.
std::unique_ptr<Balancer> make_by_hash(const Site& site);
bool passes_by_hash(std::string_view scenario);

/// An address stays where it was placed first, for as long as that server is up.
std::unique_ptr<Balancer> make_by_address(const Site& site);
bool passes_by_address(std::string_view scenario);

}  // namespace ikelb::village
