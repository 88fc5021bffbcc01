// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/oracle/arena.h"
#include "tests/oracle/oracle.h"
#include "tests/oracle/peers.h"
#include "tests/testlib/random_lives.h"

// Random lives of small worlds, through the product and through the rules: both must decide each
// datagram alike. A world's events follow from its seed alone.

namespace ikelb::oracle {
namespace {

constexpr std::size_t steps_of_a_world = 2500, steps_of_a_crowd = 7500;

struct Mismatch {
    std::size_t step = 0;
    Decision expected;
    Decision actual;
};

std::string text(const Decision& decision) {
    std::string line = decision.verdict;
    if (decision.any_member) line += " any member";
    if (decision.backend >= 0) line += " b" + std::to_string(decision.backend);
    if (decision.router > 0) line += " by router " + std::to_string(decision.router);
    if (decision.vip >= 0) line += " vip" + std::to_string(decision.vip);
    for (const int one : decision.full) line += " and b" + std::to_string(one);
    for (const int one : decision.copies) line += " copy b" + std::to_string(one);
    if (decision.copies_left < decision.copies.size() && !decision.rule.empty())
        line += " (" + std::to_string(decision.copies_left) + " of the copies)";
    if (!decision.rule.empty()) line += " (" + decision.rule + ")";
    return line;
}

std::vector<Label> labels_of(int backends) {
    std::vector<Label> labels;
    for (int b = 0; b < backends; ++b) {
        const auto number = static_cast<std::uint32_t>(b);
        const std::uint32_t first = 0xc1000000 + number * 0x10000;
        labels.push_back({.ike_mask = std::uint64_t{0xff} << 56,
                          .ike_value = std::uint64_t{0xa0 + number} << 56,
                          .esp_first = first,
                          .esp_last = first + 0xffff});
    }
    return labels;
}

World make_world(std::uint64_t seed) {
    std::mt19937_64 random{seed ^ 0x9e3779b97f4a7c15ULL};
    const auto one_in = [&](unsigned n) { return random() % n == 0; };
    World world;
    world.block = 4;
    world.workers = 2 + static_cast<int>(random() % 2);
    world.is_v6 = random() % 3 == 0;
    world.half_open_pair = forwarding::Timeouts{}.half_open_answered;
    for (int b = 0; b < world.backends; ++b) world.flush_on_down.push_back(one_in(4));
    if (one_in(5)) world.labels = labels_of(world.backends);
    world.services.push_back({.members = {0, 1, 2}, .is_hashed = !one_in(4)});
    if (one_in(2)) {
        Service second{.is_hashed = !one_in(4)};
        second.members = one_in(2) ? std::vector{0, 1, 2} : std::vector{2};
        if (second.members.size() == 1) world.services[0].members = {0, 1};
        if (one_in(3)) second.members = {1, 2};
        world.services.push_back(second);
    }
    for (Service& service : world.services) {
        service.by_sa = one_in(4);
        service.binds_blocks = one_in(4);
        if (one_in(4)) service.ask_all_per_second = static_cast<std::uint32_t>(random() % 2);
    }
    if (one_in(2)) {
        const auto burst = 1 + static_cast<std::uint32_t>(random() % 3);
        world.logins_per_source = {.per_second = 1, .burst = burst};
    }
    world.has_crowds = one_in(25);
    if (!one_in(3)) world.routers = 2;
    return world;
}

class Match {
public:
    explicit Match(const World& world)
        : arena_{world, Arena::Cache::on},
          uncached_{world, Arena::Cache::off},
          oracle_{world,
                  [this](const Event& event, Oracle::Table table) {
                      return arena_.hash(event, table);
                  },
                  [this](const Event& event) { return arena_.tag(event); }} {}

    /// Runs one event through product and rules; returns their mismatch.
    std::optional<Mismatch> step(const Event& event) {
        // Pool changes reach the product first: the rules ask its hash.
        actual_ = arena_.step(event);
        Decision uncached = uncached_.step(event);
        Decision expected = oracle_.step(event);
        if (event.what != What::from_client && event.what != What::from_backend)
            return std::nullopt;
        if (expected.any_member && actual_.verdict == "to_server" &&
            oracle_.may_be_chosen(event.vip, actual_.backend)) {
            expected.backend = actual_.backend;
            oracle_.chosen(event, actual_.backend);
        }
        if (!are_equal(actual_, uncached) || actual_.copies != uncached.copies) {
            uncached.rule = "by the steps alone";
            return Mismatch{.expected = uncached, .actual = actual_};
        }
        if (are_equal(expected, actual_) && are_copies_of(expected, actual_.copies)) {
            ++rules_[expected.verdict + (expected.rule.empty() ? "" : ": " + expected.rule) +
                     (expected.full.empty() ? "" : ", to several") +
                     (expected.copies.empty() ? "" : ", with copies") +
                     (expected.router > 0 ? ", by the second router" : "")];
            return std::nullopt;
        }
        return Mismatch{.expected = expected, .actual = actual_};
    }
    static bool are_equal(const Decision& one, const Decision& other) {
        return one.verdict == other.verdict && one.backend == other.backend &&
               one.vip == other.vip && one.router == other.router;
    }
    /// True if all backends of full got a copy, and of the others as many as the bucket allows.
    static bool are_copies_of(const Decision& expected, const std::vector<int>& actual) {
        const std::set<int> sent{actual.begin(), actual.end()};
        std::size_t copies = 0;
        for (const int one : sent) {
            if (expected.full.contains(one)) continue;
            if (std::find(expected.copies.begin(), expected.copies.end(), one) ==
                expected.copies.end())
                return false;
            ++copies;
        }
        return sent.size() == actual.size() && copies == expected.copies_left &&
               sent.size() == expected.full.size() + copies;
    }
    const Decision& actual() const { return actual_; }
    const std::map<std::string, std::size_t>& rules() const { return rules_; }

private:
    Arena arena_;
    Arena uncached_;
    Oracle oracle_;
    Decision actual_;
    std::map<std::string, std::size_t> rules_;
};

std::optional<Mismatch> replay(const World& world, const std::vector<Event>& events) {
    Match match{world};
    for (std::size_t i = 0; i < events.size(); ++i)
        if (auto mismatch = match.step(events[i])) {
            mismatch->step = i;
            return mismatch;
        }
    return std::nullopt;
}

std::vector<Event> shrink(const World& world, const std::vector<Event>& events) {
    return testlib::shrink(events, [&](const auto& fewer) -> std::optional<std::size_t> {
        if (const auto mismatch = replay(world, fewer)) return mismatch->step;
        return std::nullopt;
    });
}

void print(const World& world, const std::vector<Event>& events) {
    for (std::size_t vip = 0; vip < world.services.size(); ++vip) {
        const Service& service = world.services[vip];
        std::printf("  vip%zu: %s%s%s, servers", vip, world.is_v6 ? "IPv6, " : "",
                    service.is_hashed ? "hash" : "turns",
                    service.by_sa ? ", affinity: sa" : "");
        if (service.binds_blocks) std::printf(", by blocks of %u", world.block);
        std::printf(", %u questions and %u logins at once", service.ask_all_per_second,
                    world.logins_per_source.burst);
        if (!world.labels.empty()) std::printf(", marked SPIs");
        for (const int member : service.members)
            std::printf(" b%d%s", member,
                        world.flush_on_down[static_cast<std::size_t>(member)] ? " (flush)" : "");
        std::printf("\n");
    }
    Match match{world};
    for (const Event& event : events) {
        const auto mismatch = match.step(event);
        std::printf("  %s", text(event).c_str());
        if (event.what == What::from_client || event.what == What::from_backend)
            std::printf("  = %s", text(match.actual()).c_str());
        std::printf("\n");
        if (mismatch)
            std::printf("expected: %s\nactual:   %s\n", text(mismatch->expected).c_str(),
                        text(mismatch->actual).c_str());
    }
}

/// Plays one world; returns false on a mismatch.
bool live(const World& world, std::uint64_t seed, std::size_t steps,
          std::map<std::string, std::size_t>& rules) {
    Peers peers{world, seed};
    Match match{world};
    std::vector<Event> events;
    for (std::size_t step = 0; step < steps; ++step) {
        events.push_back(peers.next());
        const Event& event = events.back();
        if (match.step(event)) {
            std::printf("seed %llu, step %zu: product and rules differ\n",
                        static_cast<unsigned long long>(seed), step);
            std::fflush(stdout);  // the search for the few events of a crowd takes minutes
            const std::vector<Event> few = shrink(world, events);
            std::printf("%zu events are enough:\n", few.size());
            print(world, few);
            std::fflush(stdout);
            return false;
        }
        const Decision& decision = match.actual();
        if (event.what == What::from_client && decision.verdict == "to_server") {
            peers.reached_server(event, decision.backend);
            for (const int other : decision.copies) peers.reached_server(event, other);
        }
        else if (event.what == What::from_backend && decision.verdict == "to_client")
            peers.reached_client(event);
    }
    for (const auto& [rule, count] : match.rules()) rules[rule] += count;
    return true;
}

int run(const testlib::LivesOptions& options) {
    const auto begun = std::chrono::steady_clock::now();
    std::map<std::string, std::size_t> rules;
    std::uint64_t done = 0;
    std::uint64_t seed = options.seed;
    std::size_t failures = 0;
    for (; done < options.steps && failures < options.failures; ++seed) {
        const World world = make_world(seed);
        const std::size_t whole = world.has_crowds ? steps_of_a_crowd : steps_of_a_world;
        const auto steps = std::min<std::uint64_t>(whole, options.steps - done);
        if (!live(world, seed, steps, rules)) ++failures;
        done += steps;
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
    std::printf("seeds %llu to %llu: %llu steps, %zu worlds with a mismatch, %.1f s\n",
                static_cast<unsigned long long>(options.seed),
                static_cast<unsigned long long>(seed - 1), static_cast<unsigned long long>(done),
                failures, seconds.count());
    if (failures == 0)
        for (const auto& [rule, count] : rules) std::printf("%10zu  %s\n", count, rule.c_str());
    return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ikelb::oracle

int main(int count, char** words) {
    ikelb::testlib::LivesOptions options{.steps = 3'000'000};
    const auto takes_no_other = [](auto, auto) { return false; };
    if (!read_options(options, count, words, 40'000'000, takes_no_other)) {
        std::puts("usage: oracle_driver [--seed N] [--steps M] [--long] [--failures N]\n"
                  "N: the first world's seed; M: events over all worlds; --long: 40 million;\n"
                  "--failures: go on until so many worlds have failed");
        return 2;
    }
    return ikelb::oracle::run(options);
}
