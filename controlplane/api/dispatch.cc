// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/api/dispatch.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <boost/system/result.hpp>

#include "controlplane/api/query.h"
#include "controlplane/api/routes.h"

namespace ikelb::api {
namespace {

using nlohmann::json;

/// What a client sent is quoted in errors, so it need not be UTF-8: replace what isn't.
std::string write(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

CommandError bad_request(std::string message) {
    return {400, std::move(message)};
}

/// The first parameter in `query` that the route does not take; nothing if there is none.
std::optional<std::string_view> unknown_parameter(const Route& matched, std::string_view query) {
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view key = query.substr(0, std::min(end, query.find('=')));
        bool known = key.empty();
        for (std::string_view rest = matched.query; !known && !rest.empty();) {
            const std::size_t space = rest.find(' ');
            known = rest.substr(0, space) == key;
            rest = space == std::string_view::npos ? "" : rest.substr(space + 1);
        }
        if (!known) return key;
        if (end == std::string_view::npos) break;
        query.remove_prefix(end + 1);
    }
    return std::nullopt;
}

/// The body as a JSON object; an empty one counts as {}.
CommandResult read_object(const Route& matched, std::string_view body) {
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return json::object();
    json value = json::parse(body, nullptr, false);
    if (value.is_object()) return value;
    return bad_request(fmt::format("the body is not {}; send {}",
                                   value.is_discarded() ? "valid JSON" : "a JSON object",
                                   matched.body.empty() ? "no body" : matched.body));
}

/// The one key that `matched` takes, a string; nothing if it is absent.
boost::system::result<std::optional<std::string>, CommandError> read_string(const Route& matched,
                                                                            std::string_view key,
                                                                            std::string_view body) {
    const auto object = read_object(matched, body);
    if (!object) return object.error();
    for (const auto& [name, value] : object.body().items())
        if (name != key)
            return bad_request(fmt::format("unknown key \"{}\"; send {}", name, matched.body));
    const auto found = object.body().find(key);
    if (found == object.body().end()) return std::optional<std::string>{};
    if (!found->is_string())
        return bad_request(fmt::format("\"{}\" is not a string; send {}", key, matched.body));
    return std::optional<std::string>{found->get<std::string>()};
}

CommandResult run_drain(Commands& commands, const Route& matched, const std::string& backend,
                        std::string_view body) {
    const auto mode = read_string(matched, "mode", body);
    if (!mode) return mode.error();
    const std::string text = mode->value_or("keep");
    if (text == "keep") return commands.drain(backend, DrainMode::keep);
    if (text == "refuse") return commands.drain(backend, DrainMode::refuse);
    return bad_request(fmt::format("mode \"{}\" is unknown; send {}", text, matched.body));
}

CommandResult run_check(Commands& commands, const Route& matched, std::string_view body) {
    const auto file = read_string(matched, "file", body);
    if (!file) return file.error();
    // The daemon's working directory is not the caller's.
    if (!*file || !(*file)->starts_with('/'))
        return bad_request(fmt::format("\"file\" must be an absolute path; send {}", matched.body));
    return commands.check(**file);
}

CommandResult run_diff(Commands& commands, std::string_view query) {
    const auto file = query_value(query, "file");
    if (file && !file->starts_with('/'))
        return bad_request("file must be an absolute path, like file=/etc/ikelb/ikelb.yaml");
    return commands.diff(file);
}

CommandResult run(Commands& commands, const Route& matched, const std::string& name,
                  std::string_view query, std::string_view body) {
    if (const auto unknown = unknown_parameter(matched, query))
        return bad_request(fmt::format("unknown parameter \"{}\"; {} takes {}", *unknown,
                                       matched.path,
                                       matched.query.empty() ? "none" : matched.query));
    if (matched.body.empty()) {
        const auto object = read_object(matched, body);
        if (!object) return object.error();
        if (!object.body().empty())
            return bad_request(fmt::format("{} takes no body", matched.path));
    }
    switch (matched.id) {
        case RouteId::status: return commands.status();
        case RouteId::backends: return commands.backends();
        case RouteId::flows: {
            const auto filter = read_flow_filter(query);
            return filter ? commands.flows(*filter) : CommandResult{filter.error()};
        }
        case RouteId::sessions: {
            const auto filter = read_session_filter(query);
            return filter ? commands.sessions(*filter) : CommandResult{filter.error()};
        }
        case RouteId::explain: {
            const auto asked = read_explain_query(query);
            return asked ? commands.explain(*asked) : CommandResult{asked.error()};
        }
        case RouteId::drops: return commands.drops();
        case RouteId::version: return commands.version();
        case RouteId::drain: return run_drain(commands, matched, name, body);
        case RouteId::enable: return commands.enable(name);
        case RouteId::disable: return commands.disable(name);
        case RouteId::diff: return run_diff(commands, query);
        case RouteId::reload: return commands.reload();
        case RouteId::check: return run_check(commands, matched, body);
    }
    return CommandError{500, "route without a command"};
}

Response respond(Commands& commands, const Request& request) {
    const std::size_t question = request.target.find('?');
    const std::string_view path = request.target.substr(0, question);
    const std::string_view query =
        question == std::string_view::npos ? "" : request.target.substr(question + 1);

    std::string allowed;
    for (const Route& candidate : routes()) {
        const auto name = match_path(candidate, path);
        if (!name) continue;
        if (to_string(candidate.method) != request.method) {
            allowed += allowed.empty() ? "" : ", ";
            allowed += to_string(candidate.method);
            continue;
        }
        const CommandResult result = run(commands, candidate, *name, query, request.body);
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

Response dispatch(Commands& commands, const Request& request) noexcept {
    try {
        return respond(commands, request);
    } catch (const std::exception& failure) {
        return error_response(500, failure.what());
    } catch (...) {
        return error_response(500, "the command failed for an unknown reason");
    }
}

}  // namespace ikelb::api
