// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "controlplane/api/commands.h"
#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::control {

class Daemon;

/// The admin API's commands, carried out by a daemon. Every figure is read from the workers, the
/// directory or the kernel at the time of the call; health counts, from the last census.
class DaemonCommands final : public Commands {
public:
    explicit DaemonCommands(Daemon& daemon) : daemon_{daemon} {}

    CommandResult status() override;
    CommandResult backends() override;
    CommandResult flows(const FlowFilter& filter) override;
    CommandResult sessions(const SessionFilter& filter) override;
    CommandResult explain(const ExplainQuery& query) override;
    CommandResult drops() override;
    CommandResult version() override;
    CommandResult drain(const std::string& backend, DrainMode mode) override;
    CommandResult enable(const std::string& backend) override;
    CommandResult disable(const std::string& backend) override;
    CommandResult diff(const std::optional<std::string>& file) override;
    CommandResult reload() override;
    CommandResult check(const std::string& file) override;

private:
    CommandResult set_mode(const std::string& backend, forwarding::Mode mode);
    CommandError no_such_backend(const std::string& name) const;

    Daemon& daemon_;
};

}  // namespace ikelb::control
