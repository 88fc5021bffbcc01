// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/health/probe_schedule.h"

#include <algorithm>
#include <cmath>

namespace ikelb::health {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_first_delay{250};

/// The fractional parts of the multiples of the golden ratio: for any number of backends, and as
/// backends come and go, they leave no gap of more than about twice the even one.
double place_in_interval(std::size_t ordinal) {
    constexpr double golden_ratio = 0.6180339887498949;
    const double product = static_cast<double>(ordinal) * golden_ratio;
    return product - std::floor(product);
}

milliseconds scale(milliseconds interval, double factor) {
    const double scaled = static_cast<double>(interval.count()) * factor;
    return milliseconds{static_cast<milliseconds::rep>(scaled)};
}

}  // namespace

milliseconds first_probe_delay(std::size_t ordinal, milliseconds interval) {
    return scale(std::min(interval, longest_first_delay), place_in_interval(ordinal));
}

milliseconds second_probe_delay(std::size_t ordinal, milliseconds interval) {
    return scale(interval, 0.5 + place_in_interval(ordinal));
}

milliseconds later_probe_delay(milliseconds interval, double random) {
    return scale(interval, 0.95 + 0.1 * random);
}

}  // namespace ikelb::health
