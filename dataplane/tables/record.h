// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/tables/ids.h"

namespace ikelb::tables {

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

/// Seconds on the dataplane's coarse clock (monotonic, starts above zero).
using Seconds = std::uint32_t;

/// What a key maps to: 64 bits, so that readers see it whole without a lock.
/// Layout, low to high: last_seen 32, backend 10, awaits_esp 1, unused 1, generation 8, state 3,
/// spare 1, gateway 8.
struct Record {
    /// Never set in pack(): the table that holds the record keeps a mark of its own there.
    static constexpr std::uint64_t spare_bit = 1ULL << 55;

    BackendRef backend{};
    RecordState state = RecordState::half_open;
    GatewayIndex gateway = no_gateway;
    Seconds last_seen = 0;
    /// Of a flow: the backend's next ESP is to be told to the flow's candidate SPI.
    bool awaits_esp = false;

    [[gnu::always_inline]] constexpr std::uint64_t pack() const noexcept {
        return std::uint64_t{last_seen} | std::uint64_t{backend.index} << 32 |
               std::uint64_t{awaits_esp} << 42 | std::uint64_t{backend.generation} << 44 |
               static_cast<std::uint64_t>(state) << 52 | std::uint64_t{gateway} << 56;
    }
    [[gnu::always_inline]] static constexpr Record unpack(std::uint64_t bits) noexcept {
        return {.backend = {.index = static_cast<BackendIndex>(bits >> 32 & 0x3ff),
                            .generation = static_cast<std::uint8_t>(bits >> 44)},
                .state = static_cast<RecordState>(bits >> 52 & 0x7),
                .gateway = static_cast<GatewayIndex>(bits >> 56),
                .last_seen = static_cast<Seconds>(bits),
                .awaits_esp = (bits >> 42 & 1) != 0};
    }
    friend constexpr bool operator==(const Record&, const Record&) = default;
};
static_assert(max_backends <= 1 << 10 && record_states <= 1 << 3);

/// How long a record of each state lives after the backend's last packet, in seconds.
struct Lifetimes {
    std::array<Seconds, record_states> by_state{30, 300, 2700, 180, 2700};

    /// The same life in every state.
    static constexpr Lifetimes of(Seconds life) noexcept {
        Lifetimes lives;
        lives.by_state.fill(life);
        return lives;
    }

    constexpr bool is_alive(const Record& record, Seconds now) const noexcept {
        const auto age = static_cast<std::int32_t>(now - record.last_seen);
        return age <= static_cast<std::int32_t>(by_state[static_cast<std::size_t>(record.state)]);
    }
};

}  // namespace ikelb::tables
