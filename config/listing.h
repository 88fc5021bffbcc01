// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/key.h"

namespace ikelb::config {

/// A key and its value as the YAML would write it; empty if it is not set.
struct ListedValue {
    const Key* key = nullptr;
    std::string text{};
};

/// A map of the configuration with the values that stand in it directly. The items of lists are
/// known by name (routes by destination, rules of the wall by what they
/// say), not by position: pools[rras].backends[rras1].
struct ListedMap {
    std::string path{};        ///< empty: the top level
    const Key* key = nullptr;  ///< the list or map; nullptr: the top level
    std::vector<ListedValue> values{};
};

/// The whole configuration, flat, each map before those within it. What is turned off by the word
/// none is not in it. Equal meaning gives equal listings, whatever the order of the lists.
std::vector<ListedMap> list_values(const Config& config);

}  // namespace ikelb::config
