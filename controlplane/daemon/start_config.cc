// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/start_config.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <utility>

namespace ikelb::daemon {

boost::system::result<StartConfig, NoConfig> choose_configuration(
    const std::filesystem::path& file, const state::LastGood& last_good) {
    auto wanted = config::load_file(file);
    if (wanted) return StartConfig{.loaded = std::move(*wanted), .fallback = {}};
    const auto good = last_good.read();
    if (!good)
        return NoConfig{.last_good = fmt::format("there is no last good configuration of {} in {}",
                                                 file.string(), last_good.file().string()),
                        .why = wanted.error()};
    auto loaded = config::load_text(good->text, last_good.file().string());
    // An ikelbd with other rules saved it.
    if (!loaded)
        return NoConfig{.last_good = "the last good configuration cannot be used either:\n" +
                                     loaded.error().to_string(),
                        .why = wanted.error()};
    return StartConfig{.loaded = std::move(*loaded),
                       .fallback = Fallback{.file = last_good.file(),
                                            .saved_at = good->saved_at,
                                            .why = wanted.error()}};
}

std::vector<std::string> describe(const Fallback& fallback, const std::filesystem::path& file) {
    std::vector<std::string> lines;
    for (const config::Finding& finding : fallback.why.list) lines.push_back(finding.to_string());
    lines.push_back(fmt::format(
        "{} cannot be used: starting with the last good configuration, {} of {:%Y-%m-%d "
        "%H:%M:%S} UTC; mend the file, check it with `ikelbd --config {} --check`, then "
        "`systemctl reload ikelbd`",
        file.string(), fallback.file.string(),
        fmt::gmtime(std::chrono::system_clock::to_time_t(fallback.saved_at)), file.string()));
    return lines;
}

}  // namespace ikelb::daemon
