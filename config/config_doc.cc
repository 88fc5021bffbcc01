// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Prints the documents of the schema: `config_doc markdown` docs/configuration.md, `config_doc
// yaml` config/reference.yaml.

#include <cstdio>
#include <string>
#include <string_view>

#include "config/document_schema.h"

int main(int argc, char** argv) {
    const std::string_view wanted = argc == 2 ? argv[1] : "";
    if (wanted != "markdown" && wanted != "yaml") {
        std::fputs("usage: config_doc markdown|yaml\n", stderr);
        return 2;
    }
    using namespace ikelb::config;
    const std::string text = wanted == "yaml" ? reference_yaml() : configuration_markdown();
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
