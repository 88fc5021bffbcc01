// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>
#include <rte_cycles.h>

#include <array>
#include <memory>
#include <random>
#include <stdexcept>

#include "tests/bench/command.h"
#include "tests/bench/arrival.h"
#include "tests/bench/measure.h"
#include "tests/bench/rig.h"

// What an established client's ESP gets while unknown sources send IKE_SA_INIT from spoofed
// addresses.
//
// "Established packets per second" (alone, one_to_one, ten_to_one): both kinds are offered
// interleaved at random in the same bursts, as a port delivers them, as fast as one core takes
// them; counted are the established packets, divided by all the time the core spent, the flood's
// part included. With ten strange packets for each established one it cannot be more than what
// eleven packets' time leaves. Nothing is hidden by it, but it says little about harm: a core that
// is offered eleven times what it can do loses ten elevenths to the port's queue, whatever it runs.
//
// "own" (of the same three): bursts of either kind alone, in turns at that ratio; the time of the
// established packets' bursts alone. This is what the flood does to the established packets
// themselves: by caches that it fills, tables that it crowds, branches that it teaches.
//
// "flood_cycles": a strange packet's own cost. "absorbed_at_80_percent": so many of them a second
// leave the core time for 80 % of the established packets that it forwards alone, by flood_cycles
// and what "own" says of the dearer established packet at one to one, which is more than these are.

namespace ikelb::bench {

namespace {

using nlohmann::json;

struct Sizes {
    std::size_t flows = std::size_t{1} << 20;
    std::size_t packets = std::size_t{1} << 19;  ///< in a run of a ratio, of both kinds
    std::size_t runs = 7;
};

constexpr std::size_t burst = 32, esp_frame = 64;
/// Unknown sources are drawn from those numbers that no established client has.
constexpr std::size_t unknown_sources = max_clients / 2;

class Flood {
public:
    Flood(const Sizes& sizes, rte_mempool& pool)
        : town_{{.clients = sizes.flows}}, lane_{town_, pool, warm_packets},
          frames_{town_.frames(esp_frame)} {
        say("tables that are full of what unknown sources began");
        crowd(sizes.flows);
        // Only then: that takes longer than claims stay fresh.
        town_.establish_in_bulk(0, sizes.flows);
        esp_ = std::make_unique<Stream>(town_, StreamOptions{.esp_frame = esp_frame});
        confirmed_ = confirmed_records();
    }

    /// Offers packets of both kinds, mixed, in full bursts; inits of them for each ESP packet.
    /// TSC cycles for each established packet.
    Sample mixed(std::size_t packets, std::size_t inits) {
        const auto work = [&] {
            for (std::size_t i = 0; i < warm_packets; ++i)
                random_() % (inits + 1) == 0 ? load_esp(i) : load_init(i);
            return [this] { return lane_.run(0, warm_packets, burst); };
        };
        warm_up(work);
        Pieces pieces;
        begin();
        for (std::size_t done = 0; done < packets; done += warm_packets) pieces.time(work());
        end(packets);
        return pieces.sample().each(warm_packets * static_cast<double>(esp_offered_) /
                                    static_cast<double>(packets));
    }

    struct Apart {
        Sample esp{}, init{};  ///< TSC cycles per packet
    };
    /// Offers bursts of either kind alone, in turns.
    Apart in_turns(std::size_t packets, std::size_t inits) {
        std::size_t done = 0;
        const auto is_esp = [&] { return done / warm_packets % (inits + 1) == 0; };
        const auto work = [&] {
            for (std::size_t i = 0; i < warm_packets; ++i) is_esp() ? load_esp(i) : load_init(i);
            done += warm_packets;
            return [this] { return lane_.run(0, warm_packets, burst); };
        };
        warm_up(work);
        Pieces esp, init;
        begin();
        done = 0;
        while (done < packets) {
            Pieces& of_kind = is_esp() ? esp : init;
            of_kind.time(work());
        }
        end(done);
        return {.esp = esp.sample().each(warm_packets),
                .init = inits == 0 ? Sample{} : init.sample().each(warm_packets)};
    }

    /// Throws if an established client has lost anything.
    void check() const {
        if (confirmed_records() != confirmed_)
            throw std::runtime_error{"confirmed records were lost, or unknown sources have some"};
    }

private:
    /// IKE_SA_INIT of unknown sources that servers answer, until the regions for what is under way
    /// hold nothing else.
    void crowd(std::size_t flows) {
        const std::size_t count = 2 * (flows / 8 + town_.options().half_open);
        for (std::size_t done = 0; done < count; done += burst) {
            for (const Towards towards : {Towards::server, Towards::client}) {
                for (std::size_t i = 0; i < burst; ++i)
                    load_init(i, unknown_sources + done + i, towards);
                lane_.run(0, burst, burst);
            }
            town_.advance(1'000'000 * burst / Town::logins_per_second);
        }
    }

    /// Untimed pieces of what is measured next, by the worker that will be measured.
    template <typename Work>
    void warm_up(Work&& work) {
        lane_.restart();
        for (std::size_t i = 0; i < warm_up_of(esp_->flows()) / warm_packets; ++i) work()();
    }
    void load_esp(std::size_t i) {
        esp_->load(esp_->take(1), lane_, i);
        ++esp_offered_;
    }
    void load_init(std::size_t i) {
        load_init(i, unknown_sources + random_() % unknown_sources, Towards::server);
    }
    void load_init(std::size_t i, std::size_t number, Towards towards) {
        const Client client = town_.client(number);
        frames_.make(towards, Kind::init,
                     {.by = client, .backend = town_.address_of(town_.backend_of(client))},
                     lane_.put(i, frames_.length(towards, Kind::init), towards));
    }

    std::uint64_t limited() const {
        const auto& verdicts = lane_.counters().verdicts;
        return verdicts[static_cast<std::size_t>(pipeline::Verdict::backend_limited)].read() +
               verdicts[static_cast<std::size_t>(pipeline::Verdict::source_limited)].read();
    }
    void begin() {
        lane_.clear();
        esp_offered_ = 0;
        limited_before_ = limited();
    }
    /// Only the limits on IKE_SA_INIT may have cost anybody a packet.
    void end(std::size_t offered) const {
        const Deliveries& sent = lane_.deliveries();
        if (sent.offered != offered || offered - sent.to_server != limited() - limited_before_)
            throw std::runtime_error{"an established packet was not forwarded"};
    }

    std::array<std::size_t, 3> confirmed_records() const {
        const auto count = [](const auto& table) {
            std::size_t records = 0;
            table.for_each(0, table.buckets(), [&](const auto&, const auto& record) {
                if constexpr (requires { record.is_confirmed(); })
                    records += record.is_confirmed();
                else
                    ++records;
            });
            return records;
        };
        const sessions::SessionTables& d = town_.sessions();
        return {count(d.flows), count(d.persistences), count(d.ike_sas)};
    }

    Town town_;
    Lane lane_;
    FrameMaker frames_;
    std::unique_ptr<Stream> esp_;
    std::mt19937_64 random_{7};
    std::size_t esp_offered_ = 0;
    std::uint64_t limited_before_ = 0;
    std::array<std::size_t, 3> confirmed_{};
};

json run(const Sizes& sizes) {
    const Rig rig{2 * warm_packets, 512, Pages::any};
    rig.take_cpu();
    Flood flood{sizes, rig.pool()};
    static constexpr std::array<std::size_t, 3> ratios{0, 1, 10};
    static constexpr std::array names{"alone", "one_to_one", "ten_to_one"};
    std::array<std::vector<Sample>, ratios.size()> all, own;
    std::vector<Sample> init;
    for (std::size_t run = 0; run <= sizes.runs; ++run) {
        say(fmt::format("run {} of {}", run, sizes.runs));
        for (std::size_t i = 0; i < ratios.size(); ++i) {
            const Sample mixed = flood.mixed(sizes.packets, ratios[i]);
            const auto apart = flood.in_turns(sizes.packets, ratios[i]);
            if (run == 0) continue;  // it warms up
            all[i].push_back(mixed);
            own[i].push_back(apart.esp);
            if (ratios[i] != 0) init.push_back(apart.init);
        }
    }
    flood.check();
    const auto hz = static_cast<double>(rte_get_tsc_hz());
    json result, of_own, unfiltered, of_own_unfiltered;
    for (std::size_t i = 0; i < ratios.size(); ++i) {
        const QuietMedian mixed = median_of(all[i]), apart = median_of(own[i]);
        result[names[i]] = hz / mixed.value;
        unfiltered[names[i]] = hz / mixed.unfiltered;
        of_own[names[i]] = hz / apart.value;
        of_own_unfiltered[names[i]] = hz / apart.unfiltered;
    }
    const QuietMedian alone_of_own = median_of(own[0]), strange = median_of(init);
    const double alone = alone_of_own.value, under = median_of(own[1]).value;
    const double flood_cycles = strange.value;
    unfiltered["own"] = of_own_unfiltered;
    result["unfiltered"] = unfiltered;
    result["own"] = of_own;
    result["flood_cycles"] = flood_cycles;
    result["absorbed_at_80_percent"] = hz * (1 - 0.8 * under / alone) / flood_cycles;
    result["spread"] = median_of(all[2]).spread;
    result["flows"] = sizes.flows;
    result["pages"] = rig.pages();
    return {{"flood", result},
            {"refused_init",
             {{"cycles_per_packet", flood_cycles},
              {"unfiltered", strange.unfiltered},
              {"spread", strange.spread},
              {"of_established", flood_cycles / alone},
              {"flows", sizes.flows}}}};
}

}  // namespace

Command flood_command(CLI::App& app) {
    auto sizes = std::make_shared<Sizes>();
    CLI::App* const sub = app.add_subcommand(
        "flood", "Established ESP while spoofed IKE_SA_INIT come, with crowded tables");
    add_sizes(*sub, sizes);
    return {.options = sub, .run = [sizes] { return run(*sizes); }};
}

}  // namespace ikelb::bench
