// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "config/config.h"
#include "controlplane/table/index_registry.h"
#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::table {

/// What people call a forwarding::Mode, by its value.
inline constexpr std::array<std::string_view, 4> mode_names{"enabled", "drain_keep", "drain_refuse",
                                                            "disabled"};
constexpr std::string_view to_string(forwarding::Mode mode) noexcept {
    return mode_names[static_cast<std::size_t>(mode)];
}

/// How the operator wants each backend used; the state file brings it through a restart. A
/// backend of which nothing was said is enabled.
/// Threads: the control thread's.
class BackendModes {
public:
    forwarding::Mode mode(std::string_view backend) const;

    /// Sets a mode and says whether it was another one. Disabling ends all records of the backend
    /// at once: it gets a new generation in the registry. So does the end of being disabled,
    /// because a server that was cut off keeps sending, and what is learned from that must not
    /// count afterwards. Whether the backend exists is for the caller to check.
    bool set(std::string_view backend, forwarding::Mode mode, IndexRegistry& registry);

    /// Forgets the backends that a configuration does not have: one that comes back later is
    /// enabled. Modes of those that stay are kept, also across a change of their address.
    void retain(const config::Config& config);

private:
    std::map<std::string, forwarding::Mode, std::less<>> modes_;  ///< other than enabled
};

}  // namespace ikelb::table
