// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/redirect.h"

#include <cstddef>

namespace ikelb::tap {
namespace {

// A twin has no VLAN tags, and the kernel puts no extension header into a redirect.
constexpr std::size_t ethertype = 12, next_header = 14 + 6, type = 14 + 40;

}  // namespace

bool is_icmpv6_redirect(std::span<const std::uint8_t> frame) noexcept {
    return frame.size() > type && frame[ethertype] == 0x86 && frame[ethertype + 1] == 0xdd &&
           frame[next_header] == 58 && frame[type] == 137;
}

}  // namespace ikelb::tap
