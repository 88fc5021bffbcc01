// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/wall/transit.h"

namespace ikelb::forwarding {
struct Timeouts;
}

namespace ikelb::wall {

/// What a packet's upper header tells of the conversation that it is of.
struct Upper {
    /// Which side of a conversation may have sent it.
    enum class Sender : std::uint8_t { either, asker, answerer, nobody };
    static constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, ack = 0x10;

    std::uint8_t protocol = 0;
    Sender sender = Sender::either;
    std::uint8_t tcp_flags = 0;  ///< 0 if they are not at hand
    /// Host byte order; 0 of protocols without ports. Of an echo request the source port is its
    /// identifier, of a reply the destination port.
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;

    bool is_tcp() const noexcept;
    /// What rules are asked about; an echo's identifier is none.
    std::uint16_t asked_port() const noexcept;
    bool has(std::uint8_t flags) const noexcept { return (tcp_flags & flags) != 0; }
    bool may_ask() const noexcept { return sender == Sender::either || sender == Sender::asker; }
    bool may_answer() const noexcept {
        return sender == Sender::either || sender == Sender::answerer;
    }
};

/// bytes: from the upper header on, what is at hand of it. A header with ports that are not at
/// hand is nobody's.
Upper read_upper(std::uint8_t protocol, std::span<const std::uint8_t> bytes) noexcept;

/// The conversation of a packet that its beginner has sent.
inline TransitKey asked(const net::IpAddress& source, const net::IpAddress& destination,
                        const Upper& upper) noexcept {
    return {.inside = source,
            .outside = destination,
            .inside_port = upper.source_port,
            .outside_port = upper.destination_port,
            .protocol = upper.protocol};
}
/// The same of the other side's.
inline TransitKey answered(const net::IpAddress& source, const net::IpAddress& destination,
                           const Upper& upper) noexcept {
    return {.inside = destination,
            .outside = source,
            .inside_port = upper.destination_port,
            .outside_port = upper.source_port,
            .protocol = upper.protocol};
}

/// How far a conversation has come.
enum class Progress : std::uint8_t { asked, answered, closing };

/// What a packet makes of a conversation; both may say that it ends, and only a new handshake takes
/// that back. A reset of what nobody has answered leaves it as it is.
Progress advance(Progress before, const Upper& upper, bool is_answer) noexcept;

/// Of a conversation by routed transit, as a record table holds it. Protocols' lives differ: it
/// says itself when it ends.
struct Conversation {
    Progress progress = Progress::asked;
    std::uint32_t ends_at = 0;  ///< seconds of the records' clock

    constexpr std::uint64_t pack() const noexcept {
        return std::uint64_t{ends_at} | static_cast<std::uint64_t>(progress) << 52;
    }
    static constexpr Conversation unpack(std::uint64_t bits) noexcept {
        return {.progress = static_cast<Progress>(bits >> 52 & 7),
                .ends_at = static_cast<std::uint32_t>(bits)};
    }
    constexpr bool is_alive(const forwarding::Timeouts&, std::uint32_t now) const noexcept {
        return static_cast<std::int32_t>(now - ends_at) <= 0;
    }
    constexpr bool is_begun() const noexcept { return progress == Progress::asked; }
    constexpr bool is_confirmed() const noexcept { return !is_begun(); }
    friend constexpr bool operator==(const Conversation&, const Conversation&) = default;
};

}  // namespace ikelb::wall
