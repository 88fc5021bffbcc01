// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/found.h"
#include "dataplane/packet/context.h"
#include "dataplane/packet/packet.h"

namespace ikelb::pipeline {

// The stages of the general path, in their order. Each handles one packet, decides it or leaves it
// for the next, and never touches a port, a clock, a log or an allocator.

/// Wire bytes to fields: interface, IP header, ports. Exits: all malformed packets, source_routed,
/// ARP and multicast punts. Reads no byte beyond frame.contiguous.
void parse(Packet& packet, const Context& context) noexcept;

// Second half of parse(): from the IP header at packet.l3 to the ports.
void parse_ipv4(Packet& packet) noexcept;  ///< RFC 1812 section 5.2.2, in its order
void parse_ipv6(Packet& packet) noexcept;  ///< RFC 8200, and RFC 7112 for first fragments

/// Addresses to a side and a direction: service, reply, transit or own. Exits: forged sources,
/// punts, closed own addresses, malformed IKE and ESP.
void classify(Packet& packet, Context& context) noexcept;

/// Gives later fragments the disposition of their first one, and holds early ones.
void follow_fragment(Packet& packet, Context& context) noexcept;

/// Stores a first fragment's disposition. Exits: fragment_overlap, fragment_limited.
void remember_fragment(Packet& packet, Context& context) noexcept;

/// Finds the flow that an ICMP error quotes. Exits: icmp_unmatched.
void match_icmp_error(Packet& packet, Context& context) noexcept;

/// Changes the quoted source or destination address, and the checksums that cover it: the quoted
/// IPv4 header's, the quoted UDP's and the ICMP message's own (RFC 5508 section 4.2).
void rewrite_quoted(const Packet& packet, const net::IpAddress& address, bool is_source) noexcept;

/// Client to VIP: finds the backend by the rules of affinity/rules.cc, and adds copies for other
/// backends. place: the packet's in its burst. Exits: backend_down, unknown_*, *_limited,
/// no_backend, client_on_farm_subnet, hold_neighbour.
void steer(Packet& packet, std::uint8_t place, Copies& copies, Context& context) noexcept;

/// Refuses requests for new SAs while their service's gate is shut, as the general path would, each
/// for a token of its source; stops where a token may be due there. taken: packets that need none.
PlaceSet refuse_unseen(Batch& batch, PlaceSet taken, Context& context) noexcept;

/// True unless the server's link address alone is missing, which the kernel is then asked for.
bool is_reachable(const forwarding::Target& target, Context& context) noexcept;

/// Next hop. Exits: no_route, blackhole, interface_down, no_neighbour, ttl_expired, too_big, holds.
void route(Packet& packet, Context& context) noexcept;

/// Changes addresses, checksums, TTL and link header together, and decides the packet.
void rewrite(Packet& packet, Context& context) noexcept;

/// ICMP errors that a router owes the sender.
enum class OwedError : std::uint8_t { time_exceeded, too_big };

/// Readdresses a copy of a packet that rewrite() has sent to a backend; sets out_shift and
/// out_length anew. to: another backend. False: that backend is unreachable now.
bool readdress(Packet& copy, forwarding::BackendIndex to, Context& context) noexcept;

/// Turns the received packet into an ICMP error to its sender, from the interface's own address.
/// mtu: of the next hop, for too_big. verdict_if_not: verdict if RFC 1122 section 3.2.2, RFC 4443
/// section 2.4 or the rate limit forbids the error.
void answer_with_icmp(Packet& packet, OwedError error, std::uint16_t mtu, Verdict verdict_if_not,
                      Context& context) noexcept;

/// This worker's token buckets of the packet's side.
SideBuckets& buckets_of(const Packet& packet, const Context& context) noexcept;

/// Punts the packet if the bucket of the verdict's class on the packet's side has a token.
void punt(Packet& packet, Verdict verdict, const Context& context) noexcept;

}  // namespace ikelb::pipeline
