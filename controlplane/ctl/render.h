// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace ikelb::ctl {

/// Prints the daemon's answer for people: in the command's own form, else a key a line and lists as
/// tables. Tolerates missing keys and null ("-"), so that a newer ikelbctl can talk to an older
/// daemon. `width`: of the terminal, 0 without limit.
std::string render(std::string_view command, const nlohmann::json& answer, std::size_t width);

/// 999, 12.3k, 4.56M, ...: three significant digits, powers of 1000.
std::string short_number(double value);

/// 45s, 12m, 3h 20m, 5d 2h.
std::string short_duration(double seconds);

struct Column {
    std::string title;
    bool numeric = false;  ///< aligned to the right
    /// A too narrow terminal loses the column with the highest number first. 0 always stays.
    int expendable = 0;
};

/// Aligned text, a header and a line for each row, two blanks between columns. `width`: of the
/// terminal in characters, 0 without limit. The last line names the columns that do not fit.
std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows, std::size_t width);

}  // namespace ikelb::ctl
