// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <map>
#include <memory>
#include <stdexcept>

#include "tests/bench/command.h"
#include "tests/bench/exchange.h"
#include "tests/bench/measure.h"
#include "tests/bench/rig.h"

namespace ikelb::bench {

namespace {

using nlohmann::json;

constexpr std::size_t stream_packets = 8192, burst = 32;
constexpr std::size_t warm_up_pieces = 16, measured_pieces = 16;

/// What the clients send: what a Stream holds, the packets of logins, or unknown sources'
/// IKE_SA_INIT of which the limits on new SAs let none through.
enum class Traffic : std::uint8_t { esp, mixed, logins, unknown_sources };

struct Choice {
    Towards towards = Towards::server;
    Traffic traffic = Traffic::esp;
    std::size_t clients = 4096;
};

std::size_t count_stream(const Choice& choice, Town& town, rte_mempool& pool) {
    const Mix mix = choice.traffic == Traffic::mixed ? Mix::mixed : Mix::esp;
    Stream stream{town, {.towards = choice.towards, .mix = mix, .packets = stream_packets}};
    Lane lane{town, pool, warm_packets, true};
    Measurement measurement{stream, lane, burst, Headers::warm};
    measurement.walk(warm_up_pieces, true);
    return measurement.walk(measured_pieces, false);
}

std::size_t count_logins(const Choice& choice, Town& town, rte_mempool& pool) {
    Exchange exchange{town, pool, login_steps()};
    exchange.run(choice.clients, [&](std::size_t i) {
        const Client client = town.client(choice.clients + i);
        return Speaker{.client = client, .backend = town.backend_of(client)};
    });
    return choice.clients * login_steps().size();
}

std::size_t count_unknown_sources(const Choice& choice, Town& town, rte_mempool& pool) {
    Lane lane{town, pool, warm_packets, true};
    const FrameMaker frames = town.frames(64);
    const std::size_t length = frames.length(Towards::server, Kind::init);
    const auto send = [&](std::size_t first, auto&& run) {
        for (std::size_t i = 0; i < warm_packets; ++i)
            frames.make(Towards::server, Kind::init, {.by = town.client(first + i)},
                        lane.put(i, length, Towards::server));
        (lane.*run)(0, warm_packets, burst);
        return first + warm_packets;
    };
    const std::size_t per_backend = town.table().limits.requests_per_backend.burst;
    std::size_t next = choice.clients;
    // Until the buckets are empty, however unevenly the servers are asked.
    const std::size_t start = next + 2 * per_backend * town.table().backends.size();
    while (next < start) next = send(next, &Lane::warm_up);
    const std::size_t end = next + measured_pieces * warm_packets;
    lane.clear();
    while (next < end) next = send(next, &Lane::run);
    if (lane.deliveries().to_server != 0) throw std::runtime_error{"an unknown source got through"};
    return measured_pieces * warm_packets;
}

json run(const Choice& choice) {
    const Rig rig{2 * warm_packets, 512, Pages::small};
    const bool has_logins = choice.traffic == Traffic::logins;
    Town town{{.clients = choice.clients * (has_logins ? 2 : 1), .half_open = 1024}};
    town.establish_in_bulk(0, choice.clients);
    const auto count = has_logins                                   ? count_logins
                       : choice.traffic == Traffic::unknown_sources ? count_unknown_sources
                                                                    : count_stream;
    return {{"instructions", {{"packets", count(choice, town, rig.pool())}}}};
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
    sub->add_option("--stream", choice->traffic, "esp, mixed, logins, strangers")
        ->transform(CLI::CheckedTransformer(
            std::map<std::string, Traffic>{{"esp", Traffic::esp},
                                           {"mixed", Traffic::mixed},
                                           {"logins", Traffic::logins},
                                           {"strangers", Traffic::unknown_sources}}));
    sub->add_option("--clients", choice->clients, "Established ones")->capture_default_str();
    return {.options = sub, .run = [choice] { return run(*choice); }};
}

}  // namespace ikelb::bench
