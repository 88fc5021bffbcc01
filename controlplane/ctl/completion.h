// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace ikelb::ctl {

/// A completion script for bash, zsh or fish, from the tree of options and subcommands; nothing for
/// another shell. Backend names are asked of the daemon while completing.
std::optional<std::string> completion_script(const CLI::App& app, std::string_view shell);

}  // namespace ikelb::ctl
