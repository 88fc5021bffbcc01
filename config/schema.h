// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The tree of all keys, made once from the rows of the structs (key.h).

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/key.h"

namespace ikelb::config {

/// The file as a whole: a map without a path.
const Key& schema();

/// Every key, each map before its own keys, in the order of the documentation.
const std::vector<std::reference_wrapper<const Key>>& all_keys();

/// The key of a path such as pools[].backends[].weight, or nullptr.
const Key* find_key(std::string_view path);

/// The allowed names and words; empty for keys without such a list.
std::vector<std::string_view> choices_of(const Key& key);

/// The allowed values, for messages and documentation: "a whole number 0..1000".
std::string describe_form(const Key& key);

/// The effect of a change on live tunnels; never empty.
std::string effect_of(const Key& key);
/// The same, not by naming the parent.
std::string effect_in_full(const Key& key);

}  // namespace ikelb::config
