// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// bench_worker: the fast path as ikelbd runs it, on any two DPDK ports, and what feeds it.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tests/bench/worker_feed.h"
#include "tests/bench/worker_run.h"

namespace ikelb::bench {
namespace {

void add_run(CLI::App& app, RunOptions& options) {
    CLI::App& run = *app.add_subcommand("run", "Forwards for a while; prints what it cost");
    run.add_option("--wan", options.wan, "vdev string of the clients' side")->required();
    run.add_option("--lan", options.lan, "vdev string of the servers' side")->required();
    run.add_option("--flows", options.flows, "Established clients");
    run.add_option("--warm-up", options.warm_up, "Seconds before the measurement");
    run.add_option("--seconds", options.seconds, "Seconds of the measurement");
    run.add_option("--cpu", options.cpu, "The worker's CPU");
    run.add_flag("--no-huge-pages", options.has_no_huge_pages, "4 KiB pages");
}

void add_generate(CLI::App& app, GenerateOptions& options) {
    CLI::App& generate =
        *app.add_subcommand("generate", "Sends the clients' ESP until SIGTERM, takes what returns");
    generate.add_option("--out", options.out, "vdev string to send on")->required();
    generate.add_option("--in", options.in, "vdev string to receive on")->required();
    generate.add_option("--flows", options.flows, "Clients");
    generate.add_option("--frame", options.frame, "Bytes of a frame");
    generate.add_flag("--no-huge-pages", options.has_no_huge_pages, "4 KiB pages");
}

void add_capture(CLI::App& app, CaptureOptions& options) {
    CLI::App& capture = *app.add_subcommand(
        "capture", "Writes the clients' ESP as a capture file, in random order");
    capture.add_option("file", options.file, "The file")->required();
    capture.add_option("--flows", options.flows, "Clients; each speaks as often as the others");
    capture.add_option("--packets", options.packets, "Packets, a multiple of the clients");
    capture.add_option("--frame", options.frame, "Bytes of a frame");
}

int run_main(int argc, char** argv) {
    CLI::App app{"The fast path on two DPDK ports, and its traffic"};
    app.require_subcommand(1);
    RunOptions run;
    GenerateOptions generate;
    CaptureOptions capture;
    add_run(app, run);
    add_generate(app, generate);
    add_capture(app, capture);
    CLI11_PARSE(app, argc, argv);
    try {
        const std::string chosen = app.get_subcommands().front()->get_name();
        const auto result = chosen == "run"        ? run_worker(run)
                            : chosen == "generate" ? generate_traffic(generate)
                                                   : write_capture(capture);
        std::printf("%s\n", result.dump().c_str());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_worker: %s\n", error.what());
        return 1;
    }
    return 0;
}

}  // namespace
}  // namespace ikelb::bench

int main(int argc, char** argv) { return ikelb::bench::run_main(argc, argv); }
