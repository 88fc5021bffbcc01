// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string_view>

#include "tests/village/balancer.h"

namespace ikelb::village {

// Balancers that know less than the rules. They know by magic the VIP of each reply, so that
// whatever they fail by is where clients' datagrams go. Two know addresses and nothing of IKE, as
// most do.

/// By the hash of the source address, over the servers that are up.
std::unique_ptr<Balancer> make_by_hash(const Site& site);
bool passes_by_hash(std::string_view scenario);

/// An address stays where it was placed first, for as long as that server is up.
std::unique_ptr<Balancer> make_by_address(const Site& site);
bool passes_by_address(std::string_view scenario);

/// One that knows IKE and believes servers: whatever one of them sends, be it the answer to a
/// replay or to a login that fails, has its client there from then on, by the pair of SPIs, the
/// tuple and the address; an ESP SPI goes where it went from this address first.
std::unique_ptr<Balancer> make_by_answers(const Site& site);
bool passes_by_answers(std::string_view scenario);

}  // namespace ikelb::village
