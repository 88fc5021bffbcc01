// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/finding.h"

namespace ikelb::config {

/// YAML -> Config: checks form and range of every value and fills in the defaults; validate()
/// compares values. Reports all errors of the text, not the first alone. file: the name in the
/// findings. Throws nothing but std::bad_alloc.
ConfigResult<Config> parse_text(std::string_view yaml, const std::string& file);

/// The text of a file of at most 4 MiB (max_document_bytes).
ConfigResult<std::string> read_file(const std::filesystem::path& file);

struct Loaded {
    Config config{};
    Findings warnings{};
    std::string text{};
};

/// parse_text, then validate. A text that does not parse is not validated: the rules would complain
/// about values that nobody wrote.
ConfigResult<Loaded> load_text(std::string_view yaml, const std::string& file);
ConfigResult<Loaded> load_file(const std::filesystem::path& file);

}  // namespace ikelb::config
