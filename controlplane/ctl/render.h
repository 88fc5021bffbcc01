// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

#include "controlplane/api/routes.h"

namespace ikelb::ctl {

/// The daemon's answer to `id` for people. Tolerates missing keys and null ("-"), so that a newer
/// ikelbctl can talk to an older daemon. `width`: of the terminal, 0 without limit.
std::string render(api::RouteId id, const nlohmann::json& answer, std::size_t width);

/// 999, 12.3k, 4.56M, ...: three significant digits, powers of 1000.
std::string short_number(double value);

/// 45s, 12m, 3h 20m, 5d 2h.
std::string short_duration(double seconds);

}  // namespace ikelb::ctl
