// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "tests/village/balancer.h"

namespace ikelb::village {

/// The rules themselves, as the product is compared with them: the scenarios hold them to what they
/// are for. A server knows which VIP it is addressed by, or not.
std::unique_ptr<Balancer> make_by_oracle(const Site& site);
std::unique_ptr<Balancer> make_by_oracle_with_aliases(const Site& site);

}  // namespace ikelb::village
