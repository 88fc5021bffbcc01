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

/// What a backend's datagram says about the client tuple that it goes to.
enum class Said : std::uint8_t {
    nothing,
    alive,   ///< renews what is there
    called,  ///< this and the rest: see Standing
    nominated,
    login,  ///< strong, in a login, which may have failed
    strong,
    spoke,
};
constexpr Standing standing_of(Said said) noexcept {
    if (said == Said::login || said == Said::strong) return Standing::strong;
    if (said == Said::spoke) return Standing::spoke;
    return said == Said::nominated ? Standing::nominated : Standing::called;
}

/// A flow's last_seen is written at most this often: its cache line is read by every worker.
inline constexpr Seconds flow_refresh_interval = 5;
/// That of what no packet's way hangs on, a binding or a pair.
inline constexpr Seconds refresh_interval = 30;

struct Stander {
    BackendRef backend{};
    Standing standing = Standing::called;
    std::uint8_t place = 0;  ///< its entry's, from one on; 0: it has none yet
    Seconds last = 0;
};

/// Does ESP that no claim decides always go to it? Else at most as a copy.
constexpr bool is_full(const Stander& one, const Timeouts& lives, Seconds now) noexcept {
    return one.standing >= Standing::strong && forwarding::is_within(lives.standing, one.last, now);
}

/// Strong ones first, then the latest. Backends break ties, so that all workers agree.
bool is_better(const Stander& one, const Stander& other) noexcept;

/// What the flow's own backend makes of the flow.
Flow renewed(const Flow& flow, Said said, Seconds now) noexcept;

/// The backends of one client tuple. The first has the flow: the last to speak, else to answer. At
/// most 4 that only answered and 8 that spoke; strong ones and the latest are displaced last.
class Tuple {
public:
    static constexpr std::size_t most_answered = 4, most_speakers = 8;
    using Notes = std::array<std::uint64_t, sessions::Rivals::most / 2>;

    Tuple() noexcept {}
    /// A flow with those that stand beside it.
    Tuple(const Flow& flow, const Notes& rivals, const Timeouts& lives, Seconds now) noexcept;

    /// Enters or raises a backend other than the flow's by what it said, and gives it the flow if
    /// it outranks the holder. False: nothing has changed.
    bool hear(BackendRef backend, Said said, Seconds now) noexcept;

    /// Drops those for which keeps() says false; the best of the rest has the flow then.
    template <typename Keeps>
    void filter(Keeps&& keeps) noexcept {
        const auto goes = [&](const Stander& one) { return !keeps(one.backend); };
        const bool loses_flow = !standers_.empty() && goes(standers_.front());
        standers_.erase(std::remove_if(standers_.begin(), standers_.end(), goes), standers_.end());
        if (loses_flow) elect();
    }

    std::span<const Stander> all() const& noexcept { return {standers_.data(), standers_.size()}; }
    std::span<const Stander> all() const&& = delete;  ///< it would end before they are read
    const Stander* find(BackendRef backend) const noexcept;
    /// What stands beside the flow, for the constructor to read. Not of an empty one.
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
