// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ikelb::text {

/// Two hexadecimal digits of either case; any other text is nullopt.
inline std::optional<std::uint8_t> parse_hex_byte(std::string_view digits) {
    std::uint8_t byte = 0;
    const char* const end = digits.data() + digits.size();
    if (digits.size() != 2 || std::from_chars(digits.data(), end, byte, 16).ptr != end)
        return std::nullopt;
    return byte;
}

}  // namespace ikelb::text
