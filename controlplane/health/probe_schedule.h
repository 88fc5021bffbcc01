// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// When to probe which backend, so that many of them are not probed at once. Pure.

#include <chrono>
#include <cstddef>

namespace ikelb::health {

/// Delay until the first probe of the `ordinal`-th backend: soon, since its answer is waited for,
/// but not all in one burst: at most a quarter of a second or the interval, whichever is shorter.
std::chrono::milliseconds first_probe_delay(std::size_t ordinal,
                                            std::chrono::milliseconds interval);

/// Delay between the first and the second probe: half to one and a half intervals, which spreads
/// the backends evenly over the interval, whatever their number.
std::chrono::milliseconds second_probe_delay(std::size_t ordinal,
                                             std::chrono::milliseconds interval);

/// Delay between later probes: the interval, give or take 5 %, so that the probes of several
/// load balancers do not stay in step. `random` is uniform in [0, 1).
std::chrono::milliseconds later_probe_delay(std::chrono::milliseconds interval, double random);

}  // namespace ikelb::health
