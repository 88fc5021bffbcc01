// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ikelb::net {

// More than any sender needs, and a bound for what a packet may cost (RFC 8504 section 5.3).
inline constexpr std::size_t max_ipv6_extensions = 8;
inline constexpr std::size_t max_ipv6_extension_bytes = 512;

/// Where the extension headers of an IPv6 packet lead (RFC 8200 section 4).
struct Ipv6Chain {
    enum class State : std::uint8_t {
        complete,   ///< all headers are there; what follows them may lie beyond the bytes at hand
        cut_short,  ///< they run beyond the packet
        split,      ///< they run beyond the bytes at hand
        malformed,  ///< out of their order, too many, or of an impossible fragment
        past_end,   ///< a fragment that makes its datagram longer than one can be
    };

    State state = State::complete;
    /// What follows at `offset`: the first protocol that is no extension header. Of a later
    /// fragment only the first one knows, so that it is ip_protocol::fragment.
    std::uint8_t protocol = 0;
    std::size_t offset = 0;  ///< from the IPv6 header on
    /// Part of a datagram, with a fragment header; not an atomic one (RFC 6946), which is whole.
    bool is_fragment = false;
    std::uint16_t fragment_offset = 0;  ///< in bytes
    std::uint32_t identification = 0;
    /// On its way to another address than its header's: a routing header names the one that
    /// checksums cover (RFC 8200 section 8.1). Of type 0 nobody may use any (RFC 5095).
    bool is_source_routed = false;

    bool is_later_fragment() const noexcept { return fragment_offset != 0; }
};

/// Walks the extension headers. packet: from the IPv6 header on, at least that, what is at hand.
/// total: its length by its header. An authentication header (51) is a protocol of its own.
Ipv6Chain walk_ipv6_chain(std::span<const std::uint8_t> packet, std::size_t total) noexcept;

}  // namespace ikelb::net
