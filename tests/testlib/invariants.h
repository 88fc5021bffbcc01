// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>

#include "tests/testlib/bench.h"

namespace ikelb::testlib {

/// Checks invariants of a frame and its outcome by an independent reading of both: permission,
/// destination, addresses, checksums and TTL. Returns "", or the violated condition.
std::string broken_rule(const Bench& bench, const Input& input, const Outcome& outcome);

}  // namespace ikelb::testlib
