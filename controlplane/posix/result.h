// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <boost/system/result.hpp>

namespace ikelb::posix {

/// A failure. `message` is a whole sentence for the operator, with the command to type where it is
/// known; `code` is the errno, for decisions.
struct Error {
    // Not an aggregate: an int alone could make one, and Result<int> would be ambiguous.
    Error() = default;
    Error(int error_code, std::string text) : code{error_code}, message{std::move(text)} {}

    int code = 0;
    std::string message;
};

template <class T>
using Result = boost::system::result<T, Error>;

/// "WHAT: text of the errno".
inline Error make_error(int code, std::string what) {
    return {code, std::move(what) + ": " + std::generic_category().message(code)};
}

}  // namespace ikelb::posix
