// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Between the directory of a running daemon and a State: what is worth saving, and what becomes of
// it in a process that has other indices, and perhaps another configuration.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "controlplane/state/state_file.h"
#include "controlplane/table/backend_modes.h"
#include "controlplane/table/index_registry.h"
#include "controlplane/table/removed_backends.h"
#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/sessions/directory.h"

namespace ikelb::control {

/// What a running daemon's indices stand for at one moment: all that a save needs besides the
/// directory, by value, so that it can go to another thread.
struct StateView {
    static constexpr std::uint16_t no_place = 0xffff;
    struct BackendPlace {
        std::uint16_t place = no_place;
        std::uint8_t generation = 0;
    };

    StateFacts facts{};
    forwarding::Timeouts timeouts{};
    forwarding::Seconds now = 0;  ///< on the dataplane's clock
    // Places in the lists of `facts`, by index.
    std::vector<BackendPlace> backends{};
    std::vector<std::uint16_t> frontends{};
    std::vector<std::uint16_t> services{};
    std::vector<std::uint8_t> gateways{};  ///< as SavedFlow::gateway
};

struct ViewInput {
    const config::Config& config;
    const IndexRegistry& registry;
    const BackendModes& modes;
    const forwarding::ForwardingTable& table;
    forwarding::Seconds now;
    std::chrono::sys_seconds wall_clock;
    std::span<const RemovedBackend> removed{};
};
StateView make_state_view(const ViewInput& input);

/// Adds every record that lives and whose backend, frontend and service are in the view. Those that
/// are written meanwhile may be missing, or be there as they were.
/// Threads: any, beside workers.
void add_records(const sessions::Directory& directory, const StateView& view,
                 StateEncoder& encoder);

struct RestoreInput {
    const config::Config& config;
    IndexRegistry& registry;  ///< update()d with the configuration
    BackendModes& modes;
    sessions::Directory& directory;  ///< no worker writes to it yet
    forwarding::Timeouts timeouts;
    forwarding::Seconds now;  ///< on the dataplane's clock
    std::chrono::sys_seconds wall_clock;
};

struct Restored {
    std::size_t pairs = 0;
    std::size_t flows = 0;
    std::size_t bindings = 0;
    std::size_t esp = 0;
    std::size_t transit = 0;
    std::size_t expired = 0;   ///< records that have ended in the meantime
    std::size_t homeless = 0;  ///< records of backends, VIPs or services that are gone
    std::size_t no_room = 0;   ///< records that the directory's limits did not hold
    bool is_pairs_only = false;  ///< the state is older than a flow lives
    std::chrono::seconds age{};  ///< of the state; zero if it was saved in our future
    std::vector<std::pair<std::string, forwarding::Mode>> modes{};  ///< that are not enabled
    /// Addresses that were a backend's, for RemovedBackends::take_up().
    std::vector<RemovedBackend> known{};
};

/// Takes up the records whose backend is still there with the same name and address, and the modes
/// of all backends whose name is. They keep their state and grow older by the time in between: the
/// servers' SAs have not moved. So does transit, whoever it is of.
Restored restore_state(const State& state, const RestoreInput& input);

}  // namespace ikelb::control
