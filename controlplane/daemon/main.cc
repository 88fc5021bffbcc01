// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "config/load.h"
#include "controlplane/daemon/build_info.h"
#include "controlplane/daemon/daemon.h"
#include "controlplane/daemon/log.h"
#include "dataplane/worker/packet_path.h"

namespace {

constexpr int exit_failure = 1, exit_usage = 2;

std::string version_line() {
    using namespace ikelb::control;
    return fmt::format("ikelbd {} (-march={}, {}, DPDK {}, packet path {})", build_version,
                       build_march, build_compiler, build_dpdk, ikelb::worker::packet_path_id);
}

int run(const std::string& file, bool check_only) {
    auto loaded = ikelb::config::load_file(file);
    if (!loaded) {
        fmt::print(stderr, "{}", loaded.error().to_string());
        return exit_usage;
    }
    fmt::print(stderr, "{}", loaded->warnings.to_string());
    if (check_only) {
        fmt::print("{}: ok\n", file);
        return 0;
    }
    ikelb::control::start_log(loaded->config.log.level);
    spdlog::info("{}", version_line());
    ikelb::control::Daemon daemon{file, std::move(loaded->config)};
    if (const auto error = daemon.start()) {
        spdlog::error("{}", error->message);
        return exit_failure;
    }
    return daemon.run();
}

}  // namespace

int main(int argc, char** argv) {
    // A reload asked for before there is anything to reload must not end the process.
    std::signal(SIGHUP, SIG_IGN);
    CLI::App app{"ikelb: a load balancer for IKEv2 VPN farms", "ikelbd"};
    std::string file = "/etc/ikelb/ikelb.yaml";
    bool check_only = false;
    app.add_option("-c,--config", file, "the configuration")->capture_default_str();
    app.add_flag("--check", check_only, "check the configuration and exit: 0 good, 2 bad");
    app.set_version_flag("--version", version_line());
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    return run(file, check_only);
}
