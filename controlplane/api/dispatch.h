// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>
#include <string_view>

#include "controlplane/api/handler.h"

namespace ikelb::api {

struct Request {
    std::string_view method;  ///< "GET"
    std::string_view target;  ///< path and query as sent
    std::string_view body;
};

struct Response {
    unsigned status = 200;
    std::string body;   ///< JSON, one line, with a line feed at its end
    std::string allow;  ///< the Allow header of a 405 (RFC 9110 section 15.5.6); else empty
};

/// Finds the command, checks the arguments, and carries the command out. Never throws: an exception
/// of a command becomes a 500.
Response dispatch(const Handler& handler, const Request& request) noexcept;

/// {"error": message}.
Response error_response(unsigned status, std::string_view message);

}  // namespace ikelb::api
