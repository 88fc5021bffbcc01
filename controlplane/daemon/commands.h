// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "controlplane/api/handler.h"
#include "controlplane/daemon/view.h"

namespace ikelb::daemon {

/// What the commands see of a daemon and can have it do.
struct Host {
    std::function<View()> view;
    /// Reads the file again and applies it; empty on success, else why not. The running
    /// configuration stays in force when it fails.
    std::function<std::string()> reload;
    /// Whether it was another one; nullopt: no such backend.
    std::function<std::optional<bool>(const std::string& backend, forwarding::Mode)> set_mode;
};

/// Carries a command of the admin API out. Every figure is read from the workers, the directory or
/// the kernel at the time of the call; health counts, from the last census.
api::CommandResult run_command(const Host& host, const api::Command& command,
                               const api::Arguments& arguments);

// What the directory holds and why a packet goes where.
api::CommandResult run_flows(const Host& host, const api::Arguments& arguments);
api::CommandResult run_sessions(const Host& host, const api::Arguments& arguments);
api::CommandResult run_explain(const Host& host, const api::Arguments& arguments);

api::CommandError no_such_backend(const View& view, const std::string& name);

}  // namespace ikelb::daemon
