// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The one list of what the admin API offers. The server routes by it, ikelbctl takes its paths from
// it, and docs/ikelbctl.md prints it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ikelb::api {

enum class Method : std::uint8_t { get, post };

/// "GET" or "POST".
std::string_view to_string(Method method) noexcept;

enum class RouteId : std::uint8_t {
    status,
    backends,
    flows,
    sessions,
    explain,
    drops,
    version,
    drain,
    enable,
    disable,
    diff,
    reload,
    check,
};

struct Route {
    RouteId id;
    Method method;
    std::string_view path;     ///< one segment may be {name}
    std::string_view query;    ///< parameters it takes, space-separated; empty: none
    std::string_view body;     ///< what to send; empty: nothing
    std::string_view summary;  ///< one line for --help and the documents
    std::string_view answer;   ///< the shape of a 200
};

/// All routes, in the order of RouteId.
std::span<const Route> routes() noexcept;
const Route& route(RouteId id) noexcept;

/// The path of a route, with {name} filled in and percent-encoded (RFC 3986).
std::string path_of(RouteId id, std::string_view name = {});

/// The name in `path` if it is one of this route, empty for a route without {name}; nothing if the
/// path is another one. Percent-encoding is taken off.
std::optional<std::string> match_path(const Route& candidate, std::string_view path);

std::string percent_encode(std::string_view text);
/// Nothing if an escape is malformed, or for a NUL.
std::optional<std::string> percent_decode(std::string_view text);

/// The value of a parameter in `query` ("a=1&b=2"), decoded. Nothing if it is absent or malformed.
std::optional<std::string> query_value(std::string_view query, std::string_view key);

}  // namespace ikelb::api
