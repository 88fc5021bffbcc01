// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <optional>

#include "dataplane/packet/packet.h"

namespace ikelb::pipeline {

/// The UDP datagram that an ICMP error quotes, of the error's own family (RFC 792: its IP header
/// and at least 8 bytes more; RFC 4443 section 2.4 (c): more than that).
struct Quoted {
    std::size_t l3 = 0;  ///< offset of the quoted IP header in the frame
    std::size_t l4 = 0;
    net::IpAddress source{};
    net::IpAddress destination{};
    net::be16 source_port = net::be16::from_wire(0);
    net::be16 destination_port = net::be16::from_wire(0);
};

/// nullopt: it quotes no UDP datagram with its ports, or the quote is cut short.
std::optional<Quoted> read_quoted(const Packet& packet) noexcept;

/// Changes the quoted source or destination address, and the checksums that cover it: the quoted
/// IPv4 header's, the quoted UDP's and the ICMP message's own (RFC 5508 section 4.2).
void rewrite_quoted(const Packet& packet, const net::IpAddress& address, bool is_source) noexcept;

}  // namespace ikelb::pipeline
