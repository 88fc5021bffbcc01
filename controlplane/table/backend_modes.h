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

/// Names of forwarding::Mode, by its value.
inline constexpr std::array<std::string_view, 4> mode_names{"enabled", "drain_keep", "drain_refuse",
                                                            "disabled"};
constexpr std::string_view to_string(forwarding::Mode mode) noexcept {
    return mode_names[static_cast<std::size_t>(mode)];
}

/// The operator's mode for each backend; the state file keeps it over a restart. A backend without
/// an entry is enabled. Control thread only.
class BackendModes {
public:
    forwarding::Mode mode(std::string_view backend) const;

    /// Sets a mode and says whether it changed. Disabling ends all records of the backend at once:
    /// the registry gives it a new generation. So does the end of being disabled: a cut-off server
    /// keeps sending, and records learned from its packets must not count afterwards. The caller
    /// checks that the backend exists.
    bool set(std::string_view backend, forwarding::Mode mode, IndexRegistry& registry);

    /// Forgets backends that are not in the configuration: one that comes back later is enabled.
    /// The others keep their modes, also across a change of their address.
    void retain(const config::Config& config);

private:
    std::map<std::string, forwarding::Mode, std::less<>> modes_;  ///< other than enabled
};

}  // namespace ikelb::table
