// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// What may come in from the clients' side besides service datagrams, as the forwarding table
// holds it. By default: answers to what the servers' side began, and nothing else.

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/net/address.h"

namespace ikelb::wall {

inline constexpr std::uint8_t any_protocol = 0;  ///< on the wire no upper protocol

/// Transit that the operator lets begin on the clients' side.
struct AllowRule {
    net::IpPrefix from{};
    net::IpPrefix to{};  ///< of the same family
    std::uint8_t protocol = any_protocol;
    std::uint16_t first_port = 0;  ///< destination port, host byte order, inclusive
    std::uint16_t last_port = 0xffff;
    bool is_established = false;  ///< of TCP only segments with ACK or RST

    friend bool operator==(const AllowRule&, const AllowRule&) = default;
};

/// What an AllowRule is asked about. A packet without ports has port 0.
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
    /// Does any rule name this packet?
    virtual bool allow(const TransitPacket& packet) const noexcept = 0;
};

/// A port of ours that the kernel may be asked at from the clients' side.
struct OpenPort {
    std::uint8_t protocol = 0;     ///< any_protocol: every one
    std::uint16_t first_port = 0;  ///< host byte order, inclusive
    std::uint16_t last_port = 0xffff;

    bool names(std::uint8_t asked_protocol, std::uint16_t port) const noexcept {
        return (protocol == any_protocol || protocol == asked_protocol) && port >= first_port &&
               port <= last_port;
    }
};

/// An own address that is not the ingress interface's, opened for some: BGP or BFD to a loopback.
struct OwnService {
    net::IpAddress address{};
    net::IpPrefix from{};
    OpenPort port{};
};

using Seconds = std::uint32_t;  ///< as forwarding::Seconds, the coarse clock of the records

/// Seconds a transit record lives without a packet.
struct TransitTimeouts {
    Seconds tcp = 7440;         ///< answered; RFC 5382 section 5: at least 2 h 4 min
    Seconds tcp_opening = 240;  ///< not answered yet, or after FIN or RST
    Seconds udp = 300;          ///< RFC 4787 section 4.3
    Seconds icmp = 60;          ///< RFC 5508 section 3.2
    Seconds other = 600;

    /// is_opening: or closing; of TCP alone that is another life.
    Seconds of(std::uint8_t protocol, bool is_opening) const noexcept;
};

/// Immutable, part of a ForwardingTable.
struct Wall {
    bool is_open = false;  ///< `transit: open`: transit may begin on the clients' side
    std::shared_ptr<const AllowRules> allow{};  ///< nullptr: no rule
    std::vector<OwnService> own_services{};
    /// Networks whose addresses no packet from the clients' side can have as its source: on-link
    /// prefixes of interfaces that face servers only.
    std::vector<net::IpPrefix> server_prefixes{};
    /// Directed broadcast addresses of our interfaces' IPv4 subnets: nobody's source, and no
    /// destination of transit (RFC 2644).
    std::vector<net::IpAddress> broadcasts{};
    TransitTimeouts timeouts{};
    /// TCP without SYN towards the servers' side passes until then: conversations that began at
    /// the node before this one, or before a start without saved state.
    Seconds grace_until = 0;
    /// The first octets of martians, of the addresses above and of inside_prefixes, a bit for each.
    std::array<std::uint64_t, 4> octets{};

    /// Works out `octets`; whoever builds a table calls it last. inside: its inside_prefixes.
    void prepare(const std::vector<net::IpPrefix>& inside);
    /// False: no martian, and in none of the networks above nor inside. That is all that most
    /// clients' addresses are asked.
    bool is_suspect(const net::IpAddress& address, bool is_v6) const noexcept {
        return is_suspect(address.bytes()[first_byte(is_v6)]);
    }
    bool is_suspect(unsigned first_octet) const noexcept {
        return (octets[first_octet / 64] >> first_octet % 64 & 1) != 0;
    }
    bool is_broadcast(const net::IpAddress& address) const noexcept;
    bool is_of_servers(const net::IpAddress& address) const noexcept;
    /// May the kernel be asked at this address of ours, not the ingress interface's, or at a group?
    bool opens(const net::IpAddress& own, const net::IpAddress& source, std::uint8_t protocol,
               std::uint16_t port) const noexcept;

    static constexpr std::size_t first_byte(bool is_v6) noexcept { return is_v6 ? 0 : 12; }
};

}  // namespace ikelb::wall
