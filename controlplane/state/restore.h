// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// From a State to the session tables of a process with other indices, and perhaps another
// configuration.

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "controlplane/state/state_file.h"
#include "controlplane/table/backend_modes.h"
#include "controlplane/table/index_registry.h"
#include "controlplane/table/removed_backends.h"
#include "dataplane/sessions/session_tables.h"

namespace ikelb::state {

struct RestoreInput {
    const config::Config& config;
    table::IndexRegistry& registry;  ///< update()d with the configuration
    table::BackendModes& modes;
    sessions::SessionTables& sessions;  ///< no worker writes to the tables yet
    forwarding::Timeouts timeouts;
    forwarding::Seconds now;  ///< on the dataplane's clock
    std::chrono::sys_seconds wall_clock;
};

struct Restored {
    std::size_t ike_sas = 0;
    std::size_t flows = 0;
    std::size_t persistences = 0;
    std::size_t esp = 0;
    std::size_t transit = 0;
    std::size_t expired = 0;   ///< records that have ended in the meantime
    std::size_t homeless = 0;  ///< records of backends, VIPs or services that are gone
    std::size_t no_room = 0;   ///< records beyond the limits of the session tables
    bool is_ike_sas_only = false;  ///< the state is older than a flow lives
    std::chrono::seconds age{};  ///< of the state; zero if it was saved in our future
    std::vector<std::pair<std::string, forwarding::Mode>> modes{};  ///< that are not enabled
    /// Former addresses of backends, for RemovedBackends::take_up().
    std::vector<table::RemovedBackend> known{};
};

/// Restores the records of backends with the same name and address, and the modes of all backends
/// with the same name. Records keep their state and grow older by the time since the save: the
/// servers' SAs are still there. Transit comes back too, of any owner.
Restored restore_state(const State& state, const RestoreInput& input);

}  // namespace ikelb::state
