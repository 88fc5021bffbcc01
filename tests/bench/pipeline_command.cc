// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>

#include "tests/bench/command.h"
#include "tests/bench/measure.h"
#include "tests/bench/stage.h"

namespace ikelb::bench {

namespace {

using nlohmann::json;

/// What is asked for: every combination of these, or a choice of them around the first of each.
struct Matrix {
    std::vector<std::size_t> flows{1024, 65536, 1048576, 4194304, 16777216};
    std::vector<std::size_t> bursts{32, 1, 8, 64};
    std::vector<std::size_t> frames{64, 512};
    std::vector<Family> families{Family::v4, Family::v6};
    std::vector<Towards> directions{Towards::server, Towards::client};
    std::vector<Mix> streams{Mix::esp, Mix::mixed};
    std::vector<Headers> headers{Headers::warm, Headers::cold};
    std::size_t runs = 5;
    std::size_t packets = std::size_t{1} << 20;  ///< timed in a run of a variant
    Pages pages = Pages::any;
    bool is_full = false;
    bool is_quick = false;
};

/// One line of the result.
struct Variant {
    std::size_t flows;
    Family family;
    Towards towards;
    Mix mix;
    std::size_t frame;
    std::size_t burst;
    Headers headers;
};

/// With everything as it is first in its list but one: how each matters, in a tenth of the time.
bool is_beside_the_first(const Variant& v, const Matrix& m) {
    const int others = (v.family != m.families[0]) + (v.mix != m.streams[0]) +
                       (v.frame != m.frames[0]) + (v.burst != m.bursts[0]) +
                       (v.headers != m.headers[0]);
    return others <= 1;
}

/// Of one family: their worlds are measured together.
std::vector<Variant> variants_of(const Matrix& m, Family family) {
    std::vector<Variant> variants;
    for (const std::size_t flows : m.flows)
        for (const Towards towards : m.directions)
            for (const Mix mix : m.streams)
                for (const std::size_t frame : m.frames)
                    for (const std::size_t burst : m.bursts)
                        for (const Headers headers : m.headers)
                            if (const Variant v{flows, family, towards, mix, frame, burst, headers};
                                m.is_full || is_beside_the_first(v, m))
                                variants.push_back(v);
    return variants;
}

/// Bytes that a world of so many clients takes while it is measured, streams included.
std::uint64_t bytes_of_world(std::size_t clients, Family family) {
    const std::uint64_t of_client = family == Family::v4 ? 240 : 560;
    return clients * of_client + (std::uint64_t{384} << 20);
}

/// The worlds and streams of one family, alive together, so that what is compared is measured in
/// turns: this machine's speed may change from one second to the next.
class Bench {
public:
    Bench(const Matrix& matrix, const Stage& stage)
        : matrix_{matrix}, stage_{stage} {}

    /// Returns what there was no memory for.
    std::vector<std::size_t> build(Family family) {
        std::vector<std::size_t> refused;
        for (const std::size_t flows : matrix_.flows) {
            if (bytes_of_world(flows, family) > available_bytes()) {
                refused.push_back(flows);
                continue;
            }
            say(fmt::format("{} clients", flows));
            auto world = std::make_unique<World>(WorldOptions{.family = family, .clients = flows});
            if (flows <= most_by_packets)
                world->establish_by_packets(0, flows);
            else
                world->establish_in_bulk(0, flows);
            worlds_[flows] = std::move(world);
        }
        return refused;
    }

    /// Adds a variant if its world is there.
    void add(const Variant& v) {
        const auto world = worlds_.find(v.flows);
        if (world == worlds_.end()) return;
        auto& stream = streams_[{v.flows, v.towards, v.mix, v.frame}];
        if (!stream)
            stream = std::make_unique<Stream>(*world->second,
                                              StreamOptions{.towards = v.towards,
                                                            .mix = v.mix,
                                                            .esp_frame = v.frame});
        auto& lane = lanes_[v.flows];
        if (!lane) lane = std::make_unique<Lane>(*world->second, stage_.pool(), warm_packets);
        entries_.push_back({.variant = v,
                            .stream = stream.get(),
                            .lane = lane.get(),
                            .world = world->second.get()});
    }

    void measure() {
        for (std::size_t run = 0; run < matrix_.runs; ++run) {
            say(fmt::format("run {} of {}", run + 1, matrix_.runs));
            for (Entry& entry : entries_) measure(entry);
        }
    }

    json results() const {
        json list = json::array();
        for (const Entry& entry : entries_) {
            const QuietMedian cycles = median_of(entry.cycles);
            const Variant& v = entry.variant;
            list.push_back({{"direction", v.towards == Towards::server ? "to_server" : "to_client"},
                            {"family", v.family == Family::v4 ? 4 : 6},
                            {"flows", v.flows},
                            {"burst", v.burst},
                            {"frame", entry.stream->esp_frame()},
                            {"cycles_per_packet", cycles.value},
                            {"spread", cycles.spread},
                            {"stream", v.mix == Mix::esp ? "esp" : "mixed"},
                            {"headers", v.headers == Headers::warm ? "warm" : "cold"},
                            {"pages", stage_.pages()},
                            {"disturbed", cycles.disturbed},
                            {"runs", cycles.runs},
                            {"parts", entry.parts}});
        }
        return list;
    }

private:
    static constexpr std::size_t most_by_packets = 65536;

    struct Entry {
        Variant variant;
        Stream* stream;
        Lane* lane;
        World* world;
        std::vector<Sample> cycles{};
        json parts = json::object();
    };

    void measure(Entry& entry) {
        // All buffers of cold headers are one lane's at a time.
        std::unique_ptr<Lane> own;
        if (entry.variant.headers == Headers::cold)
            own = std::make_unique<Lane>(*entry.world, stage_.pool(), cold_packets);
        Lane& lane = own ? *own : *entry.lane;
        Measurement measurement{*entry.stream, lane, entry.variant.burst, entry.variant.headers};
        measurement.cycles_per_packet(matrix_.packets / 8);  // to warm up
        const double cycles = measurement.cycles_per_packet(matrix_.packets);
        entry.cycles.push_back({.value = cycles, .disturbed = measurement.disturbed()});
        if (entry.cycles.size() == matrix_.runs)
            entry.parts = parts_of(lane, measurement, cycles);
    }

    /// Runs of their own, since looking at the clock takes time: of eight short ones the fastest,
    /// which nothing has interrupted. What both parts leave of the whole is the worker's.
    json parts_of(Lane& lane, Measurement& measurement, double whole) const {
        const std::size_t packets = std::max(matrix_.packets / 16, std::size_t{cold_packets});
        Parts best{.express = std::numeric_limits<std::uint64_t>::max() / 2};
        for (int run = 0; run < 8; ++run) {
            Parts parts;
            lane.time_parts(&parts);
            measurement.cycles_per_packet(packets, Pieces::Keep::all);
            lane.time_parts(nullptr);
            if (parts.express + parts.steps < best.express + best.steps) best = parts;
        }
        const auto per_packet = [&](std::uint64_t cycles) {
            return static_cast<double>(cycles) / static_cast<double>(packets);
        };
        return {{"express", per_packet(best.express)},
                {"steps", per_packet(best.steps)},
                {"worker", std::max(0.0, whole - per_packet(best.express + best.steps))}};
    }

    const Matrix& matrix_;
    const Stage& stage_;
    std::map<std::size_t, std::unique_ptr<World>> worlds_;
    std::map<std::tuple<std::size_t, Towards, Mix, std::size_t>, std::unique_ptr<Stream>> streams_;
    std::map<std::size_t, std::unique_ptr<Lane>> lanes_;
    std::vector<Entry> entries_;
};

json run(const Matrix& matrix) {
    const std::size_t most_in_frame = *std::ranges::max_element(matrix.frames);
    Stage stage{cold_packets + warm_packets * (matrix.flows.size() + 1) + 1024,
                std::max<std::size_t>(most_in_frame, 256), matrix.pages};
    stage.take_cpu();
    json result{{"pipeline", json::array()}};
    for (const Family family : matrix.families) {
        Bench bench{matrix, stage};
        for (const std::size_t flows : bench.build(family)) {
            say(fmt::format("no memory for {} clients", flows));
            result["no_memory_for"].push_back({{"flows", flows},
                                               {"family", family == Family::v4 ? 4 : 6}});
        }
        for (const Variant& v : variants_of(matrix, family)) bench.add(v);
        bench.measure();
        for (json& line : bench.results()) result["pipeline"].push_back(std::move(line));
    }
    result["environment"] = environment_of(stage);
    return result;
}

void make_quick(Matrix& matrix) {
    matrix.packets = std::size_t{1} << 17;
    matrix.flows = {1024, 1048576};
    matrix.bursts = {32};
    matrix.frames = {64};
    matrix.families = {Family::v4};
}

}  // namespace

Command pipeline_command(CLI::App& app) {
    auto matrix = std::make_shared<Matrix>();
    CLI::App* const sub = app.add_subcommand(
        "pipeline", "Cycles per packet of the whole packet path, fed from memory");
    const auto list = [&](const char* name, auto& values, const char* text) {
        return sub->add_option(name, values, text)->delimiter(',');
    };
    list("--flows", matrix->flows, "Established clients");
    list("--burst", matrix->bursts, "Packets in a burst")->check(CLI::Range(1, 64));
    list("--frame", matrix->frames, "Bytes of an ESP frame")->check(CLI::Range(64, 1514));
    list("--family", matrix->families, "4, 6")
        ->transform(CLI::CheckedTransformer(
            std::map<std::string, Family>{{"4", Family::v4}, {"6", Family::v6}}));
    list("--direction", matrix->directions, "to_server, to_client")
        ->transform(CLI::CheckedTransformer(std::map<std::string, Towards>{
            {"to_server", Towards::server}, {"to_client", Towards::client}}));
    list("--stream", matrix->streams, "esp, mixed")
        ->transform(CLI::CheckedTransformer(
            std::map<std::string, Mix>{{"esp", Mix::esp}, {"mixed", Mix::mixed}}));
    list("--headers", matrix->headers, "warm, cold")
        ->transform(CLI::CheckedTransformer(std::map<std::string, Headers>{
            {"warm", Headers::warm}, {"cold", Headers::cold}}));
    sub->add_option("--runs", matrix->runs, "Interleaved runs")->capture_default_str();
    sub->add_option("--packets", matrix->packets, "Timed in a run")->capture_default_str();
    sub->add_option("--pages", matrix->pages, "small: 4 KiB for everything")
        ->transform(CLI::CheckedTransformer(
            std::map<std::string, Pages>{{"any", Pages::any}, {"small", Pages::small}}));
    sub->add_flag("--full", matrix->is_full,
                  "Every combination, not only those with one value that is not the first");
    sub->add_flag_callback("--quick", [matrix] { make_quick(*matrix); },
                           "A few sizes, one family; options behind it change them");
    return {.options = sub, .run = [matrix] { return run(*matrix); }};
}

}  // namespace ikelb::bench
