// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ikelb::pipeline {

// All exits of the pipeline. The name is the counter, the metric label, the trace text and the row
// in docs/verdicts.md. FATE, the disposition, is forward, punt, hold or drop.
// clang-format off
#define IKELB_VERDICTS(X) \
    X(to_server,            forward, "client to VIP: sent to a backend") \
    X(to_client,            forward, "backend to client: sent from the VIP") \
    X(transit,              forward, "routed between ports, no translation") \
    X(icmp_error_sent,      forward, "turned into an ICMP error to its sender") \
    X(punt_arp,             punt,    "ARP about one of our addresses or about its sender, to the kernel") \
    X(punt_ndp,             punt,    "IPv6 Neighbor Discovery of the link about one of our addresses or about its sender, to the kernel") \
    X(punt_hello,           punt,    "VRRP and single-hop BFD that no router has forwarded (TTL 255), to the kernel") \
    X(punt_routing,         punt,    "BGP, OSPF and multihop BFD of a next hop or of one that own_services names, to the kernel") \
    X(punt_icmp,            punt,    "ICMP to one of our addresses, to the kernel") \
    X(punt_backend,         punt,    "echo replies from a backend to one of our addresses: answers to health checks, to the kernel") \
    X(punt_local,           punt,    "other traffic to one of our addresses, and DHCP answers to our MAC address that may be ours, to the kernel") \
    X(punt_multicast,       punt,    "other multicast or broadcast, ARP and Neighbor Discovery about others, LLDP and 802.1X, to the kernel") \
    X(punt_unresolved,      punt,    "transit without a known neighbour, to the kernel to resolve") \
    X(hold_fragment,        hold,    "later fragment before its first: held for a moment") \
    X(hold_neighbour,       hold,    "next hop is being resolved: held for a moment") \
    X(not_for_us,           drop,    "frame addressed to another MAC address") \
    X(unknown_vlan,         drop,    "frame of a VLAN that has no interface") \
    X(truncated,            drop,    "shorter than its headers say") \
    X(headers_split,        drop,    "headers spread over buffers") \
    X(not_ip,               drop,    "neither IPv4, IPv6 nor ARP") \
    X(bad_ip_header,        drop,    "malformed IP header") \
    X(bad_ip_checksum,      drop,    "IP header checksum is wrong") \
    X(bad_udp_length,       drop,    "UDP length contradicts the packet") \
    X(bad_extension,        drop,    "IPv6 extension headers out of order, too many, too long or of an impossible fragment") \
    X(mapped_address,       drop,    "IPv6 with an IPv4-mapped address") \
    X(source_routed,        drop,    "its sender says by which routers it goes: IPv4 source route, IPv6 routing header with segments left or of type 0") \
    X(bad_source,           drop,    "source address is ours, no host's (0/8, 127/8, 224/3, a directed broadcast, ::, ::1, ff00::/8), or link-local and to be forwarded") \
    X(spoofed_backend,      drop,    "a backend's source address arriving from the client side, or on one arm from a MAC address that is no server's") \
    X(spoofed_source,       drop,    "another address of the servers' side as the source, arriving from the client side, or on one arm from a MAC address that is neither a server's nor that neighbour's") \
    X(ttl_expired,          drop,    "TTL ran out and the ICMP error was rate-limited") \
    X(too_big,              drop,    "larger than the next hop's MTU and no ICMP error was due, nor may the kernel cut it") \
    X(ike_truncated,        drop,    "datagram on a service port shorter than its header") \
    X(ike_bad_length,       drop,    "IKE length field runs beyond the datagram") \
    X(ike_zero_spi,         drop,    "IKE initiator SPI is zero") \
    X(ike_init_with_spi,    drop,    "IKE_SA_INIT request with a responder SPI") \
    X(ike_version_zero,     drop,    "IKE major version 0") \
    X(esp_reserved_spi,     drop,    "ESP SPI below 256") \
    X(vip_not_served,       drop,    "service datagram to a VIP that is not announced") \
    X(service_port_own,     drop,    "UDP 500 or 4500 to an address of the kernel's that is no VIP") \
    X(vip_closed,           drop,    "to a VIP, but neither a service's datagram, nor ping, nor named by host_ports") \
    X(own_address_closed,   drop,    "from the client side to an address of ours that is not the ingress interface's, and not named by own_services") \
    X(native_esp,           drop,    "ESP (IP protocol 50) to a VIP: only ESP in UDP is balanced") \
    X(no_backend,           drop,    "no backend takes new clients") \
    X(backend_down,         drop,    "SA of a backend that is down, on_down: flush") \
    X(unknown_response,     drop,    "IKE response of an SA that nobody knows") \
    X(unknown_sa,           drop,    "ESP or IKE of an SA that nobody knows, affinity: sa") \
    X(refusal_of_copy,      drop,    "a backend refuses the copy of a request that all of them got") \
    X(source_limited,       drop,    "over the rate of new IKE requests of its source address") \
    X(backend_limited,      drop,    "over the rate of new IKE requests of its backend, or of all") \
    X(unknown_pair_limited, drop,    "over the rate of unknown IKE SAs of its backend") \
    X(unknown_keepalive,    drop,    "keepalive of an unknown flow") \
    X(reply_vip_unknown,    drop,    "no VIP for this reply: its backend is disabled, or has several VIPs and no record tells which") \
    X(backend_removed,      drop,    "service UDP of a server whose backend was removed, or an ICMP error about it") \
    X(direct_to_backend,    drop,    "service UDP or ESP from the client side to a backend's own address") \
    X(directed_broadcast,   drop,    "to be routed to all hosts of a subnet of ours") \
    X(transit_not_allowed,  drop,    "transit begun on the client side, and not named by transit.allow") \
    X(client_on_farm_subnet, drop,   "client in the servers' own subnet: replies would bypass ikelb") \
    X(fragment_timeout,     drop,    "later fragment whose first did not come") \
    X(fragment_of_drop,     drop,    "later fragment of a dropped datagram") \
    X(fragment_short,       drop,    "first IPv6 fragment without all of its headers") \
    X(fragment_overlap,     drop,    "later fragment that begins where headers may stand (byte 8 over IPv4, the first 532 bytes over IPv6), or a second first fragment unlike the one before") \
    X(fragment_past_end,    drop,    "fragment that makes its datagram longer than 65,535 bytes") \
    X(fragment_limited,     drop,    "first fragment over the rate of its source address") \
    X(icmp_unmatched,       drop,    "ICMP error that quotes no flow of ours") \
    X(no_route,             drop,    "the kernel has no route to the destination") \
    X(blackhole,            drop,    "the kernel's route says blackhole or unreachable") \
    X(no_neighbour,         drop,    "next hop did not answer ARP or NDP in time") \
    X(interface_down,       drop,    "outgoing interface is down") \
    X(punt_limited,         drop,    "over the punt rate limit of its class") \
    X(hold_full,            drop,    "no room to hold it") \
    X(tx_full,              drop,    "the port's transmit queue was full") \
    X(no_buffer,            drop,    "no buffer or no room for headers") \
    X(twin_full,            drop,    "the queue to the kernel was full")
// clang-format on

enum class Verdict : std::uint8_t {
#define IKELB_VERDICT_ENUM(name, fate, help) name,
    IKELB_VERDICTS(IKELB_VERDICT_ENUM)
#undef IKELB_VERDICT_ENUM
        undecided,  ///< on its way; no packet leaves with it
};
inline constexpr std::size_t verdict_count = static_cast<std::size_t>(Verdict::undecided);

enum class Disposition : std::uint8_t { forward, punt, hold, drop };

struct VerdictInfo {
    std::string_view name;
    Disposition fate;
    std::string_view help;
};

inline constexpr std::array<VerdictInfo, verdict_count> verdict_infos{{
#define IKELB_VERDICT_INFO(name, fate, help) {#name, Disposition::fate, help},
    IKELB_VERDICTS(IKELB_VERDICT_INFO)
#undef IKELB_VERDICT_INFO
}};

constexpr const VerdictInfo& info(Verdict verdict) noexcept {
    return verdict_infos[static_cast<std::size_t>(verdict)];
}

// Rules that steer client datagrams. The name is the metric label and the word that `ikelbctl
// explain` prints.
// clang-format off
#define IKELB_RULES(X) \
    X(label,      "the SPI carries the backend's own label") \
    X(pair,       "the backend has answered under this pair of IKE SPIs") \
    X(flow,       "the backend speaks at this client address and port, or has answered there") \
    X(esp_client, "the client's ESP SPI is known") \
    X(esp_spi,    "the ESP SPI is known from another address or port") \
    X(binding,    "the client address is bound to the backend") \
    X(half_open,  "the choice made for this client address and SPIi a moment ago") \
    X(schedule,   "no record: the scheduler chose")
// clang-format on

enum class Rule : std::uint8_t {
#define IKELB_RULE_ENUM(name, help) name,
    IKELB_RULES(IKELB_RULE_ENUM)
#undef IKELB_RULE_ENUM
        none,
};
inline constexpr std::size_t rule_count = static_cast<std::size_t>(Rule::none);

struct RuleInfo {
    std::string_view name;
    std::string_view help;
};

inline constexpr std::array<RuleInfo, rule_count> rule_infos{{
#define IKELB_RULE_INFO(name, help) {#name, help},
    IKELB_RULES(IKELB_RULE_INFO)
#undef IKELB_RULE_INFO
}};

constexpr const RuleInfo& info(Rule rule) noexcept {
    return rule_infos[static_cast<std::size_t>(rule)];
}

}  // namespace ikelb::pipeline
