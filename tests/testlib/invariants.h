// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>

#include "tests/testlib/bench.h"

namespace ikelb::testlib {

/// What must hold of any frame and what became of it, by an independent reading of both: who may
/// be forwarded, where to, with which addresses, checksums and TTL. "" if all of it holds, else
/// what does not.
std::string broken_rule(const Bench& bench, const Input& input, const Outcome& outcome);

}  // namespace ikelb::testlib
