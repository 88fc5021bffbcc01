// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::table {

/// Works out the table's `express`, and what its wall needs; whoever builds a table calls it last.
void prepare_express(forwarding::ForwardingTable& table);

}  // namespace ikelb::table
