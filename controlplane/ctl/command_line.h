// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "controlplane/api/routes.h"

namespace ikelb::ctl {

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
    api::RouteId route;
};

/// Every subcommand but check and completion, in the order of the help.
inline constexpr DaemonCommand daemon_commands[] = {
    {"status", api::RouteId::status},   {"backends", api::RouteId::backends},
    {"flows", api::RouteId::flows},     {"sessions", api::RouteId::sessions},
    {"explain", api::RouteId::explain}, {"drops", api::RouteId::drops},
    {"drain", api::RouteId::drain},     {"enable", api::RouteId::enable},
    {"disable", api::RouteId::disable}, {"diff", api::RouteId::diff},
    {"reload", api::RouteId::reload},   {"version", api::RouteId::version},
};

/// The tree of options and subcommands, of which --help, docs/ikelbctl.md and the completion
/// scripts are views. The type name of an option tells what completes it: FILE and PATH a file,
/// BACKEND a backend's name, a|b one of these words.
std::unique_ptr<CLI::App> make_command_line(Invocation& invocation);

}  // namespace ikelb::ctl
