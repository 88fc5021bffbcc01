// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>
#include <rte_cycles.h>

#include <array>
#include <barrier>
#include <exception>
#include <memory>
#include <thread>

#include "tests/bench/command.h"
#include "tests/bench/measure.h"
#include "tests/bench/stage.h"

namespace ikelb::bench {

namespace {

using nlohmann::json;

constexpr std::size_t threads = 2, burst = 32;

struct Sizes {
    std::size_t flows = std::size_t{1} << 20;
    std::size_t packets = std::size_t{1} << 19;
    std::size_t runs = 9;
};

/// A worker: lane, and what it is fed with. Towards the servers and towards the clients packets are
/// dealt to workers independently, so every other client's directions are on different ones.
struct Seat {
    Seat(World& world, rte_mempool& pool, std::size_t number)
        : lane{world, pool, warm_packets},
          up{world, {.towards = Towards::server, .seed = 1, .part = number, .parts = threads}},
          down{world, {.towards = Towards::client, .seed = 2, .part = number, .parts = threads}},
          measure_up{up, lane, burst, Headers::warm},
          measure_down{down, lane, burst, Headers::warm} {}

    /// TSC cycles per packet, of both directions alike.
    double run(std::size_t packets) {
        return (measure_up.cycles_per_packet(packets / 2) +
                measure_down.cycles_per_packet(packets / 2)) /
               2;
    }

    Lane lane;
    Stream up, down;
    Measurement measure_up, measure_down;
};

/// Packets per second of the seats, each on a CPU of its own, all at the same time.
double rate_together(const Stage& stage, std::span<Seat* const> seats,
                     std::span<const unsigned> cpus, std::size_t packets) {
    std::barrier start{static_cast<std::ptrdiff_t>(seats.size())};
    std::array<double, threads> cycles{};
    std::array<std::exception_ptr, threads> errors;
    {
        std::vector<std::jthread> running;
        for (std::size_t i = 0; i < seats.size(); ++i)
            running.emplace_back([&, i] {
                try {
                    stage.take_cpu(cpus[i]);
                    seats[i]->run(packets / 8);
                    start.arrive_and_wait();
                    cycles[i] = seats[i]->run(packets);
                } catch (...) {
                    errors[i] = std::current_exception();
                    start.arrive_and_drop();
                }
            });
    }
    double rate = 0;
    for (std::size_t i = 0; i < seats.size(); ++i) {
        if (errors[i]) std::rethrow_exception(errors[i]);
        rate += static_cast<double>(rte_get_tsc_hz()) / cycles[i];
    }
    return rate;
}

json run(const Sizes& sizes) {
    const Stage stage{2 * threads * warm_packets, 256, Pages::any, threads};
    World world{{.clients = sizes.flows}};
    world.establish_in_bulk(0, sizes.flows);
    Seat first{world, stage.pool(), 0}, second{world, stage.pool(), 1};
    const std::array both{&first, &second};
    const std::array<unsigned, threads> cpus{0, 1};
    std::vector<double> one, two, ratio;
    for (std::size_t run = 0; run < sizes.runs; ++run) {
        say(fmt::format("run {} of {}", run + 1, sizes.runs));
        // Alone on each CPU in turn: they may differ.
        double alone = 0;
        for (std::size_t i = 0; i < threads; ++i)
            alone += rate_together(stage, std::span{both}.subspan(i, 1),
                                   std::span{cpus}.subspan(i, 1), sizes.packets) /
                     threads;
        const double together = rate_together(stage, both, cpus, sizes.packets);
        one.push_back(alone);
        two.push_back(together);
        ratio.push_back(together / alone);
    }
    const Median at_once = median_of(ratio);
    return {{"scaling",
             {{"flows", sizes.flows},
              {"one", median_of(one).value},
              {"two", median_of(two).value},
              {"ratio", at_once.value},
              {"spread", at_once.spread},
              {"pages", stage.pages()}}}};
}

}  // namespace

Command scaling_command(CLI::App& app) {
    auto sizes = std::make_shared<Sizes>();
    CLI::App* const sub = app.add_subcommand(
        "scaling", "Two workers on two CPUs and one directory, against one worker");
    add_sizes(*sub, sizes);
    return {.options = sub, .run = [sizes] { return run(*sizes); }};
}

}  // namespace ikelb::bench
