// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/load.h"

#include "config/parse.h"
#include "config/validate.h"

namespace ikelb::config {

ConfigResult<Loaded> load_text(std::string_view yaml, const std::string& file) {
    const ConfigResult<Config> parsed = parse_text(yaml, file);
    if (!parsed) return parsed.error();
    Findings findings = validate(*parsed, file);
    if (findings.has_errors()) return findings;
    return Loaded{.config = *parsed, .warnings = std::move(findings), .text = std::string{yaml}};
}

ConfigResult<Loaded> load_file(const std::filesystem::path& file) {
    const ConfigResult<std::string> text = read_file(file);
    if (!text) return text.error();
    return load_text(*text, file.string());
}

}  // namespace ikelb::config
