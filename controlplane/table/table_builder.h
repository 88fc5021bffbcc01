// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Configuration + health and modes + the kernel's network state -> the forwarding table of the
// dataplane. Reads no clock, does no I/O, does not log: equal input gives tables that behave alike.
// Gateways get their indices here, since the kernel's routes name them.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "controlplane/kernel/netlink/kernel_state.h"
#include "controlplane/table/index_registry.h"
#include "controlplane/table/removed_backends.h"
#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::table {

struct InterfaceFacts {
    std::string name{};  ///< config::Interface::name
    forwarding::PortIndex port = 0;
    net::MacAddress mac{};
    int ifindex = 0;  ///< of its kernel TAP
};

struct BackendFacts {
    /// IPv4, IPv6: health allows new clients at the backend's address.
    std::array<bool, 2> is_up{};
    forwarding::Mode mode = forwarding::Mode::enabled;
};

struct BuilderInput {
    const config::Config& config;
    /// In any order; found by name. An interface without facts forwards nothing.
    const std::vector<InterfaceFacts>& interfaces;
    const netlink::KernelState& kernel;
    /// By name. An absent backend is down.
    const std::map<std::string, BackendFacts, std::less<>>& backends;
    /// After its update(config). Gets the kernel's gateways.
    IndexRegistry& registry;
    net::HashKey hash_key{};
    forwarding::Seconds now = 0;  ///< the dataplane's coarse clock
    /// The table in use, nullptr at start. The new table shares unchanged parts with it; where the
    /// hash of a service changes, its hash becomes the old one.
    const forwarding::ForwardingTable* previous = nullptr;
    /// The configuration's make_allow_rules(), compiled; nullptr: there are none.
    std::shared_ptr<const wall::AllowRules> allow_rules{};
    forwarding::Seconds grace_until = 0;  ///< wall::Wall::grace_until
    std::span<const RemovedBackend> removed{};
};

struct BuiltTable {
    std::unique_ptr<forwarding::ForwardingTable> table;
    /// Remarks on this table for the operator, a sentence without a full stop each. They repeat
    /// while nothing changes: log only new ones.
    std::vector<std::string> remarks;
};

BuiltTable build_table(const BuilderInput& input);

/// The configured timeouts on the dataplane's clock, as build_table() sets them.
forwarding::Timeouts make_timeouts(const config::Timeouts& configured) noexcept;

wall::TransitTimeouts make_transit_timeouts(const config::Timeouts& configured) noexcept;

std::vector<wall::AllowRule> make_allow_rules(const config::Transit& transit);

/// Times with connections that another node or the last ikelbd knew: after the start, and after a
/// TAP that faces servers has got an address, as VRRP moves the servers' gateway or a VIP here.
/// Control thread only.
class TransitGrace {
public:
    /// wall::Wall::grace_until for the kernel's present addresses. 0: no grace so far.
    forwarding::Seconds until(const config::Config& config,
                              const std::vector<InterfaceFacts>& interfaces,
                              const netlink::KernelState& kernel, forwarding::Seconds now);

private:
    using Addresses = std::set<std::pair<int, net::IpAddress>>;  ///< by ifindex

    std::optional<Addresses> addresses_;  ///< at the last call; nullopt: none
    forwarding::Seconds until_ = 0;
};

/// nullptr: no pool of that name.
const config::Pool* find_pool(const config::Config& config, const std::string& name);
bool has_backend(const config::Config& config, const std::string& name);
/// The number of ports if no port has the name.
std::size_t port_position(const config::Config& config, const std::string& name);

/// The reasons why rules of transit.allow let nothing pass on this machine: a sentence without a
/// full stop for each of the first rules, and the number of the others.
std::vector<std::string> remarks_on_rules(std::span<const config::AllowRule> rules,
                                          const config::Config& config,
                                          const netlink::KernelState& kernel);

/// A worker's part of the configured rates, for `workers` workers.
forwarding::AbuseLimits make_abuse_limits(const config::Abuse& configured,
                                          unsigned workers) noexcept;

}  // namespace ikelb::table
