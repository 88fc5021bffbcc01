// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "controlplane/api/handler.h"
#include "controlplane/daemon/view.h"

namespace ikelb::daemon {

struct Host {
    std::function<View()> view;
    /// Reads the file again and applies it; empty on success, else the reason. After a failure the
    /// running configuration stays in force.
    std::function<std::string()> reload;
    /// True: the mode changed; nullopt: no such backend.
    std::function<std::optional<bool>(const std::string& backend, forwarding::Mode)> set_mode;
};

/// Carries a command of the admin API out. Reads every figure from the workers, the session tables
/// or the kernel at the call; session counts come from the last complete count.
api::CommandResult run_command(const Host& host, const api::Command& command,
                               const api::Arguments& arguments);

api::CommandResult run_flows(const Host& host, const api::Arguments& arguments);
api::CommandResult run_sessions(const Host& host, const api::Arguments& arguments);
api::CommandResult run_explain(const Host& host, const api::Arguments& arguments);

api::CommandError no_such_backend(const View& view, const std::string& name);

}  // namespace ikelb::daemon
