// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/quiet.h"

#include <rte_cycles.h>

#include <algorithm>
#include <vector>

#include "tests/bench/lane.h"

namespace ikelb::bench {

std::uint64_t pace() noexcept {
    std::uint64_t a = 1, b = 2, c = 3;
    const std::uint64_t begin = fenced_cycles();
    for (int i = 0; i < 1000; ++i) asm volatile("add $1,%0\n\tadd $1,%1\n\tadd $1,%2"
                                                : "+r"(a), "+r"(b), "+r"(c));
    return fenced_cycles() - begin;
}

std::uint64_t median_pace() {
    std::vector<std::uint64_t> paces(30'000);
    std::ranges::generate(paces, pace);
    std::ranges::nth_element(paces, paces.begin() + static_cast<std::ptrdiff_t>(paces.size() / 2));
    return paces[paces.size() / 2];
}

bool is_core_quiet() noexcept {
    static thread_local std::uint64_t best = 0;
    if (best == 0) {
        best = pace();
        const std::uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 10;
        while (rte_rdtsc() < end) best = std::min(best, pace());
    }
    const std::uint64_t now = pace();
    best = std::min(best, now);
    return now <= best + best / 6;
}

}  // namespace ikelb::bench
