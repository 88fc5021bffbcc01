// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>
#include <rte_cycles.h>

#include <memory>
#include <stdexcept>

#include "tests/bench/command.h"
#include "tests/bench/life.h"
#include "tests/bench/measure.h"
#include "tests/bench/stage.h"

namespace ikelb::bench {

namespace {

using nlohmann::json;

struct Sizes {
    std::size_t established = std::size_t{1} << 20;  ///< who is there before
    std::size_t of_a_run = std::size_t{1} << 17;     ///< set up, or moved, in a run
    std::size_t runs = 5;
};

constexpr std::size_t burst = 32, esp_frame = 64;

/// Who speaks in a step: the identity, and the backend that has its SA.
struct Speaker {
    Client client{};
    tables::BackendIndex backend = tables::no_backend;
};

/// Takes 256 clients at a time through the steps of an exchange, and times what the packet path
/// does. The limits on logins are on: the clock is moved by as much as keeps them from being met.
class Exchange {
public:
    Exchange(World& world, rte_mempool& pool, std::vector<Step> steps)
        : world_{world},
          lane_{world, pool, warm_packets, true},
          frames_{world.frames(esp_frame)},
          steps_{std::move(steps)} {}

    /// TSC cycles for each client. speaker(i): the i-th of them.
    template <typename Who>
    double run(std::size_t count, Who&& speaker) {
        Pieces pieces;
        for (std::size_t done = 0; done < count; done += warm_packets) {
            pieces.time([&] {
                std::uint64_t cycles = 0;
                for (const Step& step : steps_)
                    cycles += take(step, [&](std::size_t i) { return speaker(done + i); });
                return cycles;
            });
            world_.advance(1'000'000 * warm_packets / World::logins_per_second);
        }
        return pieces.mean() / static_cast<double>(warm_packets);
    }
    const pipeline::Counters& counters() const { return lane_.counters(); }

private:
    template <typename Who>
    std::uint64_t take(const Step& step, Who&& speaker) {
        const bool up = step.towards == Towards::server;
        const auto make = [&](std::size_t i, std::uint8_t* to) {
            const Speaker who = speaker(i);
            frames_.make(step.towards, step.kind,
                         {.by = who.client,
                          .backend = world_.address_of(who.backend),
                          .esp_spi = up ? who.client.esp_up[step.spi] : who.client.esp_down,
                          .sequence = step.sequence},
                         to);
        };
        const std::size_t length = frames_.length(step.towards, step.kind);
        for (std::size_t i = 0; i < warm_packets; ++i)
            make(i, lane_.put(i, length, step.towards));
        lane_.clear();
        const std::uint64_t cycles = lane_.run(0, warm_packets, burst);
        const Deliveries sent = lane_.deliveries();
        if ((up ? sent.to_server : sent.to_client) != warm_packets)
            throw std::runtime_error{"not every packet of the exchange was forwarded"};
        sample_ = (sample_ + 37) % warm_packets;
        testlib::Bytes in(length);
        make(sample_, in.data());
        const Speaker who = speaker(sample_);
        if (const std::string wrong = check_output(world_,
                                                   {.towards = step.towards,
                                                    .client = who.client.address,
                                                    .backend = who.backend},
                                                   in, lane_.frame(sample_));
            !wrong.empty())
            throw std::runtime_error{"a packet left wrong: " + wrong};
        return cycles;
    }

    World& world_;
    Lane lane_;
    FrameMaker frames_;
    std::vector<Step> steps_;
    std::size_t sample_ = 0;
};

std::size_t confirmed_sas(const World& world) {
    std::size_t count = 0;
    const auto& pairs = world.directory().pairs.confirmed;
    pairs.for_each(0, pairs.buckets(), [&](const auto&, const tables::Record& record) {
        count += record.state == tables::RecordState::established;
    });
    return count;
}

std::size_t room(const Sizes& sizes) {
    return sizes.established + sizes.of_a_run * (sizes.runs + 1);
}

/// New clients: IKE_SA_INIT, answer, IKE_AUTH, answer, ESP both ways.
Median set_up(const Sizes& sizes, const Stage& stage, std::string& pages) {
    World world{{.clients = room(sizes)}};
    world.establish_in_bulk(0, sizes.established);
    pages = stage.pages();
    Exchange exchange{world, stage.pool(), login_steps()};
    std::vector<double> cycles;
    std::size_t next = sizes.established;
    for (std::size_t run = 0; run <= sizes.runs; ++run) {
        const double of_run = exchange.run(sizes.of_a_run, [&](std::size_t i) {
            const Client client = world.client(next + i);
            return Speaker{.client = client, .backend = world.backend_of(client)};
        });
        next += sizes.of_a_run;
        if (run != 0) cycles.push_back(of_run);  // the first warms up
    }
    if (confirmed_sas(world) != next)
        throw std::runtime_error{fmt::format("of {} SAs {} are confirmed", next,
                                             confirmed_sas(world))};
    return median_of(cycles);
}

/// Clients whose addresses change under their IKE SAs: a request from the new one, its answer, ESP
/// both ways.
Median move(const Sizes& sizes, rte_mempool& pool) {
    constexpr std::size_t elsewhere = max_clients / 2;
    World world{{.clients = room(sizes)}};
    world.establish_in_bulk(0, sizes.established);
    Exchange exchange{world, pool,
                      {{.towards = Towards::server, .kind = Kind::dpd},
                       {.towards = Towards::client, .kind = Kind::dpd},
                       {.towards = Towards::server, .kind = Kind::esp, .sequence = 100},
                       {.towards = Towards::client, .kind = Kind::esp, .sequence = 100}}};
    std::vector<double> cycles;
    std::size_t next = 0;
    for (std::size_t run = 0; run <= sizes.runs; ++run) {
        const double of_run = exchange.run(sizes.of_a_run, [&](std::size_t i) {
            const std::size_t number = (next + i) % sizes.established;
            Client client = world.client(number);
            const tables::BackendIndex backend = world.backend_of(client);
            const Client place = world.client(elsewhere + next + i);
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
    const Stage stage{4 * warm_packets, 512, Pages::any};
    stage.take_cpu();
    const auto hz = static_cast<double>(rte_get_tsc_hz());
    say("new SAs");
    std::string pages;
    const Median sas = set_up(sizes, stage, pages);
    say("moves");
    const Median moves = move(sizes, stage.pool());
    return {{"setup",
             {{"sas_per_second", hz / sas.value},
              {"cycles_per_sa", sas.value},
              {"sas_spread", sas.spread},
              {"moves_per_second", hz / moves.value},
              {"cycles_per_move", moves.value},
              {"moves_spread", moves.spread},
              {"established_before", sizes.established},
              {"pages", pages}}}};
}

}  // namespace

Command setup_command(CLI::App& app) {
    auto sizes = std::make_shared<Sizes>();
    CLI::App* const sub = app.add_subcommand(
        "setup", "New confirmed SAs, and clients that change their address, per second and core");
    sub->add_option("--established", sizes->established, "Clients there before")
        ->capture_default_str();
    sub->add_option("--runs", sizes->runs, "Runs of which the median is taken")
        ->capture_default_str();
    sub->add_flag_callback("--quick", [sizes] {
        sizes->established = std::size_t{1} << 18;
        sizes->of_a_run = std::size_t{1} << 14;
    });
    return {.options = sub, .run = [sizes] { return run(*sizes); }};
}

}  // namespace ikelb::bench
