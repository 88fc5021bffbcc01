// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/wall/wall.h"

#include <algorithm>

#include "dataplane/net/headers.h"

namespace ikelb::wall {

Seconds TransitTimeouts::of(std::uint8_t protocol, bool is_opening) const noexcept {
    switch (protocol) {
        case net::ip_protocol::tcp: return is_opening ? tcp_opening : tcp;
        case net::ip_protocol::udp: return udp;
        case net::ip_protocol::icmp:
        case net::ip_protocol::icmpv6: return icmp;
        default: return other;
    }
}

void Wall::prepare(const std::vector<net::IpPrefix>& inside) {
    // IPv4's martians begin with 0, 127 or 224 and above, IPv6's with 0 or 255.
    octets = {1, std::uint64_t{1} << 63, 0, 0xffff'ffffULL << 32};
    const auto mark = [&](const net::IpPrefix& prefix) {
        const unsigned first =
            prefix.network().address.bytes()[first_byte(!prefix.address.is_v4())];
        const unsigned count = prefix.length < 8 ? 256u >> prefix.length : 1;
        for (unsigned octet = first; octet < first + count; ++octet)
            octets[octet / 64] |= std::uint64_t{1} << octet % 64;
    };
    std::ranges::for_each(inside, mark);
    std::ranges::for_each(server_prefixes, mark);
    for (const net::IpAddress& address : broadcasts) mark({.address = address, .length = 32});
}

bool Wall::is_broadcast(const net::IpAddress& address) const noexcept {
    return std::ranges::find(broadcasts, address) != broadcasts.end();
}

bool Wall::is_of_servers(const net::IpAddress& address) const noexcept {
    return std::ranges::any_of(
        server_prefixes, [&](const net::IpPrefix& prefix) { return prefix.contains(address); });
}

bool Wall::opens(const net::IpAddress& own, const net::IpAddress& source, std::uint8_t protocol,
                 std::uint16_t port) const noexcept {
    return std::ranges::any_of(own_services, [&](const OwnService& service) {
        return (service.address == own || own.is_multicast_or_broadcast()) &&
               service.from.contains(source) && service.port.names(protocol, port);
    });
}

}  // namespace ikelb::wall
