// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "controlplane/kernel/netlink/kernel_state.h"
#include "controlplane/kernel/tap/address_config.h"
#include "controlplane/kernel/tap/forward_guards.h"
#include "controlplane/kernel/tap/quiet_device.h"
#include "controlplane/kernel/tap/sysctl.h"
#include "controlplane/kernel/tap/tap.h"
#include "controlplane/lcores/dataplane.h"
#include "controlplane/table/table_builder.h"

namespace ikelb::daemon {

/// The kernel TAPs of the interfaces, and the frames between the TAPs and the workers. Control
/// thread only.
class Network {
public:
    /// Silences the lower devices and makes the TAPs. The dataplane's ports have the
    /// configuration's order.
    static posix::Result<std::unique_ptr<Network>> create(boost::asio::io_context& io,
                                                          const config::Config& config,
                                                          lcores::Dataplane& dataplane);
    /// The reason why a lower device can't be used: it is absent, or the kernel has addresses on it
    /// and would answer traffic. Changes nothing.
    static std::optional<std::string> objection(const config::Config& config);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    /// Puts the configuration's addresses and routes into the kernel. Returns the failures.
    std::vector<std::string> apply(const config::Config& config);

    /// Keeps the kernel from forwarding packets that the dataplane has not let pass, and restores
    /// removed rules. Returns the failures.
    std::vector<std::string> guard(const config::Config& config,
                                   const netlink::KernelState& kernel);

    /// Tells the neighbours of each VIP that ikelb has put into the kernel since the last call.
    void announce_new_vips();

    void deliver(forwarding::InterfaceIndex interface, std::span<const std::uint8_t> frame);

    const std::vector<table::InterfaceFacts>& facts() const noexcept { return facts_; }
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }
    const tap::Tap& tap(std::size_t interface) const { return *links_[interface]->tap; }
    /// Frames that the kernel sent on the TAP and ikelb lost: no buffer was free, or the worker's
    /// queue was full.
    std::uint64_t inject_failures(std::size_t interface) const {
        return links_[interface]->inject_failures;
    }

private:
    struct TapLink {
        std::unique_ptr<tap::Tap> tap;
        boost::asio::posix::stream_descriptor readable;
        forwarding::PortIndex port = 0;
        std::uint16_t vlan = 0;
        std::uint64_t inject_failures = 0;
    };

    Network(lcores::Dataplane& dataplane, tap::AddressConfig addresses, tap::ForwardGuards guards)
        : dataplane_{dataplane},
          host_{tap::HostSettings::apply()},
          guards_{std::move(guards)},
          addresses_{std::move(addresses)} {}

    posix::Result<void> quiet_lower_devices(const config::Config& config);
    posix::Result<void> make_tap(boost::asio::io_context& io, const config::Config& config,
                                 const config::Interface& interface);
    void wait_for(TapLink& link);
    void forward_from(TapLink& link);

    lcores::Dataplane& dataplane_;
    tap::HostSettings host_;
    std::vector<tap::QuietDevice> quiet_;
    tap::ForwardGuards guards_;  ///< outlive the TAPs: without a device a rule matches nothing
    std::vector<std::unique_ptr<TapLink>> links_;  ///< by interface index
    std::vector<table::InterfaceFacts> facts_;
    tap::AddressConfig addresses_;
    std::set<std::pair<std::string, net::IpAddress>> announced_;  ///< interface and VIP
    std::vector<std::string> warnings_;
};

/// The MAC address of a port. It must differ from the MAC of the kernel device below: else the
/// kernel would take each frame as well.
net::MacAddress port_mac(const config::Port& port, const net::MacAddress& device);

tap::AddressPlan plan_addresses(const config::Config& config);

/// The guards of all TAPs that face clients; none with `transit: open`. A TAP that also faces
/// servers lets sources of the servers' side through: backends, inside_prefixes, its own subnets.
std::vector<tap::ForwardGuard> plan_guards(const config::Config& config,
                                           const std::vector<table::InterfaceFacts>& facts,
                                           const netlink::KernelState& kernel);

}  // namespace ikelb::daemon
