// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <map>
#include <memory>

#include "tests/bench/command.h"
#include "tests/bench/contest.h"

namespace ikelb::bench {

namespace {

using nlohmann::json;

/// What is asked for: every combination of these, or a choice of them around the first of each.
struct Matrix {
    std::vector<std::size_t> flows{1024, 65536, 1048576, 4194304, 16777216};
    std::vector<std::size_t> bursts{32, 1, 8};
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

/// With everything as it is first in its list but one: how each matters, in a tenth of the time.
bool is_beside_the_first(const Variant& v, const Matrix& m) {
    const int others = (v.family != m.families[0]) + (v.mix != m.streams[0]) +
                       (v.frame != m.frames[0]) + (v.burst != m.bursts[0]) +
                       (v.headers != m.headers[0]);
    return others <= 1;
}

std::vector<Variant> variants_of(const Matrix& m) {
    std::vector<Variant> variants;
    for (const Family family : m.families)
        for (const std::size_t flows : m.flows)
            for (const Towards towards : m.directions)
                for (const Mix mix : m.streams)
                    for (const std::size_t frame : m.frames)
                        for (const std::size_t burst : m.bursts)
                            for (const Headers headers : m.headers)
                                if (const Variant v{flows, family, towards, mix, frame, burst,
                                                    headers};
                                    m.is_full || is_beside_the_first(v, m))
                                    variants.push_back(v);
    return variants;
}

std::vector<Crowd> crowds_of(const Matrix& m) {
    std::vector<Crowd> crowds;
    for (const Family family : m.families)
        for (const std::size_t flows : m.flows) crowds.push_back({family, flows});
    return crowds;
}

/// Of EAL's memory: references stand beside IPv4.
std::uint64_t bytes_of_references(const Matrix& m) {
    std::uint64_t bytes = 0;
    if (std::ranges::find(m.families, Family::v4) != m.families.end())
        for (const std::size_t flows : m.flows) bytes += Reference::bytes(flows);
    return bytes;
}

void append(json& list, json&& more) {
    for (json& one : more) list.push_back(std::move(one));
}

/// All at once if there is memory for that, else those that there is none for in a contest of
/// their own.
json run(const Matrix& matrix) {
    const std::size_t most_in_frame = *std::ranges::max_element(matrix.frames);
    const Rig rig{cold_packets + warm_packets * 2 * (matrix.flows.size() + 1) + 1024,
                      std::max<std::size_t>(most_in_frame, 256), matrix.pages, 1,
                      bytes_of_references(matrix)};
    json result{{"pipeline", json::array()}, {"reference", json::array()}};
    for (std::vector<Crowd> left = crowds_of(matrix); !left.empty();) {
        rig.take_all_cpus();
        Contest contest{rig, matrix.runs, matrix.packets};
        left = contest.build(left);
        if (contest.is_empty()) {
            for (const auto& [family, flows] : left)
                result["no_memory_for"].push_back(
                    {{"flows", flows}, {"family", family == Family::v4 ? 4 : 6}});
            break;
        }
        for (const Variant& v : variants_of(matrix)) contest.add(v);
        contest.add_references();
        contest.measure();
        append(result["pipeline"], contest.variants());
        append(result["reference"], contest.references());
    }
    result["environment"] = environment_of(rig);
    return result;
}

void make_quick(Matrix& matrix) {
    matrix.packets = std::size_t{1} << 17;
    matrix.runs = 3;
    matrix.flows = {1024, 1048576, 16777216};
    matrix.bursts = {32};
    matrix.frames = {64};
    matrix.streams = {Mix::esp};
    matrix.headers = {Headers::warm};
}

}  // namespace

Command pipeline_command(CLI::App& app) {
    auto matrix = std::make_shared<Matrix>();
    CLI::App* const sub = app.add_subcommand(
        "pipeline", "Cycles per packet of the whole packet path, fed from memory, beside rte_hash");
    // First: CLI11 takes options in this order, so that the others change what it has chosen.
    sub->add_flag_callback("--quick", [matrix] { make_quick(*matrix); },
                           "Three sizes, ESP with warm headers; other options change them");
    const auto list = [&](const char* name, auto& values, const char* text) {
        return sub->add_option(name, values, text)->delimiter(',');
    };
    list("--flows", matrix->flows, "Established clients");
    list("--burst", matrix->bursts, "Packets in a burst")->check(CLI::Range(1, 32));
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
    return {.options = sub, .run = [matrix] { return run(*matrix); }};
}

}  // namespace ikelb::bench
