// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/netlink/parse.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

namespace ikelb::netlink {
namespace {

/// A copy of a message's family header; nullopt when the message is too short.
template <class Header>
std::optional<Header> family_header(const nlmsghdr* message) noexcept {
    if (nlmsg_datalen(message) < static_cast<int>(sizeof(Header))) return std::nullopt;
    Header header;
    std::memcpy(&header, nlmsg_data(message), sizeof header);
    return header;
}

std::optional<net::MacAddress> mac_from(std::span<const std::uint8_t> bytes) noexcept {
    net::MacAddress mac;
    if (bytes.size() != mac.bytes.size()) return std::nullopt;
    std::copy(bytes.begin(), bytes.end(), mac.bytes.begin());
    return mac;
}

NeighbourState neighbour_state(unsigned nud) noexcept {
    switch (nud) {
        case NUD_INCOMPLETE: return NeighbourState::incomplete;
        case NUD_REACHABLE: return NeighbourState::reachable;
        case NUD_STALE: return NeighbourState::stale;
        case NUD_DELAY: return NeighbourState::delay;
        case NUD_PROBE: return NeighbourState::probe;
        case NUD_FAILED: return NeighbourState::failed;
        case NUD_NOARP: return NeighbourState::noarp;
        case NUD_PERMANENT: return NeighbourState::permanent;
        default: return NeighbourState::none;
    }
}

std::optional<RouteType> route_type(unsigned type) noexcept {
    switch (type) {
        case RTN_UNICAST: return RouteType::unicast;
        case RTN_LOCAL:
        case RTN_BROADCAST:
        case RTN_ANYCAST: return RouteType::local;
        case RTN_BLACKHOLE: return RouteType::blackhole;
        case RTN_UNREACHABLE:
        case RTN_PROHIBIT:
        case RTN_THROW: return RouteType::unreachable;
        default: return std::nullopt;
    }
}

using RouteAttributes = Attributes<RTA_MAX>;

/// RTA_GATEWAY has the route's family, RTA_VIA any (RFC 8950: IPv4 by an IPv6 next hop).
std::optional<net::IpAddress> gateway_of(const RouteAttributes& attributes, int family) noexcept {
    if (attributes.find(RTA_GATEWAY) != nullptr) return attributes.address(RTA_GATEWAY, family);
    const auto via = attributes.bytes(RTA_VIA);
    if (via.size() < sizeof(rtvia)) return std::nullopt;
    const auto via_family = net::load<decltype(rtvia::rtvia_family)>(via.data());
    return address_from_wire(via_family, via.subspan(sizeof(rtvia)));
}

/// In the kernel's order, but dead hops and hops without carrier last.
std::vector<NextHop> next_hops(nlattr* multipath, int family) {
    std::vector<NextHop> living, dead;
    auto* position = static_cast<std::uint8_t*>(nla_data(multipath));
    int left = nla_len(multipath);
    while (left >= static_cast<int>(sizeof(rtnexthop))) {
        const auto hop = net::load<rtnexthop>(position);
        const int length = hop.rtnh_len;
        if (length < static_cast<int>(sizeof hop) || length > left) break;
        const bool is_dead = (hop.rtnh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0;
        auto* first = reinterpret_cast<nlattr*>(position + sizeof hop);
        const RouteAttributes attributes{first, length - static_cast<int>(sizeof hop)};
        (is_dead ? dead : living)
            .push_back({.gateway = gateway_of(attributes, family), .ifindex = hop.rtnh_ifindex});
        const int step = static_cast<int>(RTNH_ALIGN(length));
        position += step;
        left -= step;
    }
    living.insert(living.end(), dead.begin(), dead.end());
    return living;
}

std::optional<net::IpPrefix> destination_of(const RouteAttributes& attributes,
                                            const rtmsg& header) noexcept {
    static constexpr std::array<std::uint8_t, 16> zero{};
    auto bytes = attributes.bytes(RTA_DST);
    if (bytes.empty()) bytes = std::span{zero}.first(header.rtm_family == AF_INET ? 4 : 16);
    const auto address = address_from_wire(header.rtm_family, bytes);
    if (!address) return std::nullopt;
    return net::IpPrefix{.address = *address, .length = header.rtm_dst_len}.network();
}

bool is_of_interest(const rtmsg& header) noexcept {
    return (header.rtm_family == AF_INET || header.rtm_family == AF_INET6) &&
           header.rtm_tos == 0 && header.rtm_src_len == 0 &&
           header.rtm_dst_len <= (header.rtm_family == AF_INET ? 32 : 128) &&
           (header.rtm_flags & RTM_F_CLONED) == 0;
}

}  // namespace

std::optional<Link> parse_link(nlmsghdr* message) noexcept {
    const auto header = family_header<ifinfomsg>(message);
    // An AF_BRIDGE message is about a bridge's port: its DELLINK does not mean the device is gone.
    if (!header || header->ifi_family != AF_UNSPEC) return std::nullopt;
    const Attributes<IFLA_MAX> attributes{message, sizeof *header};
    const auto name = attributes.bytes(IFLA_IFNAME);
    if (!attributes.is_valid() || name.empty()) return std::nullopt;
    const auto end = std::find(name.begin(), name.end(), std::uint8_t{0});
    constexpr unsigned working = IFF_UP | IFF_RUNNING;
    return Link{.ifindex = header->ifi_index,
                .name = std::string(name.begin(), end),
                .mac = mac_from(attributes.bytes(IFLA_ADDRESS)).value_or(net::MacAddress{}),
                .mtu = attributes.number(IFLA_MTU).value_or(0),
                .up = (header->ifi_flags & working) == working};
}

std::optional<ParsedAddress> parse_address(nlmsghdr* message) noexcept {
    const auto header = family_header<ifaddrmsg>(message);
    if (!header) return std::nullopt;
    const Attributes<IFA_MAX> attributes{message, sizeof *header};
    // On a point-to-point device IFA_ADDRESS is the peer's and IFA_LOCAL ours; only there IPv6 has
    // IFA_LOCAL.
    const int own = attributes.find(IFA_LOCAL) != nullptr ? IFA_LOCAL : IFA_ADDRESS;
    const auto address = attributes.address(own, header->ifa_family);
    if (!attributes.is_valid() || !address) return std::nullopt;
    const std::uint32_t flags = attributes.number(IFA_FLAGS).value_or(header->ifa_flags);
    const bool is_waiting = (flags & IFA_F_TENTATIVE) != 0 && (flags & IFA_F_OPTIMISTIC) == 0;
    return ParsedAddress{
        .address = {.ifindex = static_cast<int>(header->ifa_index),
                    .prefix = {.address = *address, .length = header->ifa_prefixlen}},
        .is_in_use = !is_waiting && (flags & IFA_F_DADFAILED) == 0};
}

std::optional<Neighbour> parse_neighbour(nlmsghdr* message) noexcept {
    const auto header = family_header<ndmsg>(message);
    if (!header || (header->ndm_flags & NTF_PROXY) != 0 || header->ndm_type == RTN_MULTICAST ||
        header->ndm_type == RTN_BROADCAST)
        return std::nullopt;
    const Attributes<NDA_MAX> attributes{message, sizeof *header};
    const auto address = attributes.address(NDA_DST, header->ndm_family);
    if (!attributes.is_valid() || !address) return std::nullopt;
    Neighbour neighbour{.ifindex = header->ndm_ifindex,
                        .address = *address,
                        .mac = {},
                        .state = neighbour_state(header->ndm_state)};
    if (!is_usable(neighbour.state)) return neighbour;
    if (const auto mac = mac_from(attributes.bytes(NDA_LLADDR))) {
        neighbour.mac = *mac;
        return neighbour;
    }
    return std::nullopt;  // not an Ethernet neighbour
}

std::optional<ParsedRoute> parse_route(nlmsghdr* message) {
    const auto header = family_header<rtmsg>(message);
    if (!header || !is_of_interest(*header)) return std::nullopt;
    const RouteAttributes attributes{message, sizeof *header};
    if (!attributes.is_valid()) return std::nullopt;
    const std::uint32_t table = attributes.number(RTA_TABLE).value_or(header->rtm_table);
    const auto type = route_type(header->rtm_type);
    const auto destination = destination_of(attributes, *header);
    if ((table != RT_TABLE_MAIN && table != RT_TABLE_LOCAL) || !type || !destination)
        return std::nullopt;

    std::vector<NextHop> hops{{.gateway = gateway_of(attributes, header->rtm_family),
                               .ifindex = static_cast<int>(
                                   attributes.number(RTA_OIF).value_or(0))}};
    nlattr* multipath = attributes.find(RTA_MULTIPATH);
    if (multipath != nullptr) hops = next_hops(multipath, header->rtm_family);
    // For a dropped destination IPv6 names lo as the device.
    if (hops.empty() || *type == RouteType::blackhole || *type == RouteType::unreachable)
        hops = {{}};
    return ParsedRoute{.route = {.dst = *destination,
                                 .gateway = hops.front().gateway,
                                 .ifindex = hops.front().ifindex,
                                 .type = *type,
                                 .metric = attributes.number(RTA_PRIORITY).value_or(0)},
                       .table = static_cast<std::uint8_t>(table),
                       .is_multipath = multipath != nullptr,
                       .others = {hops.begin() + 1, hops.end()}};
}

}  // namespace ikelb::netlink
