// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <concepts>

namespace ikelb::net {

// Conditions without short circuit, for one branch: each is harmless for any result of the others.

constexpr bool all_of(std::same_as<bool> auto... each) noexcept {
    return (static_cast<unsigned>(each) & ...) != 0;
}
constexpr bool any_of(std::same_as<bool> auto... each) noexcept {
    return (static_cast<unsigned>(each) | ...) != 0;
}

}  // namespace ikelb::net
