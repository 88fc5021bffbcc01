// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/text/address.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstdio>

#include "config/text/hex.h"

namespace ikelb::text {
namespace {

constexpr std::size_t longest_address_text = INET6_ADDRSTRLEN;

}  // namespace

std::optional<net::MacAddress> parse_mac(std::string_view text) {
    if (text.size() != 17) return std::nullopt;
    net::MacAddress mac;
    for (std::size_t i = 0; i < 6; ++i) {
        const auto byte = parse_hex_byte(text.substr(i * 3, 2));
        if (!byte || (i < 5 && text[i * 3 + 2] != ':')) return std::nullopt;
        mac.bytes[i] = *byte;
    }
    return mac;
}

std::string to_text(const net::MacAddress& mac) {
    const auto& bytes = mac.bytes;
    std::array<char, 18> text{};
    std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1],
                  bytes[2], bytes[3], bytes[4], bytes[5]);
    return text.data();
}

std::optional<net::IpAddress> parse_address(std::string_view text) {
    if (text.empty() || text.size() >= longest_address_text ||
        text.find('\0') != std::string_view::npos)
        return std::nullopt;
    const std::string terminated{text};
    in_addr v4{};
    if (inet_pton(AF_INET, terminated.c_str(), &v4) == 1)
        return net::IpAddress::from_v4({net::be32::from_wire(v4.s_addr)});
    std::array<std::uint8_t, 16> v6{};
    if (inet_pton(AF_INET6, terminated.c_str(), v6.data()) == 1) return net::IpAddress{v6};
    return std::nullopt;
}

std::string to_text(const net::IpAddress& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.is_v4())
        inet_ntop(AF_INET, address.bytes().data() + 12, text.data(), text.size());
    else
        inet_ntop(AF_INET6, address.bytes().data(), text.data(), text.size());
    return text.data();
}

std::optional<net::IpPrefix> parse_prefix(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return std::nullopt;
    const std::string_view digits = text.substr(slash + 1);
    std::uint8_t length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    if (length > (address->is_v4() ? 32 : 128)) return std::nullopt;
    return net::IpPrefix{.address = *address, .length = length};
}

std::string to_text(const net::IpPrefix& prefix) {
    return to_text(prefix.address) + "/" + std::to_string(prefix.length);
}

}  // namespace ikelb::text
