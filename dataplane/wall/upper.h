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

/// The upper header of a packet, as far as its conversation is concerned.
struct Upper {
    /// The side of a conversation that may have sent the packet.
    enum class Sender : std::uint8_t { either, asker, answerer, nobody };
    static constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, ack = 0x10;

    std::uint8_t protocol = 0;
    Sender sender = Sender::either;
    std::uint8_t tcp_flags = 0;  ///< 0 if the bytes are missing
    /// Host byte order; 0 without ports. An echo request has its identifier as source port, a reply
    /// as destination port.
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;

    bool is_tcp() const noexcept;
    /// Port for allow rules; 0 for an echo, whose identifier is no port.
    std::uint16_t asked_port() const noexcept;
    bool has(std::uint8_t flags) const noexcept { return (tcp_flags & flags) != 0; }
    bool may_ask() const noexcept { return sender == Sender::either || sender == Sender::asker; }
    bool may_answer() const noexcept {
        return sender == Sender::either || sender == Sender::answerer;
    }
};

/// bytes: at hand, from the upper header on. Without the ports at hand, sender is nobody.
Upper read_upper(std::uint8_t protocol, std::span<const std::uint8_t> bytes) noexcept;

/// Key of a packet from the side that began the conversation.
inline TransitKey asked(const net::IpAddress& source, const net::IpAddress& destination,
                        const Upper& upper) noexcept {
    return {.inside = source,
            .outside = destination,
            .inside_port = upper.source_port,
            .outside_port = upper.destination_port,
            .protocol = upper.protocol};
}
/// Key of a packet from the other side.
inline TransitKey answered(const net::IpAddress& source, const net::IpAddress& destination,
                           const Upper& upper) noexcept {
    return {.inside = destination,
            .outside = source,
            .inside_port = upper.destination_port,
            .outside_port = upper.source_port,
            .protocol = upper.protocol};
}

/// Stages of a conversation.
enum class Progress : std::uint8_t { asked, answered, closing };

/// Returns the stage after the packet; either side may end the conversation, and only a new
/// handshake reopens it. A reset leaves an unanswered conversation as it is.
Progress advance(Progress before, const Upper& upper, bool is_answer) noexcept;

/// A routed transit conversation's record. Lifetimes depend on the protocol, so the record holds
/// its end.
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
