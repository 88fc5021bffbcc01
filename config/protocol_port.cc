// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/protocol_port.h"

#include <array>

#include "config/scalar.h"

namespace ikelb::config {
namespace {

struct NamedProtocol {
    std::string_view name;
    std::uint8_t number;
};

// Of IANA's protocol numbers what is likely to be routed.
constexpr auto protocols = std::to_array<NamedProtocol>({
    {"any", 0}, {"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"icmpv6", 58}, {"gre", 47}, {"esp", 50},
    {"ah", 51}, {"ospf", 89}, {"sctp", 132},
});

constexpr std::uint8_t tcp = 6, udp = 17;

std::optional<std::uint16_t> parse_port(std::string_view text) {
    if (text.starts_with('-')) return std::nullopt;
    const auto number = parse_integer(text);
    if (!number || *number > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(*number);
}

}  // namespace

std::vector<std::string_view> protocol_names() {
    std::vector<std::string_view> names;
    for (const NamedProtocol& protocol : protocols) names.push_back(protocol.name);
    return names;
}

std::optional<std::uint8_t> parse_protocol(std::string_view text) {
    for (const NamedProtocol& protocol : protocols)
        if (protocol.name == text) return protocol.number;
    const auto number = parse_integer(text);
    if (!number || *number < 1 || *number > 255) return std::nullopt;
    return static_cast<std::uint8_t>(*number);
}

std::string protocol_to_string(std::uint8_t protocol) {
    for (const NamedProtocol& named : protocols)
        if (named.number == protocol) return std::string{named.name};
    return std::to_string(protocol);
}

bool has_ports(std::uint8_t protocol) noexcept { return protocol == tcp || protocol == udp; }

std::optional<PortRange> parse_port_range(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto first = parse_port(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    return PortRange{.first = *first, .last = *last};
}

std::string to_string(const PortRange& range) {
    std::string text = std::to_string(range.first);
    return range.first == range.last ? text : text + "-" + std::to_string(range.last);
}

std::optional<OpenPort> parse_open_port(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto protocol = parse_protocol(text.substr(0, slash));
    const auto range = parse_port_range(text.substr(slash + 1));
    if (!protocol || !has_ports(*protocol) || !range) return std::nullopt;
    return OpenPort{.protocol = *protocol, .first = range->first, .last = range->last};
}

std::string to_string(const OpenPort& port) {
    const PortRange range{.first = port.first, .last = port.last};
    const std::string protocol = protocol_to_string(port.protocol);
    return range == PortRange{} ? protocol : protocol + "/" + to_string(range);
}

}  // namespace ikelb::config
