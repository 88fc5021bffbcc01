// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <array>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "dataplane/sessions/mapped_memory.h"
#include "tests/bench/command.h"
#include "tests/bench/measure.h"
#include "tests/bench/rig.h"

// What memory alone costs: pairs of random lines of a table, asked for and then read, as many at
// once as a burst asks for. Nothing else is done, so no hash table is cheaper.

namespace ikelb::bench {

namespace {

using nlohmann::json;

constexpr std::size_t line = 64, page = 4096, ike_sas = 32, rounds = 4000;

struct Pair {
    std::size_t first, second;
};

/// TSC cycles for each pair.
double read_ike_sas(const std::uint8_t* table, std::size_t bytes, bool on_one_page,
                    std::mt19937_64& random) {
    Pieces pieces;
    std::array<Pair, ike_sas> places;
    for (std::size_t round = 0; round < rounds; ++round) {
        for (Pair& place : places) {
            place.first = random() % bytes / line * line;
            const std::size_t other = random() % bytes / line * line;
            place.second = on_one_page ? place.first / page * page + other % page : other;
        }
        pieces.time([&] {
            const std::uint64_t begin = fenced_cycles();
            for (const Pair& place : places) {
                __builtin_prefetch(table + place.first);
                __builtin_prefetch(table + place.second);
            }
            for (const Pair& place : places) {
                static_cast<void>(*static_cast<const volatile std::uint8_t*>(table + place.first));
                static_cast<void>(*static_cast<const volatile std::uint8_t*>(table + place.second));
            }
            return fenced_cycles() - begin;
        });
    }
    return pieces.mean() / ike_sas;
}

json run(const std::vector<std::size_t>& mebibytes, Pages pages) {
    const Rig rig{1024, 64, pages};
    rig.take_cpu();
    std::mt19937_64 random{1};
    json found = json::array();
    for (const std::size_t size : mebibytes) {
        const std::size_t bytes = size << 20;
        const sessions::MappedMemory memory{bytes, sessions::Touch::now};
        const auto* const table = static_cast<const std::uint8_t*>(memory.data());
        found.push_back({{"mebibytes", size},
                         {"two_random_lines", read_ike_sas(table, bytes, false, random)},
                         {"two_on_one_page", read_ike_sas(table, bytes, true, random)},
                         {"pages", pages == Pages::small ? "4k" : "2M"}});
    }
    return {{"lines", found}};
}

}  // namespace

Command lines_command(CLI::App& app) {
    auto mebibytes = std::make_shared<std::vector<std::size_t>>(
        std::vector<std::size_t>{32, 64, 512, 1024});
    auto pages = std::make_shared<Pages>(Pages::any);
    CLI::App* const sub =
        app.add_subcommand("lines", "Random lines of tables of several sizes, without any work");
    sub->add_option("--mebibytes", *mebibytes, "Sizes")->check(CLI::Range(1, 1 << 16));
    sub->add_option("--pages", *pages, "small: 4 KiB")
        ->transform(CLI::CheckedTransformer(
            std::map<std::string, Pages>{{"any", Pages::any}, {"small", Pages::small}}));
    return {.options = sub, .run = [mebibytes, pages] { return run(*mebibytes, *pages); }};
}

}  // namespace ikelb::bench
