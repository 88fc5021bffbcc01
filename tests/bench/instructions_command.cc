// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <map>
#include <memory>

#include "tests/bench/command.h"
#include "tests/bench/measure.h"
#include "tests/bench/stage.h"

namespace ikelb::bench {

namespace {

using nlohmann::json;

constexpr std::size_t stream_packets = 8192, burst = 32;
constexpr std::size_t warm_up_pieces = 16, measured_pieces = 16;

struct Choice {
    Towards towards = Towards::server;
    Mix mix = Mix::esp;
    std::size_t clients = 4096;
    bool steps_only = false;
};

json run(const Choice& choice) {
    const Stage stage{2 * warm_packets, 256, Pages::small};
    World world{{.clients = choice.clients, .half_open = 1024}};
    world.establish_in_bulk(0, choice.clients);
    Stream stream{world,
                  {.towards = choice.towards, .mix = choice.mix, .packets = stream_packets}};
    Lane lane{world, stage.pool(), warm_packets, true};
    if (choice.steps_only) lane.take_steps_only();
    Measurement measurement{stream, lane, burst, Headers::warm};
    measurement.walk(warm_up_pieces, true);
    return {{"instructions", {{"packets", measurement.walk(measured_pieces, false)}}}};
}

}  // namespace

Command instructions_command(CLI::App& app) {
    auto choice = std::make_shared<Choice>();
    CLI::App* const sub = app.add_subcommand(
        "instructions",
        "The same bursts each time, for callgrind --toggle-collect='*measured_bursts*'");
    sub->add_option("--direction", choice->towards, "to_server, to_client")
        ->transform(CLI::CheckedTransformer(std::map<std::string, Towards>{
            {"to_server", Towards::server}, {"to_client", Towards::client}}));
    sub->add_option("--stream", choice->mix, "esp, mixed")
        ->transform(CLI::CheckedTransformer(
            std::map<std::string, Mix>{{"esp", Mix::esp}, {"mixed", Mix::mixed}}));
    sub->add_option("--clients", choice->clients, "Established ones")->capture_default_str();
    sub->add_flag("--steps", choice->steps_only, "Without the path for ESP of established SAs");
    return {.options = sub, .run = [choice] { return run(*choice); }};
}

}  // namespace ikelb::bench
