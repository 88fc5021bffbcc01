// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "controlplane/kernel/netlink/kernel_state.h"
#include "dataplane/net/address.h"

namespace ikelb::table {

/// Why rules of transit.allow let nothing pass on this machine, a sentence without a full stop for
/// each of the first such rules, and how many more there are.
std::vector<std::string> remarks_on_rules(std::span<const config::AllowRule> rules,
                                          const config::Config& config,
                                          const netlink::KernelState& kernel);

/// Whether routers share the address (VRRP, CARP, HSRP, GLBP): they send from others.
bool is_virtual_mac(const net::MacAddress& mac) noexcept;

/// What to do about a router of the servers on an interface that faces both sides, whose address is
/// such a one.
std::string virtual_router_remark(const std::string& interface, const net::IpAddress& router,
                                  const net::MacAddress& mac);

}  // namespace ikelb::table
