// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/packet/packet.h"

struct rte_mbuf;

namespace ikelb::worker {

/// Frames that wait for a moment, in the order in which they came.
class HeldFrames {
public:
    static constexpr std::size_t most = 64;
    // Of one kind, so that a flood of orphan fragments takes no room from packets that wait for a
    // neighbour; of one source, so that its flood takes none from others. A newcomer takes the
    // place of the oldest: the more come, the shorter each is held, and a first part that follows
    // closely still finds its later one.
    static constexpr std::size_t most_of_a_kind = most / 2, most_of_a_source = 4;

    struct Held {
        rte_mbuf* packet = nullptr;
        std::uint64_t since_micros = 0;
        std::uint64_t source = 0;  ///< 0: of the servers' side, which does not have to share
        pipeline::Verdict reason = pipeline::Verdict::hold_fragment;
    };

    static std::uint64_t source_of(const pipeline::Packet& packet) noexcept {
        if (!packet.is_from_clients) return 0;
        return 1ULL << 63 | (packet.is_v6 ? packet.source.high() : packet.source.low());
    }

    /// Returns the frame that has lost its place, or nullptr.
    rte_mbuf* add(const Held& newcomer) noexcept {
        const auto end = held_.begin() + static_cast<std::ptrdiff_t>(count_);
        auto oldest = end, oldest_of_source = end;
        std::size_t alike = 0, of_source = 0;
        for (auto held = held_.begin(); held != end; ++held) {
            if (held->reason != newcomer.reason) continue;
            if (alike++ == 0) oldest = held;
            if (held->source == newcomer.source && of_source++ == 0) oldest_of_source = held;
        }
        const bool is_over_its_share = newcomer.source != 0 && of_source >= most_of_a_source;
        const auto loser = is_over_its_share ? oldest_of_source : oldest;
        rte_mbuf* lost = nullptr;
        if (is_over_its_share || alike >= most_of_a_kind) {
            lost = loser->packet;
            std::copy(loser + 1, end, loser);
            --count_;
        }
        held_[count_++] = newcomer;
        return lost;
    }

    std::span<const Held> all() const noexcept { return {held_.data(), count_}; }
    void clear() noexcept { count_ = 0; }

private:
    std::array<Held, most> held_;
    std::size_t count_ = 0;
};

}  // namespace ikelb::worker
