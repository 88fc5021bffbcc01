// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ikelb::config {

/// Edits (insert, delete, replace, swap of neighbours) that turn `from` into `to`.
std::size_t edit_distance(std::string_view from, std::string_view to);

/// The candidate nearest to `typed`, if at most a third of the longer one's letters differ. Of
/// equals the first one wins.
std::optional<std::string_view> nearest(std::string_view typed,
                                        std::span<const std::string_view> candidates);

/// " (did you mean X?)" for the nearest candidate; empty if none is near.
std::string did_you_mean(std::string_view typed, std::span<const std::string_view> candidates);

}  // namespace ikelb::config
