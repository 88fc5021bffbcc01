// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "tests/bench/command.h"
#include "tests/bench/quiet.h"
#include "tests/bench/rig.h"

namespace ikelb::bench {

void say(const std::string& line) { fmt::print(stderr, "bench_core: {}\n", line); }

Command environment_command(CLI::App& app) {
    CLI::App* const sub = app.add_subcommand("environment", "What the figures depend on");
    return {.options = sub, .run = [] {
                const Rig rig{1024, 64, Pages::any};
                return nlohmann::json{{"environment", environment_of(rig)}};
            }};
}

Command pace_command(CLI::App& app) {
    CLI::App* const sub =
        app.add_subcommand("pace", "TSC cycles of a fixed loop: more if a neighbour has the core");
    return {.options = sub, .run = [] { return nlohmann::json{{"pace", median_pace()}}; }};
}

}  // namespace ikelb::bench

int main(int argc, char** argv) {
    using namespace ikelb::bench;
    CLI::App app{"Measures ikelb's packet path: one JSON object on stdout"};
    app.require_subcommand(1);
    const Command commands[]{pipeline_command(app), setup_command(app),   flood_command(app),
                             memory_command(app),   scaling_command(app), instructions_command(app),
                             lines_command(app),    pace_command(app),
                             replies_command(app),  worker_command(app),  generate_command(app),
                             capture_command(app),  environment_command(app)};
    CLI11_PARSE(app, argc, argv);
    try {
        for (const Command& command : commands)
            if (command.options->parsed()) fmt::print("{}\n", command.run().dump(2));
    } catch (const std::exception& error) {
        fmt::print(stderr, "bench_core: {}\n", error.what());
        return 1;
    }
    return 0;
}
