// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/api/dispatch.h"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <exception>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/algorithm/string.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/result.hpp>

namespace ikelb::api {
namespace {

using nlohmann::json;
using Texts = std::map<std::string, std::string, std::less<>>;  ///< by the argument's name
template <class T>
using Checked = boost::system::result<T, CommandError>;

template <class... Parts>
CommandError bad_request(fmt::format_string<Parts...> format, Parts&&... parts) {
    return {400, fmt::format(format, std::forward<Parts>(parts)...)};
}

template <std::unsigned_integral Int>
std::optional<Int> number(std::string_view text, int base = 10) {
    Int value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value, base);
    if (text.empty() || error != std::errc{} || stopped != end) return std::nullopt;
    return value;
}

/// Hexadecimal, with 0x or without; 0 for any other text, as no SPI is 0.
template <std::unsigned_integral Int>
Int spi_of(std::string_view text) {
    if (text.starts_with("0x")) text.remove_prefix(2);
    return number<Int>(text, 16).value_or(0);
}

/// ADDRESS, or ADDRESS/LENGTH with its host bits, in canonical form.
std::optional<std::string> prefix_of(std::string_view text) {
    const std::size_t slash = text.find('/');
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(std::string{text.substr(0, slash)}, error);
    const unsigned longest = address.is_v4() ? 32 : 128;
    const auto length = slash == std::string_view::npos ? std::optional{longest}
                                                        : number<unsigned>(text.substr(slash + 1));
    if (error || !length || *length > longest) return std::nullopt;
    return fmt::format("{}/{}", address.to_string(), *length);
}

bool is_among(std::string_view word, std::string_view words) {
    std::vector<std::string> list;
    boost::split(list, words, boost::is_any_of("|"));
    return std::ranges::find(list, word) != list.end();
}

Checked<Value> check(const Command& command, const Argument& argument, const std::string& text) {
    const std::string_view name = argument.name;
    Value value{.text = text};
    const auto no_spi = [&](std::string_view form) {
        return bad_request("{}={} is no SPI; write {}", name, text, form);
    };
    switch (argument.kind) {
        case Kind::name: break;
        case Kind::choice:
            if (is_among(text, argument.form)) break;
            return bad_request("{} \"{}\" is unknown; send {}", name, text, command.body);
        case Kind::file:
            // The daemon's working directory is not the caller's.
            if (text.starts_with('/')) break;
            if (command.method == Method::post)
                return bad_request("\"{}\" must be an absolute path; send {}", name, command.body);
            return bad_request("{0} must be an absolute path, like {0}=/etc/ikelb/ikelb.yaml",
                               name);
        case Kind::address:
        case Kind::endpoint: {
            boost::system::error_code error;
            value.text = boost::asio::ip::make_address(text, error).to_string();
            if (!error) break;
            return bad_request("{0}={1} is not an IP address; write it like {0}=198.51.100.7", name,
                               text);
        }
        case Kind::prefix:
            value.text = prefix_of(text).value_or("");
            if (!value.text.empty()) break;
            return bad_request(
                "{0}={1} is neither an IP address nor a prefix; write it like "
                "{0}=198.51.100.7 or {0}=198.51.100.0/24",
                name, text);
        case Kind::number:
            value.number = number<std::uint64_t>(text).value_or(0);
            if (value.number >= 1 && value.number <= argument.most) break;
            return bad_request("{}={} is not a number from 1 to {}", name, text, argument.most);
        case Kind::place: {
            const auto place = number<std::uint64_t>(text);
            value.number = place.value_or(0);
            if (place) break;
            return bad_request(
                "{}={} is no place to go on from; write the \"next\" of the answer "
                "before",
                name, text);
        }
        case Kind::spi:
            value.number = spi_of<std::uint64_t>(text);
            if (value.number != 0) break;
            return no_spi("it in hexadecimal");
        case Kind::spi_pair: {
            const std::size_t colon = text.find(':');
            const bool is_pair = colon != std::string::npos;
            value.number = spi_of<std::uint64_t>(std::string_view{text}.substr(0, colon));
            if (is_pair)
                value.second = spi_of<std::uint64_t>(std::string_view{text}.substr(colon + 1));
            if (value.number != 0 && (value.second != 0 || !is_pair)) break;
            return no_spi("the initiator's in hexadecimal, or both as SPIi:SPIr");
        }
        case Kind::esp_spi:
            value.number = spi_of<std::uint32_t>(text);
            if (value.number >= 256) break;
            return no_spi("an ESP SPI in hexadecimal, 100 and more");
    }
    return value;
}

/// The parameters behind the ? of a request; of a name that comes twice the first.
Checked<Texts> read_query(const Command& command, std::string_view query) {
    Texts texts;
    std::vector<std::string> pairs;
    boost::split(pairs, query, boost::is_any_of("&"));
    for (const std::string& pair : pairs) {
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const std::string name = pair.substr(0, equals);
        const Argument* const known = command.find(name);
        if (!name.empty() &&
            (command.method == Method::post || known == nullptr || known->place == Place::path)) {
            const std::string parameters = command.parameters();
            return bad_request("unknown parameter \"{}\"; {} takes {}", name, command.path,
                               parameters.empty() ? "none" : parameters);
        }
        if (auto text =
                percent_decode(std::string_view{pair}.substr(std::min(equals + 1, pair.size()))))
            texts.emplace(name, *std::move(text));
    }
    return texts;
}

/// The members of a JSON object; an empty body counts as {}.
Checked<Texts> read_body(const Command& command, std::string_view body) {
    Texts texts;
    const bool is_empty = body.find_first_not_of(" \t\r\n") == std::string_view::npos;
    const json object = is_empty ? json::object() : json::parse(body, nullptr, false);
    if (!object.is_object())
        return bad_request("the body is not {}; send {}",
                           object.is_discarded() ? "valid JSON" : "a JSON object",
                           command.body.empty() ? "no body" : command.body);
    if (command.body.empty() && !object.empty())
        return bad_request("{} takes no body", command.path);
    for (const auto& [key, value] : object.items()) {
        const Argument* const known = command.find(key);
        if (known == nullptr || known->place == Place::path)
            return bad_request("unknown key \"{}\"; send {}", key, command.body);
        if (!value.is_string())
            return bad_request("\"{}\" is not a string; send {}", key, command.body);
        texts.emplace(key, value.get<std::string>());
    }
    return texts;
}

/// The checked arguments of a command: `name` is from the path, `query` stands behind the ?.
Checked<Arguments> read_arguments(const Command& command, const std::string& name,
                                  std::string_view query, std::string_view body) {
    auto texts = read_query(command, query);
    if (!texts) return texts.error();
    const auto sent = read_body(command, body);
    if (!sent) return sent.error();
    texts->insert(sent->begin(), sent->end());
    Arguments arguments;
    for (const Argument& argument : command.list()) {
        if (argument.place == Place::path) texts->emplace(argument.name, name);
        const auto given = texts->find(argument.name);
        if (given == texts->end() && argument.preset.empty()) {
            if (!argument.is_required) continue;
            if (command.method == Method::get)
                return bad_request("{0} is missing; write it like {0}=198.51.100.7", argument.name);
        }
        const auto value =
            check(command, argument,
                  given == texts->end() ? std::string{argument.preset} : given->second);
        if (!value) return value.error();
        arguments.put(argument.name, *value);
    }
    return arguments;
}

/// Errors quote the client's text, which may not be UTF-8: write() replaces bad bytes.
std::string write(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Response respond(const Handler& handler, const Request& request) {
    const std::size_t question = request.target.find('?');
    const std::string_view path = request.target.substr(0, question);
    const std::string_view query =
        question == std::string_view::npos ? "" : request.target.substr(question + 1);

    std::string allowed;
    for (const Command& command : commands()) {
        const auto name = match_path(command, path);
        if (!name) continue;
        if (to_string(command.method) != request.method) {
            allowed += allowed.empty() ? "" : ", ";
            allowed += to_string(command.method);
            continue;
        }
        const auto arguments = read_arguments(command, *name, query, request.body);
        const CommandResult result =
            arguments ? handler(command, *arguments) : CommandResult{arguments.error()};
        if (!result) return error_response(result.error().status, result.error().message);
        return {.status = 200, .body = write(result.body()), .allow = {}};
    }
    if (allowed.empty())
        return error_response(404, fmt::format("there is no {}; see ikelbctl --help", path));
    Response response = error_response(
        405, fmt::format("{} does not take {}; use {}", path, request.method, allowed));
    response.allow = allowed;
    return response;
}

}  // namespace

Response error_response(unsigned status, std::string_view message) {
    return {.status = status, .body = write({{"error", std::string{message}}}), .allow = {}};
}

Response dispatch(const Handler& handler, const Request& request) noexcept {
    try {
        return respond(handler, request);
    } catch (const std::exception& failure) {
        return error_response(500, failure.what());
    } catch (...) {
        return error_response(500, "the command failed for an unknown reason");
    }
}

}  // namespace ikelb::api
