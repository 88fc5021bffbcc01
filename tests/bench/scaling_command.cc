// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <exception>
#include <iterator>
#include <memory>
#include <thread>

#include "tests/bench/command.h"
#include "tests/bench/measure.h"
#include "tests/bench/rig.h"

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
    Seat(Town& town, rte_mempool& pool, std::size_t number)
        : lane{town, pool, warm_packets},
          up{town, {.towards = Towards::server, .seed = 1, .part = number, .parts = threads}},
          down{town, {.towards = Towards::client, .seed = 2, .part = number, .parts = threads}},
          measure_up{up, lane, burst, Headers::warm},
          measure_down{down, lane, burst, Headers::warm} {}

    /// TSC cycles per packet, of both directions alike.
    double run(std::size_t packets) {
        return (measure_up.cycles_per_packet(packets / 2, Pieces::Keep::all).unfiltered +
                measure_down.cycles_per_packet(packets / 2, Pieces::Keep::all).unfiltered) /
               2;
    }

    Lane lane;
    Stream up, down;
    Measurement measure_up, measure_down;
};

/// Packets per second of the seats, each on a CPU of its own, all at the same time.
double rate_together(const Rig& rig, std::span<Seat* const> seats,
                     std::span<const unsigned> cpus, std::size_t packets) {
    std::barrier start{static_cast<std::ptrdiff_t>(seats.size())};
    std::array<double, threads> cycles{};
    std::array<std::exception_ptr, threads> errors;
    {
        std::vector<std::jthread> running;
        for (std::size_t i = 0; i < seats.size(); ++i)
            running.emplace_back([&, i] {
                try {
                    rig.take_cpu(cpus[i]);
                    seats[i]->lane.restart();
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

/// Are both CPUs quiet, one after the other and with nothing of ours on them?
bool are_quiet(const Rig& rig, std::span<const unsigned> cpus) {
    bool all = true;
    for (const unsigned cpu : cpus) {
        rig.take_cpu(cpu);
        all = is_core_quiet() && all;
    }
    return all;
}

/// One of them first alone on each CPU in turn, since CPUs may differ, then both.
struct Round {
    double one = 0, two = 0;
    bool is_quiet = false;  ///< before and after
};

/// So many quiet rounds; all there are if in four times as many there have not been three.
std::vector<Round> chosen(std::vector<Round> rounds, std::size_t runs) {
    std::vector<Round> quiet;
    std::ranges::copy_if(rounds, std::back_inserter(quiet), &Round::is_quiet);
    return quiet.size() >= std::min<std::size_t>(runs, 3) ? quiet : rounds;
}

json run(const Sizes& sizes) {
    const Rig rig{2 * threads * warm_packets, 256, Pages::any, threads};
    Town town{{.clients = sizes.flows}};
    town.establish_in_bulk(0, sizes.flows);
    Seat first{town, rig.pool(), 0}, second{town, rig.pool(), 1};
    const std::array both{&first, &second};
    const std::array<unsigned, threads> cpus{0, 1};
    std::vector<Round> rounds;
    std::size_t quiet = 0;
    while (quiet < sizes.runs && rounds.size() < 4 * sizes.runs) {
        say(fmt::format("round {}, {} of {} were quiet", rounds.size() + 1, quiet, sizes.runs));
        const bool was_quiet = are_quiet(rig, cpus);
        Round round;
        for (std::size_t i = 0; i < threads; ++i)
            round.one += rate_together(rig, std::span{both}.subspan(i, 1),
                                       std::span{cpus}.subspan(i, 1), sizes.packets) /
                         threads;
        round.two = rate_together(rig, both, cpus, sizes.packets);
        round.is_quiet = was_quiet && are_quiet(rig, cpus);
        quiet += round.is_quiet;
        rounds.push_back(round);
    }
    std::vector<double> one, two, ratio;
    for (const Round& round : chosen(rounds, sizes.runs)) {
        one.push_back(round.one);
        two.push_back(round.two);
        ratio.push_back(round.two / round.one);
    }
    const Median at_once = median_of(ratio);
    return {{"scaling",
             {{"flows", sizes.flows},
              {"one", median_of(one).value},
              {"two", median_of(two).value},
              {"ratio", at_once.value},
              {"spread", at_once.spread},
              {"rounds", rounds.size()},
              {"quiet_rounds", quiet},
              {"pages", rig.pages()}}}};
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
