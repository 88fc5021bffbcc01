// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace ikelb::ctl {

/// The backends' names, asked of the daemon; none if there is no daemon.
using BackendNames = std::function<std::vector<std::string>()>;

/// What `ikelbctl complete WORD...` prints: the words that may stand in place of the last one, a
/// line each with its description behind a tab; or the line :files, where a file is to be named.
/// The type name of an option tells what completes it: FILE and PATH a file, BACKEND a backend's
/// name, KEY a key of the configuration, a|b one of these words.
std::string complete(const CLI::App& app, const std::vector<std::string>& words,
                     const BackendNames& backends);

/// The script that has bash, zsh or fish ask `ikelbctl complete`.
std::string_view completion_script(std::string_view shell);

}  // namespace ikelb::ctl
