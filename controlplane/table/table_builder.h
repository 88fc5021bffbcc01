// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Configuration + health and modes + the kernel's network state -> the forwarding table of the
// fast path. Reads no clock, does no I/O, does not log: equal input gives tables that behave
// alike. Gateways get their indices here, since it is the kernel's routes that name them.

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

/// What became of one interface of the configuration on this machine.
struct InterfaceFacts {
    std::string name{};  ///< config::Interface::name
    forwarding::PortIndex port = 0;
    net::MacAddress mac{};
    int ifindex = 0;  ///< of its twin
};

/// What is decided about a backend at run time.
struct BackendFacts {
    /// By family, IPv4's first: may get new clients there, as far as its health goes.
    std::array<bool, 2> is_up{};
    forwarding::Mode mode = forwarding::Mode::enabled;
};

struct BuilderInput {
    const config::Config& config;
    /// In any order; found by name. An interface without facts forwards nothing.
    const std::vector<InterfaceFacts>& interfaces;
    const netlink::KernelState& kernel;
    /// By name. A backend that is missing is down.
    const std::map<std::string, BackendFacts, std::less<>>& backends;
    /// After its update(config). Gets the kernel's gateways.
    IndexRegistry& registry;
    net::HashKey hash_key{};
    forwarding::Seconds now = 0;  ///< the dataplane's coarse clock
    /// The table in use, nullptr at start. What has not changed is shared with it, and where the
    /// hash of a service changes, its hash becomes the old one.
    const forwarding::ForwardingTable* previous = nullptr;
    /// The configuration's make_allow_rules(), compiled; nullptr: there are none.
    std::shared_ptr<const wall::AllowRules> allow_rules{};
    forwarding::Seconds grace_until = 0;  ///< wall::Wall::grace_until
    std::span<const RemovedBackend> removed{};
};

struct BuiltTable {
    std::unique_ptr<forwarding::ForwardingTable> table;
    /// What the operator should know about this table, a sentence without a full stop each. The
    /// same again while nothing changes: say only what is new.
    std::vector<std::string> remarks;
};

BuiltTable build_table(const BuilderInput& input);

/// The configured lives as the dataplane counts them: what build_table() puts into the table.
forwarding::Timeouts make_timeouts(const config::Timeouts& configured) noexcept;

wall::TransitTimeouts make_transit_timeouts(const config::Timeouts& configured) noexcept;

std::vector<wall::AllowRule> make_allow_rules(const config::Transit& transit);

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

// Things of a configuration by their names.

/// nullptr: there is none of that name.
const config::Pool* find_pool(const config::Config& config, const std::string& name);
bool has_backend(const config::Config& config, const std::string& name);
/// The number of ports if there is none of that name.
std::size_t port_position(const config::Config& config, const std::string& name);

/// Why rules of transit.allow let nothing pass on this machine, a sentence without a full stop for
/// each of the first such rules, and how many more there are.
std::vector<std::string> remarks_on_rules(std::span<const config::AllowRule> rules,
                                          const config::Config& config,
                                          const netlink::KernelState& kernel);

/// The configured rates as one of `workers` workers counts them.
forwarding::AbuseLimits make_abuse_limits(const config::Abuse& configured,
                                          unsigned workers) noexcept;

}  // namespace ikelb::table
