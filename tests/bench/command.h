// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
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
Command lines_command(CLI::App& app);
Command pace_command(CLI::App& app);
Command replies_command(CLI::App& app);
Command worker_command(CLI::App& app);
Command generate_command(CLI::App& app);
Command capture_command(CLI::App& app);
Command environment_command(CLI::App& app);

/// --flows, --runs and --quick of a measurement that is repeated; Sizes has these and packets.
template <typename Sizes>
void add_sizes(CLI::App& command, const std::shared_ptr<Sizes>& sizes) {
    command.add_flag_callback("--quick", [sizes] {
        sizes->packets = std::size_t{1} << 17;
        sizes->runs = 5;
    });
    command.add_option("--flows", sizes->flows, "Established clients")->capture_default_str();
    command.add_option("--runs", sizes->runs, "Runs of which the median is taken")
        ->capture_default_str();
}

/// Progress, for people: a line on stderr.
void say(const std::string& line);

}  // namespace ikelb::bench
