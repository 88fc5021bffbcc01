// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>
#include <vector>

#include "dataplane/forwarding/forwarding_table.h"

namespace ikelb::testlib {

// A forwarding table as a passive value: a test's description of the farm. Positions in the vectors
// are the indices of dataplane/forwarding/ids.h.

struct InterfaceSpec {
    forwarding::PortIndex port = 0;
    std::uint16_t vlan = 0;
    net::MacAddress mac{};
    net::IpAddress address{};  ///< unspecified: none
    std::uint16_t mtu = 1500;
    bool faces_clients = false;
    bool faces_servers = false;
    bool is_up = true;
    net::IpAddress address6{};  ///< unspecified: none
};

struct BackendSpec {
    net::IpAddress address{};
    net::MacAddress mac{};  ///< zero: its neighbour is unknown
    forwarding::InterfaceIndex interface = 1;
    std::uint16_t weight = 100;
    forwarding::Mode mode = forwarding::Mode::enabled;
    bool is_up = true;
    bool is_present = true;
    bool flush_on_down = false;
    std::uint8_t generation = 0;
    forwarding::SpiLabel label{};
    net::IpAddress address6{};  ///< besides an IPv4 address; unspecified: none
    bool is_up6 = true;         ///< there
};

/// A member's address for one service alone, on the backend's interface.
struct AliasSpec {
    forwarding::BackendIndex backend = 0;
    net::IpAddress address{};
    net::MacAddress mac{};  ///< zero: its neighbour is unknown
};

struct ServiceSpec {
    net::IpAddress vip{};
    std::vector<forwarding::BackendIndex> members{};
    std::vector<AliasSpec> aliases{};
    forwarding::Scheduler scheduler = forwarding::Scheduler::maglev;
    bool is_served = true;
    forwarding::GatewayIndex uplink = 1;
    forwarding::Affinity affinity = forwarding::Affinity::source;
    std::uint8_t prefix_v4 = 32;
    std::uint8_t prefix_v6 = 128;
    std::uint32_t ask_all_rate = 0;
    std::vector<wall::OpenPort> host_ports{};
};

struct RouteSpec {
    net::IpPrefix prefix{};
    forwarding::RouteKind kind = forwarding::RouteKind::on_link;
    forwarding::InterfaceIndex interface = 0;
    forwarding::GatewayIndex gateway = forwarding::no_gateway;
};

struct NeighbourSpec {
    forwarding::InterfaceIndex interface = 0;
    net::IpAddress address{};
    net::MacAddress mac{};  ///< of a gateway: zero if unknown
    /// True for a gateway that faces no clients, on an interface that faces both sides.
    bool is_of_servers = false;
};

struct TableSpec {
    std::vector<InterfaceSpec> interfaces{};
    std::vector<BackendSpec> backends{};
    std::vector<ServiceSpec> services{};  ///< service s has frontends 2s (500) and 2s+1 (4500)
    std::vector<RouteSpec> routes{};  ///< of equal prefixes the last is the kernel's choice
    std::vector<NeighbourSpec> neighbours{};
    std::vector<NeighbourSpec> gateways{};  ///< from index 1 on
    std::vector<NeighbourSpec> server_macs{};  ///< besides backends and the servers' gateways
    std::vector<net::IpPrefix> inside_prefixes{};
    std::vector<net::IpAddress> other_addresses{};  ///< own, but of no kernel TAP
    std::vector<net::IpAddress> removed{};          ///< formerly a backend's
    wall::Wall wall{};  ///< server_prefixes and broadcasts follow from the routes
    forwarding::Timeouts timeouts{};
    forwarding::AbuseLimits limits{};
    net::HashKey hash_key{.k0 = 0x0123456789abcdef, .k1 = 0xfedcba9876543210};
    std::size_t maglev_size = 1021;
};

/// previous, rebuilt_at: the table in use before; a service whose hash differs keeps the former
/// hash as its old table from then on.
forwarding::ForwardingTable build_table(const TableSpec& spec,
                                        const forwarding::ForwardingTable* previous = nullptr,
                                        forwarding::Seconds rebuilt_at = 0);

net::IpAddress address(const char* text);
net::IpPrefix prefix(const char* text);
net::MacAddress mac(const char* text);

/// Addresses and indices in the farms below.
namespace place {
inline constexpr forwarding::PortIndex wan = 0, lan = 1;
inline constexpr forwarding::InterfaceIndex ext = 0, srv = 1;
inline constexpr forwarding::GatewayIndex first_gateway = 1, second_gateway = 2;
inline constexpr forwarding::BackendIndex rras1 = 0, rras2 = 1, rras3 = 2;
inline constexpr const char* vip = "203.0.113.10";
inline constexpr const char* second_vip = "203.0.113.20";
inline constexpr const char* own_wan = "198.51.100.1";
inline constexpr const char* own_lan = "10.20.0.1";
inline constexpr const char* client = "192.0.2.7";
inline constexpr const char* other_client = "192.0.2.99";
inline constexpr forwarding::BackendIndex first_v6_server = 3;
inline constexpr forwarding::GatewayIndex v6_gateway = 3;
inline constexpr const char* vip6 = "2001:db8:203::10";
inline constexpr const char* own_wan6 = "2001:db8:198::1";
inline constexpr const char* own_lan6 = "fd00:20::1";
inline constexpr const char* client6 = "2001:db8:192::7";
inline constexpr const char* other_client6 = "2001:db8:192::99";
net::MacAddress ext_mac();
net::MacAddress srv_mac();
net::MacAddress first_gateway_mac();
net::MacAddress second_gateway_mac();
net::MacAddress server_mac(forwarding::BackendIndex backend);
/// 10.20.0.11, 10.20.0.12, 10.20.0.13, then fd00:20::14 and so on.
std::string server(forwarding::BackendIndex backend);
/// 10.20.0.111, 10.20.0.112, 10.20.0.113: for the second VIP.
std::string server_alias(forwarding::BackendIndex backend);
/// fd00:20::21, fd00:20::22, fd00:20::23: of servers of both families.
std::string server_address6(forwarding::BackendIndex backend);
}  // namespace place

/// Two ports without tags, two gateways on the client side, one VIP on three servers.
TableSpec two_armed_farm();
/// The same with a second VIP on the same three servers: their replies are ambiguous.
TableSpec farm_with_two_vips();
/// The same, but the servers have an alias for the second VIP.
TableSpec farm_with_aliases();
/// The same as two_armed_farm() with a VIP of IPv6 on three servers of their own.
TableSpec dual_stack_farm();
/// The same with both VIPs on three servers that have an address of each family.
TableSpec farm_of_both_families();
/// The same as two_armed_farm() on one port: the client side untagged, the servers in VLAN 20.
TableSpec one_port_farm();
/// The same on one interface that faces both sides, in the servers' subnet: the router,
/// 10.20.0.254, and the servers are neighbours. Frames come in by from_gateway(), which takes any
/// MAC address.
TableSpec flat_farm();

}  // namespace ikelb::testlib
