// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "controlplane/api/commands.h"
#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::daemon {

class Daemon;

/// The admin API's commands, carried out by a daemon. Every figure is read from the workers, the
/// directory or the kernel at the time of the call; health counts, from the last census.
class DaemonCommands final : public api::Commands {
public:
    explicit DaemonCommands(Daemon& daemon) : daemon_{daemon} {}

    api::CommandResult status() override;
    api::CommandResult backends() override;
    api::CommandResult flows(const api::FlowFilter& filter) override;
    api::CommandResult sessions(const api::SessionFilter& filter) override;
    api::CommandResult explain(const api::ExplainQuery& query) override;
    api::CommandResult drops() override;
    api::CommandResult version() override;
    api::CommandResult drain(const std::string& backend, api::DrainMode mode) override;
    api::CommandResult enable(const std::string& backend) override;
    api::CommandResult disable(const std::string& backend) override;
    api::CommandResult diff(const std::optional<std::string>& file) override;
    api::CommandResult reload() override;
    api::CommandResult check(const std::string& file) override;

private:
    api::CommandResult set_mode(const std::string& backend, forwarding::Mode mode);
    api::CommandError no_such_backend(const std::string& name) const;

    Daemon& daemon_;
};

}  // namespace ikelb::daemon
