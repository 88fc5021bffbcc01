// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "dataplane/forwarding/address_map.h"
#include "dataplane/forwarding/fast_table.h"
#include "dataplane/forwarding/ids.h"
#include "dataplane/forwarding/route_table.h"
#include "dataplane/forwarding/timeouts.h"
#include "dataplane/net/address.h"
#include "dataplane/net/hash.h"
#include "dataplane/net/headers.h"
#include "dataplane/wall/wall.h"

namespace ikelb::forwarding {

/// The Ethernet header, with its tag, in front of an IP header to one next hop. The writer fills in
/// the last two bytes, the type, which depends on the packet's family.
struct LinkHeader {
    std::array<std::uint8_t, 18> bytes{};
    std::uint8_t length = 14;  ///< 14, or 18 with an 802.1Q tag
    PortIndex port = 0;
    InterfaceIndex interface = no_interface;
    std::uint16_t mtu = 1500;
    bool is_resolved = false;  ///< false: the neighbour is not known (yet)
};

/// A logical interface: a port or one of its VLANs.
struct Interface {
    PortIndex port = 0;
    std::uint16_t vlan = 0;  ///< 0 = untagged
    std::uint16_t mtu = 1500;
    bool is_up = false;
    bool faces_clients = false;
    bool faces_servers = false;
    net::MacAddress mac;
    net::IpAddress address;   ///< source of ICMP errors that leave here; unspecified if none
    net::IpAddress address6;  ///< the same for ICMPv6
};

enum class Mode : std::uint8_t {
    enabled,
    drain_keep,    ///< no new clients; a client with persistence comes back here
    drain_refuse,  ///< no new SAs; established SAs stay
    disabled,
};

/// Service ports by position: 0 is 500, 1 is 4500.
inline constexpr std::size_t service_ports = 2;
inline constexpr std::array<std::uint16_t, service_ports> service_port_numbers{500, 4500};

constexpr std::size_t service_port_position(net::be16 port) noexcept {
    if (port == net::be16::from_host(500)) return 0;
    if (port == net::be16::from_host(4500)) return 1;
    return service_ports;
}

inline constexpr FrontendIndex no_frontend = 0xffff;
inline constexpr BackendIndex no_backend = 0xffff;

/// Marks in the SPIs that a server chooses, which name the server without any record (strongSwan:
/// charon.spi_mask and spi_label, charon.spi_min and spi_max).
struct SpiLabel {
    std::uint64_t ike_mask = 0;  ///< host byte order; 0: IKE SPIs are not marked
    std::uint64_t ike_value = 0;
    std::uint32_t esp_first = 0;  ///< host byte order, inclusive; 0: ESP SPIs are not marked
    std::uint32_t esp_last = 0;

    constexpr bool is_set() const noexcept { return ike_mask != 0 || esp_first != 0; }
    constexpr bool holds_ike(std::uint64_t spi) const noexcept {
        return ike_mask != 0 && (spi & ike_mask) == ike_value;
    }
    constexpr bool holds_esp(std::uint32_t spi) const noexcept {
        return esp_first != 0 && spi >= esp_first && spi <= esp_last;
    }
};

/// An address of a server for a service's packets, and the link header to it.
struct Target {
    net::IpAddress address;
    LinkHeader link;
};

/// A server's own address of one family.
struct Home : Target {
    bool is_up = false;
    /// All frontends that send here, by port position; replies from here are ambiguous if there are
    /// several. An alias belongs to one service alone.
    std::array<std::vector<FrontendIndex>, service_ports> frontends;

    bool is_ambiguous() const noexcept { return frontends[0].size() > 1; }
};

/// A server with one or both families; all members but homes apply to both.
struct Backend {
    std::uint8_t generation = 0;
    Mode mode = Mode::disabled;
    bool is_present = false;  ///< false: the index is unused now
    bool flush_on_down = false;
    std::uint16_t weight = 0;
    SpiLabel label;
    std::array<Home, 2> homes;  ///< IPv4's, IPv6's; unspecified address: no home

    bool is_flushed(bool is_v6) const noexcept { return flush_on_down && !homes[is_v6].is_up; }
    bool takes_new_clients(bool is_v6) const noexcept {
        return is_present && homes[is_v6].is_up && mode == Mode::enabled && weight > 0;
    }
    bool takes_returning_clients(bool is_v6) const noexcept {
        return is_present && homes[is_v6].is_up && mode <= Mode::drain_keep;
    }
};

enum class Scheduler : std::uint8_t { maglev, weighted_round_robin, least_sas };

/// Unit that stays with one backend: a client address with all its SAs, or a single SA.
enum class Affinity : std::uint8_t { source, sa };

/// An immutable list that successive tables share: a copy costs a pointer, not 65,537 entries.
class BackendList : public std::span<const BackendIndex> {
public:
    BackendList() = default;
    BackendList(std::vector<BackendIndex> list)
        : BackendList{std::make_shared<const std::vector<BackendIndex>>(std::move(list))} {}

private:
    explicit BackendList(std::shared_ptr<const std::vector<BackendIndex>> owner)
        : span{*owner}, owner_{std::move(owner)} {}
    std::shared_ptr<const std::vector<BackendIndex>> owner_;
};

/// Index of a hash in a table of table_size entries: scaled by the high bits, without a division.
constexpr std::size_t maglev_index(std::uint64_t hash, std::size_t table_size) noexcept {
    return static_cast<std::size_t>(net::Uint128{hash} * table_size >> 64);
}

struct Service {
    bool is_present = false;
    bool is_v6 = false;  ///< the family of its VIP
    Scheduler scheduler = Scheduler::maglev;
    Affinity affinity = Affinity::source;
    /// Leading bits of an address that identify a client, in the family's own count.
    std::uint8_t prefix_v4 = 32;
    std::uint8_t prefix_v6 = 128;
    /// Requests of unknown IKE SAs that are copied to every backend, per second and worker.
    std::uint32_t ask_all_rate = 0;
    std::vector<BackendIndex> members;  ///< backends that take new clients
    BackendList maglev;                 ///< members by hash; empty without members
    BackendList old_maglev;             ///< the table before the last rebuild, for COOKIE retries
    Seconds rebuilt_at = 0;
    BackendList round_robin;            ///< one turn of the weighted sequence
    std::vector<wall::OpenPort> host_ports;  ///< open on the VIP besides 500, 4500 and ping

    /// The address under which client persistence knows a client.
    net::IpAddress client_of(const net::IpAddress& address) const noexcept {
        const net::IpPrefix own{address, address.is_v4() ? prefix_v4 : prefix_v6};
        return own.mapped_length() >= 128 ? address : own.network().address;
    }
};

/// Token bucket: events per second on average, and events at once.
struct Rate {
    std::uint32_t per_second = 0;
    std::uint32_t burst = 0;
};

/// Limits per worker on traffic of unknown sources.
struct AbuseLimits {
    Rate requests_per_source{200, 2000};     ///< IKE requests without a responder's SPI
    Rate requests_per_backend{2000, 4000};
    Rate logins_per_source{10, 2000};  ///< answered logins without an SA yet
    Rate unknown_pairs_per_backend{100, 200};
    Rate opened_by_backends{200, 200};       ///< flows for IKE_SA_INIT requests of backends
    Rate half_open_inserts{8000, 16000};     ///< choices of schedulers other than the hash
    Rate fragments_per_source{2000, 2000};   ///< datagrams of clients that come in fragments
    Rate pending_per_source{100, 500};       ///< requests remembered until their answer
};

/// One (VIP, service port).
struct Frontend {
    net::IpAddress vip;
    net::be16 port = net::be16::from_wire(0);
    ServiceIndex service = max_services;
    bool is_served = false;
    GatewayIndex uplink = no_gateway;  ///< default next hop of replies, without a record
    bool is_present() const noexcept { return !vip.is_unspecified(); }
};

/// Role of an address in the configuration.
enum class AddressRole : std::uint8_t { own, vip, backend };
struct AddressEntry {
    AddressRole role = AddressRole::own;
    /// The VIP's own; of a backend, the VIP of its replies: no_frontend where the flow has to tell.
    std::array<FrontendIndex, service_ports> frontends{no_frontend, no_frontend};
    BackendIndex backend = no_backend;        ///< owner of address or alias; none: a removed one
    InterfaceIndex interface = no_interface;  ///< owner by its kernel TAP; none: another device
};

enum class RouteKind : std::uint8_t { on_link, gateway, local, blackhole, unreachable };
struct Route {
    RouteKind kind = RouteKind::on_link;
    InterfaceIndex interface = no_interface;
    GatewayIndex gateway = no_gateway;  ///< of kind gateway
    /// Gateways of any kernel route to the destination, preferred or not.
    std::bitset<on_link_client + 1> over{};
};

/// A next hop that the kernel knows as a gateway. Index 0 stands for none.
struct Gateway {
    InterfaceIndex interface = no_interface;
    net::IpAddress address;
    LinkHeader link;
    std::array<bool, 2> is_default{};  ///< a default route leads over the gateway; [1] of IPv4
    /// A route beyond the servers' side leads over it: on an interface that faces both sides, a
    /// frame from its MAC address is never a server's.
    bool faces_clients = false;
};

inline std::array<std::uint64_t, 3> neighbour_key(InterfaceIndex interface,
                                                  const net::IpAddress& address) noexcept {
    return {std::uint64_t{interface} + 1, address.high(), address.low()};
}

inline std::array<std::uint64_t, 1> alias_key(ServiceIndex service, BackendIndex backend) noexcept {
    return {std::uint64_t{service} * max_backends + backend};
}

/// All forwarding data of a worker, as one immutable value that the control thread publishes
/// (worker::Published). The ids of ids.h index the vectors.
struct ForwardingTable {
    std::uint64_t version = 0;
    net::HashKey hash_key;
    Timeouts timeouts;
    AbuseLimits limits;
    ById<Interface> interfaces;
    /// By port and VLAN: [port * 4096 + vlan].
    std::vector<InterfaceIndex> interface_of;
    ById<Backend> backends;
    std::vector<BackendIndex> labelled;  ///< backends whose label is set
    ById<Frontend> frontends;
    ById<Service> services;
    /// Member by [service * max_backends + backend]; no_member if the backend is none.
    std::shared_ptr<const std::vector<MemberIndex>> members;
    WordMap<1, Target> aliases;  ///< by alias_key(); other packets go to the backend's home
    AddressMap<AddressEntry> addresses;
    std::vector<net::IpPrefix> inside_prefixes;
    wall::Wall wall;
    RouteTable route_table;  ///< to an index into routes
    std::vector<Route> routes;
    WordMap<3, LinkHeader> neighbours;          ///< by neighbour_key()
    ById<Gateway> gateways;                     ///< [0] is no gateway
    WordMap<1, GatewayIndex> gateway_of_mac;    ///< by gateway_key()
    /// Senders of the servers' side on interfaces that face both sides: backends, their routers and
    /// the operator's list, without gateways that face clients. By gateway_key().
    WordMap<1, bool> server_macs;
    FastTable fast_path;  ///< derived from all members above

    InterfaceIndex interface_at(PortIndex port, std::uint16_t vlan) const noexcept {
        const std::size_t slot = std::size_t{port} * 4096 + vlan;
        return slot < interface_of.size() ? interface_of[slot] : no_interface;
    }
    std::optional<MemberIndex> member(ServiceIndex service, BackendIndex backend) const noexcept {
        if (service >= max_services || backend >= max_backends) return std::nullopt;
        const MemberIndex member = (*members)[service * max_backends + backend];
        return member == no_member ? std::nullopt : std::optional{member};
    }
    /// The address at which a backend takes a service's packets.
    const Target& target(ServiceIndex service, BackendIndex backend) const noexcept {
        const Target* alias = aliases.find(alias_key(service, backend));
        return alias == nullptr ? backends[backend].homes[services[service].is_v6] : *alias;
    }
    bool is_inside(const net::IpAddress& address) const noexcept {
        const auto holds = [&](const net::IpPrefix& prefix) { return prefix.contains(address); };
        return std::ranges::any_of(inside_prefixes, holds);
    }
    const Route* find_route(const net::IpAddress& destination) const noexcept {
        const auto index = route_table.lookup(destination);
        return index ? &routes[*index] : nullptr;
    }
    /// True if the kernel's routes make the address a neighbour on the interface.
    bool is_on_link(const net::IpAddress& address, InterfaceIndex at) const noexcept {
        const Route* route = find_route(address);
        return route != nullptr && route->kind == RouteKind::on_link && route->interface == at;
    }
    /// The next hop towards a client without a record of its gateway.
    GatewayIndex default_gateway(const net::IpAddress& client, FrontendIndex at) const noexcept {
        const Route* route = find_route(client);
        if (route != nullptr && route->kind == RouteKind::on_link) return on_link_client;
        const GatewayIndex uplink = frontends[at].uplink;
        const GatewayIndex other = route == nullptr ? no_gateway : route->gateway;
        const bool is_dead = !gateways[uplink].link.is_resolved && gateways[other].link.is_resolved;
        return uplink == no_gateway || is_dead ? other : uplink;
    }
    /// True if the gateway is resolved and some route to the client leads over it.
    bool leads_to(const net::IpAddress& client, GatewayIndex by) const noexcept {
        const Gateway& hop = gateways[by];
        if (!hop.link.is_resolved || hop.is_default[client.is_v4()]) return hop.link.is_resolved;
        const Route* route = find_route(client);
        return route != nullptr && route->over[by];
    }
    const LinkHeader* neighbour(InterfaceIndex at, const net::IpAddress& address) const noexcept {
        return neighbours.find(neighbour_key(at, address));
    }
    /// True if the index still means the backend that the record named.
    bool is_current(BackendRef ref) const noexcept {
        const Backend& backend = backends[ref.index];
        return backend.is_present && backend.generation == ref.generation;
    }
};

/// is_v6: names the IPv6 gateway of a router that is one of both families; both keys find it.
inline std::array<std::uint64_t, 1> gateway_key(InterfaceIndex interface,
                                                const net::MacAddress& mac,
                                                bool is_v6 = false) noexcept {
    const std::uint64_t high = net::load<net::be32>(mac.bytes.data()).to_host();
    const std::uint64_t low = net::load<net::be16>(mac.bytes.data() + 4).to_host();
    return {(std::uint64_t{is_v6} << 56 | high << 24 | low << 8 | interface) + 1};
}

}  // namespace ikelb::forwarding
