// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <boost/endian/conversion.hpp>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace ikelb::net {

/// An integer in network byte order, at any offset of a packet. No conversion is implicit: a
/// forgotten swap does not compile.
template <std::unsigned_integral T>
class [[gnu::packed]] BigEndian {
public:
    BigEndian() = default;

    static constexpr BigEndian from_host(T value) noexcept {
        return BigEndian{boost::endian::native_to_big(value)};
    }
    static constexpr BigEndian from_wire(T wire) noexcept { return BigEndian{wire}; }

    constexpr T to_host() const noexcept { return boost::endian::big_to_native(wire_); }
    /// The bytes as they lie in memory, for hashing and checksums only.
    constexpr T wire() const noexcept { return wire_; }

    friend constexpr bool operator==(BigEndian, BigEndian) = default;

private:
    explicit constexpr BigEndian(T wire) noexcept : wire_{wire} {}

    T wire_;
};

using be16 = BigEndian<std::uint16_t>;
using be32 = BigEndian<std::uint32_t>;
using be64 = BigEndian<std::uint64_t>;

static_assert(std::is_trivial_v<be16> && sizeof(be16) == 2);
static_assert(std::is_trivial_v<be32> && sizeof(be32) == 4);
static_assert(std::is_trivial_v<be64> && sizeof(be64) == 8 && alignof(be64) == 1);

/// Reads a value from packet bytes at any alignment; the caller has checked the length.
template <typename T>
    requires std::is_trivially_copyable_v<T>
inline T load(const std::uint8_t* bytes) noexcept {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

template <typename T>
    requires std::is_trivially_copyable_v<T>
inline void store(std::uint8_t* bytes, const T& value) noexcept {
    std::memcpy(bytes, &value, sizeof value);
}

}  // namespace ikelb::net
