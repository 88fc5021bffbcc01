// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>

#include "config/key.h"

namespace ikelb::config {

std::string configuration_markdown();

/// All about one key, for a terminal, each line ended.
std::string explain_key(const Key& key);

/// config/reference.yaml, from the schema: every key with its default or an example. Keys that
/// have neither a default nor a place in the example are there as comments.
std::string reference_yaml();

}  // namespace ikelb::config
