// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>

#include "tests/testlib/packet_builder.h"

namespace ikelb::testlib {

namespace {

std::uint16_t get16(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

net::IpAddress get_v4(std::span<const std::uint8_t> bytes, std::size_t at) {
    return net::IpAddress::from_v4_host(std::uint32_t{get16(bytes, at)} << 16 |
                                        get16(bytes, at + 2));
}

net::IpAddress get_v6(std::span<const std::uint8_t> bytes, std::size_t at) {
    std::array<std::uint8_t, 16> address{};
    std::ranges::copy(bytes.subspan(at, 16), address.begin());
    return net::IpAddress{address};
}

void dissect_udp(Dissected& d, std::span<const std::uint8_t> frame) {
    if (d.end < d.l4 + 8) {
        d.is_valid = false;
        return;
    }
    d.from_port = get16(frame, d.l4);
    d.to_port = get16(frame, d.l4 + 2);
    d.payload = d.l4 + 8;
    const std::size_t length = get16(frame, d.l4 + 4);
    const std::uint16_t sum = get16(frame, d.l4 + 6);
    d.is_udp_checksum_zero = sum == 0;
    if (d.is_fragment || sum == 0 || length < 8 || d.l4 + length > d.end) {
        d.is_udp_checksum_good = true;
        return;
    }
    const std::uint16_t right =
        slow_udp_checksum(d.from, d.to, frame.subspan(d.l4, length));
    d.is_udp_checksum_good = sum == (right == 0 ? 0xffff : right);
}

void dissect_ipv4(Dissected& d, std::span<const std::uint8_t> frame) {
    if (frame.size() < d.l3 + 20) return;
    const std::size_t header = std::size_t{frame[d.l3] & 0xfu} * 4;
    const std::size_t total = get16(frame, d.l3 + 2);
    if (frame[d.l3] >> 4 != 4 || header < 20 || total < header || d.l3 + total > frame.size())
        return;
    d.is_valid = true;
    d.l4 = d.payload = d.l3 + header;
    d.end = d.l3 + total;
    d.ttl = frame[d.l3 + 8];
    d.protocol = frame[d.l3 + 9];
    d.from = get_v4(frame, d.l3 + 12);
    d.to = get_v4(frame, d.l3 + 16);
    const std::uint16_t flags = get16(frame, d.l3 + 6);
    d.is_later_fragment = (flags & 0x1fff) != 0;
    d.is_fragment = (flags & 0x3fff) != 0;
    d.is_ip_checksum_good = slow_checksum(frame.subspan(d.l3, header)) == 0;
}

/// Steps over the extension headers, one at a time.
void dissect_ipv6(Dissected& d, std::span<const std::uint8_t> frame) {
    if (frame.size() < d.l3 + 40 || frame[d.l3] >> 4 != 6) return;
    d.is_v6 = true;
    d.end = d.l3 + 40 + get16(frame, d.l3 + 4);
    d.protocol = frame[d.l3 + 6];
    d.ttl = frame[d.l3 + 7];
    d.from = get_v6(frame, d.l3 + 8);
    d.to = get_v6(frame, d.l3 + 24);
    d.is_ip_checksum_good = true;
    d.l4 = d.l3 + 40;
    while (d.protocol == 0 || d.protocol == 43 || d.protocol == 44 || d.protocol == 60) {
        if (d.end > frame.size() || d.l4 + 8 > d.end) return;
        const bool is_fragment_header = d.protocol == 44;
        if (is_fragment_header) {
            d.is_fragment = (get16(frame, d.l4 + 2) & 0xfff9) != 0;
            d.is_later_fragment = (get16(frame, d.l4 + 2) & 0xfff8) != 0;
        }
        d.protocol = frame[d.l4];
        d.l4 += is_fragment_header ? 8 : (std::size_t{frame[d.l4 + 1]} + 1) * 8;
        if (d.is_later_fragment) break;
    }
    d.payload = d.l4;
    d.is_valid = d.end <= frame.size() && d.l4 <= d.end;
}

}  // namespace

Dissected dissect(std::span<const std::uint8_t> frame) {
    Dissected d;
    if (frame.size() < 14) return d;
    std::ranges::copy(frame.first(6), d.to_mac.bytes.begin());
    std::ranges::copy(frame.subspan(6, 6), d.from_mac.bytes.begin());
    d.l3 = 14;
    std::uint16_t type = get16(frame, 12);
    if (type == 0x8100 && frame.size() >= 18) {
        d.vlan = get16(frame, 14) & 0xfff;
        type = get16(frame, 16);
        d.l3 = 18;
    }
    if (type == 0x86dd)
        dissect_ipv6(d, frame);
    else if (type == 0x0800)
        dissect_ipv4(d, frame);
    if (!d.is_valid) return d;
    if (d.protocol == 17 && !d.is_later_fragment) dissect_udp(d, frame);
    const auto message = frame.subspan(d.l4, d.end - d.l4);
    if (d.protocol == 1 && !d.is_v6) d.is_icmp_checksum_good = slow_checksum(message) == 0;
    if (d.protocol == 58 && d.is_v6)
        d.is_icmp_checksum_good = slow_icmpv6_checksum(d.from, d.to, message) == 0;
    return d;
}

std::string hex(std::span<const std::uint8_t> bytes) {
    static constexpr std::array digits{'0', '1', '2', '3', '4', '5', '6', '7',
                                       '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 0xf];
    }
    return text;
}

std::string difference(std::span<const std::uint8_t> expected, std::span<const std::uint8_t> got) {
    if (std::ranges::equal(expected, got)) return {};
    const auto [e, g] = std::ranges::mismatch(expected, got);
    return "first difference at byte " + std::to_string(e - expected.begin()) +
           "\nexpected Ether(bytes.fromhex('" + hex(expected) + "'))" +
           "\n     got Ether(bytes.fromhex('" + hex(got) + "'))";
}

}  // namespace ikelb::testlib
