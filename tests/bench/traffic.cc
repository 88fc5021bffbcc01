// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Both ends of a forwarder under test, on packet sockets of two network namespaces: clients that
// log in and send ESP, and the servers' side that answers them. Prints one JSON object.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/bench/raw_link.h"
#include "tests/bench/traffic_clients.h"

namespace ikelb::bench {
namespace {

using Json = nlohmann::json;

struct Options {
    std::string mode;
    LinkOptions clients, servers;
    ClientOptions of_clients;
    double seconds = 1;
    double rate = 0;  ///< packets a second; 0: as many as there can be
    unsigned limit_ms = 50;  ///< after which a packet counts as lost
    std::uint32_t seed = 1;
};

std::uint64_t now_nanos() {
    return static_cast<std::uint64_t>(
        std::chrono::steady_clock::now().time_since_epoch().count());
}

void sleep_until(std::uint64_t nanos) {
    const timespec until{.tv_sec = static_cast<time_t>(nanos / 1'000'000'000),
                         .tv_nsec = static_cast<long>(nanos % 1'000'000'000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

/// CPU time of the whole machine that was neither idle nor the host's, from some time on: all time
/// less what /proc/stat calls so. Busy time itself is only sampled there, at ticks, and work in
/// step with them is missed; idle time is measured.
double busy_seconds() {
    std::ifstream file{"/proc/stat"};
    std::string name;
    std::array<double, 8> ticks{};  // user nice system idle iowait irq softirq steal
    file >> name;
    for (double& value : ticks) file >> value;
    const double all = static_cast<double>(now_nanos()) * 1e-9 *
                       static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
    return all - (ticks[3] + ticks[4] + ticks[7]) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// ESP of random clients, at the rate or as fast as the path takes it.
Json flood(const Options& options, RawLink& clients, std::vector<Bytes>& frames) {
    constexpr std::size_t most_at_once = 64, bursts_a_second = 4000;
    // Of random length, and so at random times: the kernel accounts CPU time at regular ones.
    const std::size_t longest =
        options.rate == 0
            ? most_at_once
            : std::clamp<std::size_t>(static_cast<std::size_t>(options.rate / bursts_a_second) * 2,
                                      1, most_at_once);
    std::minstd_rand random{options.seed};
    std::vector<const Bytes*> burst(longest);
    const double busy = busy_seconds();
    const std::uint64_t begun = now_nanos();
    const auto end = begun + static_cast<std::uint64_t>(options.seconds * 1e9);
    std::uint64_t offered = 0, sent = 0, now = begun;
    while (now < end) {
        if (options.rate != 0) burst.resize(1 + random() % longest);
        for (const Bytes*& frame : burst) {
            Bytes& chosen = frames[random() % frames.size()];
            count_up(chosen);
            frame = &chosen;
        }
        offered += burst.size();
        sent += clients.send(burst);
        if (options.rate != 0)
            sleep_until(begun + static_cast<std::uint64_t>(static_cast<double>(offered) /
                                                           options.rate * 1e9));
        now = now_nanos();
    }
    const double seconds = static_cast<double>(now - begun) * 1e-9;
    return {{"offered", offered},
            {"sent", sent},
            {"seconds", seconds},
            {"cpu_seconds", busy_seconds() - busy},
            {"pps", static_cast<double>(sent) / seconds}};
}

Json percentiles(std::vector<std::uint32_t>& nanos) {
    std::ranges::sort(nanos);
    Json result = Json::object();
    for (const auto& [name, share] : {std::pair{"p50_us", 0.5}, {"p99_us", 0.99},
                                      {"p999_us", 0.999}, {"max_us", 1.0}}) {
        result[name] = nullptr;
        if (nanos.empty()) continue;
        const auto place = static_cast<std::size_t>(share * static_cast<double>(nanos.size()));
        result[name] = nanos[std::min(place, nanos.size() - 1)] / 1e3;
    }
    return result;
}

/// One packet after the other, each with the time at which it left in it. The same thread looks
/// for it at the other end all the time, so that no wake-up of ours is in the result.
Json latency(const Options& options, RawLink& clients, RawLink& servers,
             std::vector<Bytes>& frames) {
    const auto gap = static_cast<std::uint64_t>(1e9 / (options.rate == 0 ? 1000 : options.rate));
    const auto count = static_cast<std::size_t>(options.seconds * 1e9 / static_cast<double>(gap));
    const std::uint64_t late = options.limit_ms * std::uint64_t{1'000'000};
    std::vector<std::uint32_t> nanos;
    nanos.reserve(count);
    std::minstd_rand random{options.seed};
    const std::uint64_t begun = now_nanos();
    for (std::size_t i = 0; i < count; ++i) {
        Bytes& frame = frames[random() % frames.size()];
        count_up(frame);
        stamp(frame, now_nanos());
        clients.send({&frame});
        const std::uint64_t next = begun + (i + 1) * gap;
        const std::uint64_t until = i + 1 == count ? now_nanos() + late : next;
        do {
            servers.receive([&](std::span<const std::uint8_t> got) {
                const std::uint64_t then = stamp_of(got);
                const std::uint64_t took = now_nanos() - then;
                if (then != 0 && took < late) nanos.push_back(static_cast<std::uint32_t>(took));
            });
        } while (now_nanos() < until && (i + 1 < count || nanos.size() < count));
    }
    Json result = percentiles(nanos);
    result["sent"] = count;
    result["received"] = nanos.size();
    return result;
}

Json run(const Options& options) {
    RawLink clients{options.clients};
    Clients peers{options.of_clients};
    if (options.mode == "login") {
        RawLink servers{options.servers};
        return {{"clients", options.of_clients.count},
                {"logged_in", peers.log_in(clients, servers)}};
    }
    std::vector<Bytes> frames = peers.esp_frames();
    if (options.mode == "flood") return flood(options, clients, frames);
    RawLink servers{options.servers};
    return latency(options, clients, servers, frames);
}

void add_link(CLI::App& app, const std::string& name, LinkOptions& link) {
    app.add_option("--" + name, link.device, "Network device")->required();
    app.add_option("--" + name + "-netns", link.netns, "Its network namespace")->required();
}

int run_main(int argc, char** argv) {
    Options options;
    CLI::App app{"Traffic for a forwarder between two namespaces"};
    app.add_option("mode", options.mode, "login, flood or latency")
        ->required()
        ->check(CLI::IsMember({"login", "flood", "latency"}));
    add_link(app, "clients", options.clients);
    add_link(app, "servers", options.servers);
    app.add_option("--towards-servers", options.of_clients.next_hop,
                   "MAC address of the forwarder on the clients' side")->required();
    app.add_option("--towards-clients", options.of_clients.answer_hop,
                   "MAC address of the forwarder on the servers' side");
    app.add_option("--to", options.of_clients.destination, "Destination address")->required();
    app.add_option("--count", options.of_clients.count, "Clients");
    app.add_option("--seconds", options.seconds, "How long");
    app.add_option("--rate", options.rate, "Packets a second; 0: as many as there can be");
    app.add_option("--seed", options.seed, "Of the random order");
    CLI11_PARSE(app, argc, argv);
    try {
        std::printf("%s\n", run(options).dump().c_str());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "traffic: %s\n", error.what());
        return 1;
    }
    return 0;
}

}  // namespace
}  // namespace ikelb::bench

int main(int argc, char** argv) { return ikelb::bench::run_main(argc, argv); }
