// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/nearest.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ikelb::config {
namespace {
/// No misspelt key is longer; the cost of a comparison grows with the square.
constexpr std::size_t longest_compared = 64;
}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to) {
    // Three rows of the optimal string alignment table: two back, one back, now.
    std::vector<std::size_t> before(to.size() + 1), last(to.size() + 1), row(to.size() + 1);
    for (std::size_t j = 0; j <= to.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= from.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[to.size()];
}

std::optional<std::string_view> nearest(std::string_view typed,
                                        std::span<const std::string_view> candidates) {
    if (typed.size() > longest_compared) return std::nullopt;
    std::optional<std::string_view> best;
    std::size_t best_distance = 0;
    for (const std::string_view candidate : candidates) {
        if (candidate.size() > longest_compared) continue;
        const std::size_t distance = edit_distance(typed, candidate);
        const std::size_t allowed = std::max<std::size_t>(
            1, std::max(typed.size(), candidate.size()) / 3);
        if (distance > allowed || distance >= candidate.size()) continue;
        if (best && distance >= best_distance) continue;
        best = candidate;
        best_distance = distance;
    }
    return best;
}

std::string did_you_mean(std::string_view typed, std::span<const std::string_view> candidates) {
    const auto best = nearest(typed, candidates);
    return best ? " (did you mean " + std::string{*best} + "?)" : std::string{};
}

}  // namespace ikelb::config
