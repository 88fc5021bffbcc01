// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <span>
#include <string_view>

namespace ikelb::village {

/// A scenario that ikelb does not pass yet, and what it does instead. Once it passes, the entry is
/// a fault: the list only shrinks.
struct ToCome {
    std::string_view scenario;
    std::string_view instead;
};
std::span<const ToCome> to_come();
const ToCome* find_to_come(std::string_view scenario);

}  // namespace ikelb::village
