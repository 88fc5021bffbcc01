// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/tables/record.h"

namespace ikelb::pipeline {

// A shared last_seen is written at most this often: its cache line is read by every worker. A
// flow's tells whether its backend is there, so it lags behind less.
inline constexpr tables::Seconds refresh_interval = 30, flow_refresh_interval = 5;

}  // namespace ikelb::pipeline
