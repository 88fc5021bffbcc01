// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ikelb::table {

struct RoundRobinMember {
    std::uint16_t value = 0;   ///< what the sequence's entries of this member hold
    std::uint32_t weight = 0;  ///< turns relative to the others; 0 = absent
};

inline constexpr std::size_t max_round_robin_entries = 4096;

/// One period of the smooth weighted round robin (as in nginx): each member gets turns in
/// proportion to its weight, spread as evenly as they can be: weights 5, 1, 1 give a a b a c a a.
/// Weights are reduced by their greatest common divisor. If their sum still exceeds
/// max_round_robin_entries they are scaled down, each to at least one turn: a member's share of
/// the turns then differs from its share of the weights by less than (members + 1) / 4096, and by
/// less than 1 / 2048 if every weight is worth a turn and there are at most 1024 members.
/// Without a member of positive weight the sequence is empty; members beyond the 4096th of
/// positive weight get no turn.
std::vector<std::uint16_t> build_round_robin(std::span<const RoundRobinMember> members);

}  // namespace ikelb::table
