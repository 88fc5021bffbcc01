// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/net/checksum.h"

#include <cstring>

namespace ikelb::net {

std::uint64_t sum_bytes(std::span<const std::uint8_t> bytes) noexcept {
    std::uint64_t sum = 0;
    while (bytes.size() >= 4) {
        sum += load<std::uint32_t>(bytes.data());
        bytes = bytes.subspan(4);
    }
    std::uint32_t tail = 0;
    if (!bytes.empty()) std::memcpy(&tail, bytes.data(), bytes.size());
    return sum + tail;
}

std::uint64_t sum_ipv6_pseudo_header(const IpAddress& source, const IpAddress& destination,
                                     std::size_t length, std::uint8_t protocol) noexcept {
    return sum_bytes(source.bytes()) + sum_bytes(destination.bytes()) +
           be32::from_host(static_cast<std::uint32_t>(length)).wire() +
           be32::from_host(protocol).wire();
}

std::uint64_t change(const IpAddress& from, const IpAddress& to) noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = from.is_v4() ? 12 : 0; i < 16; i += 4)
        sum += std::uint64_t{~load<std::uint32_t>(&from.bytes()[i])} +
               load<std::uint32_t>(&to.bytes()[i]);
    return sum;
}

}  // namespace ikelb::net
