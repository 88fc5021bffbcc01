// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// From the session tables of a running daemon to a State.

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "config/config.h"
#include "controlplane/state/state_file.h"
#include "controlplane/table/backend_modes.h"
#include "controlplane/table/index_registry.h"
#include "controlplane/table/removed_backends.h"
#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/forwarding/ids.h"
#include "dataplane/sessions/keys.h"
#include "dataplane/sessions/session_tables.h"

namespace ikelb::state {

/// The meaning of a running daemon's indices at one moment: all that a save needs besides the
/// session tables, by value, for use on another thread.
struct View {
    static constexpr std::uint16_t no_place = 0xffff;
    struct BackendPlace {
        std::uint16_t place = no_place;
        std::uint8_t generation = 0;
    };

    Facts facts{};
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
    const table::IndexRegistry& registry;
    const table::BackendModes& modes;
    const forwarding::ForwardingTable& table;
    forwarding::Seconds now;
    std::chrono::sys_seconds wall_clock;
    std::span<const table::RemovedBackend> removed{};
};
View make_view(const ViewInput& input);

/// Adds every live record whose backend, frontend and service are in the view. May miss or keep a
/// record that a worker writes meanwhile. Threads: any, beside workers.
void add_records(const sessions::SessionTables& sessions, const View& view, Encoder& encoder);

// The facts beside the address in sessions::flow_key() and persistence_key(). A packet has them
// anyway; a reader of the session tables has the keys alone.

inline std::uint16_t client_port_of(const sessions::FlowKey& key) noexcept {
    return static_cast<std::uint16_t>(key.rest >> 16);
}
inline forwarding::FrontendIndex frontend_of(const sessions::FlowKey& key) noexcept {
    return static_cast<forwarding::FrontendIndex>(key.rest & 0x7fff);
}
inline forwarding::ServiceIndex service_of(const sessions::PersistenceKey& key) noexcept {
    return static_cast<forwarding::ServiceIndex>(key.rest & 0x7fff);
}

}  // namespace ikelb::state
