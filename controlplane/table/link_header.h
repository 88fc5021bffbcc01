// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::table {

/// A link header towards a MAC address out of an interface.
forwarding::LinkHeader make_link(const forwarding::Interface& interface,
                                 forwarding::InterfaceIndex index,
                                 const net::MacAddress& destination);

}  // namespace ikelb::table
