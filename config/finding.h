// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ikelb::config {

/// An error keeps the configuration from being used; a warning does not.
enum class Severity { error, warning };

struct Finding {
    Severity severity = Severity::error;
    std::string file{};     ///< the caller's name for it; may be empty
    int line = 0;           ///< 1-based; 0: the file as a whole
    std::string path{};     ///< such as pools[0].backends[1].weight; may be empty
    std::string message{};  ///< the fault, and the text to type instead

    /// FILE:LINE: error: PATH: MESSAGE, without the parts that are empty.
    std::string to_string() const;
    friend bool operator==(const Finding&, const Finding&) = default;
};

/// A file with more errors is no configuration.
inline constexpr std::size_t max_findings = 100;

struct Findings {
    std::vector<Finding> list{};

    bool has_errors() const noexcept;
    /// One finding a line, each line ended.
    std::string to_string() const;
    friend bool operator==(const Findings&, const Findings&) = default;
};

/// Collects the findings of one file, max_findings of them.
class FindingList {
public:
    explicit FindingList(std::string file) : file_{std::move(file)} {}

    void error(int line, std::string path, std::string message);
    void warning(int line, std::string path, std::string message);
    bool is_empty() const noexcept { return list_.empty(); }
    /// The findings by line; findings about the whole file come first.
    Findings take();

private:
    void add(Finding finding);

    std::string file_;
    std::vector<Finding> list_{};
    std::size_t left_out_ = 0;
};

/// A value, or the findings (at least one error) in its place.
template <class T>
using ConfigResult = boost::system::result<T, Findings>;

/// ConfigResult::value() calls it without a value; throws std::runtime_error with the text.
[[noreturn]] void throw_exception_from_error(const Findings& findings,
                                             const boost::source_location& where);

}  // namespace ikelb::config
