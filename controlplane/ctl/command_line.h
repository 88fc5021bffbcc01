// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace ikelb::ctl {

struct Invocation {
    std::string socket = "/run/ikelb/admin.sock";
    bool json = false;
    bool names = false;  ///< backends --names
    /// The arguments by name; of an absent argument the preset, or nothing.
    std::map<std::string, std::string, std::less<>> values{};
};

/// The tree of options and subcommands, of which --help, docs/ikelbctl.md and completion
/// (completion.h) are views.
std::unique_ptr<CLI::App> make_command_line(Invocation& invocation);

/// docs/ikelbctl.md, whole: the help of every subcommand and the paths of the admin API.
std::string ikelbctl_document();

}  // namespace ikelb::ctl
