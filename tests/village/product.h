// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "tests/village/balancer.h"

namespace ikelb::village {

/// ikelb itself, by its packet path: frames go in and what leaves is read off the wire. A restart
/// goes through the bytes of the state file.
std::unique_ptr<Balancer> make_product(const Site& site);

}  // namespace ikelb::village
