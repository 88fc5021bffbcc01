// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>

#include "dataplane/net/byte_order.h"

namespace ikelb::net {

/// IEEE 802 MAC address, bytes in transmission order.
struct MacAddress {
    std::array<std::uint8_t, 6> bytes{};

    constexpr bool is_multicast() const noexcept { return (bytes[0] & 1) != 0; }
    constexpr bool is_zero() const noexcept { return bytes == std::array<std::uint8_t, 6>{}; }

    friend constexpr bool operator==(const MacAddress&, const MacAddress&) = default;
    friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;
};
static_assert(sizeof(MacAddress) == 6);

/// An IPv4 address in wire order.
struct Ipv4Address {
    be32 value;
    friend constexpr bool operator==(Ipv4Address, Ipv4Address) = default;
};
static_assert(sizeof(Ipv4Address) == 4);

/// An address of either family in 16 bytes, wire order; IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2),
/// so that every table, key and comparison is the same for both families.
class IpAddress {
public:
    constexpr IpAddress() = default;
    constexpr explicit IpAddress(const std::array<std::uint8_t, 16>& bytes) : bytes_{bytes} {}

    static constexpr IpAddress from_v4(Ipv4Address v4) noexcept {
        return from_v4_host(v4.value.to_host());
    }
    /// host: the address as a number, 10.0.0.1 = 0x0a000001.
    static constexpr IpAddress from_v4_host(std::uint32_t host) noexcept {
        return from_halves(0, v4_prefix << 32 | host);
    }

    static constexpr IpAddress from_halves(std::uint64_t high, std::uint64_t low) noexcept {
        return IpAddress{std::bit_cast<Bytes>(
            Halves{boost::endian::native_to_big(high), boost::endian::native_to_big(low)})};
    }

    constexpr bool is_v4() const noexcept {
        return halves()[0] == 0 && static_cast<std::uint32_t>(halves()[1]) == v4_prefix_in_memory;
    }
    /// The IPv4 address; meaningful only if is_v4().
    Ipv4Address v4() const noexcept { return {load<be32>(bytes_.data() + 12)}; }
    /// host order, 10.0.0.1 = 0x0a000001.
    constexpr std::uint32_t v4_host() const noexcept { return static_cast<std::uint32_t>(low()); }
    const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
    /// The two halves as numbers, most significant first, for masks and ordering.
    constexpr std::uint64_t high() const noexcept {
        return boost::endian::native_to_big(halves()[0]);
    }
    constexpr std::uint64_t low() const noexcept {
        return boost::endian::native_to_big(halves()[1]);
    }

    constexpr bool is_unspecified() const noexcept {
        return high() == 0 && (low() == 0 || low() == v4_prefix << 32);
    }
    /// Class D or ff00::/8, and the IPv4 limited broadcast.
    constexpr bool is_multicast_or_broadcast() const noexcept {
        if (!is_v4()) return bytes_[0] == 0xff;
        return (bytes_[12] & 0xf0) == 0xe0 || v4_host() == 0xffffffff;
    }
    constexpr bool is_loopback() const noexcept {
        return is_v4() ? bytes_[12] == 127 : high() == 0 && low() == 1;
    }
    /// fe80::/10 (RFC 4291 section 2.5.6): no router forwards from or to it.
    constexpr bool is_ipv6_link_local() const noexcept {
        return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
    }

    friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) noexcept {
        const Halves x = a.halves(), y = b.halves();
        return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
    }
    friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

private:
    using Bytes = std::array<std::uint8_t, 16>;
    using Halves = std::array<std::uint64_t, 2>;
    static constexpr std::uint64_t v4_prefix = 0xffff;
    static constexpr auto v4_prefix_in_memory =
        static_cast<std::uint32_t>(boost::endian::native_to_big(v4_prefix << 32));

    constexpr Halves halves() const noexcept { return std::bit_cast<Halves>(bytes_); }

    Bytes bytes_{};
};
static_assert(sizeof(IpAddress) == 16);

/// An address and a prefix length in the family's own bits (IPv4: 0..32, IPv6: 0..128). The host
/// bits are kept as given: 10.0.0.1/24 is an interface address, network() clears them.
struct IpPrefix {
    IpAddress address;
    std::uint8_t length = 0;

    bool contains(const IpAddress& other) const noexcept {
        if (address.is_v4() != other.is_v4()) return false;
        const int bits = mapped_length();
        return ((address.high() ^ other.high()) & mask_of(bits)) == 0 &&
               ((address.low() ^ other.low()) & mask_of(bits - 64)) == 0;
    }
    IpPrefix network() const noexcept {
        const int bits = mapped_length();
        return {.address = IpAddress::from_halves(address.high() & mask_of(bits),
                                                  address.low() & mask_of(bits - 64)),
                .length = length};
    }
    /// The prefix length of the 128-bit form: IPv4's plus 96.
    constexpr std::uint8_t mapped_length() const noexcept {
        return static_cast<std::uint8_t>(address.is_v4() ? length + 96 : length);
    }

    friend constexpr bool operator==(const IpPrefix&, const IpPrefix&) = default;
    friend constexpr auto operator<=>(const IpPrefix&, const IpPrefix&) = default;

private:
    /// A mask of the first `bits` of 64 bits.
    static constexpr std::uint64_t mask_of(int bits) noexcept {
        if (bits <= 0) return 0;
        return bits >= 64 ? ~std::uint64_t{0} : ~std::uint64_t{0} << (64 - bits);
    }
};

}  // namespace ikelb::net
