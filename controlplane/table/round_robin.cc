// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/spread.h"

#include <algorithm>
#include <numeric>

namespace ikelb::table {
namespace {

struct Turn {
    std::uint16_t value = 0;
    std::uint64_t weight = 0;
    std::uint64_t remainder = 0;  ///< the rest of the scaling
    std::int64_t current = 0;
};

std::uint64_t sum_of_weights(const std::vector<Turn>& turns) {
    std::uint64_t sum = 0;
    for (const Turn& turn : turns) sum += turn.weight;
    return sum;
}

void reduce(std::vector<Turn>& turns) {
    std::uint64_t divisor = 0;
    for (const Turn& turn : turns) divisor = std::gcd(divisor, turn.weight);
    for (Turn& turn : turns) turn.weight /= divisor;
}

/// Scales to at most max_round_robin_entries turns by the method of largest remainders.
void scale(std::vector<Turn>& turns) {
    const std::uint64_t sum = sum_of_weights(turns);
    for (Turn& turn : turns) {
        const std::uint64_t scaled = turn.weight * max_round_robin_entries;
        turn.weight = std::max<std::uint64_t>(scaled / sum, 1);
        turn.remainder = scaled < sum ? 0 : scaled % sum;
    }
    std::uint64_t total = sum_of_weights(turns);
    std::vector<Turn*> by_remainder;
    for (Turn& turn : turns) by_remainder.push_back(&turn);
    std::ranges::stable_sort(by_remainder, std::ranges::greater{}, &Turn::remainder);
    for (Turn* turn : by_remainder) {
        if (total >= max_round_robin_entries) break;
        if (turn->remainder == 0) break;
        ++turn->weight;
        ++total;
    }
    // Members lifted to one turn take it from the member with the most turns.
    for (; total > max_round_robin_entries; --total)
        --std::ranges::max_element(turns, {}, &Turn::weight)->weight;
}

}  // namespace

std::vector<std::uint16_t> build_round_robin(std::span<const SpreadMember> members) {
    std::vector<Turn> turns;
    for (const SpreadMember& member : members)
        if (member.weight > 0 && turns.size() < max_round_robin_entries)
            turns.push_back({.value = member.value, .weight = member.weight});
    if (turns.empty()) return {};
    reduce(turns);
    if (sum_of_weights(turns) > max_round_robin_entries) {
        scale(turns);
        reduce(turns);
    }
    const std::uint64_t total = sum_of_weights(turns);
    std::vector<std::uint16_t> sequence;
    sequence.reserve(total);
    while (sequence.size() < total) {
        for (Turn& turn : turns) turn.current += static_cast<std::int64_t>(turn.weight);
        const auto next = std::ranges::max_element(turns, {}, &Turn::current);
        next->current -= static_cast<std::int64_t>(total);
        sequence.push_back(next->value);
    }
    return sequence;
}

}  // namespace ikelb::table
