// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/wall/source.h"

namespace ikelb::wall {

bool is_source_routed(std::span<const std::uint8_t> options) noexcept {
    constexpr std::uint8_t end = 0, no_operation = 1, loose = 131, strict = 137;
    while (!options.empty() && options[0] != end) {
        if (options[0] == loose || options[0] == strict) return true;
        std::size_t length = 1;
        if (options[0] != no_operation) {
            if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) return true;
            length = options[1];
        }
        options = options.subspan(length);
    }
    return false;
}

}  // namespace ikelb::wall
