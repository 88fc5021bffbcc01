// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::table {

/// Fills the table's fast path and the wall's part of it. Call it last when building a table.
void prepare_fast_table(forwarding::ForwardingTable& table);

}  // namespace ikelb::table
