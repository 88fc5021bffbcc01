// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/net/ipv6_chain.h"

#include "dataplane/net/headers.h"

namespace ikelb::net {
namespace {

using State = Ipv6Chain::State;

constexpr bool is_extension(std::uint8_t protocol) noexcept {
    return protocol == ip_protocol::hop_by_hop || protocol == ip_protocol::routing ||
           protocol == ip_protocol::fragment || protocol == ip_protocol::destination_options;
}

/// State by the end of a header: within the bytes at hand, the packet, or neither.
State reach(std::size_t end, std::size_t at_hand, std::size_t total) noexcept {
    if (end > total) return State::cut_short;
    return end > at_hand ? State::split : State::complete;
}

/// RFC 8200 section 4.5: all fragments but the last have whole 8 bytes, and no fragment makes the
/// datagram longer than 65,535 bytes, with the headers that the payload length counts.
State read_fragment(const Ipv6FragmentHeader& header, std::size_t bytes,
                    Ipv6Chain& chain) noexcept {
    const std::uint16_t word = header.offset_flags.to_host();
    const bool more = (word & ipv6_flags::more_fragments) != 0;
    chain.fragment_offset = static_cast<std::uint16_t>(word & ipv6_flags::offset_mask);
    chain.is_fragment = more || chain.fragment_offset != 0;
    chain.identification = header.identification.to_host();
    if (chain.offset - sizeof(Ipv6Header) + chain.fragment_offset + bytes > longest_datagram)
        return State::past_end;
    return more && bytes % 8 != 0 ? State::malformed : State::complete;
}

}  // namespace

Ipv6Chain walk_ipv6_chain(std::span<const std::uint8_t> packet, std::size_t total) noexcept {
    Ipv6Chain chain{.protocol = reinterpret_cast<const Ipv6Header*>(packet.data())->next_header,
                    .offset = sizeof(Ipv6Header)};
    bool has_fragment_header = false;
    for (std::size_t count = 0; is_extension(chain.protocol); ++count) {
        const std::uint8_t kind = chain.protocol;
        const bool is_misplaced = (kind == ip_protocol::hop_by_hop && count != 0) ||
                                  (kind == ip_protocol::fragment && has_fragment_header);
        chain.state = is_misplaced || count == max_ipv6_extensions
                          ? State::malformed
                          : reach(chain.offset + 8, packet.size(), total);
        if (chain.state != State::complete) return chain;
        const std::uint8_t* const at = packet.data() + chain.offset;
        const auto& header = *reinterpret_cast<const Ipv6ExtensionHeader*>(at);
        std::size_t length = 8;
        if (kind == ip_protocol::fragment) {
            has_fragment_header = true;
            chain.state = read_fragment(*reinterpret_cast<const Ipv6FragmentHeader*>(at),
                                        total - chain.offset - length, chain);
        } else {
            length = header.header_bytes();
            chain.state = chain.offset + length > sizeof(Ipv6Header) + max_ipv6_extension_bytes
                              ? State::malformed
                              : reach(chain.offset + length, packet.size(), total);
            if (kind == ip_protocol::routing &&
                (header.segments_left != 0 || header.routing_type == 0))
                chain.is_source_routed = true;
        }
        chain.protocol = header.next_header;
        chain.offset += length;
        if (chain.is_later_fragment()) chain.protocol = ip_protocol::fragment;
        if (chain.state != State::complete || chain.is_later_fragment()) return chain;
    }
    return chain;
}

}  // namespace ikelb::net
