// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The forwarding table's rules for packets from the clients' side other than service datagrams. The
// default admits only answers to conversations that the servers' side began.

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/net/address.h"

namespace ikelb::wall {

inline constexpr std::uint8_t any_protocol = 0;  ///< on the wire no upper protocol

/// Transit that may begin on the clients' side, by the operator's choice.
struct AllowRule {
    net::IpPrefix from{};
    net::IpPrefix to{};  ///< of the same family
    std::uint8_t protocol = any_protocol;
    std::uint16_t first_port = 0;  ///< destination port, host byte order, inclusive
    std::uint16_t last_port = 0xffff;
    bool is_established = false;  ///< only TCP segments with ACK or RST

    friend bool operator==(const AllowRule&, const AllowRule&) = default;
};

/// The fields that an AllowRule compares. A packet without ports has port 0.
struct TransitPacket {
    net::IpAddress source{};
    net::IpAddress destination{};
    std::uint8_t protocol = 0;
    std::uint16_t destination_port = 0;  ///< host byte order
    bool is_established = false;
};

/// Compiled rules. Threads: any; immutable.
class AllowRules {
public:
    virtual ~AllowRules() = default;
    /// Returns true if a rule names the packet.
    virtual bool allow(const TransitPacket& packet) const noexcept = 0;
};

/// A port of an own address that clients' side packets may reach in the kernel.
struct OpenPort {
    std::uint8_t protocol = 0;     ///< any_protocol: all protocols
    std::uint16_t first_port = 0;  ///< host byte order, inclusive
    std::uint16_t last_port = 0xffff;

    bool names(std::uint8_t asked_protocol, std::uint16_t port) const noexcept {
        return (protocol == any_protocol || protocol == asked_protocol) && port >= first_port &&
               port <= last_port;
    }
};

/// An own address other than the ingress interface's, open to a prefix: BGP or BFD to a loopback.
struct OwnService {
    net::IpAddress address{};
    net::IpPrefix from{};
    OpenPort port{};
};

using Seconds = std::uint32_t;  ///< as forwarding::Seconds, the coarse clock of the records

/// Lifetimes of transit records after the last packet.
struct TransitTimeouts {
    Seconds tcp = 7440;         ///< answered; RFC 5382 section 5: at least 2 h 4 min
    Seconds tcp_opening = 240;  ///< not answered yet, or after FIN or RST
    Seconds udp = 300;          ///< RFC 4787 section 4.3
    Seconds icmp = 60;          ///< RFC 5508 section 3.2
    Seconds other = 600;

    /// is_opening: or closing; only TCP has another lifetime then.
    Seconds of(std::uint8_t protocol, bool is_opening) const noexcept;
};

/// Immutable, part of a ForwardingTable.
struct Wall {
    bool is_open = false;  ///< `transit: open`: transit may begin on the clients' side
    std::shared_ptr<const AllowRules> allow{};  ///< nullptr: no rule
    std::vector<OwnService> own_services{};
    /// Networks whose addresses are no valid source on the clients' side: on-link prefixes of
    /// interfaces that face servers only.
    std::vector<net::IpPrefix> server_prefixes{};
    /// Directed broadcast addresses of own IPv4 subnets: no valid source, and no valid destination
    /// of transit (RFC 2644).
    std::vector<net::IpAddress> broadcasts{};
    TransitTimeouts timeouts{};
    /// End of the time in which TCP without SYN may pass to the servers' side, for conversations
    /// that began at the node before this one, or before a start without saved state.
    Seconds grace_until = 0;
    /// First octets of martians, of the addresses above and of inside_prefixes, one bit per octet.
    std::array<std::uint64_t, 4> octets{};

    /// Computes `octets`; a table's builder calls it last. inside: the table's inside_prefixes.
    void prepare(const std::vector<net::IpPrefix>& inside);
    /// False: the address is no martian and in no network above nor inside. Most clients' addresses
    /// need no other check.
    bool is_suspect(const net::IpAddress& address, bool is_v6) const noexcept {
        return is_suspect(address.bytes()[first_byte(is_v6)]);
    }
    bool is_suspect(unsigned first_octet) const noexcept {
        return (octets[first_octet / 64] >> first_octet % 64 & 1) != 0;
    }
    bool is_broadcast(const net::IpAddress& address) const noexcept;
    bool is_of_servers(const net::IpAddress& address) const noexcept;
    /// True if clients may reach the port at an own address off the ingress interface, or a group.
    bool opens(const net::IpAddress& own, const net::IpAddress& source, std::uint8_t protocol,
               std::uint16_t port) const noexcept;

    static constexpr std::size_t first_byte(bool is_v6) noexcept { return is_v6 ? 0 : 12; }
};

}  // namespace ikelb::wall
