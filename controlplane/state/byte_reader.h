// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "dataplane/net/address.h"

namespace ikelb::state {

/// Reads little-endian values one after the other. Behind the end everything reads as zero and the
/// reader is no longer good; it never reads outside of its bytes.
class ByteReader {
public:
    /// The bytes must outlive the reader.
    explicit ByteReader(std::span<const std::uint8_t> bytes) noexcept : rest_{bytes} {}
    explicit ByteReader(std::vector<std::uint8_t>&& bytes) = delete;

    std::uint64_t word() noexcept {
        std::uint64_t value = 0;
        if (const auto bytes = take(sizeof value); !bytes.empty())
            std::memcpy(&value, bytes.data(), sizeof value);
        return value;
    }
    std::size_t number(std::size_t bytes) noexcept {
        std::size_t value = 0;
        int shift = 0;
        for (const std::uint8_t byte : take(bytes)) {
            value |= std::size_t{byte} << shift;
            shift += 8;
        }
        return value;
    }
    std::string text() {
        const auto bytes = take(number(1));
        return {bytes.begin(), bytes.end()};
    }
    net::IpAddress address() noexcept {
        std::array<std::uint8_t, 16> value{};
        std::ranges::copy(take(value.size()), value.begin());
        return net::IpAddress{value};
    }

    bool is_good() const noexcept { return is_good_; }
    bool is_at_end() const noexcept { return rest_.empty(); }
    /// Whether what is left is nothing but zeros, fewer than `most`.
    bool is_padding_only(std::size_t most) const noexcept {
        return rest_.size() < most &&
               std::ranges::all_of(rest_, [](std::uint8_t byte) { return byte == 0; });
    }

private:
    std::span<const std::uint8_t> take(std::size_t count) noexcept {
        if (count > rest_.size()) {
            is_good_ = false;
            rest_ = {};
            return {};
        }
        const auto taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    std::span<const std::uint8_t> rest_;
    bool is_good_ = true;
};

}  // namespace ikelb::state
