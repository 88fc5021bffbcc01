// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <span>

#include "config/schema.h"

namespace ikelb::config {

/// transit and own_services: what may pass that is no service's.
std::span<const Key> wall_keys() noexcept;

}  // namespace ikelb::config
