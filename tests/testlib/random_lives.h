// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

// Common parts of drivers of random worlds: each world follows from a seed, and a failing world is
// reported by the few events that it needs.

namespace ikelb::testlib {

struct LivesOptions {
    std::uint64_t seed = 1;
    std::uint64_t steps = 0;   ///< over all worlds
    std::size_t failures = 1;  ///< worlds that may fail before the end
};

/// Takes --seed N, --steps N, --failures N, --long for `long_steps`, and words that take(word,
/// next) accepts; next: the following word, or empty. Returns whether all words are good.
template <typename Take>
bool read_options(LivesOptions& options, int count, char** words, std::uint64_t long_steps,
                  Take take) {
    const auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
        return value;
    };
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--long") {
            options.steps = long_steps;
            continue;
        }
        const std::string_view next = i + 1 < count ? words[++i] : "";
        if (take(word, next)) continue;
        const auto value = number(next);
        if (!value) return false;
        if (word == "--seed")
            options.seed = *value;
        else if (word == "--steps")
            options.steps = *value;
        else if (word == "--failures")
            options.failures = *value;
        else
            return false;
    }
    return true;
}

/// Drops events, many at once and then one by one, while failing_at(events) still returns the place
/// of a failure; drops all events behind that place, too.
template <typename Event, typename FailingAt>
std::vector<Event> shrink(std::vector<Event> events, FailingAt failing_at) {
    for (std::size_t chunk = events.size() / 2; chunk > 0;) {
        bool has_shrunk = false;
        for (std::size_t start = 0; start + chunk <= events.size();) {
            std::vector<Event> fewer{events};
            const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(start);
            fewer.erase(first, first + static_cast<std::ptrdiff_t>(chunk));
            if (const std::optional<std::size_t> place = failing_at(fewer)) {
                fewer.resize(*place + 1);
                events = fewer;
                has_shrunk = true;
            } else {
                start += chunk;
            }
        }
        if (chunk > 1 || !has_shrunk) chunk /= 2;
    }
    return events;
}

}  // namespace ikelb::testlib
