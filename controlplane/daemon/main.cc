// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "config/load.h"
#include "config/wall_summary.h"
#include "controlplane/daemon/back_off.h"
#include "controlplane/daemon/build_info.h"
#include "controlplane/daemon/daemon.h"
#include "controlplane/daemon/process.h"
#include "controlplane/daemon/start_config.h"
#include "controlplane/kernel/netlink/mirror.h"
#include "controlplane/state/disk.h"
#include "controlplane/table/table_builder.h"

namespace {

using namespace ikelb;
using namespace ikelb::daemon;

constexpr int exit_failure = 1, exit_configuration = 2, exit_usage = 2;

std::string version_line() {
    return fmt::format("ikelbd {} (-march={}, {}, DPDK {})", build_version, build_march,
                       build_compiler, build_dpdk);
}

int run(const std::string& file) {
    state::LastGood last_good{state::directory_of(std::getenv("STATE_DIRECTORY")), file};
    auto chosen = choose_configuration(file, last_good);
    if (!chosen) {
        fmt::print(stderr, "{}\n{}", chosen.error().last_good, chosen.error().why.to_string());
        return exit_configuration;
    }
    fmt::print(stderr, "{}", chosen->loaded.warnings.to_string());
    set_log_level(chosen->loaded.config.log.level);
    spdlog::info("{}", version_line());
    const std::optional<Fallback> fallback = chosen->fallback;
    if (fallback)
        for (const std::string& line : describe(*fallback, file)) spdlog::error("{}", line);
    Daemon daemon{file, std::move(*chosen), last_good};
    const auto error = daemon.start();
    if (!error) return daemon.run();
    spdlog::error("{}", error->message);
    // Last, where the operator sees it first.
    if (fallback)
        spdlog::error("{} did not start; what was to be used: {}", last_good.file().string(),
                      fallback->why.list.front().to_string());
    return exit_failure;
}

int check(const std::string& file) {
    const auto loaded = config::load_file(file);
    if (!loaded) {
        fmt::print(stderr, "{}", loaded.error().to_string());
        return exit_configuration;
    }
    fmt::print(stderr, "{}", loaded->warnings.to_string());
    // The file is good even if the kernel does not answer.
    if (const auto kernel = netlink::read_kernel_state(); kernel.has_value())
        for (const std::string& remark :
             table::remarks_on_rules(loaded->config.transit.allow, loaded->config, *kernel))
            fmt::print(stderr, "warning: {}\n", remark);
    fmt::print("{}: ok\n{}\n", file, config::wall_summary(loaded->config));
    return 0;
}

/// run(), after the pause of BackOff.
int run_with_pauses(const std::string& file) {
    const char* const sessions = std::getenv("RUNTIME_DIRECTORY");
    if (sessions == nullptr) {
        fmt::print(stderr, "--back-off needs RUNTIME_DIRECTORY, see systemd.exec(5)\n");
        return exit_usage;
    }
    BackOff back_off{std::filesystem::path{sessions} / "starts"};
    const bool is_over = back_off.wait(file) == BackOff::Wait::over;
    const int status = is_over ? run(file) : 0;
    if (status == 0) back_off.forget();
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    // An early SIGHUP must not end the process.
    std::signal(SIGHUP, SIG_IGN);
    CLI::App app{"ikelb: a load balancer for IKEv2 VPN farms", "ikelbd"};
    std::string file = "/etc/ikelb/ikelb.yaml";
    bool check_only = false;
    app.add_option("-c,--config", file, "the configuration")->capture_default_str();
    app.add_flag("--check", check_only, "check the configuration and exit: 0 good, 2 bad");
    bool back_off = false;
    app.add_flag("--back-off", back_off,
                 "wait before a start that follows failed ones, the longer the more there were; "
                 "needs RUNTIME_DIRECTORY");
    app.set_version_flag("--version", version_line());
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    if (check_only) return check(file);
    start_log();
    return back_off ? run_with_pauses(file) : run(file);
}
