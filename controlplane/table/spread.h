// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ikelb::table {

struct SpreadMember {
    std::uint16_t value = 0;   ///< the value of this member's entries
    std::uint32_t weight = 0;  ///< its share relative to the others; 0 = absent
    /// Name and address, the same in every process. Without port and list position: IKE's two ports
    /// must agree, and an edit elsewhere in the list must move no client.
    std::string identity{};
};

/// Maglev's consistent hash (Eisenbud et al., NSDI 2016, section 3.4): the members fill their
/// preferred entries in turn, in proportion to their weights. The result depends on the set of
/// members alone, not on their order; when one comes or goes, few entries of the others change.
/// table_size: entries; a prime much larger than the number of members gives the best spread.
/// Without a member of positive weight the table is empty. Shares are exact to about one entry per
/// member, so a member whose weight is worth less than one entry may have none.
std::vector<std::uint16_t> build_maglev(std::span<const SpreadMember> members,
                                        std::size_t table_size);

inline constexpr std::size_t max_round_robin_entries = 4096;

/// One period of the smooth weighted round robin (as in nginx): each member gets turns in
/// proportion to its weight, spread as evenly as they can be: weights 5, 1, 1 give a a b a c a a.
/// Weights are reduced by their greatest common divisor. If their sum still exceeds
/// max_round_robin_entries they are scaled down, each to at least one turn: a member's share of
/// the turns then differs from its share of the weights by less than (members + 1) / 4096, and by
/// less than 1 / 2048 if every weight is worth a turn and there are at most 1024 members.
/// Without a member of positive weight the sequence is empty; members beyond the 4096th of
/// positive weight get no turn. Identities do not matter here.
std::vector<std::uint16_t> build_round_robin(std::span<const SpreadMember> members);

}  // namespace ikelb::table
