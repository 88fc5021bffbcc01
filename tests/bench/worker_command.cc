// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <rte_cycles.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

#include "controlplane/lcores/dataplane.h"
#include "tests/bench/command.h"
#include "tests/bench/town.h"

namespace ikelb::bench {

namespace {

using Json = nlohmann::json;
using pipeline::Verdict;

struct Options {
    std::string wan, lan;
    std::size_t flows = 4096;
    double warm_up = 0.5, seconds = 1;
    unsigned cpu = 0;
    bool has_no_huge_pages = false;
};

/// Nanoseconds that the worker's thread has run on a CPU.
std::uint64_t worker_nanos() {
    for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
        std::string name;
        std::getline(std::ifstream{task.path() / "comm"} >> std::ws, name);
        if (name != "rte-worker-1") continue;
        std::uint64_t nanos = 0;
        if (std::ifstream{task.path() / "schedstat"} >> nanos) return nanos;
    }
    throw std::runtime_error{"the worker's thread is not in /proc/self/task"};
}

/// Counts at one moment.
struct Sample {
    std::uint64_t cycles = 0, nanos = 0, busy_micros = 0, packets = 0, bursts = 0;
    std::array<std::uint64_t, pipeline::verdict_count> verdicts{};
};

Sample sample(const worker::WorkerStats& stats) {
    Sample now{.cycles = rte_get_tsc_cycles(),
               .nanos = worker_nanos(),
               .busy_micros = stats.busy_micros.read(),
               .packets = stats.packets.read(),
               .bursts = stats.bursts.read()};
    for (std::size_t i = 0; i < now.verdicts.size(); ++i)
        now.verdicts[i] = stats.pipeline.verdicts[i].read();
    return now;
}

double cycles_of_nanos(std::uint64_t nanos) {
    return static_cast<double>(nanos) * static_cast<double>(rte_get_tsc_hz()) * 1e-9;
}

Json verdicts_of(const Sample& before, const Sample& after) {
    Json result = Json::object();
    for (std::size_t i = 0; i < after.verdicts.size(); ++i)
        if (const std::uint64_t count = after.verdicts[i] - before.verdicts[i]; count != 0)
            result[std::string{pipeline::info(static_cast<Verdict>(i)).name}] = count;
    return result;
}

Json result_of(const Sample& before, const Sample& after) {
    const std::uint64_t packets = after.packets - before.packets;
    const double busy = cycles_of_nanos((after.busy_micros - before.busy_micros) * 1000);
    const double cpu = cycles_of_nanos(after.nanos - before.nanos);
    const double bursts = static_cast<double>(after.bursts - before.bursts);
    const double count = static_cast<double>(packets);
    return {{"packets", packets},
            {"busy_cycles", busy},
            {"cpu_cycles", cpu},
            {"wall_cycles", after.cycles - before.cycles},
            {"cycles_per_packet", packets == 0 ? Json{} : Json(busy / count)},
            {"packets_per_burst", bursts == 0 ? Json{} : Json(count / bursts)},
            {"tsc_hz", rte_get_tsc_hz()},
            {"verdicts", verdicts_of(before, after)}};
}

lcores::DataplaneOptions dataplane_options(const Options& options, const Town& town) {
    lcores::DataplaneOptions made;
    made.eal.cpus = {options.cpu};
    if (options.has_no_huge_pages) made.eal.huge_pages = lcores::HugePages::off;
    made.ports = {{.name = "wan", .device = options.wan}, {.name = "lan", .device = options.lan}};
    made.limits = town.limits();
    made.hash_key = town.table().hash_key;
    return made;
}

void pass(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>{seconds}); }

void await_links(const lcores::Dataplane& dataplane) {
    for (int tries = 0; tries < 1000; ++tries) {
        bool are_up = true;
        for (const lcores::Port& port : dataplane.ports()) are_up = are_up && port.is_link_up();
        if (are_up) return;
        pass(0.01);
    }
    throw std::runtime_error{"a port has no link after 10 s"};
}

/// What the worker sees cannot be wrong: all packets are of established clients.
void must_be_delivered(const Json& result) {
    const std::uint64_t packets = result["packets"];
    const std::uint64_t delivered = result["verdicts"].value("to_server", std::uint64_t{0});
    // Those of one poll may be counted on one side of the sample only.
    constexpr std::uint64_t in_flight = 64;
    if (packets == 0 || delivered + in_flight < packets)
        throw std::runtime_error{"of " + std::to_string(packets) + " packets only " +
                                 std::to_string(delivered) +
                                 " went to a server: " + result["verdicts"].dump()};
}

/// packets and what they cost are those of the measured time:
/// - busy_cycles: TSC cycles of polls that moved packets;
/// - cpu_cycles: TSC cycles that the worker's thread had a CPU, idle polls too;
/// - cycles_per_packet: busy_cycles for each packet.
Json run(const Options& options) {
    Town town{{.clients = options.flows}};
    auto opened = lcores::Dataplane::open(dataplane_options(options, town));
    if (!opened) throw std::runtime_error{opened.error().message};
    lcores::Dataplane& dataplane = **opened;
    // The records are as old as the dataplane's clock.
    town.advance(std::uint64_t{dataplane.clock().now() - town.now()} * 1'000'000);
    town.establish_in_bulk(0, options.flows, dataplane.sessions());
    dataplane.published().publish(std::make_unique<forwarding::ForwardingTable>(town.table()));
    if (const auto started = dataplane.start(); !started)
        throw std::runtime_error{started.error().message};
    await_links(dataplane);
    pass(options.warm_up);
    const Sample before = sample(dataplane.stats(0));
    pass(options.seconds);
    const Sample after = sample(dataplane.stats(0));
    dataplane.stop();
    Json result = result_of(before, after);
    result["flows"] = options.flows;
    result["huge_pages"] = dataplane.uses_huge_pages();
    must_be_delivered(result);
    return result;
}

}  // namespace

Command worker_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* const sub = app.add_subcommand(
        "worker", "What it costs ikelbd's worker, in its loop, to forward between two DPDK ports");
    sub->add_option("--wan", options->wan, "vdev string of the clients' side")->required();
    sub->add_option("--lan", options->lan, "vdev string of the servers' side")->required();
    sub->add_option("--flows", options->flows, "Established clients");
    sub->add_option("--warm-up", options->warm_up, "Seconds before the measurement");
    sub->add_option("--seconds", options->seconds, "Seconds of the measurement");
    sub->add_option("--cpu", options->cpu, "The worker's CPU");
    sub->add_flag("--no-huge-pages", options->has_no_huge_pages, "4 KiB pages");
    return {.options = sub, .run = [options] { return run(*options); }};
}

}  // namespace ikelb::bench
