// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/wall/quote.h"

#include "dataplane/net/headers.h"
#include "dataplane/net/ipv6_chain.h"

namespace ikelb::wall {
namespace {

std::optional<Quote> read_ipv4(std::span<const std::uint8_t> bytes) noexcept {
    if (bytes.size() < sizeof(net::Ipv4Header)) return std::nullopt;
    const auto& ip = *reinterpret_cast<const net::Ipv4Header*>(bytes.data());
    if (ip.version_ihl >> 4 != 4 || ip.header_bytes() < sizeof(net::Ipv4Header) ||
        (ip.flags_offset.to_host() & net::ipv4_flags::offset_mask) != 0)
        return std::nullopt;
    return Quote{.source = net::IpAddress::from_v4(ip.source),
                 .destination = net::IpAddress::from_v4(ip.destination),
                 .protocol = ip.protocol,
                 .upper = ip.header_bytes()};
}

std::optional<Quote> read_ipv6(std::span<const std::uint8_t> bytes) noexcept {
    if (bytes.size() < sizeof(net::Ipv6Header)) return std::nullopt;
    const auto& ip = *reinterpret_cast<const net::Ipv6Header*>(bytes.data());
    const net::Ipv6Chain chain = net::walk_ipv6_chain(bytes, ip.packet_bytes());
    const Quote quote{.source = net::IpAddress{ip.source},
                      .destination = net::IpAddress{ip.destination},
                      .protocol = chain.protocol,
                      .upper = chain.offset};
    if (ip.version_class_flow.to_host() >> 28 != 6 || quote.source.is_v4() ||
        quote.destination.is_v4() || chain.state != net::Ipv6Chain::State::complete ||
        chain.is_later_fragment() || chain.is_source_routed)
        return std::nullopt;
    return quote;
}

}  // namespace

std::optional<Quote> read_quote(bool is_v6, std::span<const std::uint8_t> bytes) noexcept {
    return is_v6 ? read_ipv6(bytes) : read_ipv4(bytes);
}

}  // namespace ikelb::wall
