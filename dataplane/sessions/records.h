// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/forwarding/ids.h"
#include "dataplane/forwarding/timeouts.h"
#include "dataplane/net/byte_order.h"

namespace ikelb::sessions {

using forwarding::BackendRef, forwarding::GatewayIndex, forwarding::Seconds, forwarding::Timeouts;

// Records of the session tables, 64 bits each: readers see a record whole without a lock. From the
// low bits: last_seen 32, backend 10, two flags, the backend's generation 8, a code 3, spare 1, a
// byte. Evict tells apart begun records, records that a session has confirmed, and others.

/// Never set in pack(): a mark of the table that holds the record.
inline constexpr std::uint64_t spare_bit = 1ULL << 55;

/// A record type without is_begun() has no begun records.
template <typename Value>
constexpr bool is_begun(const Value& value) noexcept {
    if constexpr (requires { value.is_begun(); }) return value.is_begun();
    return false;
}
/// True if the record belongs to a session: nothing evicts it while it lives.
template <typename Value>
constexpr bool is_confirmed(const Value& value) noexcept {
    if constexpr (requires { value.is_confirmed(); }) return value.is_confirmed();
    return false;
}
/// The record with the lowest date was seen longest ago.
template <typename Value>
constexpr Seconds dated(const Value& value) noexcept {
    if constexpr (requires { value.ends_at; }) return value.ends_at;
    else return value.last_seen;
}

namespace packed {

static_assert(forwarding::max_backends <= 1 << 10);

[[gnu::always_inline]] constexpr std::uint64_t head(Seconds last_seen, BackendRef backend,
                                                    unsigned code = 0, unsigned byte = 0) noexcept {
    return std::uint64_t{last_seen} | std::uint64_t{backend.index} << 32 |
           std::uint64_t{backend.generation} << 44 | std::uint64_t{code} << 52 |
           std::uint64_t{byte} << 56;
}
[[gnu::always_inline]] constexpr Seconds last_seen(std::uint64_t bits) noexcept {
    return static_cast<Seconds>(bits);
}
[[gnu::always_inline]] constexpr BackendRef backend(std::uint64_t bits) noexcept {
    return {.index = static_cast<forwarding::BackendIndex>(bits >> 32 & 0x3ff),
            .generation = static_cast<std::uint8_t>(bits >> 44)};
}
[[gnu::always_inline]] constexpr unsigned code(std::uint64_t bits) noexcept {
    return bits >> 52 & 0x7;
}
[[gnu::always_inline]] constexpr std::uint8_t byte(std::uint64_t bits) noexcept {
    return static_cast<std::uint8_t>(bits >> 56);
}
[[gnu::always_inline]] constexpr bool flag(std::uint64_t bits, unsigned number) noexcept {
    return (bits >> (42 + number) & 1) != 0;
}
constexpr std::uint64_t with_flag(unsigned number, bool is_set) noexcept {
    return std::uint64_t{is_set} << (42 + number);
}

}  // namespace packed

/// Proof of a backend at one client tuple, weakest first.
enum class Standing : std::uint8_t {
    called,     ///< opened an SA of its own towards the tuple
    nominated,  ///< answered: a server answers any request, also a replay or a failing login
    strong,     ///< answered a request that only the SA's own client can have sent
    spoke,      ///< sent a datagram unasked, as only a server with an SA there does
};
constexpr Seconds life_of(Standing standing, const Timeouts& lives) noexcept {
    if (standing == Standing::spoke) return lives.flow;
    return standing == Standing::called ? lives.called : lives.standing;
}

/// The backend that holds a client tuple: the last to speak there, else the last to answer.
struct Flow {
    BackendRef backend{};
    Standing standing = Standing::called;
    bool awaits = false;      ///< a candidate SPI waits for the backend's next packet
    bool has_rivals = false;  ///< other backends stand at the tuple, in Rivals
    bool is_over = false;     ///< the backend's last message there was a delete; for people
    GatewayIndex gateway = forwarding::no_gateway;  ///< next hop back to the client
    Seconds last_seen = 0;  ///< time of the backend's last speech, fresh answer or keepalive

    [[gnu::always_inline]] constexpr std::uint64_t pack() const noexcept {
        const unsigned code = static_cast<unsigned>(standing) | unsigned{is_over} << 2;
        return packed::head(last_seen, backend, code, gateway) | packed::with_flag(0, awaits) |
               packed::with_flag(1, has_rivals);
    }
    [[gnu::always_inline]] static constexpr Flow unpack(std::uint64_t bits) noexcept {
        return {.backend = packed::backend(bits),
                .standing = static_cast<Standing>(packed::code(bits) & 3),
                .awaits = packed::flag(bits, 0),
                .has_rivals = packed::flag(bits, 1),
                .is_over = packed::code(bits) >> 2 != 0,
                .gateway = packed::byte(bits),
                .last_seen = packed::last_seen(bits)};
    }
    constexpr bool is_alive(const Timeouts& lives, Seconds now) const noexcept {
        return forwarding::is_within(life_of(standing, lives), last_seen, now);
    }
    constexpr bool is_begun() const noexcept { return standing <= Standing::nominated; }
    constexpr bool is_confirmed() const noexcept { return standing == Standing::spoke; }
    friend constexpr bool operator==(const Flow&, const Flow&) = default;
};

/// The backends beside a flow's; the notes: RivalEntry, two per word, 0 is none.
struct Rivals {
    static constexpr std::size_t most = 12;
    bool has_speaker = false;  ///< one of the rivals spoke
    Seconds last_seen = 0;     ///< time of the last write

    constexpr std::uint64_t pack() const noexcept {
        return packed::head(last_seen, {}) | packed::with_flag(0, has_speaker);
    }
    static constexpr Rivals unpack(std::uint64_t bits) noexcept {
        return {.has_speaker = packed::flag(bits, 0), .last_seen = packed::last_seen(bits)};
    }
    constexpr bool is_begun() const noexcept { return !has_speaker; }
    constexpr bool is_alive(const Timeouts& lives, Seconds now) const noexcept {
        return forwarding::is_within(lives.standing, last_seen, now);
    }
    friend constexpr bool operator==(const Rivals&, const Rivals&) = default;
};

/// One rival. Each entry is complete, so that a reader needs no view of all at one moment. 32 bits:
/// backend 10, standing 2, generation 8, seconds 12. The record ends before the seconds wrap.
struct RivalEntry {
    BackendRef backend{};
    Standing standing = Standing::called;
    std::uint16_t seconds = 0;  ///< of the coarse clock, modulo 4096

    constexpr std::uint32_t pack() const noexcept {
        return std::uint32_t{backend.index} | static_cast<std::uint32_t>(standing) << 10 |
               std::uint32_t{backend.generation} << 12 | std::uint32_t{seconds} << 20;
    }
    static constexpr RivalEntry unpack(std::uint32_t bits) noexcept {
        return {.backend = {.index = static_cast<forwarding::BackendIndex>(bits & 0x3ff),
                            .generation = static_cast<std::uint8_t>(bits >> 12)},
                .standing = static_cast<Standing>(bits >> 10 & 3),
                .seconds = static_cast<std::uint16_t>(bits >> 20)};
    }
};

/// A record of a backend and a time, and no more.
template <Seconds Timeouts::*life>
struct Placement {
    BackendRef backend{};
    Seconds last_seen = 0;

    constexpr std::uint64_t pack() const noexcept { return packed::head(last_seen, backend); }
    static constexpr Placement unpack(std::uint64_t bits) noexcept {
        return {.backend = packed::backend(bits), .last_seen = packed::last_seen(bits)};
    }
    constexpr bool is_alive(const Timeouts& lives, Seconds now) const noexcept {
        return forwarding::is_within(lives.*life, last_seen, now);
    }
    friend constexpr bool operator==(const Placement&, const Placement&) = default;
};
/// Client persistence: the backend of a client's next SA; written when a backend has spoken.
using Persistence = Placement<&Timeouts::flow>;

/// The backend to which a new SA was sent, for its retries, or which has answered it.
struct Choice {
    BackendRef backend{};
    std::uint8_t cookie = 0;  ///< low bits of the backend's COOKIE hash; 0: none
    bool is_answered = false;
    Seconds last_seen = 0;

    constexpr std::uint64_t pack() const noexcept {
        return packed::head(last_seen, backend, 0, cookie) | packed::with_flag(0, is_answered);
    }
    static constexpr Choice unpack(std::uint64_t bits) noexcept {
        return {.backend = packed::backend(bits),
                .cookie = packed::byte(bits),
                .is_answered = packed::flag(bits, 0),
                .last_seen = packed::last_seen(bits)};
    }
    constexpr bool is_alive(const Timeouts& lives, Seconds now) const noexcept {
        const Seconds life = is_answered ? lives.half_open_answered : lives.half_open;
        return forwarding::is_within(life, last_seen, now);
    }
    friend constexpr bool operator==(const Choice&, const Choice&) = default;
};

/// An ESP SPI before a claim, and the time of its first packet. The note: affinity/claims.cc.
using Candidate = Placement<&Timeouts::standing>;

/// The backend of a client's ESP SPI. last_seen: when the backend was last known to be heard.
struct Claim {
    BackendRef backend{};
    std::uint8_t rank = 0;   ///< among claims to equal SPIs; the oldest has 0
    std::uint8_t tag = 0;    ///< by the client's port and the VIP: claim_tag()
    bool is_shared = false;  ///< other backends are asked too: the claim alone decides nothing
    Seconds last_seen = 0;

    [[gnu::always_inline]] constexpr std::uint64_t pack() const noexcept {
        return packed::head(last_seen, backend, rank, tag) | packed::with_flag(0, is_shared);
    }
    [[gnu::always_inline]] static constexpr Claim unpack(std::uint64_t bits) noexcept {
        return {.backend = packed::backend(bits),
                .rank = static_cast<std::uint8_t>(packed::code(bits)),
                .tag = packed::byte(bits),
                .is_shared = packed::flag(bits, 0),
                .last_seen = packed::last_seen(bits)};
    }
    constexpr bool is_alive(const Timeouts& lives, Seconds now) const noexcept {
        return forwarding::is_within(lives.flow, last_seen, now);
    }
    friend constexpr bool operator==(const Claim&, const Claim&) = default;
};

/// A client's request that gives its answer more weight: see affinity/commit.h.
struct Pending {
    BackendRef backend{};
    std::uint8_t copies = 0;                        ///< rounds of copies to all, at most 2
    bool is_delete = false;                         ///< of a known SA, or of a child
    GatewayIndex gateway = forwarding::no_gateway;  ///< the request's next hop, if not the usual
    Seconds last_seen = 0;

    constexpr std::uint64_t pack() const noexcept {
        return packed::head(last_seen, backend, copies | unsigned{is_delete} << 2, gateway);
    }
    static constexpr Pending unpack(std::uint64_t bits) noexcept {
        return {.backend = packed::backend(bits),
                .copies = static_cast<std::uint8_t>(packed::code(bits) & 3),
                .is_delete = packed::code(bits) >> 2 != 0,  // no_backend lies over the flags
                .gateway = packed::byte(bits),
                .last_seen = packed::last_seen(bits)};
    }
    /// False: the record is for people alone.
    constexpr bool steers() const noexcept { return !is_delete || gateway != GatewayIndex{}; }
    constexpr bool is_alive(const Timeouts& lives, Seconds now) const noexcept {
        return forwarding::is_within(lives.pending, last_seen, now);
    }
    friend constexpr bool operator==(const Pending&, const Pending&) = default;
};

/// The IKE SA whose login a backend answered last at a client's tuple; the notes: its key.
struct Login {
    BackendRef backend{};
    bool is_closing = false;  ///< a message hinted at a delete of the SA or of a child
    Seconds last_seen = 0;
    bool is_over = false;  ///< the client answered a delete of the whole SA; for people

    constexpr std::uint64_t pack() const noexcept {
        return packed::head(last_seen, backend) | packed::with_flag(0, is_closing) |
               packed::with_flag(1, is_over);
    }
    static constexpr Login unpack(std::uint64_t bits) noexcept {
        return {.backend = packed::backend(bits),
                .is_closing = packed::flag(bits, 0),
                .last_seen = packed::last_seen(bits),
                .is_over = packed::flag(bits, 1)};
    }
    constexpr bool is_alive(const Timeouts& lives, Seconds now) const noexcept {
        return forwarding::is_within(is_closing ? lives.closing : lives.answered, last_seen, now);
    }
    friend constexpr bool operator==(const Login&, const Login&) = default;
};

/// Disposition of a datagram's first fragment, for later fragments, which carry no ports.
struct FragmentWay {
    enum class Kind : std::uint8_t { to_server, to_client, transit, punt, drop };
    Kind kind = Kind::drop;
    std::uint16_t index = 0;       ///< of the backend, or of a reply's frontend
    std::uint8_t fingerprint = 0;  ///< of the first fragment
    std::uint8_t next = 0;         ///< the service, or a reply's gateway
    Seconds last_seen = 0;

    constexpr std::uint64_t pack() const noexcept {
        return packed::head(last_seen, {.index = index, .generation = fingerprint},
                            static_cast<unsigned>(kind), next);
    }
    static constexpr FragmentWay unpack(std::uint64_t bits) noexcept {
        return {.kind = static_cast<Kind>(packed::code(bits)),
                .index = packed::backend(bits).index,
                .fingerprint = packed::backend(bits).generation,
                .next = packed::byte(bits),
                .last_seen = packed::last_seen(bits)};
    }
    constexpr bool is_alive(const Timeouts& lives, Seconds now) const noexcept {
        return forwarding::is_within(lives.fragment, last_seen, now);
    }
    friend constexpr bool operator==(const FragmentWay&, const FragmentWay&) = default;
};

}  // namespace ikelb::sessions
