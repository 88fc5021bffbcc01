// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/standing.h"

#include <algorithm>
#include <bit>

namespace ikelb::affinity {
namespace {

using forwarding::is_within, sessions::RivalEntry;
using Entries = std::array<std::uint32_t, sessions::Rivals::most>;

constexpr bool is_speaker(const Stander& one) noexcept {
    return one.standing == Standing::spoke;
}

/// A replay renews nobody who has shown more: else stale servers would stay among those asked.
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
    standers_[count_++] = {flow.backend, flow.standing, 0, flow.last_seen};
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
        else if (count_ < entries.size() && is_within(life, last, now))
            standers_[count_++] = {entry.backend, entry.standing, place, last};
    }
}

sessions::Rivals Tuple::rivals(Seconds now) const noexcept {
    const auto others = all().subspan(1);
    return {.has_speaker = std::any_of(others.begin(), others.end(), is_speaker),
            .last_seen = now};
}

Tuple::Notes Tuple::notes(Seconds now) const noexcept {
    constexpr Seconds oldest = 0x7ff;  // else it comes around before the record ends
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
    const auto all = this->all();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Stander& one) { return one.backend == backend; });
    return found == all.end() ? nullptr : &*found;
}

void Tuple::remove(std::size_t place) noexcept {
    const auto at = standers_.begin() + static_cast<std::ptrdiff_t>(place);
    std::move(at + 1, standers_.begin() + static_cast<std::ptrdiff_t>(count_), at);
    --count_;
}

void Tuple::make_first(std::size_t place) noexcept {
    const auto at = standers_.begin() + static_cast<std::ptrdiff_t>(place);
    std::rotate(standers_.begin(), at, at + 1);
}

/// The best one takes a flow that its holder has left.
void Tuple::elect() noexcept {
    const auto all = this->all();
    if (all.empty()) return;
    make_first(static_cast<std::size_t>(std::min_element(all.begin(), all.end(), is_better) -
                                        all.begin()));
}

void Tuple::displace(bool speakers, std::size_t most) noexcept {
    std::size_t found = 0, worst = count_;
    for (std::size_t i = 0; i < count_; ++i) {
        if (is_speaker(standers_[i]) != speakers) continue;
        ++found;
        if (worst == count_ || is_better(standers_[worst], standers_[i])) worst = i;
    }
    if (found <= most) return;
    remove(worst);
    if (worst == 0) elect();
}

bool Tuple::hear(BackendRef backend, Said said, Seconds now) noexcept {
    if (said == Said::called && count_ != 0) return false;
    const Stander* const known = find(backend);
    const auto place = known == nullptr ? count_ : static_cast<std::size_t>(known - all().data());
    if (known == nullptr) {
        if (said <= Said::alive) return false;
        standers_[count_++] = {backend, standing_of(said), 0, now};
    } else {
        Stander& one = standers_[place];
        const bool is_raised = said >= Said::called && standing_of(said) > one.standing;
        if (is_no_renewal(said, one.standing) ||
            (!is_raised && is_within(flow_refresh_interval - 1, one.last, now)))
            return false;
        // As a speaker, one that lets a login fail would be taken for one that still has its SA.
        const bool is_set = is_raised || (said == Said::login && place != 0);
        if (is_set) one.standing = standing_of(said);
        one.last = now;
        if (said == Said::alive) return true;
    }
    // A login may have failed: it takes the flow from nobody who is asked in full.
    const int least = static_cast<int>(standers_[0].standing) + (said == Said::login);
    if (place != 0 && static_cast<int>(standing_of(said)) >= least) make_first(place);
    displace(false, most_answered);
    displace(true, most_speakers);
    return true;
}

}  // namespace ikelb::affinity
