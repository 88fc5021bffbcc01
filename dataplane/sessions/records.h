// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "dataplane/forwarding/ids.h"
#include "dataplane/forwarding/timeouts.h"
#include "dataplane/net/address.h"
#include "dataplane/net/hash.h"

namespace ikelb::sessions {

/// How far the backend has vouched for what a record says; the state alone sets its life.
enum class RecordState : std::uint8_t {
    half_open,    ///< a scheduler's choice, or a backend's IKE_SA_INIT answer
    answered,     ///< the backend sent SK: a login is under way
    established,  ///< the backend sent ESP, or SK beyond the login
    closing,      ///< a delete was hinted at
    tentative,    ///< restored from disk: the first backend packet may overwrite it
};
inline constexpr std::size_t record_states = 5;

/// Does a record of this state belong among those that nothing may evict while they live?
constexpr bool is_confirmed(RecordState state) noexcept {
    return state != RecordState::half_open && state != RecordState::answered;
}

using forwarding::Lifetimes, forwarding::Seconds;

/// What a key maps to: 64 bits, so that readers see it whole without a lock.
/// Layout, low to high: last_seen 32, backend 10, awaits_esp 1, unused 1, generation 8, state 3,
/// spare 1, gateway 8.
struct Record {
    /// Never set in pack(): the table that holds the record keeps a mark of its own there.
    static constexpr std::uint64_t spare_bit = 1ULL << 55;

    forwarding::BackendRef backend{};
    RecordState state = RecordState::half_open;
    forwarding::GatewayIndex gateway = forwarding::no_gateway;
    Seconds last_seen = 0;
    /// Of a flow: the backend's next ESP, or IKE of an SA, vouches for its candidate SPI.
    bool awaits_esp = false;

    [[gnu::always_inline]] constexpr std::uint64_t pack() const noexcept {
        return std::uint64_t{last_seen} | std::uint64_t{backend.index} << 32 |
               std::uint64_t{awaits_esp} << 42 | std::uint64_t{backend.generation} << 44 |
               static_cast<std::uint64_t>(state) << 52 | std::uint64_t{gateway} << 56;
    }
    [[gnu::always_inline]] static constexpr Record unpack(std::uint64_t bits) noexcept {
        return {.backend = {.index = static_cast<forwarding::BackendIndex>(bits >> 32 & 0x3ff),
                            .generation = static_cast<std::uint8_t>(bits >> 44)},
                .state = static_cast<RecordState>(bits >> 52 & 0x7),
                .gateway = static_cast<forwarding::GatewayIndex>(bits >> 56),
                .last_seen = static_cast<Seconds>(bits),
                .awaits_esp = (bits >> 42 & 1) != 0};
    }
    constexpr bool is_alive(const Lifetimes& lives, Seconds now) const noexcept {
        const auto age = static_cast<std::int32_t>(now - last_seen);
        return age <= static_cast<std::int32_t>(lives.by_state[static_cast<std::size_t>(state)]);
    }
    friend constexpr bool operator==(const Record&, const Record&) = default;
};
static_assert(forwarding::max_backends <= 1 << 10 && record_states <= 1 << 3 &&
              record_states == Lifetimes{}.by_state.size());

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
/// is half_open until the backend vouches for it on that flow, answered after it; its gateway field
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
        return static_cast<std::uint32_t>(net::fold_multiply(
            address.high() ^ 0x9e3779b97f4a7c15ULL, address.low() ^ 0xd1b54a32d192ed03ULL));
    }
    static std::uint16_t created_at(Seconds now) noexcept {
        return static_cast<std::uint16_t>(now / age_unit & 0x7ff);
    }
    /// Seconds, exact to age_unit; wraps after three days.
    Seconds age(Seconds now) const noexcept {
        return ((now / age_unit - created) & 0x7ff) * age_unit;
    }
};

}  // namespace ikelb::sessions
