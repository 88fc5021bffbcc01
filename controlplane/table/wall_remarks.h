// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "controlplane/kernel/kernel_state.h"
#include "dataplane/net/address.h"

namespace ikelb::control {

/// Why a rule of transit.allow lets nothing pass on this machine, a sentence without a full stop;
/// nullopt: no reason is known. Reads all routes: not for each of many rules at each change.
std::optional<std::string> why_in_vain(const config::AllowRule& rule, const config::Config& config,
                                       const KernelState& kernel);

/// Whether routers share the address (VRRP, CARP, HSRP, GLBP): they send from others.
bool is_virtual_mac(const net::MacAddress& mac) noexcept;

/// What to do about a router of the servers on an interface that faces both sides, whose address is
/// such a one.
std::string virtual_router_remark(const std::string& interface, const net::IpAddress& router,
                                  const net::MacAddress& mac);

}  // namespace ikelb::control
