// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/address_config.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <utility>

#include "config/text/address.h"
#include "controlplane/kernel/netlink/parse.h"
#include "controlplane/kernel/tap/device.h"
#include "controlplane/kernel/tap/sysctl.h"

namespace ikelb::tap {
namespace {

constexpr std::uint32_t forever = 0xffffffff;  // seconds, as the kernel writes it

std::string text_of(const TapAddress& address) {
    return "address " + text::to_text(address.prefix) + " on " + address.interface;
}

std::string text_of(const StaticRoute& route) {
    std::string text = "route to " + text::to_text(route.to.network());
    if (route.via) text += " via " + text::to_text(*route.via);
    if (!route.dev.empty()) text += " dev " + route.dev;
    return text;
}

netlink::Message address_message(std::uint16_t type, unsigned flags, const TapAddress& address,
                                 int ifindex) {
    ifaddrmsg header{};
    header.ifa_family = netlink::family_of(address.prefix.address);
    header.ifa_prefixlen = address.prefix.length;
    header.ifa_index = static_cast<std::uint32_t>(ifindex);
    netlink::Message message{type, flags, header};
    message.put(IFA_LOCAL, address.prefix.address);
    message.put(IFA_ADDRESS, address.prefix.address);
    return message;
}

/// Deprecated (preferred lifetime 0): the host's own traffic, health probes first, never takes the
/// VIP as its source (RFC 6724 section 5, rule 3).
void mark_as_vip(netlink::Message& message) {
    ifa_cacheinfo lifetime{};
    lifetime.ifa_prefered = 0;
    lifetime.ifa_valid = forever;
    message.put_bytes(IFA_CACHEINFO, {reinterpret_cast<const std::uint8_t*>(&lifetime),
                                      sizeof lifetime});
}

/// The error: the device is missing.
posix::Result<netlink::Message> route_message(std::uint16_t type, unsigned flags,
                                              const StaticRoute& route) {
    rtmsg header{};
    header.rtm_family = netlink::family_of(route.to.address);
    header.rtm_dst_len = route.to.length;
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = RTPROT_STATIC;
    header.rtm_type = RTN_UNICAST;
    // On removal any scope will do.
    header.rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE
                       : route.via          ? RT_SCOPE_UNIVERSE
                                            : RT_SCOPE_LINK;
    netlink::Message message{type, flags, header};
    if (route.to.length != 0) message.put(RTA_DST, route.to.network().address);
    if (route.via) message.put(RTA_GATEWAY, *route.via);
    if (!route.dev.empty()) {
        const auto ifindex = device_index(route.dev);
        if (ifindex.has_error()) return ifindex.error();
        message.put(RTA_OIF, static_cast<std::uint32_t>(*ifindex));
    }
    return message;
}

/// The kernel may turn IPv6 off for every new device; a configured IPv6 address on a TAP of ikelb's
/// own turns it on. A failure shows when the address can't be added.
void turn_ipv6_on(const std::string& device) {
    const std::string disable_ipv6 = "net/ipv6/conf/" + device + "/disable_ipv6";
    const auto is_disabled = read_sysctl(disable_ipv6);
    if (is_disabled.has_value() && *is_disabled != "0") (void)write_sysctl(disable_ipv6, "0");
}

bool is_already_gone(int code) {
    return code == ESRCH || code == EADDRNOTAVAIL || code == ENODEV;
}

bool has_address(const AddressPlan& plan, const TapAddress& wanted) {
    return std::ranges::any_of(plan.addresses, [&](const TapAddress& item) {
        return item.interface == wanted.interface && item.prefix == wanted.prefix;
    });
}

/// nullptr: the plan has no route to the prefix.
auto* route_to(auto& plan, const net::IpPrefix& to) {
    const auto found = std::ranges::find(plan.routes, to.network(),
                                         [](const StaticRoute& item) { return item.to.network(); });
    return found == plan.routes.end() ? nullptr : &*found;
}

}  // namespace

posix::Result<AddressConfig> AddressConfig::open() {
    auto netlink = netlink::Requester::open();
    if (netlink.has_error()) return std::move(netlink).error();
    return AddressConfig{*std::move(netlink)};
}

AddressConfig::~AddressConfig() {
    try {
        remove(what_goes(owned_, {}));
    } catch (...) {  // out of memory in a destructor; the addresses go with the TAPs
    }
}

std::vector<std::string> AddressConfig::apply(const AddressPlan& plan) {
    errors_.clear();
    put_addresses(plan.addresses);
    put_routes(plan.routes);
    const AddressPlan gone = what_goes(owned_, plan);
    remove(gone);
    // A device has an IPv6 address once, whatever its prefix length: a change of the length alone
    // must remove the old address first.
    std::vector<TapAddress> again;
    for (const TapAddress& wanted : plan.addresses)
        if (std::ranges::any_of(gone.addresses, [&](const TapAddress& one) {
                return one.interface == wanted.interface &&
                       one.prefix.address == wanted.prefix.address;
            }))
            again.push_back(wanted);
    put_addresses(again);
    return std::exchange(errors_, {});
}

void AddressConfig::put_addresses(const std::vector<TapAddress>& addresses) {
    for (const TapAddress& address : addresses) {
        const auto put = put_address(address);
        if (put.has_error())
            complain("adding " + text_of(address), put.error());
        else if (*put == Put::is_new && std::ranges::count(owned_.addresses, address) == 0)
            owned_.addresses.push_back(address);
    }
}

posix::Result<AddressConfig::Put> AddressConfig::put_address(const TapAddress& address) {
    const auto ifindex = device_index(address.interface);
    if (ifindex.has_error()) return ifindex.error();
    auto message =
        address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address, *ifindex);
    if (!address.prefix.address.is_v4()) {
        turn_ipv6_on(address.interface);
        // No duplicate detection (RFC 4862, 5.4), as in IPv4: it would silence the servers' gateway
        // for a second or two after each restart, and a VIP may come from a peer that still answers
        // for it.
        message.put(IFA_FLAGS, std::uint32_t{IFA_F_NODAD});
        if (address.role == AddressRole::vip) mark_as_vip(message);
    }
    const auto done = netlink_.execute(std::move(message));
    if (done.has_value()) return Put::is_new;
    if (done.error().code == EEXIST) return Put::was_there;
    return done.error();
}

void AddressConfig::put_routes(const std::vector<StaticRoute>& routes) {
    for (const StaticRoute& route : routes) {
        StaticRoute* const ours = route_to(owned_, route.to);
        auto put = put_route(route, NLM_F_EXCL);
        const bool must_replace =
            put.has_value() && *put == Put::was_there && ours != nullptr && *ours != route;
        if (must_replace) put = put_route(route, NLM_F_REPLACE);
        if (put.has_error())
            complain("adding " + text_of(route), put.error());
        else if (ours != nullptr)
            *ours = route;
        else if (*put == Put::is_new)
            owned_.routes.push_back(route);
        else if (!is_in_kernel(route))
            complain("adding " + text_of(route),
                     {EEXIST, "there is another route to it, which is not ikelb's; see ip route "
                              "show exact " +
                                  text::to_text(route.to.network())});
    }
}

posix::Result<AddressConfig::Put> AddressConfig::put_route(const StaticRoute& route,
                                                           unsigned flags) {
    auto message = route_message(RTM_NEWROUTE, NLM_F_CREATE | flags, route);
    if (message.has_error()) return std::move(message).error();
    const auto done = netlink_.execute(*std::move(message));
    if (done.has_value()) return Put::is_new;
    if (done.error().code == EEXIST) return Put::was_there;
    return done.error();
}

/// Whether somebody else has put exactly this route into the kernel.
bool AddressConfig::is_in_kernel(const StaticRoute& route) {
    int ifindex = 0;
    if (!route.dev.empty()) {
        const auto index = device_index(route.dev);
        if (index.has_error()) return false;
        ifindex = *index;
    }
    rtmsg header{};
    header.rtm_family = netlink::family_of(route.to.address);
    bool found = false;
    const auto done = netlink_.dump({RTM_GETROUTE, 0, header}, [&](nlmsghdr* entry) {
        const auto parsed = netlink::parse_route(entry);
        if (parsed && parsed->table == RT_TABLE_MAIN && parsed->route.dst == route.to.network() &&
            parsed->route.gateway == route.via &&
            (ifindex == 0 || parsed->route.ifindex == ifindex))
            found = true;
    });
    return done.has_value() && found;
}

void AddressConfig::remove(const AddressPlan& gone) {
    for (const StaticRoute& route : gone.routes) {
        auto message = route_message(RTM_DELROUTE, 0, route);
        const auto done = message.has_error() ? posix::Result<void>{message.error()}
                                              : netlink_.execute(*std::move(message));
        if (done.has_error() && !is_already_gone(done.error().code))
            complain("removing " + text_of(route), done.error());
        else
            std::erase(owned_.routes, route);
    }
    for (const TapAddress& address : gone.addresses) {
        const auto ifindex = device_index(address.interface);
        const auto done =
            ifindex.has_error()
                ? posix::Result<void>{ifindex.error()}
                : netlink_.execute(address_message(RTM_DELADDR, 0, address, *ifindex));
        if (done.has_error() && !is_already_gone(done.error().code))
            complain("removing " + text_of(address), done.error());
        else
            std::erase(owned_.addresses, address);
    }
}

void AddressConfig::complain(const std::string& what, const posix::Error& error) {
    errors_.push_back(what + ": " + error.message);
}

AddressPlan what_goes(const AddressPlan& before, const AddressPlan& after) {
    AddressPlan gone;
    for (const TapAddress& address : before.addresses)
        if (!has_address(after, address)) gone.addresses.push_back(address);
    for (const StaticRoute& route : before.routes)
        if (route_to(after, route.to) == nullptr) gone.routes.push_back(route);
    return gone;
}

}  // namespace ikelb::tap
