// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/check_file.h"

#include "config/load.h"
#include "config/wall_summary.h"

namespace ikelb::ctl {

CheckReport check_file(const std::string& file) {
    const auto loaded = config::load_file(file);
    const config::Findings& findings = loaded ? loaded->warnings : loaded.error();

    const std::string wall = loaded ? config::wall_summary(loaded->config) : std::string{};

    nlohmann::json list = nlohmann::json::array();
    for (const config::Finding& finding : findings.list)
        list.push_back(
            {{"severity", finding.severity == config::Severity::error ? "error" : "warning"},
             {"line", finding.line},
             {"path", finding.path},
             {"message", finding.message}});
    return {.usable = loaded.has_value(),
            .text = findings.to_string(),
            .wall = wall,
            .json = {{"file", file},
                     {"ok", loaded.has_value()},
                     {"findings", list},
                     {"wall", loaded ? nlohmann::json(wall) : nlohmann::json()}}};
}

}  // namespace ikelb::ctl
