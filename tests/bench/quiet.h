// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>

namespace ikelb::bench {

// A virtual CPU is one of two threads of a core, and whoever has the other one may take half of
// what the core can do, for milliseconds or for minutes. What is measured then is the neighbour.

/// TSC cycles of a fixed loop of independent additions, which the neighbour slows down as it slows
/// down all that keeps a core busy; it touches no memory. Takes about a microsecond.
std::uint64_t pace() noexcept;

/// The median of pace() over some hundredths of a second.
std::uint64_t median_pace();

/// Does this thread's core work as fast as the best that the thread has seen, within a sixth? The
/// first call looks for a tenth of a second what the best is.
bool is_core_quiet() noexcept;

}  // namespace ikelb::bench
