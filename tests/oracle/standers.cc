// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/oracle/standers.h"

#include <algorithm>

namespace ikelb::oracle {

namespace {

constexpr Seconds called_life = 30, stander_life = 300, flow_life = 2700;
/// Repeated evidence is written only after this time.
constexpr Seconds first_interval = 5, others_interval = 5;
constexpr std::ptrdiff_t most_unproven = 4, most_speakers = 8;

Standing standing_of(Said said) {
    switch (said) {
        case Said::spoke: return Standing::spoke;
        case Said::login:
        case Said::strong: return Standing::strong;
        case Said::nominated: return Standing::nominated;
        default: return Standing::called;
    }
}

Seconds life_of(const Stander& one, bool is_first) {
    if (one.standing == Standing::called) return called_life;
    return is_first && one.standing == Standing::spoke ? flow_life : stander_life;
}

}  // namespace

bool is_better(const Stander& one, const Stander& other) {
    if (one.standing != other.standing) return one.standing > other.standing;
    if (one.last != other.last) return one.last > other.last;
    return one.backend < other.backend;
}

/// If the flow's backend goes, the best of the others gets the flow.
template <typename Gone>
void Standers::remove(Gone gone) {
    if (all_.empty()) return;
    const bool first_goes = gone(all_.front(), true);
    std::vector<Stander> left;
    if (!first_goes) left.push_back(all_.front());
    for (std::size_t i = 1; i < all_.size(); ++i)
        if (!gone(all_[i], false)) left.push_back(all_[i]);
    all_ = left;
    if (!first_goes) return;
    awaits = false;
    if (!all_.empty())
        std::iter_swap(all_.begin(), std::min_element(all_.begin(), all_.end(), is_better));
}

const std::vector<Stander>& Standers::look(Seconds now, const Counts& counts) {
    const auto is_over = [&](const Stander& one, bool is_first) {
        return now - one.last > life_of(one, is_first);
    };
    // The flow is the tuple's record: the others end with it.
    if (!all_.empty() && is_over(all_.front(), true)) {
        all_.clear();
        awaits = false;
    }
    remove([&](const Stander& one, bool is_first) {
        return !counts(one) || is_over(one, is_first);
    });
    return all_;
}

const Stander* Standers::flow(Seconds now) const {
    const bool is_there = !all_.empty() && now - all_.front().last <= life_of(all_.front(), true);
    return is_there ? &all_.front() : nullptr;
}

void Standers::forget(int backend) {
    remove([&](const Stander& one, bool) { return one.backend == backend; });
}

bool Standers::hear(const Stander& who, Said said, const Counts& counts,
                    const MayCreate& may_create) {
    const Standers before = *this;
    look(who.last, counts);
    bool has_changed = false;
    if (all_.empty()) {
        if (said <= Said::alive || !may_create()) {
            *this = before;
            return false;
        }
        all_.push_back(who);
        all_.front().standing = standing_of(said);
        return true;
    }
    if (said == Said::nothing)
        has_changed = false;
    else if (all_.front().backend == who.backend)
        has_changed = hear_first(said, who.last);
    else
        has_changed = hear_other(who, said, may_create);
    const bool is_there = std::any_of(all_.begin(), all_.end(), [&](const Stander& one) {
        return one.backend == who.backend;
    });
    // The backend that is heard writes the change of the flow's owner.
    const bool is_left = !before.all_.empty() && is_there && !before.is_first(all_.front().backend);
    if (!has_changed && !is_left) {
        *this = before;
        return false;
    }
    drop_worst();
    look(who.last, counts);  // an old speaker lives on only as the first
    return true;
}

bool Standers::hear_first(Said said, Seconds now) {
    Stander& first = all_.front();
    const bool is_sign = said == Said::alive || said >= Said::login;
    const bool raises = said != Said::alive && standing_of(said) > first.standing;
    if (!raises) {
        const bool is_weaker = said != Said::alive && standing_of(said) < first.standing;
        if (is_weaker && said < Said::login) return false;
        if (!awaits && now - first.last < first_interval) return false;
    }
    if (raises) first.standing = standing_of(said);
    first.last = now;
    if (is_sign) awaits = false;
    return true;
}

bool Standers::hear_other(const Stander& who, Said said, const MayCreate& may_create) {
    if (said == Said::called) return false;
    const auto there = std::find_if(all_.begin(), all_.end(), [&](const Stander& one) {
        return one.backend == who.backend;
    });
    const bool is_there = there != all_.end();
    const bool is_recent = is_there && who.last - there->last < others_interval;
    if (said == Said::alive) {
        if (!is_there || is_recent) return false;
        there->last = who.last;
        return true;
    }
    const Standing standing = standing_of(said);
    if (is_there) {
        const bool is_weaker = there->standing > standing;
        if (is_weaker && said < Said::login) return false;
        if (there->standing >= standing && is_recent) return false;
        // An SA's answer keeps a speaker's standing, and a login's does not.
        if (!is_weaker || said == Said::login) there->standing = standing;
        there->last = who.last;
    } else {
        if (!may_create()) return false;
        all_.push_back(who);
        all_.back().standing = standing;
    }
    const Standing firsts = all_.front().standing;
    if (said == Said::login ? firsts < standing : firsts <= standing) make_first(who.backend);
    return true;
}

void Standers::make_first(int backend) {
    const auto one = std::find_if(all_.begin(), all_.end(), [&](const Stander& other) {
        return other.backend == backend;
    });
    std::iter_swap(all_.begin(), one);
    awaits = false;
}

void Standers::drop_worst() {
    const auto is_speaker = [](const Stander& one) { return one.standing == Standing::spoke; };
    const auto speakers = std::count_if(all_.begin(), all_.end(), is_speaker);
    const auto unproven = static_cast<std::ptrdiff_t>(all_.size()) - speakers;
    for (const bool among_speakers : {false, true}) {
        if ((among_speakers ? speakers : unproven) <=
            (among_speakers ? most_speakers : most_unproven))
            continue;
        const Stander* worst = nullptr;
        for (const Stander& one : all_)
            if (is_speaker(one) == among_speakers && (!worst || is_better(*worst, one)))
                worst = &one;
        forget(worst->backend);
    }
}

}  // namespace ikelb::oracle
