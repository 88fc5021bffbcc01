// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/affinity/standing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "tests/unit/random_testlib.h"

namespace ikelb::affinity {
namespace {

constexpr Timeouts lives;

struct Heard {
    int backend;
    Said said;
};
struct CandidateCame {};
using Step = std::variant<Heard, CandidateCame, Seconds>;  ///< or time that passes

BackendRef ref(int backend) {
    return {.index = static_cast<forwarding::BackendIndex>(backend), .generation = 3};
}

struct Shown {
    Standing standing = Standing::called;
    Seconds last = 0;
    friend bool operator==(const Shown&, const Shown&) = default;
};

/// What is known of a tuple, however it is kept.
struct Known {
    std::optional<int> first{};
    bool awaits = false;
    std::map<int, Shown> all{};
    friend bool operator==(const Known&, const Known&) = default;
};

/// The rules said plainly.
class Rules {
public:
    Seconds now = 10'000;

    void hear(int backend, Said said) {
        expire();
        if (said == Said::nothing) return;
        if (known_.first == backend)
            hear_first(said);
        else
            hear_another(backend, said);
    }
    void await() {
        expire();
        known_.awaits = known_.first.has_value();
    }
    Known known() {
        expire();
        return known_;
    }

private:
    static Standing shown_by(Said said) { return standing_of(said); }
    bool is_lately(Seconds last) const { return now - last < 5; }

    void hear_first(Said said) {
        Shown& own = known_.all[*known_.first];
        if (said > Said::alive && shown_by(said) > own.standing) {
            own = {shown_by(said), now};
        } else {
            if (said == Said::called && own.standing > Standing::called) return;
            if (said == Said::nominated && own.standing > Standing::nominated) return;
            if (!is_lately(own.last) || known_.awaits) own.last = now;
        }
        if (said != Said::called && said != Said::nominated) known_.awaits = false;
    }
    void hear_another(int backend, Said said) {
        const auto there = known_.all.find(backend);
        if (said == Said::alive) {
            if (there != known_.all.end() && !is_lately(there->second.last))
                there->second.last = now;
            return;
        }
        if (said == Said::called && !known_.all.empty()) return;
        const auto shown = shown_by(said);
        Shown& own = there != known_.all.end() ? there->second : known_.all[backend];
        if (there == known_.all.end() || shown > own.standing) {
            own = {shown, now};
        } else {
            if (is_lately(own.last) || (said == Said::nominated && shown < own.standing)) return;
            // A login of one that spoke there long ago may be a failed one.
            own = {said == Said::login ? shown : own.standing, now};
        }
        const auto before = known_.first;
        const auto first =
            known_.first ? std::optional{known_.all[*known_.first].standing} : std::nullopt;
        if (!first || shown > *first || (shown == *first && said != Said::login))
            known_.first = backend;
        limit(false, 4);
        limit(true, 8);
        // Whoever came may have had the flow for no longer than it took to displace it.
        if (known_.first != before) known_.awaits = false;
    }
    bool is_better(int one, int other) {
        const Shown a = known_.all[one], b = known_.all[other];
        if (a.standing != b.standing) return a.standing > b.standing;
        if (a.last != b.last) return a.last > b.last;
        return one < other;
    }
    std::vector<int> ranked(auto&& belongs) {
        std::vector<int> backends;
        for (const auto& [backend, shown] : known_.all)
            if (belongs(shown)) backends.push_back(backend);
        std::sort(backends.begin(), backends.end(),
                  [&](int one, int other) { return is_better(one, other); });
        return backends;
    }
    void limit(bool speakers, std::size_t most) {
        const auto kind = ranked(
            [&](const Shown& shown) { return (shown.standing == Standing::spoke) == speakers; });
        if (kind.size() <= most) return;
        known_.all.erase(kind.back());
        if (known_.first == kind.back())
            known_.first = ranked([](const Shown&) { return true; })[0];
    }
    void expire() {
        if (!known_.first) return;
        const Shown first = known_.all[*known_.first];
        const Seconds life = first.standing == Standing::spoke    ? 2700
                             : first.standing == Standing::called ? 30
                                                                  : 300;
        if (now - first.last > life) known_ = {};
        std::erase_if(known_.all, [&](const auto& one) {
            return one.first != known_.first &&
                   now - one.second.last > (one.second.standing == Standing::called ? 30u : 300u);
        });
    }

    Known known_;
};

/// The packet path's two records, as it writes them.
class Records {
public:
    Seconds now = 10'000;

    void hear(int backend, Said said) {
        if (flow() && flow_->backend == ref(backend)) {
            flow_ = renewed(*flow_, said, now);
            return;
        }
        Tuple all = tuple();
        if (!all.hear(ref(backend), said, now)) return;
        rivals_ = all.notes(now);
        rivals_head_.last_seen = now;
        const Stander& first = all.all().front();
        flow_ = Flow{.backend = first.backend,
                     .standing = first.standing,
                     .awaits = flow_ && flow_->backend == first.backend && flow_->awaits,
                     .has_rivals = all.all().size() > 1,
                     .last_seen = first.last};
    }
    void await() {
        if (flow()) flow_->awaits = true;
    }
    Known known() {
        if (!flow()) return {};
        Known known{.first = flow_->backend.index, .awaits = flow_->awaits};
        const Tuple tuple = this->tuple();
        for (const Stander& one : tuple.all())
            known.all[one.backend.index] = {one.standing, one.last};
        return known;
    }

private:
    const std::optional<Flow>& flow() {
        if (flow_ && !flow_->is_alive(lives, now)) flow_.reset();
        return flow_;
    }
    Tuple tuple() {
        if (!flow()) return Tuple{};
        const bool has_rivals = rivals_head_.is_alive(lives, now);
        return Tuple{*flow_, has_rivals ? rivals_ : Tuple::Notes{}, lives, now};
    }

    std::optional<Flow> flow_;
    sessions::Rivals rivals_head_;
    Tuple::Notes rivals_{};
};

/// Lives a sequence in both, and says how it went if they differ.
std::string lived(const std::vector<Step>& steps) {
    Rules rules;
    Records records;
    std::string text;
    for (const Step& step : steps) {
        if (const auto* heard = std::get_if<Heard>(&step)) {
            rules.hear(heard->backend, heard->said);
            records.hear(heard->backend, heard->said);
        } else if (const auto* passes = std::get_if<Seconds>(&step)) {
            rules.now = records.now += *passes;
        } else {
            rules.await();
            records.await();
        }
    }
    if (rules.known() == records.known()) return "";
    for (const Step& step : steps)
        if (const auto* heard = std::get_if<Heard>(&step))
            text += " " + std::to_string(heard->backend) + ":" +
                    std::to_string(static_cast<int>(heard->said));
        else if (const auto* passes = std::get_if<Seconds>(&step))
            text += " +" + std::to_string(*passes);
        else
            text += " candidate";
    return text;
}

constexpr std::array all_said{Said::alive, Said::called, Said::nominated,
                              Said::login, Said::strong, Said::spoke};

std::vector<Step> all_steps(int backends) {
    std::vector<Step> all{CandidateCame{}};
    for (int backend = 0; backend < backends; ++backend)
        for (const Said said : all_said) all.emplace_back(Heard{backend, said});
    for (const Seconds passes : {1u, 4u, 26u, 270u, 300u, 2400u}) all.emplace_back(passes);
    return all;
}

TEST(Standing, EachSequenceOfFourGoesByTheRules) {
    const std::vector<Step> all = all_steps(3);
    std::vector<std::size_t> place(4, 0);
    while (true) {
        std::vector<Step> steps;
        for (const std::size_t at : place) steps.push_back(all[at]);
        ASSERT_EQ(lived(steps), "");
        std::size_t digit = 0;
        while (digit < place.size() && ++place[digit] == all.size()) place[digit++] = 0;
        if (digit == place.size()) break;
    }
}

TEST(Standing, LongSequencesOfManyBackendsGoByTheRules) {
    test::Random random;
    const std::vector<Step> all = all_steps(14);
    for (int n = 0; n < 20'000; ++n) {
        std::vector<Step> steps;
        for (int i = 0; i < 40; ++i) steps.push_back(all[random.below(all.size())]);
        ASSERT_EQ(lived(steps), "");
    }
}

std::set<int> backends_of(const Tuple& tuple) {
    std::set<int> backends;
    for (const Stander& one : tuple.all()) backends.insert(one.backend.index);
    return backends;
}

TEST(Standing, OfFiveNomineesTheWeakestGoes) {
    Tuple tuple;
    for (int backend = 0; backend < 5; ++backend)
        tuple.hear(ref(backend), backend == 0 ? Said::strong : Said::nominated,
                   100u + static_cast<Seconds>(backend));
    EXPECT_EQ(backends_of(tuple), (std::set{0, 2, 3, 4}));
}

TEST(Standing, OfNineSpeakersTheLongestSilentGoes) {
    Tuple tuple;
    for (int backend = 0; backend < 9; ++backend)
        tuple.hear(ref(backend), Said::spoke, 100u + static_cast<Seconds>(backend));
    EXPECT_EQ(backends_of(tuple), (std::set{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(tuple.all()[0].backend, ref(8));
}

TEST(Standing, NomineesDisplaceNoSpeaker) {
    Tuple tuple;
    tuple.hear(ref(9), Said::spoke, 100);
    for (int backend = 0; backend < 8; ++backend) tuple.hear(ref(backend), Said::strong, 101);
    EXPECT_EQ(tuple.all()[0].backend, ref(9));
    EXPECT_EQ(tuple.all().size(), 5u);
}

TEST(Standing, AReplayKeepsNoSilentSpeakerAmongThoseThatAreAsked) {
    const Flow flow{.backend = ref(1), .standing = Standing::spoke, .last_seen = 100};
    const auto is_asked = [](const Flow& of, Seconds now) {
        const Tuple tuple{of, {}, lives, now};
        return is_full(tuple.all()[0], lives, now);
    };
    EXPECT_EQ(renewed(flow, Said::nominated, 390), flow);
    EXPECT_TRUE(is_asked(flow, 400));
    EXPECT_FALSE(is_asked(flow, 401));
    const Flow fresh = renewed(flow, Said::strong, 401);
    EXPECT_TRUE(is_asked(fresh, 401));
}

TEST(Standing, OnlyASpeakerOrAFreshAnswerIsAskedInFull) {
    for (const Standing standing :
         {Standing::called, Standing::nominated, Standing::strong, Standing::spoke})
        EXPECT_EQ(is_full({.standing = standing, .last = 100}, lives, 100),
                  standing >= Standing::strong);
}

TEST(Standing, TheBestOfTheRestHasAFlowThatItsHolderHasLeft) {
    Tuple tuple;
    tuple.hear(ref(1), Said::spoke, 100);
    tuple.hear(ref(2), Said::spoke, 101);
    tuple.hear(ref(3), Said::strong, 102);
    tuple.hear(ref(4), Said::spoke, 103);
    tuple.filter([](BackendRef backend) { return backend != ref(4); });
    EXPECT_EQ(tuple.all()[0].backend, ref(2));
    tuple.filter([](BackendRef backend) { return backend == ref(3); });
    EXPECT_EQ(backends_of(tuple), (std::set{3}));
}

TEST(Standing, WhoHasTheFlowOfOneThatLeftStillSpokeWhenHeAnswersALogin) {
    Tuple tuple;
    tuple.hear(ref(1), Said::spoke, 100);
    tuple.hear(ref(2), Said::spoke, 101);
    tuple.filter([](BackendRef backend) { return backend != ref(2); });
    EXPECT_TRUE(tuple.hear(ref(1), Said::login, 110));
    EXPECT_EQ(tuple.all()[0].standing, Standing::spoke);
}

TEST(Standing, KeepsEachEntryInItsPlaceWhoeverComesOrBecomesFirst) {
    const auto backend_at = [](const Tuple::Notes& notes, std::size_t place) {
        const auto bits = static_cast<std::uint32_t>(notes[place / 2] >> place % 2 * 32);
        return bits == 0 ? -1 : int{sessions::RivalEntry::unpack(bits).backend.index};
    };
    Flow flow{.backend = ref(1), .standing = Standing::spoke, .has_rivals = true, .last_seen = 100};
    Tuple::Notes before{};
    for (const int comes : {2, 3, 4, 5, 2, 1, 3}) {
        Tuple tuple{flow, before, lives, 106};
        tuple.hear(ref(comes), comes % 2 == 0 ? Said::spoke : Said::strong, 106);
        const Tuple::Notes after = tuple.notes(106);
        for (std::size_t place = 0; place < sessions::Rivals::most; ++place) {
            const int there = backend_at(before, place);
            EXPECT_TRUE(there < 0 || there == backend_at(after, place)) << place;
        }
        flow.backend = tuple.all()[0].backend;
        before = after;
        EXPECT_EQ(backends_of(tuple), backends_of(Tuple{flow, after, lives, 106}));
    }
    EXPECT_EQ(backends_of(Tuple{flow, before, lives, 106}), (std::set{1, 2, 3, 4, 5}));
}

TEST(Standing, ARivalThatAFasterWorkersClockHasDatedIsThere) {
    const Flow flow{
        .backend = ref(1), .standing = Standing::spoke, .has_rivals = true, .last_seen = 1001};
    Tuple written{flow, {}, lives, 1001};
    written.hear(ref(2), Said::strong, 1001);
    EXPECT_EQ(backends_of(Tuple{flow, written.notes(1001), lives, 1000}), (std::set{1, 2}));
    EXPECT_EQ(backends_of(Tuple{flow, written.notes(1001), lives, 1301}), (std::set{1, 2}));
    EXPECT_EQ(backends_of(Tuple{flow, written.notes(1001), lives, 1302}), (std::set{1}));
}

}  // namespace
}  // namespace ikelb::affinity
