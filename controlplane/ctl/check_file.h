// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace ikelb::ctl {

/// What is to be said about a configuration file.
struct CheckReport {
    bool usable = false;
    std::string text;     ///< the findings, a line each
    std::string wall;     ///< config::wall_summary(); empty if the file can't be used
    /// {"file","ok","findings":[{"severity","line","path","message"}],"wall"}
    nlohmann::json json;
};

/// Parses and validates `file`. Looks at nothing else: neither at a daemon nor at NICs.
CheckReport check_file(const std::string& file);

}  // namespace ikelb::ctl
