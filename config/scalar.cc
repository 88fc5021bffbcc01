// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/scalar.h"

#include <array>
#include <charconv>
#include <limits>

#include "config/text/address.h"

namespace ikelb::config {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
};

// From the smallest; `d` is read, but a day is printed as 24h.
constexpr std::array<Unit, 5> units{{{"ms", 1},
                                     {"s", 1000},
                                     {"m", 60 * 1000},
                                     {"h", 60 * 60 * 1000},
                                     {"d", 24 * 60 * 60 * 1000}}};
constexpr std::size_t written_units = 4;

struct NamedProtocol {
    std::string_view name;
    std::uint8_t number;
};

// Those IANA protocols that are likely to be routed.
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

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || error != std::errc{} || stopped != end) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> parse_hexadecimal(std::string_view text, std::size_t digits) {
    if (!text.starts_with("0x") || text.size() < 3 || text.size() > 2 + digits)
        return std::nullopt;
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data() + 2, end, value, 16);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return value;
}

std::string to_hexadecimal(std::uint64_t value) {
    std::array<char, 16> digits{};
    const auto [end, error] =
        std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return "0x" + std::string(digits.data(), end);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const std::size_t digits = text.find_first_not_of("0123456789");
    if (digits == std::string_view::npos) return std::nullopt;
    const auto count = parse_integer(text.substr(0, digits));
    if (!count) return std::nullopt;
    for (const Unit& unit : units) {
        if (text.substr(digits) != unit.name) continue;
        if (*count > std::numeric_limits<std::int64_t>::max() / unit.milliseconds)
            return std::nullopt;
        return std::chrono::milliseconds{*count * unit.milliseconds};
    }
    return std::nullopt;
}

std::string to_string(std::chrono::milliseconds duration) {
    const std::int64_t count = duration.count();
    if (count == 0) return "0s";
    const Unit* best = units.data();
    for (std::size_t i = 0; i < written_units; ++i)
        if (count % units[i].milliseconds == 0) best = &units[i];
    return std::to_string(count / best->milliseconds) + std::string{best->name};
}

std::optional<Rate> parse_rate(std::string_view text) {
    constexpr std::string_view between = "/s burst ";
    const std::size_t at = text.find(between);
    if (at == std::string_view::npos) return std::nullopt;
    const auto number = [](std::string_view digits) -> std::optional<std::uint32_t> {
        const auto value = parse_integer(digits);
        if (!value || *value < 0 || *value > std::numeric_limits<std::uint32_t>::max())
            return std::nullopt;
        return static_cast<std::uint32_t>(*value);
    };
    const auto average = number(text.substr(0, at));
    const auto burst = number(text.substr(at + between.size()));
    if (!average || !burst) return std::nullopt;
    return Rate{.per_second = *average, .burst = *burst};
}

std::string to_string(const Rate& rate) {
    return std::to_string(rate.per_second) + "/s burst " + std::to_string(rate.burst);
}

std::optional<net::IpAddress> parse_address(std::string_view text) {
    const auto address = text::parse_address(text);
    if (address && address->is_v4() && text.find(':') != std::string_view::npos)
        return std::nullopt;
    return address;
}

std::optional<net::IpPrefix> parse_prefix(std::string_view text) {
    const auto prefix = text::parse_prefix(text);
    return prefix && parse_address(text.substr(0, text.find('/'))) ? prefix : std::nullopt;
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const bool is_bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (is_bracketed) host = host.substr(1, host.size() - 2);
    const auto address = parse_address(host);
    // An IPv6 address has colons: without brackets its last group would be the port.
    if (!address || is_bracketed == (host.find(':') == std::string_view::npos))
        return std::nullopt;
    const auto port = parse_integer(text.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) return std::nullopt;
    return Endpoint{.address = *address, .port = static_cast<std::uint16_t>(*port)};
}

std::string to_string(const Endpoint& endpoint) {
    std::string text;
    if (endpoint.address.is_v4())
        text += text::to_text(endpoint.address);
    else
        text.append("[").append(text::to_text(endpoint.address)).append("]");
    return text.append(":").append(std::to_string(endpoint.port));
}

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
    return OpenPort{.protocol = *protocol, .ports = *range};
}

std::string to_string(const OpenPort& port) {
    const std::string protocol = protocol_to_string(port.protocol);
    return port.ports == PortRange{} ? protocol : protocol + "/" + to_string(port.ports);
}

std::string in_quotes(std::string_view typed) {
    constexpr std::size_t longest = 60;
    std::string text = "'";
    for (const char c : typed.substr(0, longest))
        text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    // The cut text must not end within a UTF-8 character: drop the continuation and lead bytes.
    if (typed.size() > longest) {
        while ((static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();
        if ((static_cast<unsigned char>(text.back()) & 0x80) != 0) text.pop_back();
        text += "...";
    }
    return text + "'";
}

}  // namespace ikelb::config
