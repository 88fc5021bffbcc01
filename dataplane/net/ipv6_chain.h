// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ikelb::net {

// Limits of a packet's cost, above any sender's needs (RFC 8504 section 5.3).
inline constexpr std::size_t max_ipv6_extensions = 8;
inline constexpr std::size_t max_ipv6_extension_bytes = 512;

/// Result of a walk over an IPv6 packet's extension headers (RFC 8200 section 4).
struct Ipv6Chain {
    enum class State : std::uint8_t {
        complete,   ///< all headers are there; the upper layer may lie beyond the bytes at hand
        cut_short,  ///< the headers run beyond the packet
        split,      ///< the headers run beyond the bytes at hand
        malformed,  ///< out of order, too many, or an impossible fragment
        past_end,   ///< a fragment that makes its datagram too long
    };

    State state = State::complete;
    /// Protocol at `offset`: the first one that is no extension header; of a later fragment, whose
    /// protocol only the first fragment tells, ip_protocol::fragment.
    std::uint8_t protocol = 0;
    std::size_t offset = 0;  ///< from the IPv6 header on
    /// Part of a datagram, by a fragment header; an atomic fragment (RFC 6946) is whole.
    bool is_fragment = false;
    std::uint16_t fragment_offset = 0;  ///< in bytes
    std::uint32_t identification = 0;
    /// A routing header names the final destination, which checksums cover (RFC 8200 section 8.1).
    /// Also true of type 0, which RFC 5095 forbids.
    bool is_source_routed = false;

    bool is_later_fragment() const noexcept { return fragment_offset != 0; }
};

/// Walks the extension headers. packet: bytes at hand from the IPv6 header on, at least its 40.
/// total: length by the header. An authentication header (51) is a protocol of its own.
Ipv6Chain walk_ipv6_chain(std::span<const std::uint8_t> packet, std::size_t total) noexcept;

}  // namespace ikelb::net
