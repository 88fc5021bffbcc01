// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/finding.h"

namespace ikelb::config {

/// YAML -> Config: form and range of every value, defaults filled in. All errors of the text are
/// reported, not the first alone. Whether the values make sense together is validate()'s.
/// file: the name in the findings. Never throws anything but std::bad_alloc.
ConfigResult<Config> parse_text(std::string_view yaml, const std::string& file);

/// The text of a file of at most 4 MiB (max_document_bytes).
ConfigResult<std::string> read_file(const std::filesystem::path& file);

/// A configuration that can be used.
struct Loaded {
    Config config{};
    Findings warnings{};
    std::string text{};  ///< what it was made of
};

/// parse, then validate. Rules that compare values are not tried on a text that does not parse:
/// they would complain about values nobody wrote.
ConfigResult<Loaded> load_text(std::string_view yaml, const std::string& file);
ConfigResult<Loaded> load_file(const std::filesystem::path& file);

}  // namespace ikelb::config
