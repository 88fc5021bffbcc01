// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "dataplane/affinity/found.h"
#include "dataplane/packet/context.h"
#include "dataplane/packet/packet.h"

namespace ikelb::pipeline {

// The steps of the packet path, in their order. Each handles one packet, decides it or leaves it
// for the next, and never touches a port, a clock, a log or an allocator.

/// Wire bytes to fields: interface, IP header, ports. Exits: everything malformed, source_routed,
/// ARP and multicast punts. Reads no byte beyond frame.contiguous.
void parse(Packet& packet, const Context& context) noexcept;

// Its second half: from the IP header, whose place is known, to the ports.
void parse_ipv4(Packet& packet) noexcept;  ///< RFC 1812 section 5.2.2, in its order
void parse_ipv6(Packet& packet) noexcept;  ///< RFC 8200, and RFC 7112 for first fragments

/// Addresses to a side and a direction: service, reply, transit, or ours. Exits: forged sources,
/// punts, what is closed of our own addresses, malformed IKE and ESP.
void classify(Packet& packet, Context& context) noexcept;

/// Gives later fragments the fate of their first one, and holds those that came before it.
void follow_fragment(Packet& packet, Context& context) noexcept;

/// Tells later fragments what became of this first one. Exits: fragment_overlap, fragment_limited.
void remember_fragment(Packet& packet, Context& context) noexcept;

/// ICMP errors that quote a flow: which one. Exits: icmp_unmatched.
void match_icmp_error(Packet& packet, Context& context) noexcept;

/// Changes the quoted source or destination address, and the checksums that cover it: the quoted
/// IPv4 header's, the quoted UDP's and the ICMP message's own (RFC 5508 section 4.2).
void rewrite_quoted(const Packet& packet, const net::IpAddress& address, bool is_source) noexcept;

/// Client to VIP: the backend by the rules of affinity/rules.cc, and copies of the packet, which
/// has that place, for others. Exits: backend_down, unknown_*, *_limited, no_backend,
/// client_on_farm_subnet, hold_neighbour.
void steer(Packet& packet, std::uint8_t place, Copies& copies, Context& context) noexcept;

/// Refuses requests for new SAs whose service's gate is shut, as the steps would, each for a token
/// of its source; none behind a packet that may take one in the steps, as those in taken do not.
PlaceSet refuse_unseen(Batch& batch, PlaceSet taken, Context& context) noexcept;

/// Is the server's link address known, as far as it lacks no more than that? Else it is asked for.
bool is_reachable(const forwarding::Target& target, Context& context) noexcept;

/// Next hop. Exits: no_route, blackhole, interface_down, no_neighbour, ttl_expired, too_big, holds.
void route(Packet& packet, Context& context) noexcept;

/// Addresses, checksums, TTL and the link header, all together; the packet is decided after it.
void rewrite(Packet& packet, Context& context) noexcept;

/// The ICMP errors that a router owes the sender.
enum class OwedError : std::uint8_t { time_exceeded, too_big };

/// Sends a copy of a packet that rewrite() has sent to one backend to another one; out_shift and
/// out_length are set anew. False: that backend cannot be reached now.
bool readdress(Packet& copy, forwarding::BackendIndex to, Context& context) noexcept;

/// Turns the packet, as it came in, into an ICMP error to its sender, back the way it came and from
/// the interface's own address. mtu: of the next hop that it is too big for. verdict_if_not: where
/// RFC 1122 section 3.2.2, RFC 4443 section 2.4 or the rate limit forbid the error.
void answer_with_icmp(Packet& packet, OwedError error, std::uint16_t mtu, Verdict verdict_if_not,
                      Context& context) noexcept;

/// The token buckets of the side that the packet comes from; this worker's.
SideBuckets& buckets_of(const Packet& packet, const Context& context) noexcept;

/// Decides for the kernel, if the bucket of the verdict's class and of the interface's side allows.
void punt(Packet& packet, Verdict verdict, const Context& context) noexcept;

}  // namespace ikelb::pipeline
