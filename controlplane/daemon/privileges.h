// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>
#include <string>

namespace ikelb::daemon {

/// What this process may not do and has to, as a sentence for the operator; nullopt: it may all.
/// Asked first, because what fails without a capability says so in many confusing ways.
std::optional<std::string> missing_privileges();

}  // namespace ikelb::daemon
