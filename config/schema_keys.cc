// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/schema.h"
#include "config/schema_parts.h"

namespace ikelb::config {

std::span<const Key> schema() noexcept {
    static const std::vector<Key> all = [] {
        std::vector<Key> keys;
        for (const std::span<const Key> part :
             {network_keys(), wall_keys(), service_keys(), system_keys()})
            keys.insert(keys.end(), part.begin(), part.end());
        return keys;
    }();
    return all;
}

}  // namespace ikelb::config
