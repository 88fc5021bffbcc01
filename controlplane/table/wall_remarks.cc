// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/wall_remarks.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include "config/prefix.h"
#include "config/text/address.h"

namespace ikelb::table {
namespace {

/// Remarks are read by people.
constexpr std::size_t most_in_vain = 8;

/// The kernel's route to all of it: the longest, and of those the preferred one. Looked up by
/// length in their order, for there may be 100,000 routes and 1,024 rules.
const netlink::Route* route_to(const net::IpPrefix& destination,
                               const netlink::KernelState& kernel) {
    net::IpPrefix dst = destination;
    for (int length = destination.length; length >= 0; --length) {
        dst.length = static_cast<std::uint8_t>(length);
        dst = dst.network();
        const auto route = std::ranges::lower_bound(kernel.routes, dst, {}, &netlink::Route::dst);
        if (route != kernel.routes.end() && route->dst == dst) return &*route;
    }
    return nullptr;
}

/// Before ikelbd runs, its interfaces and their routes are in the configuration alone.
bool is_configured(const net::IpPrefix& destination, const netlink::Route& instead,
                   const config::Config& config) {
    const auto leads_there = [&](const net::IpPrefix& network) {
        return network.length >= instead.dst.length && config::covers(network, destination);
    };
    return std::ranges::any_of(config.routes, leads_there, &config::Route::to) ||
           std::ranges::any_of(config.interfaces, [&](const config::Interface& interface) {
               return std::ranges::any_of(interface.addresses, leads_there);
           });
}

/// Why the rule lets nothing pass on this machine; nullopt: no reason is known.
std::optional<std::string> why_in_vain(const config::AllowRule& rule, const config::Config& config,
                                       const netlink::KernelState& kernel) {
    const netlink::Route* const route = route_to(rule.to, kernel);
    if (route == nullptr || route->type != netlink::RouteType::unicast) return std::nullopt;
    const auto link = std::ranges::find(kernel.links, route->ifindex, &netlink::Link::ifindex);
    if (link == kernel.links.end() ||
        std::ranges::count(config.interfaces, link->name, &config::Interface::name) > 0 ||
        is_configured(rule.to, *route, config))
        return std::nullopt;
    return "transit.allow: " + text::to_text(rule.to) + " is behind " + link->name +
           ", an interface of the kernel's, which forwards nothing that clients begin: the rule "
           "of line " +
           std::to_string(rule.line.number) +
           " lets nothing pass; reach that network by an interface of ikelb's, or by a proxy on "
           "this host";
}

}  // namespace

std::vector<std::string> remarks_on_rules(std::span<const config::AllowRule> rules,
                                          const config::Config& config,
                                          const netlink::KernelState& kernel) {
    std::vector<std::string> remarks;
    std::size_t in_vain = 0;
    for (const config::AllowRule& rule : rules)
        if (auto why = why_in_vain(rule, config, kernel); why && ++in_vain <= most_in_vain)
            remarks.push_back(*std::move(why));
    if (in_vain > most_in_vain)
        remarks.push_back("transit.allow: and " + std::to_string(in_vain - most_in_vain) +
                          " rules more");
    return remarks;
}

bool is_virtual_mac(const net::MacAddress& mac) noexcept {
    const auto& bytes = mac.bytes;
    const auto starts = [&](std::initializer_list<std::uint8_t> with) {
        return std::equal(with.begin(), with.end(), bytes.begin());
    };
    const int high_digit = bytes[4] >> 4;
    return starts({0x00, 0x00, 0x5e, 0x00, 0x01}) ||                   // VRRP of IPv4, CARP
           starts({0x00, 0x00, 0x5e, 0x00, 0x02}) ||                   // VRRP of IPv6
           starts({0x00, 0x00, 0x0c, 0x07, 0xac}) ||                   // HSRP
           (starts({0x00, 0x00, 0x0c, 0x9f}) && high_digit == 0xf) ||  // HSRP 2 of IPv4
           (starts({0x00, 0x05, 0x73, 0xa0}) && high_digit == 0x0) ||  // HSRP 2 of IPv6
           starts({0x00, 0x07, 0xb4});                                 // GLBP
}

std::string virtual_router_remark(const std::string& interface, const net::IpAddress& router,
                                  const net::MacAddress& mac) {
    return "interface " + interface + ": " + text::to_text(mac) + " of " + text::to_text(router) +
           ", a router of the servers, is a virtual address, and its routers send from their own: "
           "what they bring from the servers' side is dropped as spoofed; list those in "
           "server_macs of the interface";
}

}  // namespace ikelb::table
