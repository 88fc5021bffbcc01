// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <algorithm>
#include <array>
#include <boost/container/static_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/sessions/records.h"

namespace ikelb::affinity {

using forwarding::BackendRef, forwarding::Seconds, forwarding::Timeouts;
using sessions::Flow, sessions::Standing;

/// Evidence of a backend's datagram about its client tuple.
enum class Said : std::uint8_t {
    nothing,
    alive,   ///< renews the backend's entry
    called,  ///< this and the following: see Standing
    nominated,
    login,  ///< strong, by a login that may have failed
    strong,
    spoke,
};
constexpr Standing standing_of(Said said) noexcept {
    if (said == Said::login || said == Said::strong) return Standing::strong;
    if (said == Said::spoke) return Standing::spoke;
    return said == Said::nominated ? Standing::nominated : Standing::called;
}

/// A flow's last_seen is written at most this often: every worker reads its cache line.
inline constexpr Seconds flow_refresh_interval = 5;
/// The same for a last_seen on which no packet's way depends: of client persistence, of an IKE SA.
inline constexpr Seconds refresh_interval = 30;

struct Stander {
    BackendRef backend{};
    Standing standing = Standing::called;
    std::uint8_t place = 0;  ///< place of its Rivals entry, from 1; 0: no entry yet
    Seconds last = 0;
};

/// Returns true if ESP that no claim decides always goes to the backend, not at most as a copy.
constexpr bool is_full(const Stander& one, const Timeouts& lives, Seconds now) noexcept {
    return one.standing >= Standing::strong && forwarding::is_within(lives.standing, one.last, now);
}

/// Orders by standing, then by time, then by backend, so that all workers agree.
bool is_better(const Stander& one, const Stander& other) noexcept;

/// Returns the flow after a datagram of its own backend.
Flow renewed(const Flow& flow, Said said, Seconds now) noexcept;

/// The backends of one client tuple. The first holds the flow: the last to speak, else to answer.
/// At most 4 backends only answered and 8 spoke; strong and recent ones are displaced last.
class Tuple {
public:
    static constexpr std::size_t most_answered = 4, most_speakers = 8;
    using Notes = std::array<std::uint64_t, sessions::Rivals::most / 2>;

    Tuple() noexcept {}
    /// A flow and the notes of its Rivals record.
    Tuple(const Flow& flow, const Notes& rivals, const Timeouts& lives, Seconds now) noexcept;

    /// Enters or raises a backend other than the flow's by its datagram's evidence, and gives it
    /// the flow if it outranks the holder. Returns false if nothing has changed.
    bool hear(BackendRef backend, Said said, Seconds now) noexcept;

    /// Drops backends for which keeps() is false; the best of the rest then has the flow.
    template <typename Keeps>
    void filter(Keeps&& keeps) noexcept {
        const auto goes = [&](const Stander& one) { return !keeps(one.backend); };
        const bool loses_flow = !standers_.empty() && goes(standers_.front());
        standers_.erase(std::remove_if(standers_.begin(), standers_.end(), goes), standers_.end());
        if (loses_flow) elect();
    }

    std::span<const Stander> all() const& noexcept { return {standers_.data(), standers_.size()}; }
    std::span<const Stander> all() const&& = delete;  ///< the tuple would die before the read
    const Stander* find(BackendRef backend) const noexcept;
    /// The record beside the flow, for the constructor to read. The tuple must not be empty.
    sessions::Rivals rivals(Seconds now) const noexcept;
    /// All, as a Rivals record's words; each keeps its place, so a reader amid a write misses none.
    Notes notes(Seconds now) const noexcept;

private:
    using List = boost::container::static_vector<Stander, most_answered + most_speakers + 1>;
    void make_first(List::iterator one) noexcept {
        std::rotate(standers_.begin(), one, std::next(one));
    }
    void elect() noexcept;
    void displace(bool speakers, std::size_t most) noexcept;

    List standers_;
};

}  // namespace ikelb::affinity
