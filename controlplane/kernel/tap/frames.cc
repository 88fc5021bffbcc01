// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/frames.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "config/text/address.h"
#include "dataplane/net/checksum.h"

namespace ikelb::tap {
namespace {

template <std::size_t size>
using Bytes = std::array<std::uint8_t, size>;

template <std::size_t... sizes>
constexpr Bytes<(sizes + ...)> joined(const Bytes<sizes>&... parts) {
    Bytes<(sizes + ...)> whole{};
    auto end = whole.begin();
    ((end = std::ranges::copy(parts, end).out), ...);
    return whole;
}

/// A request by `address` for its own MAC.
Bytes<42> arp_announcement(const net::IpAddress& address, const net::MacAddress& mac) {
    Bytes<4> own;
    std::ranges::copy(std::span{address.bytes()}.last<4>(), own.begin());
    constexpr Bytes<6> everybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    constexpr Bytes<10> type_and_request{0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1};
    return joined(everybody, mac.bytes, type_and_request, mac.bytes, own, Bytes<6>{}, own);
}

/// Type 136, flags router and override, the target, option 2 (target link-layer address).
Bytes<32> advertisement(const net::IpAddress& address, const net::MacAddress& mac) {
    return joined(Bytes<8>{136, 0, 0, 0, 0xa0, 0, 0, 0}, address.bytes(), Bytes<2>{2, 1},
                  mac.bytes);
}

Bytes<86> advertisement_frame(const net::IpAddress& address, const net::MacAddress& mac) {
    const Bytes<16> all_nodes = text::parse_address("ff02::1")->bytes();
    auto message = advertisement(address, mac);
    constexpr std::uint8_t length = 32;
    const auto pseudo = joined(address.bytes(), all_nodes, Bytes<8>{0, 0, 0, length, 0, 0, 0, 58},
                               message);  // RFC 8200 section 8.1
    net::store(message.data() + 2, net::checksum(pseudo));

    constexpr Bytes<6> everybody{0x33, 0x33, 0, 0, 0, 1};
    // Version 6; receivers demand hop limit 255 (RFC 4861 section 7.1.2).
    constexpr Bytes<10> type_and_ip{0x86, 0xdd, 0x60, 0, 0, 0, 0, length, 58, 255};
    return joined(everybody, mac.bytes, type_and_ip, address.bytes(), all_nodes, message);
}

template <std::size_t size>
std::vector<std::uint8_t> frame(const Bytes<size>& bytes) {
    return {bytes.begin(), bytes.end()};
}

// A TAP's frames have no VLAN tags, and the kernel puts no extension header into a redirect.
constexpr std::size_t ethertype = 12, next_header = 14 + 6, type = 14 + 40;

}  // namespace

std::vector<std::uint8_t> make_announcement(const net::IpAddress& address,
                                            const net::MacAddress& mac) {
    return address.is_v4() ? frame(arp_announcement(address, mac))
                           : frame(advertisement_frame(address, mac));
}

bool is_icmpv6_redirect(std::span<const std::uint8_t> frame) noexcept {
    return frame.size() > type && frame[ethertype] == 0x86 && frame[ethertype + 1] == 0xdd &&
           frame[next_header] == 58 && frame[type] == 137;
}

}  // namespace ikelb::tap
