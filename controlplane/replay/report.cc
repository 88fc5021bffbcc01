// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/replay/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace ikelb::replay {
namespace {

std::string_view to_string(pipeline::Fate fate) {
    switch (fate) {
        case pipeline::Fate::forward: return "forward";
        case pipeline::Fate::punt: return "punt";
        case pipeline::Fate::hold: return "hold";
        case pipeline::Fate::drop: break;
    }
    return "drop";
}

}  // namespace

std::string verdict_table(const pipeline::Counters& counters) {
    std::string text = fmt::format("{:<22} {:<8} {:>10}\n", "VERDICT", "FATE", "FRAMES");
    for (std::size_t i = 0; i < pipeline::verdict_count; ++i) {
        const std::uint64_t count = counters.verdicts[i].read();
        if (count == 0) continue;
        const pipeline::VerdictInfo& info = pipeline::verdict_infos[i];
        text += fmt::format("{:<22} {:<8} {:>10}  {}\n", info.name, to_string(info.fate), count,
                            info.help);
    }
    return text;
}

std::string verdict_json(const pipeline::Counters& counters) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < pipeline::verdict_count; ++i)
        if (const std::uint64_t count = counters.verdicts[i].read(); count != 0)
            object[std::string{pipeline::verdict_infos[i].name}] = count;
    return object.dump(2) + "\n";
}

}  // namespace ikelb::replay
