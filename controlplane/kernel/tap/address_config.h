// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/kernel/netlink/request.h"
#include "controlplane/posix/result.h"
#include "dataplane/net/address.h"

namespace ikelb::tap {

enum class AddressRole : std::uint8_t {
    interface,  ///< the interface's own: may be the source of the host's own traffic
    vip,        ///< a service's: never that, in IPv6
};

/// An address that the configuration puts on a twin. A VIP has length 32 or 128.
struct TwinAddress {
    std::string interface;
    net::IpPrefix prefix;
    AddressRole role = AddressRole::interface;
    friend bool operator==(const TwinAddress&, const TwinAddress&) = default;
};

/// A route that the configuration puts into the main table.
struct StaticRoute {
    net::IpPrefix to;
    std::optional<net::IpAddress> via;  ///< none: `to` is on the link, and `dev` must be given
    std::string dev;                    ///< empty: the kernel finds the device by `via`
    friend bool operator==(const StaticRoute&, const StaticRoute&) = default;
};

/// All that the configuration wants in the kernel. Earlier addresses are put first, so that the
/// first of an interface becomes its preferred source: interface addresses before VIPs.
struct AddressPlan {
    std::vector<TwinAddress> addresses;
    std::vector<StaticRoute> routes;
    friend bool operator==(const AddressPlan&, const AddressPlan&) = default;
};

/// What of one plan is not in the next. Pure. An address whose role alone changes is in both, and
/// so is a route with another next hop: routes are one per destination, host bits of which are
/// ignored.
AddressPlan what_goes(const AddressPlan& before, const AddressPlan& after);

/// Puts the configuration's addresses and routes into the kernel and takes away again what it has
/// put there, and nothing else: what was there before stays. Routes are marked `proto static`, as
/// the operator's own are. Move-only; one thread; in the network namespace in which it was opened.
class AddressConfig {
public:
    static posix::Result<AddressConfig> open();

    AddressConfig(AddressConfig&&) = default;
    AddressConfig& operator=(AddressConfig&&) = delete;
    /// Removes everything that is ours. Destroy it before the twins (or after: what was on them is
    /// gone with them, and that is no error).
    ~AddressConfig();

    /// Brings the kernel from the last plan to this one; also puts back what somebody removed
    /// meanwhile, so the same plan may be applied at any time. Does as much as it can: each
    /// failure is one sentence of the result, empty when all is well. What failed to be added is
    /// tried again by the next apply, and so is what failed to be removed.
    std::vector<std::string> apply(const AddressPlan& plan);

    /// What is in the kernel because of us.
    const AddressPlan& owned() const noexcept { return owned_; }

private:
    explicit AddressConfig(netlink::Requester netlink) : netlink_{std::move(netlink)} {}

    enum class Put : std::uint8_t { is_new, was_there };

    void put_addresses(const std::vector<TwinAddress>& addresses);
    void put_routes(const std::vector<StaticRoute>& routes);
    void remove(const AddressPlan& gone);
    posix::Result<Put> put_address(const TwinAddress& address);
    posix::Result<Put> put_route(const StaticRoute& route, unsigned flags);
    bool is_in_kernel(const StaticRoute& route);
    void complain(const std::string& what, const posix::Error& error);

    netlink::Requester netlink_;
    AddressPlan owned_;
    std::vector<std::string> errors_;  ///< of the apply() that runs
};

}  // namespace ikelb::tap
