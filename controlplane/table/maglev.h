// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ikelb::table {

/// One candidate for clients.
struct MaglevMember {
    /// Name and address, the same in every process. Not its port and not its place in a list:
    /// IKE's two ports have to agree, and an edit elsewhere in the list must move nobody.
    std::string_view identity;
    std::uint32_t weight = 0;  ///< share of the table relative to the others; 0 = absent
    std::uint16_t value = 0;   ///< what the table's entries of this member hold
};

/// Maglev's consistent hash (Eisenbud et al., NSDI 2016, section 3.4): every member fills the
/// entries that it prefers in turn, in proportion to its weight. The result depends on the set of
/// members alone, not on their order; when one comes or goes, few entries of the others change.
/// table_size: entries; a prime much larger than the number of members gives the best spread.
/// Without a member of positive weight the table is empty. Shares are exact to about one entry
/// per member, so a member whose weight is worth less than one entry may have none.
std::vector<std::uint16_t> build_maglev(std::span<const MaglevMember> members,
                                        std::size_t table_size);

}  // namespace ikelb::table
