// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ikelb::ctl {

struct Column {
    std::string title;
    bool numeric = false;  ///< aligned to the right
    /// Which column goes first when the terminal is too narrow: the highest. 0 always stays.
    int expendable = 0;
};

/// Aligned text, a header and a line for each row, two blanks between columns. `width`: of the
/// terminal in characters, 0 without limit. A column that doesn't fit is left out whole, and named
/// in a line at the end.
std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows, std::size_t width);

}  // namespace ikelb::ctl
