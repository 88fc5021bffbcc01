// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>

namespace ikelb::bench {

/// A measurement as a subcommand: its options are added to the command line; the function makes the
/// measurement when it is chosen and returns what is printed.
struct Command {
    CLI::App* options;
    std::function<nlohmann::json()> run;
};

Command pipeline_command(CLI::App& app);
Command setup_command(CLI::App& app);
Command flood_command(CLI::App& app);
Command memory_command(CLI::App& app);
Command scaling_command(CLI::App& app);
Command instructions_command(CLI::App& app);
Command environment_command(CLI::App& app);

/// Progress, for people: a line on stderr.
void say(const std::string& line);

}  // namespace ikelb::bench
