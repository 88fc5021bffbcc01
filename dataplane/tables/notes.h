// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/net/address.h"
#include "dataplane/tables/hash.h"
#include "dataplane/tables/record.h"

namespace ikelb::tables {

// What stands in the note words beside some records.

/// A flow's note: the last two ESP SPIs that the full order has resolved to the flow's backend, so
/// that their packets need no other look-up. SPIs in host byte order; 0 is none.
struct FlowSpis {
    std::uint32_t latest = 0;
    std::uint32_t earlier = 0;

    static constexpr FlowSpis unpack(std::uint64_t note) noexcept {
        return {.latest = static_cast<std::uint32_t>(note),
                .earlier = static_cast<std::uint32_t>(note >> 32)};
    }
    constexpr std::uint64_t pack() const noexcept {
        return std::uint64_t{earlier} << 32 | latest;
    }
    constexpr bool holds(std::uint32_t spi) const noexcept {
        return (latest == spi) | (earlier == spi);
    }
    constexpr FlowSpis with(std::uint32_t spi) const noexcept {
        return {.latest = spi, .earlier = latest};
    }
};

/// An ESP SPI that a client uses on a committed flow, until it has shown itself genuine: the record
/// is half_open until the backend's next ESP on that flow, answered after it; its gateway field
/// counts the SPIs learned on the flow so far.
struct Candidate {
    std::uint32_t spi = 0;
    std::uint32_t sequence = 0;  ///< of the client's first packet

    static constexpr Candidate unpack(std::uint64_t note) noexcept {
        return {.spi = static_cast<std::uint32_t>(note),
                .sequence = static_cast<std::uint32_t>(note >> 32)};
    }
    constexpr std::uint64_t pack() const noexcept {
        return std::uint64_t{sequence} << 32 | spi;
    }
};

/// A pair's note: where its backend last sent to, and since when. It steers nothing (an SPI must
/// never lead to a client's address); it is what `ikelbctl sessions` shows.
struct PairNote {
    static constexpr std::uint32_t age_unit = 128;  ///< seconds

    std::uint32_t client = 0;  ///< the IPv4 address, or a hash of the IPv6 one
    std::uint16_t port = 0;    ///< host byte order
    std::uint8_t moves = 0;    ///< 0..31, 31 stands for more
    std::uint16_t created = 0; ///< 0..2047 in units of age_unit on the coarse clock

    static PairNote unpack(std::uint64_t note) noexcept {
        return {.client = static_cast<std::uint32_t>(note >> 32),
                .port = static_cast<std::uint16_t>(note >> 16),
                .moves = static_cast<std::uint8_t>(note >> 11 & 0x1f),
                .created = static_cast<std::uint16_t>(note & 0x7ff)};
    }
    std::uint64_t pack() const noexcept {
        return std::uint64_t{client} << 32 | std::uint64_t{port} << 16 |
               std::uint64_t{std::min<std::uint8_t>(moves, 31)} << 11 | (created & 0x7ffu);
    }
    static std::uint32_t name_of(const net::IpAddress& address) noexcept {
        if (address.is_v4()) return static_cast<std::uint32_t>(address.low());
        return static_cast<std::uint32_t>(fold_multiply(address.high() ^ 0x9e3779b97f4a7c15ULL,
                                                        address.low() ^ 0xd1b54a32d192ed03ULL));
    }
    static std::uint16_t created_at(Seconds now) noexcept {
        return static_cast<std::uint16_t>(now / age_unit & 0x7ff);
    }
    /// Seconds, exact to age_unit; wraps after three days.
    Seconds age(Seconds now) const noexcept {
        return ((now / age_unit - created) & 0x7ff) * age_unit;
    }
};

}  // namespace ikelb::tables
