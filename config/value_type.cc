// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/value_type.h"

#include <algorithm>
#include <bit>

namespace ikelb::config {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

bool is_kernel_name(std::string_view name) {
    constexpr std::size_t longest = 15;  // IFNAMSIZ less the NUL
    return name.size() <= longest && is_lower(name.front()) &&
           std::ranges::all_of(name, [](char c) {
               return is_lower(c) || is_digit(c) || c == '_' || c == '-';
           });
}

bool is_name(std::string_view name) {
    constexpr std::size_t longest = 63;  // a DNS label
    return name.size() <= longest && (is_letter(name.front()) || is_digit(name.front())) &&
           std::ranges::all_of(name, [](char c) {
               return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
           });
}

}  // namespace

std::optional<std::string> parse(std::string_view text, const Key& key, std::string*) {
    constexpr std::size_t longest = 1024;
    const bool is_blank = text.find_first_not_of(' ') == std::string_view::npos;
    const bool is_other_form = (key.form == Form::kernel_name && !is_kernel_name(text)) ||
                               (key.form == Form::name && !is_name(text));
    if (is_blank || text.size() > longest || is_other_form) return std::nullopt;
    return std::string{text};
}

std::optional<std::uint64_t> read_number(std::string_view text, const Key& key) {
    if (key.form == Form::protocol) return parse_protocol(text);
    if (key.form == Form::hexadecimal)
        return parse_hexadecimal(text, static_cast<std::size_t>(key.range.max));
    const Range cpus{0, highest_cpu};
    const Range& range = key.form == Form::list_of_cpus ? cpus : key.range;
    const auto number = parse_integer(text);
    if (!number || !range.contains(*number)) return std::nullopt;
    const auto value = static_cast<std::uint64_t>(*number);
    if (range.of_powers_of_two && !std::has_single_bit(value)) return std::nullopt;
    return value;
}

std::string print_number(std::uint64_t number, const Key& key) {
    if (key.form == Form::protocol)
        return protocol_to_string(static_cast<std::uint8_t>(number));
    if (key.form == Form::hexadecimal) return to_hexadecimal(number);
    return std::to_string(number);
}

}  // namespace ikelb::config
