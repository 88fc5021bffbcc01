// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>

#include "config/config.h"
#include "dataplane/packet/counters.h"

namespace ikelb::replay {

/// Every verdict that was given, with its fate and how often, in the order of verdict.h.
std::string verdict_table(const pipeline::Counters& counters);
/// The same as a JSON object of numbers by name, with a line's end.
std::string verdict_json(const pipeline::Counters& counters);

}  // namespace ikelb::replay
