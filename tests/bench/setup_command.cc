// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>
#include <rte_cycles.h>

#include <memory>
#include <stdexcept>

#include "tests/bench/command.h"
#include "tests/bench/exchange.h"
#include "tests/bench/rig.h"

namespace ikelb::bench {

namespace {

using nlohmann::json;

struct Sizes {
    std::size_t established = std::size_t{1} << 20;  ///< who is there before
    std::size_t of_a_run = std::size_t{1} << 17;     ///< set up, or moved, in a run
    std::size_t runs = 5;
};

std::size_t confirmed_sas(const Town& town) {
    std::size_t count = 0;
    const auto& ike_sas = town.sessions().ike_sas;
    ike_sas.for_each(0, ike_sas.buckets(), [&](const auto&, const sessions::IkeSa& sa) {
        count += sa.state == sessions::SaState::established;
    });
    return count;
}

std::size_t room(const Sizes& sizes) {
    return sizes.established + sizes.of_a_run * (sizes.runs + 1);
}

/// New clients: IKE_SA_INIT, answer, IKE_AUTH, answer, ESP both ways.
QuietMedian set_up(const Sizes& sizes, const Rig& rig, std::string& pages) {
    Town town{{.clients = room(sizes)}};
    town.establish_in_bulk(0, sizes.established);
    pages = rig.pages();
    Exchange exchange{town, rig.pool(), login_steps()};
    std::vector<Sample> cycles;
    std::size_t next = sizes.established;
    for (std::size_t run = 0; run <= sizes.runs; ++run) {
        const Sample of_run = exchange.run(sizes.of_a_run, [&](std::size_t i) {
            const Client client = town.client(next + i);
            return Speaker{.client = client, .backend = town.backend_of(client)};
        });
        next += sizes.of_a_run;
        if (run != 0) cycles.push_back(of_run);  // the first warms up
    }
    if (confirmed_sas(town) != next)
        throw std::runtime_error{fmt::format("of {} SAs {} are confirmed", next,
                                             confirmed_sas(town))};
    return median_of(cycles);
}

/// Clients whose addresses change under their IKE SAs: a request from the new one, its answer, ESP
/// both ways.
QuietMedian move(const Sizes& sizes, rte_mempool& pool) {
    constexpr std::size_t elsewhere = max_clients / 2;
    Town town{{.clients = room(sizes)}};
    town.establish_in_bulk(0, sizes.established);
    Exchange exchange{town, pool,
                      {{.towards = Towards::server, .kind = Kind::dpd},
                       {.towards = Towards::client, .kind = Kind::dpd},
                       {.towards = Towards::server, .kind = Kind::esp, .sequence = 100},
                       {.towards = Towards::client, .kind = Kind::esp, .sequence = 100}}};
    std::vector<Sample> cycles;
    std::size_t next = 0;
    for (std::size_t run = 0; run <= sizes.runs; ++run) {
        const Sample of_run = exchange.run(sizes.of_a_run, [&](std::size_t i) {
            const std::size_t number = (next + i) % sizes.established;
            Client client = town.client(number);
            const forwarding::BackendIndex backend = town.backend_of(client);
            const Client place = town.client(elsewhere + next + i);
            client.address = place.address;
            client.nat_t_port = place.nat_t_port;
            return Speaker{.client = client, .backend = backend};
        });
        next += sizes.of_a_run;
        if (run != 0) cycles.push_back(of_run);
    }
    if (exchange.counters().flows_committed.read() != next)
        throw std::runtime_error{"not every move was committed"};
    return median_of(cycles);
}

json run(const Sizes& sizes) {
    const Rig rig{4 * warm_packets, 512, Pages::any};
    rig.take_cpu();
    const auto hz = static_cast<double>(rte_get_tsc_hz());
    say("new SAs");
    std::string pages;
    const QuietMedian sas = set_up(sizes, rig, pages);
    say("moves");
    const QuietMedian moves = move(sizes, rig.pool());
    return {{"setup",
             {{"sas_per_second", hz / sas.value},
              {"cycles_per_sa", sas.value},
              {"cycles_per_sa_unfiltered", sas.unfiltered},
              {"sas_spread", sas.spread},
              {"moves_per_second", hz / moves.value},
              {"cycles_per_move", moves.value},
              {"cycles_per_move_unfiltered", moves.unfiltered},
              {"moves_spread", moves.spread},
              {"established_before", sizes.established},
              {"pages", pages}}}};
}

}  // namespace

Command setup_command(CLI::App& app) {
    auto sizes = std::make_shared<Sizes>();
    CLI::App* const sub = app.add_subcommand(
        "setup", "New confirmed SAs, and clients that change their address, per second and core");
    sub->add_flag_callback("--quick", [sizes] {
        sizes->established = std::size_t{1} << 18;
        sizes->of_a_run = std::size_t{1} << 14;
    });
    sub->add_option("--established", sizes->established, "Clients there before")
        ->capture_default_str();
    sub->add_option("--runs", sizes->runs, "Runs of which the median is taken")
        ->capture_default_str();
    return {.options = sub, .run = [sizes] { return run(*sizes); }};
}

}  // namespace ikelb::bench
