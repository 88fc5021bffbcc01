// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <memory>

#include "tests/bench/command.h"
#include "tests/bench/measure.h"
#include "tests/bench/rig.h"

// Replies on flows whose servers have been silent. Within a few seconds only the flow's own time is
// renewed, in place; after half a minute the persistence's and what else hangs on it as well.
//
// A run times so few packets that most flows hear their first reply in it: `first_share` of the
// packets are that.

namespace ikelb::bench {

namespace {

using nlohmann::json;

struct Sizes {
    std::size_t flows = std::size_t{1} << 20;
    std::size_t packets = std::size_t{1} << 17;  ///< timed in a run
    std::size_t runs = 7;
};

constexpr std::size_t burst = 32;
constexpr std::array<unsigned, 3> silences{0, 6, 600};  ///< seconds; 0: what the rest is beside

/// Of so many draws of one of the flows at random, those of a flow that none before has drawn.
double first_share(std::uint64_t draws, std::size_t flows) {
    const double drawn = static_cast<double>(draws) / static_cast<double>(flows);
    return (1 - std::exp(-drawn)) / drawn;
}

json run(const Sizes& sizes) {
    const Rig rig{2 * warm_packets, 256, Pages::any};
    Town town{{.clients = sizes.flows}};
    town.establish_in_bulk(0, sizes.flows);
    rig.take_cpu();
    Stream stream{town, {.towards = Towards::client}};
    Lane lane{town, rig.pool(), warm_packets};
    Measurement measurement{stream, lane, burst, Headers::warm};
    std::array<std::vector<Sample>, silences.size()> cycles;
    std::array<std::uint64_t, silences.size()> packets{};
    for (std::size_t run = 0; run < sizes.runs; ++run) {
        say(fmt::format("run {} of {}", run + 1, sizes.runs));
        for (std::size_t i = 0; i < silences.size(); ++i) {
            town.refresh(0, sizes.flows);
            measurement.warm_up();
            town.advance(std::uint64_t{silences[i]} * 1'000'000);
            cycles[i].push_back(measurement.cycles_per_packet(sizes.packets));
            packets[i] += lane.deliveries().offered;
        }
    }
    const double fresh = median_of(cycles[0]).value;
    json list = json::array();
    for (std::size_t i = 0; i < silences.size(); ++i) {
        const QuietMedian found = median_of(cycles[i]);
        list.push_back({{"quiet_seconds", silences[i]},
                        {"flows", sizes.flows},
                        {"first_share",
                         silences[i] == 0 ? 0 : first_share(packets[i] / sizes.runs, sizes.flows)},
                        {"cycles_per_packet", found.value},
                        {"unfiltered", found.unfiltered},
                        {"of_fresh", found.value / fresh},
                        {"spread", found.spread},
                        {"disturbed", found.disturbed}});
    }
    return {{"quiet_replies", list}};
}

}  // namespace

Command replies_command(CLI::App& app) {
    auto sizes = std::make_shared<Sizes>();
    CLI::App* const sub = app.add_subcommand(
        "replies", "Packets to clients whose servers have been silent for a while");
    sub->add_flag_callback("--quick", [sizes] { sizes->runs = 3; });
    sub->add_option("--flows", sizes->flows, "Established clients")->capture_default_str();
    sub->add_option("--runs", sizes->runs, "Runs of which the median is taken")
        ->capture_default_str();
    return {.options = sub, .run = [sizes] { return run(*sizes); }};
}

}  // namespace ikelb::bench
