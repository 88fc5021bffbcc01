// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "config/load.h"
#include "controlplane/replay/replay.h"
#include "controlplane/table/backend_modes.h"

namespace {

using namespace ikelb;
using namespace ikelb::replay;

constexpr int exit_failure = 1, exit_usage = 2;

struct CommandLine {
    std::string config;
    std::vector<std::string> inputs;
    std::vector<std::string> neighbours;
    std::vector<std::string> down;
    std::vector<std::string> modes;
    std::string out;
    bool wants_json = false;
};

int complain(int code, const std::string& message) {
    fmt::print(stderr, "ikelb-replay: {}\n", message);
    return code;
}

std::optional<std::pair<std::string, std::string>> split(const std::string& text) {
    const std::size_t sign = text.find('=');
    if (sign == std::string::npos) return std::nullopt;
    return std::pair{text.substr(0, sign), text.substr(sign + 1)};
}

std::optional<forwarding::Mode> mode_of(const std::string& text) {
    const auto name = std::ranges::find(table::mode_names, text);
    if (name == table::mode_names.end()) return std::nullopt;
    return static_cast<forwarding::Mode>(name - table::mode_names.begin());
}

/// Returns "" or the fault.
std::string read_options(const CommandLine& line, const config::Config& config, Options& options) {
    for (const std::string& text : line.inputs)
        if (const auto parts = split(text);
            !parts || table::port_position(config, parts->first) == config.ports.size())
            return "--in " + text + ": not PORT=FILE with a port of the configuration";
    for (const std::string& text : line.neighbours) {
        const auto neighbour = KnownNeighbour::parse(text);
        if (!neighbour ||
            std::ranges::find(config.interfaces, neighbour->interface,
                              &config::Interface::name) == config.interfaces.end())
            return "--neighbour " + text + ": not INTERFACE,ADDRESS,MAC";
        options.neighbours.push_back(*neighbour);
    }
    for (const std::string& name : line.down) {
        if (!table::has_backend(config, name)) return "--down " + name + ": no such backend";
        options.backends[name].is_up = {};
    }
    for (const std::string& text : line.modes) {
        const auto parts = split(text);
        const auto mode = parts ? mode_of(parts->second) : std::nullopt;
        if (!mode || !table::has_backend(config, parts->first))
            return "--mode " + text +
                   ": not BACKEND=enabled|drain_keep|drain_refuse|disabled";
        const auto [facts, is_new] = options.backends.try_emplace(parts->first);
        if (is_new) facts->second.is_up = {true, true};
        facts->second.mode = *mode;
    }
    return {};
}

/// Call it after read_options(), which checks the inputs' names.
CaptureResult<std::vector<CapturedFrame>> read_inputs(const CommandLine& line,
                                                      const config::Config& config) {
    std::vector<CapturedFrame> all;
    for (const std::string& text : line.inputs) {
        const auto [name, file] = split(text).value();
        auto frames = read_capture(file, table::port_position(config, name));
        if (!frames) return frames.error();
        std::ranges::move(*frames, std::back_inserter(all));
    }
    // Of equal times, the port first on the command line goes first.
    std::ranges::stable_sort(all, {}, &CapturedFrame::micros);
    return all;
}

CaptureResult<std::vector<CaptureWriter>> open_outputs(const CommandLine& line,
                                                       const config::Config& config) {
    std::error_code error;
    std::filesystem::create_directories(line.out, error);
    if (error) return CaptureError{line.out + ": " + error.message()};
    const std::filesystem::path sessions{line.out};
    std::vector<CaptureWriter> writers;
    for (std::size_t i = 0; i <= config.ports.size(); ++i) {
        const std::string name = i < config.ports.size() ? config.ports[i].name : "punted";
        auto writer = CaptureWriter::create(sessions / (name + ".pcap"));
        if (!writer) return writer.error();
        writers.push_back(std::move(*writer));
    }
    return writers;
}

std::string_view to_string(pipeline::Disposition fate) {
    switch (fate) {
        case pipeline::Disposition::forward: return "forward";
        case pipeline::Disposition::punt: return "punt";
        case pipeline::Disposition::hold: return "hold";
        case pipeline::Disposition::drop: break;
    }
    return "drop";
}

/// Each verdict given with its disposition and count, in the order of verdict.h.
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

/// The same as a JSON object of numbers by name, with a line feed.
std::string verdict_json(const pipeline::Counters& counters) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < pipeline::verdict_count; ++i)
        if (const std::uint64_t count = counters.verdicts[i].read(); count != 0)
            object[std::string{pipeline::verdict_infos[i].name}] = count;
    return object.dump(2) + "\n";
}

int run(const CommandLine& line) {
    auto loaded = config::load_file(line.config);
    if (!loaded) {
        fmt::print(stderr, "{}", loaded.error().to_string());
        return exit_usage;
    }
    Options options;
    if (const std::string wrong = read_options(line, loaded->config, options); !wrong.empty())
        return complain(exit_usage, wrong);
    const auto frames = read_inputs(line, loaded->config);
    if (!frames) return complain(exit_failure, frames.error().message);
    auto writers = open_outputs(line, loaded->config);
    if (!writers) return complain(exit_failure, writers.error().message);
    auto replay = Replay::create(loaded->config, options, [&](const ReplayedFrame& frame) {
        (*writers)[frame.port ? *frame.port : loaded->config.ports.size()].write(
            frame.micros, frame.bytes, frame.length);
    });
    if (!replay) return complain(exit_usage, replay.error().message);
    for (const std::string& remark : (*replay)->remarks()) fmt::print(stderr, "{}\n", remark);
    for (const CapturedFrame& frame : *frames) (*replay)->take(frame);
    if (!frames->empty()) (*replay)->finish();
    for (CaptureWriter& writer : *writers)
        if (!writer.flush()) return complain(exit_failure, line.out + ": could not be written");
    fmt::print("{}", line.wants_json ? verdict_json((*replay)->counters())
                                     : verdict_table((*replay)->counters()));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Runs ikelb's fast path over captured frames, without a network.",
                 "ikelb-replay"};
    CommandLine line;
    app.add_option("-c,--config", line.config, "the configuration")->required();
    app.add_option("--in", line.inputs, "PORT=FILE: frames that arrive at a port (pcap, pcapng)")
        ->required();
    app.add_option("--out", line.out,
                   "folder for PORT.pcap, what leaves by each port, and punted.pcap, what goes "
                   "to the kernel")
        ->required();
    app.add_option("--neighbour", line.neighbours,
                   "INTERFACE,ADDRESS,MAC: a neighbour's address; backends and gateways that are "
                   "not named get one made up");
    app.add_option("--down", line.down, "BACKEND: one that is down; the others are up");
    app.add_option("--mode", line.modes,
                   "BACKEND=enabled|drain_keep|drain_refuse|disabled: how it is used");
    app.add_flag("--json", line.wants_json, "the verdicts as JSON");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    return run(line);
}
