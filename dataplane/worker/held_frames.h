// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <array>
#include <boost/container/static_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/packet/packet.h"

struct rte_mbuf;

namespace ikelb::worker {

/// Frames that wait for a moment, in the order of their arrival.
class HeldFrames {
public:
    static constexpr std::size_t most = 64;
    // Limit per kind: orphan fragments take no room from packets that wait for a neighbour. A
    // newcomer to a full kind takes the oldest place of the source with the most frames.
    static constexpr std::size_t most_of_a_kind = most / 2;

    struct Held {
        rte_mbuf* packet = nullptr;
        std::uint64_t since_micros = 0;
        std::uint64_t source = 0;  ///< 0: the servers' side, which has no share to keep
        pipeline::Verdict reason = pipeline::Verdict::hold_fragment;
    };

    static std::uint64_t source_of(const pipeline::Packet& packet) noexcept {
        if (!packet.is_from_clients) return 0;
        return 1ULL << 63 | (packet.is_v6 ? packet.source.high() : packet.source.low());
    }

    /// Returns the frame that lost its place, or nullptr.
    rte_mbuf* add(const Held& newcomer) noexcept {
        std::array<std::size_t, most> alike;  // places of the newcomer's kind
        std::size_t count = 0, loser = 0, most_of_a_source = 0;
        for (std::size_t i = 0; i < held_.size(); ++i)
            if (held_[i].reason == newcomer.reason) alike[count++] = i;
        rte_mbuf* lost = nullptr;
        if (count >= most_of_a_kind) {
            for (const std::size_t place : std::span{alike}.first(count)) {
                const std::uint64_t source = held_[place].source;
                std::size_t has = source == newcomer.source;
                for (std::size_t i = 0; i < count; ++i) has += held_[alike[i]].source == source;
                if (source == 0) has = 1;
                loser = has > most_of_a_source ? place : loser;
                most_of_a_source = std::max(has, most_of_a_source);
            }
            lost = held_[loser].packet;
            held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(loser));
        }
        held_.push_back(newcomer);
        return lost;
    }

    std::span<const Held> all() const noexcept { return {held_.data(), held_.size()}; }
    void clear() noexcept { held_.clear(); }

private:
    boost::container::static_vector<Held, most> held_;
};

}  // namespace ikelb::worker
