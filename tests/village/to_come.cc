// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/to_come.h"

#include <algorithm>
#include <array>

namespace ikelb::village {

namespace {

constexpr std::array<ToCome, 0> list{};

}  // namespace

std::span<const ToCome> to_come() {
    return list;
}

const ToCome* find_to_come(std::string_view scenario) {
    const auto found = std::find_if(list.begin(), list.end(),
                                    [&](const ToCome& one) { return one.scenario == scenario; });
    return found == list.end() ? nullptr : found;
}

}  // namespace ikelb::village
