// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/validate.h"

#include "config/rules.h"

namespace ikelb::config {

Findings validate(const Config& config, const std::string& file) {
    FindingList findings{file};
    for (const rules::Rule rule : {rules::names, rules::network, rules::services, rules::labels,
                                   rules::families, rules::aliases, rules::wall, rules::system})
        rule(config, findings);
    return findings.take();
}

}  // namespace ikelb::config
