// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "config/config.h"
#include "controlplane/kernel/netlink/kernel_state.h"
#include "controlplane/table/table_builder.h"

namespace ikelb::table {

/// When connections may be about that another node, or the ikelbd before, knew and this one does
/// not: after the start, and after an address has come to a twin that faces servers, which is how
/// VRRP moves their gateway or a VIP here.
/// Threads: the control thread's.
class TransitGrace {
public:
    /// What wall::Wall::grace_until has to be, by what the kernel has now. 0: no grace so far.
    forwarding::Seconds until(const config::Config& config,
                              const std::vector<InterfaceFacts>& interfaces,
                              const netlink::KernelState& kernel, forwarding::Seconds now);

private:
    using Addresses = std::set<std::pair<int, net::IpAddress>>;  ///< by ifindex

    std::optional<Addresses> addresses_;  ///< at the last call; nullopt: there was none
    forwarding::Seconds until_ = 0;
};

}  // namespace ikelb::table
