// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <cstring>

#include "dataplane/net/checksum.h"
#include "dataplane/pipeline/stages.h"

namespace ikelb::pipeline {

namespace {

// RFC 1812 section 4.3.2.3 allows up to 576 bytes in all; what stands in the first buffer of a
// frame is enough for every receiver.
constexpr std::size_t longest_quote = 576 - sizeof(net::Ipv4Header) - sizeof(net::IcmpHeader);
constexpr std::uint8_t ttl_of_errors = 64;
constexpr std::uint8_t tos_internetwork_control = 0xc0;

/// RFC 1812 section 4.3.2.7: no error about an error, a later fragment, or a packet whose sender
/// or receiver is no single host.
bool may_answer(const Packet& packet) noexcept {
    if (packet.is_later_fragment) return false;
    if (packet.protocol == net::ip_protocol::icmp) {
        const std::uint8_t type =
            packet.l3_end > packet.l4 ? *packet.at(packet.l4) : std::uint8_t{255};
        return type == net::icmp_type::echo || type == net::icmp_type::echo_reply;
    }
    return true;
}

}  // namespace

void answer_with_icmp(Packet& packet, std::uint8_t type, std::uint8_t code, std::uint16_t mtu,
                      Verdict verdict_if_not, Context& context) noexcept {
    constexpr std::size_t added = sizeof(net::Ipv4Header) + sizeof(net::IcmpHeader);
    const tables::Interface& interface = context.table.interfaces[packet.in_interface];
    const std::size_t link_bytes = packet.l3;
    if (!may_answer(packet) || !interface.address.is_v4() || packet.frame.headroom < added ||
        !context.memory.icmp_errors.take(context.now_micros)) {
        packet.verdict = verdict_if_not;
        return;
    }
    const net::Ipv4Address sender = packet.ipv4().source;
    const std::size_t quote =
        std::min({longest_quote, std::size_t{packet.ipv4().total_length.to_host()},
                  std::size_t{packet.frame.contiguous} - packet.l3});

    // Back the way it came: the link header moves to the front with its addresses swapped.
    std::uint8_t* start = packet.frame.data - added;
    std::memmove(start, packet.frame.data, link_bytes);
    std::copy_n(start + 6, 6, start);
    std::ranges::copy(interface.mac.bytes, start + 6);

    auto& ip = *reinterpret_cast<net::Ipv4Header*>(start + link_bytes);
    ip = {.version_ihl = 0x45,
          .tos = tos_internetwork_control,
          .total_length = net::be16::from_host(static_cast<std::uint16_t>(added + quote)),
          .identification = net::be16::from_host(0),
          .flags_offset = net::be16::from_host(0),
          .ttl = ttl_of_errors,
          .protocol = net::ip_protocol::icmp,
          .checksum = 0,
          .source = interface.address.v4(),
          .destination = sender};
    ip.checksum = net::checksum({start + link_bytes, sizeof ip});
    auto& icmp = *reinterpret_cast<net::IcmpHeader*>(start + link_bytes + sizeof ip);
    icmp = {.type = type, .code = code, .checksum = 0, .rest = net::be32::from_host(mtu)};
    icmp.checksum = net::checksum({start + link_bytes + sizeof ip, sizeof icmp + quote});

    packet.verdict = Verdict::icmp_error_sent;
    packet.out_port = interface.port;
    packet.out_shift = -static_cast<std::int32_t>(added);
    packet.out_length = static_cast<std::uint32_t>(link_bytes + added + quote);
}

}  // namespace ikelb::pipeline
