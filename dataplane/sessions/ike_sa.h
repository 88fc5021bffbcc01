// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/net/address.h"
#include "dataplane/net/hash.h"
#include "dataplane/sessions/records.h"

namespace ikelb::sessions {

/// Proof of an IKE SA by its backend.
enum class SaState : std::uint8_t {
    half_open,    ///< the backend has answered the INIT
    answered,     ///< the backend has sent SK: a login is under way
    established,  ///< ESP to its client, or SK beyond the login
    closing,      ///< a message hinted at a delete
};

/// IKE SA: the backend of a pair of IKE SPIs. The notes: Peer, Began.
struct IkeSa {
    BackendRef backend{};
    SaState state = SaState::half_open;
    bool is_over = false;  ///< both ends have deleted the SA, as far as is known; for people
    forwarding::ServiceIndex service = 0;
    Seconds last_seen = 0;

    constexpr std::uint64_t pack() const noexcept {
        const unsigned code = static_cast<unsigned>(state) | unsigned{is_over} << 2;
        return packed::head(last_seen, backend, code, service);
    }
    static constexpr IkeSa unpack(std::uint64_t bits) noexcept {
        return {.backend = packed::backend(bits),
                .state = static_cast<SaState>(packed::code(bits) & 3),
                .is_over = packed::code(bits) >> 2 != 0,
                .service = packed::byte(bits),
                .last_seen = packed::last_seen(bits)};
    }
    constexpr bool is_alive(const Timeouts& of, Seconds now) const noexcept {
        const Seconds life[]{of.half_open_answered, of.answered, of.established, of.closing};
        return forwarding::is_within(life[static_cast<std::size_t>(state)], last_seen, now);
    }
    constexpr bool is_begun() const noexcept { return state == SaState::half_open; }
    constexpr bool is_confirmed() const noexcept { return state >= SaState::established; }
    friend constexpr bool operator==(const IkeSa&, const IkeSa&) = default;
};
static_assert(forwarding::max_services <= 1 << 8);

/// An address in 32 bits: IPv4's own, a hash of IPv6's.
inline std::uint32_t name_of(const net::IpAddress& address) noexcept {
    if (address.is_v4()) return static_cast<std::uint32_t>(address.low());
    return static_cast<std::uint32_t>(net::fold_multiply(address.high() ^ 0x9e3779b97f4a7c15ULL,
                                                         address.low() ^ 0xd1b54a32d192ed03ULL));
}

/// An address in 32 bits, never 0. No outsider can find another address with the same value.
inline std::uint32_t origin_of(const net::IpAddress& address, net::HashKey secret) noexcept {
    return static_cast<std::uint32_t>(net::keyed_hash(address.low(), address.high(), secret)) | 1;
}

/// The client to which an IKE SA's backend last sent, its moves, and the SA's age. Steers nothing
/// (an SPI must never lead to a client's address): `ikelbctl sessions` shows it.
struct Peer {
    static constexpr std::uint32_t age_unit = 128;  ///< seconds
    /// Greater ages are stored as this age: created wraps around.
    static constexpr Seconds oldest = 1300 * age_unit;

    std::uint32_t client = 0;   ///< name_of()
    std::uint16_t port = 0;     ///< host byte order
    std::uint8_t moves = 0;     ///< 0..31, 31 stands for more
    std::uint16_t created = 0;  ///< 0..2047 in units of age_unit on the coarse clock

    static Peer unpack(std::uint64_t note) noexcept {
        return {.client = static_cast<std::uint32_t>(note >> 32),
                .port = static_cast<std::uint16_t>(note >> 16),
                .moves = static_cast<std::uint8_t>(note >> 11 & 0x1f),
                .created = static_cast<std::uint16_t>(note & 0x7ff)};
    }
    std::uint64_t pack() const noexcept {
        return std::uint64_t{client} << 32 | std::uint64_t{port} << 16 |
               std::uint64_t{std::min<std::uint8_t>(moves, 31)} << 11 | (created & 0x7ffu);
    }
    static std::uint16_t created_at(Seconds now) noexcept {
        return static_cast<std::uint16_t>(now / age_unit & 0x7ff);
    }
    Seconds age(Seconds now) const noexcept {  ///< exact to age_unit
        return ((now / age_unit - created) & 0x7ff) * age_unit;
    }
};

/// Origin of an IKE SA and its answered requests. They tell an answer to the SA's own client from
/// the answer to a replay, which a server gives only under an old message ID.
struct Began {
    std::uint32_t client = 0;   ///< origin_of() the receiver of the INIT's answer; 0: unseen
    std::uint32_t next_id = 0;  ///< one above the highest message ID answered so far

    static constexpr Began unpack(std::uint64_t note) noexcept {
        return {.client = static_cast<std::uint32_t>(note >> 32),
                .next_id = static_cast<std::uint32_t>(note)};
    }
    constexpr std::uint64_t pack() const noexcept { return std::uint64_t{client} << 32 | next_id; }
};

}  // namespace ikelb::sessions
