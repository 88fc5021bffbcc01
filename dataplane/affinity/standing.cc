// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/standing.h"

#include <bit>

namespace ikelb::affinity {
namespace {

using forwarding::is_within, sessions::RivalEntry;
using Entries = std::array<std::uint32_t, sessions::Rivals::most>;

constexpr bool is_speaker(const Stander& one) noexcept {
    return one.standing == Standing::spoke;
}

/// A replay renews no backend of higher standing: else stale servers would stay among those asked.
constexpr bool is_no_renewal(Said said, Standing standing) noexcept {
    const bool is_weak = said == Said::called || said == Said::nominated;
    return said == Said::nothing || (is_weak && standing_of(said) < standing);
}

}  // namespace

bool is_better(const Stander& one, const Stander& other) noexcept {
    if (one.standing != other.standing) return one.standing > other.standing;
    if (one.last != other.last) return one.last > other.last;
    return one.backend.index < other.backend.index;
}

Flow renewed(const Flow& flow, Said said, Seconds now) noexcept {
    Flow desired = flow;
    if (said >= Said::called && standing_of(said) > flow.standing) {
        desired.standing = standing_of(said);
    } else if (is_no_renewal(said, flow.standing) ||
               (!flow.awaits && is_within(flow_refresh_interval - 1, flow.last_seen, now))) {
        return flow;
    }
    desired.awaits = flow.awaits && said >= Said::called && said <= Said::nominated;
    desired.last_seen = now;
    return desired;
}

Tuple::Tuple(const Flow& flow, const Notes& rivals, const Timeouts& lives, Seconds now) noexcept {
    standers_.push_back({flow.backend, flow.standing, 0, flow.last_seen});
    if (!flow.has_rivals) return;
    const auto entries = std::bit_cast<Entries>(rivals);
    for (std::uint8_t place = 1; place <= entries.size(); ++place) {
        const RivalEntry entry = RivalEntry::unpack(entries[place - 1u]);
        // Another worker's clock may have been ahead of ours.
        const Seconds last = now + 1 - ((now + 1 - entry.seconds) & 0xfff);
        const Seconds life = entry.standing == Standing::called ? lives.called : lives.standing;
        if (entries[place - 1u] == 0) continue;
        if (entry.backend == flow.backend)
            standers_[0].place = place;
        else if (standers_.size() < entries.size() && is_within(life, last, now))
            standers_.push_back({entry.backend, entry.standing, place, last});
    }
}

sessions::Rivals Tuple::rivals(Seconds now) const noexcept {
    const auto others = all().subspan(1);
    return {.has_speaker = std::any_of(others.begin(), others.end(), is_speaker),
            .last_seen = now};
}

Tuple::Notes Tuple::notes(Seconds now) const noexcept {
    constexpr Seconds oldest = 0x7ff;  // an older time would come around before the record ends
    Entries entries{};
    for (const bool is_new : {false, true})
        for (const Stander& one : all()) {
            if (is_new != (one.place == 0)) continue;
            auto* const free = std::find(entries.begin(), entries.end(), 0U);
            const Seconds last = is_within(oldest, one.last, now) ? one.last : now - oldest;
            *(is_new ? free : &entries[one.place - 1u]) =
                RivalEntry{one.backend, one.standing, static_cast<std::uint16_t>(last & 0xfff)}
                    .pack();
        }
    return std::bit_cast<Notes>(entries);
}

const Stander* Tuple::find(BackendRef backend) const noexcept {
    const auto found = std::ranges::find(standers_, backend, &Stander::backend);
    return found == standers_.end() ? nullptr : &*found;
}

/// The best backend takes a flow that its holder has left.
void Tuple::elect() noexcept {
    if (!standers_.empty()) make_first(std::ranges::min_element(standers_, is_better));
}

void Tuple::displace(bool speakers, std::size_t most) noexcept {
    std::size_t found = 0;
    auto worst = standers_.end();
    for (auto one = standers_.begin(); one != standers_.end(); ++one) {
        if (is_speaker(*one) != speakers) continue;
        ++found;
        if (worst == standers_.end() || is_better(*worst, *one)) worst = one;
    }
    if (found <= most) return;
    const bool loses_flow = worst == standers_.begin();
    standers_.erase(worst);
    if (loses_flow) elect();
}

bool Tuple::hear(BackendRef backend, Said said, Seconds now) noexcept {
    if (said == Said::called && !standers_.empty()) return false;
    auto one = std::ranges::find(standers_, backend, &Stander::backend);
    if (one == standers_.end()) {
        if (said <= Said::alive) return false;
        one = standers_.insert(one, {backend, standing_of(said), 0, now});
    } else {
        const bool is_raised = said >= Said::called && standing_of(said) > one->standing;
        if (is_no_renewal(said, one->standing) ||
            (!is_raised && is_within(flow_refresh_interval - 1, one->last, now)))
            return false;
        // Kept as a speaker, a backend that fails a login would be taken for one that has its SA.
        if (is_raised || (said == Said::login && one != standers_.begin()))
            one->standing = standing_of(said);
        one->last = now;
        if (said == Said::alive) return true;
    }
    // A login may have failed: it takes the flow from no backend that is asked in full.
    const int least = static_cast<int>(standers_.front().standing) + (said == Said::login);
    if (static_cast<int>(standing_of(said)) >= least) make_first(one);
    displace(false, most_answered);
    displace(true, most_speakers);
    return true;
}

}  // namespace ikelb::affinity
