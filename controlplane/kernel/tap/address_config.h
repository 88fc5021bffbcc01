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
    vip,        ///< a service's: never the source, in IPv6
};

/// A configured address of a TAP. A VIP has length 32 or 128.
struct TapAddress {
    std::string interface;
    net::IpPrefix prefix;
    AddressRole role = AddressRole::interface;
    friend bool operator==(const TapAddress&, const TapAddress&) = default;
};

struct StaticRoute {
    net::IpPrefix to;
    std::optional<net::IpAddress> via;  ///< absent: `to` is on the link, and `dev` must be given
    std::string dev;                    ///< empty: the kernel finds the device by `via`
    friend bool operator==(const StaticRoute&, const StaticRoute&) = default;
};

/// All configured addresses and routes. apply() adds addresses in order: an interface's first one
/// becomes its preferred source, so interface addresses come before VIPs.
struct AddressPlan {
    std::vector<TapAddress> addresses;
    std::vector<StaticRoute> routes;
    friend bool operator==(const AddressPlan&, const AddressPlan&) = default;
};

/// The part of `before` that `after` lacks. Pure. An address with another role alone is in both,
/// and so is a route with another next hop: a route's identity is its destination without host
/// bits.
AddressPlan what_goes(const AddressPlan& before, const AddressPlan& after);

/// Adds the configured addresses and routes to the kernel and removes them again; leaves others'
/// alone. Marks routes `proto static`, as the operator's own are. Move-only; one thread; in the
/// network namespace of its opening.
class AddressConfig {
public:
    static posix::Result<AddressConfig> open();

    AddressConfig(AddressConfig&&) = default;
    AddressConfig& operator=(AddressConfig&&) = delete;
    /// Removes all that ikelb has added. Before or after the TAPs: an address that went with its
    /// device is no error.
    ~AddressConfig();

    /// Brings the kernel from the last plan to this one and restores removed entries, so the same
    /// plan may be applied at any time. Does as much as it can and returns one sentence for each
    /// failure. The next apply() tries failed additions and removals again.
    std::vector<std::string> apply(const AddressPlan& plan);

    const AddressPlan& owned() const noexcept { return owned_; }

private:
    explicit AddressConfig(netlink::Requester netlink) : netlink_{std::move(netlink)} {}

    enum class Put : std::uint8_t { is_new, was_there };

    void put_addresses(const std::vector<TapAddress>& addresses);
    void put_routes(const std::vector<StaticRoute>& routes);
    void remove(const AddressPlan& gone);
    posix::Result<Put> put_address(const TapAddress& address);
    posix::Result<Put> put_route(const StaticRoute& route, unsigned flags);
    bool is_in_kernel(const StaticRoute& route);
    void complain(const std::string& what, const posix::Error& error);

    netlink::Requester netlink_;
    AddressPlan owned_;
    std::vector<std::string> errors_;  ///< of the apply() that runs
};

}  // namespace ikelb::tap
