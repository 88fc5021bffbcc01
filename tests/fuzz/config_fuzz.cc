// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Any bytes as a configuration: parse, validate and diff neither crash nor hang, an error always
// says something, and what is accepted is equal to itself.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/diff.h"
#include "config/load.h"
#include "config/validate.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ikelb::config;
    const std::string_view yaml{reinterpret_cast<const char*>(data), size};
    const ConfigResult<Config> parsed = parse_text(yaml, "fuzz.yaml");
    if (!parsed) {
        require(parsed.error().has_errors() && !parsed.error().to_string().empty());
        return 0;
    }
    const Findings findings = validate(*parsed, "fuzz.yaml");
    require(load_text(yaml, "fuzz.yaml").has_value() != findings.has_errors());
    // Names are unique in what is valid: only then is each item found again.
    require(findings.has_errors() || diff(*parsed, *parsed).is_empty());
    require(!diff(Config{}, *parsed).to_string().empty());
    return 0;
}
