// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/key.h"

namespace ikelb::config {

/// A key and its value as YAML; the value is empty if it is not set.
struct ListedValue {
    const Key* key = nullptr;
    std::string text{};
};

/// A map of the configuration with its own values. A path names the items of lists (routes by
/// destination, rules of the wall by their text) and gives no position:
/// pools[rras].backends[rras1].
struct ListedMap {
    std::string path{};        ///< empty: the top level
    const Key* key = nullptr;  ///< the list or map; nullptr: the top level
    std::vector<ListedValue> values{};
};

/// The whole configuration, flat, each map before its inner maps, without maps that the word none
/// turns off. Equal meaning gives equal listings, whatever the order of the lists.
std::vector<ListedMap> list_values(const Config& config);

}  // namespace ikelb::config
