// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/api/query.h"

#include <charconv>
#include <concepts>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "controlplane/api/routes.h"

namespace ikelb::api {
namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t max_flow_limit = 100000;
constexpr std::size_t max_session_limit = 100001;  // one more than ikelbctl shows

CommandError bad_request(std::string message) {
    return {400, std::move(message)};
}

/// The whole text as a number.
template <std::unsigned_integral Int>
std::optional<Int> number(std::string_view text, int base = 10) {
    Int value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value, base);
    if (text.empty() || error != std::errc{} || stopped != end) return std::nullopt;
    return value;
}

/// Hexadecimal, with 0x or without.
template <std::unsigned_integral Int>
std::optional<Int> hexadecimal(std::string_view text) {
    if (text.starts_with("0x")) text.remove_prefix(2);
    return number<Int>(text, 16);
}

QueryResult<std::optional<std::string>> read_address(std::string_view query,
                                                     std::string_view key) {
    const auto text = query_value(query, key);
    if (!text) return std::optional<std::string>{};
    boost::system::error_code error;
    const auto address = ip::make_address(*text, error);
    if (error)
        return bad_request(fmt::format(
            "{0}={1} is not an IP address; write it like {0}=198.51.100.7", key, *text));
    return std::optional{address.to_string()};
}

/// Of ADDRESS or ADDRESS/LENGTH: the second form, host bits left as they are.
QueryResult<std::optional<std::string>> read_prefix(std::string_view query,
                                                    std::string_view key) {
    const auto text = query_value(query, key);
    if (!text) return std::optional<std::string>{};
    const std::size_t slash = text->find('/');
    boost::system::error_code error;
    const auto address = ip::make_address(text->substr(0, slash), error);
    const unsigned longest = address.is_v4() ? 32 : 128;
    const auto length = slash == std::string::npos
                            ? std::optional{longest}
                            : number<unsigned>(std::string_view{*text}.substr(slash + 1));
    if (error || !length || *length > longest)
        return bad_request(fmt::format("{0}={1} is neither an IP address nor a prefix; write it "
                                       "like {0}=198.51.100.7 or {0}=198.51.100.0/24",
                                       key, *text));
    return std::optional{fmt::format("{}/{}", address.to_string(), *length)};
}

/// Into limit, which keeps its value if there is none.
std::optional<CommandError> read_limit(std::string_view query, std::size_t most,
                                       std::size_t& limit) {
    const auto text = query_value(query, "limit");
    if (!text) return std::nullopt;
    const auto typed = number<std::size_t>(*text);
    limit = typed.value_or(0);
    if (limit >= 1 && limit <= most) return std::nullopt;
    return bad_request(fmt::format("limit={} is not a number from 1 to {}", *text, most));
}

CommandError bad_spi(std::string_view key, std::string_view text, std::string_view form) {
    return bad_request(fmt::format("{}={} is no SPI; write {}", key, text, form));
}

QueryResult<std::pair<std::optional<std::uint64_t>, std::optional<std::uint64_t>>> read_pair(
    std::string_view query) {
    std::pair<std::optional<std::uint64_t>, std::optional<std::uint64_t>> pair;
    const auto text = query_value(query, "spi");
    if (!text) return pair;
    const std::string_view view{*text};
    const std::size_t colon = view.find(':');
    pair.first = hexadecimal<std::uint64_t>(view.substr(0, colon));
    bool is_good = pair.first.value_or(0) != 0;
    if (colon != std::string_view::npos) {
        pair.second = hexadecimal<std::uint64_t>(view.substr(colon + 1));
        is_good = is_good && pair.second.value_or(0) != 0;
    }
    if (is_good) return pair;
    return bad_spi("spi", view, "the initiator's in hexadecimal, or both as SPIi:SPIr");
}

QueryResult<std::optional<std::uint32_t>> read_esp(std::string_view query) {
    const auto text = query_value(query, "esp");
    if (!text) return std::optional<std::uint32_t>{};
    const auto spi = hexadecimal<std::uint32_t>(*text);
    if (spi && *spi >= 256) return spi;
    return bad_spi("esp", *text, "an ESP SPI in hexadecimal, 100 and more");
}

}  // namespace

QueryResult<FlowFilter> read_flow_filter(std::string_view query) {
    FlowFilter filter;
    auto client = read_address(query, "client");
    if (!client) return client.error();
    filter.client = std::move(*client);
    if (auto error = read_limit(query, max_flow_limit, filter.limit)) return *std::move(error);
    return filter;
}

QueryResult<SessionFilter> read_session_filter(std::string_view query) {
    SessionFilter filter;
    auto client = read_prefix(query, "client");
    if (!client) return client.error();
    filter.client = std::move(*client);
    if (const auto text = query_value(query, "spi")) {
        filter.spi = hexadecimal<std::uint64_t>(*text);
        if (filter.spi.value_or(0) == 0) return bad_spi("spi", *text, "it in hexadecimal");
    }
    filter.backend = query_value(query, "backend");
    if (const auto text = query_value(query, "from")) {
        const auto from = number<std::size_t>(*text);
        if (!from)
            return bad_request(fmt::format("from={} is no place to go on from; write the \"next\" "
                                           "of the answer before",
                                           *text));
        filter.from = *from;
    }
    if (auto error = read_limit(query, max_session_limit, filter.limit)) return *std::move(error);
    return filter;
}

QueryResult<ExplainQuery> read_explain_query(std::string_view query) {
    ExplainQuery asked;
    const auto client = read_address(query, "client");
    if (!client) return client.error();
    if (!*client) return bad_request("client is missing; write it like client=198.51.100.7");
    asked.client = **client;
    if (const auto text = query_value(query, "port")) {
        asked.port = number<std::uint16_t>(*text);
        if (asked.port.value_or(0) == 0)
            return bad_request(fmt::format("port={} is not a number from 1 to 65535", *text));
    }
    auto vip = read_address(query, "vip");
    if (!vip) return vip.error();
    asked.vip = std::move(*vip);
    const auto pair = read_pair(query);
    if (!pair) return pair.error();
    asked.initiator_spi = pair->first;
    asked.responder_spi = pair->second;
    const auto esp = read_esp(query);
    if (!esp) return esp.error();
    asked.esp_spi = *esp;
    return asked;
}

}  // namespace ikelb::api
