// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/render.h"

#include <algorithm>

namespace ikelb::ctl {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t gap = 2;

std::vector<std::size_t> natural_widths(const std::vector<Column>& columns, const Rows& rows) {
    std::vector<std::size_t> widths;
    for (const Column& column : columns) widths.push_back(column.title.size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    return widths;
}

/// Indices of the columns that fit, in their order.
std::vector<std::size_t> choose(const std::vector<Column>& columns,
                                const std::vector<std::size_t>& widths, std::size_t limit) {
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < columns.size(); ++i) chosen.push_back(i);
    const auto total = [&] {
        std::size_t sum = 0;
        for (const std::size_t i : chosen) sum += widths[i] + gap;
        return sum - std::min(sum, gap);
    };
    while (limit != 0 && total() > limit) {
        const auto last =
            std::max_element(chosen.rbegin(), chosen.rend(), [&](std::size_t a, std::size_t b) {
                return columns[a].expendable < columns[b].expendable;
            });
        if (last == chosen.rend() || columns[*last].expendable == 0) break;
        chosen.erase(std::next(last).base());
    }
    return chosen;
}

void append_cell(std::string& line, const std::string& cell, const Column& column,
                 std::size_t width) {
    if (!line.empty()) line.append(gap, ' ');
    const std::size_t padding = width - std::min(width, cell.size());
    if (column.numeric) line.append(padding, ' ');
    line += cell;
    if (!column.numeric) line.append(padding, ' ');
}

void finish(std::string& text, std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
}

}  // namespace

std::string format_table(const std::vector<Column>& columns, const Rows& rows, std::size_t width) {
    const auto widths = natural_widths(columns, rows);
    const auto chosen = choose(columns, widths, width);
    std::string text;
    std::string line;
    for (const std::size_t i : chosen) append_cell(line, columns[i].title, columns[i], widths[i]);
    finish(text, line);
    for (const auto& row : rows) {
        line.clear();
        for (const std::size_t i : chosen)
            append_cell(line, i < row.size() ? row[i] : "", columns[i], widths[i]);
        finish(text, line);
    }
    std::string left_out;
    for (std::size_t i = 0; i < columns.size(); ++i)
        if (!std::ranges::count(chosen, i))
            left_out += (left_out.empty() ? "" : ", ") + columns[i].title;
    if (!left_out.empty()) text += "(no room for: " + left_out + "; --json has all)\n";
    return text;
}

}  // namespace ikelb::ctl
