// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "controlplane/api/routes.h"

namespace ikelb::control {

/// What was typed.
struct Invocation {
    std::string socket = "/run/ikelb/admin.sock";
    bool json = false;
    bool names = false;  ///< backends --names
    std::string backend;
    std::string mode = "keep";
    std::string client;
    std::string vip;
    std::string spi;
    std::string esp;
    std::size_t limit = 1000;
    std::string file;
    std::string shell;
};

/// A subcommand that is one request to the daemon.
struct DaemonCommand {
    const char* name;
    RouteId route;
};

/// Every subcommand but check and completion, in the order of the help.
inline constexpr DaemonCommand daemon_commands[] = {
    {"status", RouteId::status},     {"backends", RouteId::backends}, {"flows", RouteId::flows},
    {"sessions", RouteId::sessions}, {"explain", RouteId::explain},   {"drops", RouteId::drops},
    {"drain", RouteId::drain},       {"enable", RouteId::enable},     {"disable", RouteId::disable},
    {"diff", RouteId::diff},         {"reload", RouteId::reload},     {"version", RouteId::version},
};

/// The tree of options and subcommands, of which --help, docs/ikelbctl.md and the completion
/// scripts are views. The type name of an option tells what completes it: FILE and PATH a file,
/// BACKEND a backend's name, a|b one of these words.
std::unique_ptr<CLI::App> make_command_line(Invocation& invocation);

}  // namespace ikelb::control
