// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/testlib/random_lives.h"
#include "tests/village/allowed.h"
#include "tests/village/product.h"
#include "tests/village/schedule.h"

// The same users' lives twice, once alone and once with somebody who holds no key of theirs. Each
// of their datagrams must reach the same server, and each reply leave with the same VIP by the same
// router.

namespace ikelb::village {
namespace {

constexpr std::size_t happenings_of_a_world = 120, happenings_of_a_narrow_world = 60;
/// Where both floods and other strikes are at hand, one in so many worlds is narrow.
constexpr std::uint64_t worlds_for_a_narrow_one = 4;
/// In one of so many datagrams are lost and late.
constexpr std::uint64_t worlds_for_a_rough_one = 4;
/// In one of so many servers do not know their VIP, and he does one thing that turns no reply.
constexpr std::uint64_t worlds_for_a_shared_one = 16;
/// And in one of so many are ambushes, which often give a user what he would lose in peace.
constexpr std::uint64_t worlds_for_ambushes = 4;
constexpr Seconds to_recover = 60;
/// A source's budget, from nothing to all that it has at once.
constexpr Seconds to_refill = 10;
/// A persistence lives 45 min after its last renewal, which may be 30 s before the last speech.
constexpr Seconds binding_for_sure = 44 * 60;

/// Worlds without an attacker: they must not differ at all, or the comparison is worth nothing.
constexpr std::uint64_t worlds_at_peace = 5;

std::vector<Strike> all_strikes() {
    std::vector<Strike> all;
    for (std::size_t i = 0; i < strike_kinds; ++i) all.push_back(static_cast<Strike>(i));
    return all;
}

/// What somebody's datagram, or the reply to it, has met with in both worlds.
struct Difference {
    std::size_t happening = 0;
    std::string alone;
    std::string attacked;
    std::string before{};             ///< what happened to the user and at his place under attack
    std::optional<Datagram> login{};  ///< it is one, or its answer, or of an SA as unknown as that
    bool is_limit = false;            ///< one of those that docs/affinity.md tells
};

const std::string nothing = "nothing";

std::string text(const Step& step) {
    std::string line =
        std::to_string(step.at) +
        " s: " + text(step.datagram, step.server, step.from != nullptr ? step.from->name : "");
    for (const int server : step.went_to) line += " b" + std::to_string(server);
    if (step.taken_by) line += " taken by b" + std::to_string(*step.taken_by);
    if (step.way)
        line += " by vip" + std::to_string(step.way->vip) + " and router " +
                std::to_string(step.way->gateway);
    return line + " (" + step.verdict + ")";
}

/// A user's datagram that no server made anything of, though one should have.
bool is_lost(const Step& step) {
    return step.server < 0 && !step.taken_by && !step.datagram.is_init() &&
           !step.datagram.ike.is_response && step.datagram.kind != Kind::keepalive;
}

bool are_alike(const Step& alone, const Step& attacked) {
    if (alone.datagram != attacked.datagram) return false;
    if (alone.server >= 0) return alone.server == attacked.server && alone.way == attacked.way;
    if (alone.taken_by) return alone.taken_by == attacked.taken_by;
    if (alone.went_to.empty()) return true;  // it could only gain
    const auto& other = attacked.went_to;
    if (alone.datagram.is_init()) return !other.empty() && other[0] == alone.went_to[0];
    return std::find(other.begin(), other.end(), alone.went_to[0]) != other.end();
}

/// Both worlds, side by side.
class TwoWorlds {
public:
    explicit TwoWorlds(const Site& site)
        : alone_{site, make_product}, attacked_{site, make_product} {
        leave_behind();
    }

    std::optional<Difference> step(const Happening& happening) {
        if (happening.act == Act::strike) {
            strike(attacked_, happening);
            note_speech();
            return std::nullopt;
        }
        note_trouble(happening.act);
        play(alone_, happening);
        play(attacked_, happening);
        note_speech();
        std::vector<std::size_t> lost;
        std::optional<Difference> first;
        bool has_anybody_gained = false;
        for (std::size_t user = 0; user < alone_.users.size(); ++user) {
            bool has_lost = false, has_gained = false;
            const auto difference = compare(user, has_lost, has_gained);
            has_anybody_gained |= has_gained;
            if (has_gained) continue;
            if (difference && !has_lost &&
                (difference->is_limit || (difference->login && is_free(*difference->login)))) {
                have_parted_ = true;
                return std::nullopt;
            }
            if (difference && !has_lost && (!first || first->alone == nothing)) first = difference;
            if (has_lost) lost.push_back(user);
        }
        // Whoever gains by the attack or loses is not kept waiting as long in both worlds: nothing
        // else is at the same time either.
        have_parted_ = (has_anybody_gained || !lost.empty()) &&
                       alone_.world.now() != attacked_.world.now();
        if (have_parted_) return std::nullopt;
        if (first) return first;
        // His server has spoken where it does not in peace: the next login may begin there.
        have_parted_ = has_anybody_gained;
        if (have_parted_) return std::nullopt;
        recover(lost);
        return std::nullopt;
    }
    /// There is nothing left to compare: a login went elsewhere, as it may, or somebody gained.
    bool have_parted() const { return have_parted_; }
    std::size_t datagrams() const { return datagrams_; }
    std::size_t losses() const { return losses_; }

private:
    static std::vector<const Step*> steps_of(const Village& village, std::size_t first,
                                             const Client& user) {
        std::vector<const Step*> its;
        const auto& steps = village.world.steps();
        for (std::size_t i = first; i < steps.size(); ++i) {
            const Step& step = steps[i];
            if (step.is_unknown) continue;
            const bool is_its = step.server < 0 ? step.from == &user
                                : step.datagram.is_init()
                                    ? step.datagram.place.client == user.tuple.address
                                    : step.datagram.key == user.key();
            if (is_its) its.push_back(&step);
        }
        return its;
    }
    /// The first difference; has_lost: somebody who loses in peace too has nothing to compare, and
    /// neither has one whose lost datagram, under attack, is taken (has_gained).
    std::optional<Difference> compare(std::size_t user, bool& has_lost, bool& has_gained) const {
        const auto alone = steps_of(alone_, seen_alone_, *alone_.users[user]);
        const auto attacked = steps_of(attacked_, seen_attacked_, *attacked_.users[user]);
        for (std::size_t i = 0; i < alone.size(); ++i) {
            has_lost |= is_lost(*alone[i]);
            has_gained |= i < attacked.size() && is_lost(*alone[i]) && attacked[i]->taken_by;
            if (i < attacked.size() && are_alike(*alone[i], *attacked[i])) continue;
            const Step* const met = i < attacked.size() ? attacked[i] : nullptr;
            const Datagram& sent = alone[i]->datagram;
            const bool is_as_login = sent.is_init() || is_unseen(attacked_, *alone[i]);
            const Client& one = *attacked_.users[user];
            return Difference{.alone = text(*alone[i]),
                              .attacked = met != nullptr ? text(*met) : nothing,
                              .before = history(one, sent.place),
                              .login = is_as_login ? std::optional{sent} : std::nullopt,
                              .is_limit = is_limit(attacked_, one, *alone[i], met)};
        }
        if (attacked.size() == alone.size()) return std::nullopt;
        return Difference{.alone = nothing, .attacked = text(*attacked[alone.size()])};
    }
    /// ESP that goes on as before has one line, in each direction.
    std::string history(const Client& user, const Place& place) const {
        constexpr std::size_t most = 60;
        std::vector<std::string> lines;
        std::array<const Step*, 2> before{};
        for (const Step& step : attacked_.world.steps()) {
            const Datagram& datagram = step.datagram;
            if (datagram.place != place && step.from != &user && datagram.key != user.key())
                continue;
            const Step*& last = before[step.server >= 0];
            const bool goes_on = last != nullptr && datagram.kind == Kind::esp &&
                                 datagram.kind == last->datagram.kind &&
                                 datagram.place == last->datagram.place &&
                                 datagram.esp.spi == last->datagram.esp.spi &&
                                 step.server == last->server && step.went_to == last->went_to;
            if (!goes_on) lines.push_back(text(step));
            last = &step;
        }
        std::string joined;
        for (std::size_t i = lines.size() > most ? lines.size() - most : 0; i < lines.size(); ++i)
            joined += "  " + lines[i] + "\n";
        return joined;
    }
    using Home = std::pair<Address, int>;
    static Home home_of(const Datagram& datagram) { return {datagram.place.client, datagram.vip}; }
    /// Who has credentials of his own may pick where the next login from an address without a
    /// persistence starts, and nothing else. What speaks first writes the persistence.
    void note_speech() {
        const auto& steps = attacked_.world.steps();
        for (; noted_ < steps.size(); ++noted_) {
            const Step& step = steps[noted_];
            const Datagram& datagram = step.datagram;
            if (step.server < 0 || !step.way || !datagram.is_speech()) continue;
            const auto [home, is_first] = spoken_to_.try_emplace(home_of(datagram), step.at);
            const bool is_bound =
                !is_first && !is_troubled_ && step.at - home->second < binding_for_sure;
            home->second = step.at;
            if (datagram.key == attacked_.attacker->key() && !is_bound)
                free_.insert(home_of(datagram));
        }
    }
    bool is_free(const Datagram& login) const {
        const auto spent = attacked_.spent.find(login.place.client);
        // The login that he saw begin goes on; the next one waits for the address's budget.
        if (login.is_init() && login.ike.cookie == 0 && spent != attacked_.spent.end() &&
            attacked_.world.now() - spent->second < to_refill)
            return true;
        return !attacked_.world.site().by_sa && free_.contains(home_of(login));
    }
    /// The persistence to a server that takes nobody back is as good as none.
    void note_trouble(Act act) {
        drains_ = act == Act::drain || (drains_ && act != Act::stop_draining);
        is_down_ = act == Act::ping_fails || (is_down_ && act != Act::ping_returns);
        is_troubled_ = drains_ || is_down_;
    }
    void recover(const std::vector<std::size_t>& lost) {
        losses_ += lost.size();
        for (Village* const village : {&alone_, &attacked_}) {
            for (const std::size_t user : lost) village->users[user]->log_in();
            if (!lost.empty()) village->world.run(to_recover);
        }
        leave_behind();
        have_parted_ = std::ranges::any_of(lost, [&](std::size_t user) {
            const auto server_in = [&](const Village& village) {
                const Server* const its = village.users[user]->server();
                return its == nullptr ? -1 : its->index();
            };
            const Client& one = *attacked_.users[user];
            return server_in(alone_) != server_in(attacked_) &&
                   is_free({.kind = Kind::esp,
                            .place = on_4500(one.tuple),
                            .vip = one.habits.vip});
        });
    }
    void leave_behind() {
        note_speech();
        const std::size_t now = alone_.world.steps().size();
        datagrams_ += now - seen_alone_;
        seen_alone_ = now;
        seen_attacked_ = attacked_.world.steps().size();
    }

    Village alone_;
    Village attacked_;
    std::size_t seen_alone_ = 0;
    std::size_t seen_attacked_ = 0;
    std::size_t datagrams_ = 0;
    std::size_t losses_ = 0;
    std::size_t noted_ = 0;
    std::map<Home, Seconds> spoken_to_;
    std::set<Home> free_;
    bool drains_ = false;
    bool is_down_ = false;
    bool is_troubled_ = false;
    bool have_parted_ = false;
};

Site site_of(std::uint64_t seed, bool is_narrow) {
    std::mt19937_64 random{seed ^ 0x9e3779b97f4a7c15ULL};
    const bool is_v6 = random() % 3 == 0, is_by_sa = random() % 4 == 0;
    const int workers = 2 + static_cast<int>(random() % 2);
    const bool is_rough = !is_narrow && seed % worlds_for_a_rough_one == worlds_for_a_rough_one - 1;
    return {.vips = 1 + static_cast<int>(random() % 2),
            .has_aliases = true,
            .is_v6 = is_v6,
            .by_sa = is_by_sa,
            .workers = workers,
            .is_narrow = is_narrow,
            .lost = is_rough ? 10 : 0,
            .late = is_rough ? 10 : 0};
}

std::optional<Difference> replay(const Site& site, const std::vector<Happening>& happenings) {
    TwoWorlds worlds{site};
    for (std::size_t i = 0; i < happenings.size() && !worlds.have_parted(); ++i)
        if (auto difference = worlds.step(happenings[i])) {
            difference->happening = i;
            return difference;
        }
    return std::nullopt;
}

std::vector<Happening> shrink(const Site& site, const std::vector<Happening>& happenings) {
    return testlib::shrink(happenings, [&](const auto& fewer) -> std::optional<std::size_t> {
        if (const auto difference = replay(site, fewer)) return difference->happening;
        return std::nullopt;
    });
}

struct Options : testlib::LivesOptions {
    std::vector<Strike> strikes = all_strikes();
};

void report(std::uint64_t seed, const Site& site, const std::vector<Happening>& happenings) {
    std::printf("seed %llu: an attacker changes what a user meets with\n",
                static_cast<unsigned long long>(seed));
    std::fflush(stdout);  // whoever only wants the seed need not wait for the few
    const std::vector<Happening> few = shrink(site, happenings);
    std::printf("IPv%d, affinity: %s, %d VIPs, %d workers%s; %zu happenings are enough:\n",
                site.is_v6 ? 6 : 4, site.by_sa ? "sa" : "source", site.vips, site.workers,
                site.is_narrow ? ", narrow" : site.lost > 0 ? ", rough" : "", few.size());
    for (const Happening& happening : few) std::printf("  %s\n", text(happening).c_str());
    if (const auto difference = replay(site, few))
        std::printf("at that place:\n%salone:    %s\nattacked: %s\n", difference->before.c_str(),
                    difference->alone.c_str(), difference->attacked.c_str());
    std::fflush(stdout);
}

struct Tally {
    std::uint64_t seeds = 0;
    std::uint64_t datagrams = 0;
    std::size_t losses = 0;
    std::size_t failures = 0;
    std::size_t partings = 0;
};

/// Floods belong into narrow worlds, and all other strikes into the others.
bool is_narrow(std::uint64_t seed, std::span<const Strike> strikes) {
    const bool floods = std::ranges::any_of(strikes, is_flood),
               others = !std::ranges::all_of(strikes, is_flood);
    return floods == others ? seed % worlds_for_a_narrow_one == 0 : floods;
}

enum class Attacker : std::uint8_t { is_there, is_away };

/// One world's life. True: nothing differed.
bool live(std::uint64_t seed, std::span<const Strike> strikes, Attacker attacker, Tally& tally) {
    const bool is_narrow = village::is_narrow(seed, strikes);
    const bool has_ambushes =
        seed % worlds_for_ambushes == 1 || std::ranges::all_of(strikes, is_ambush);
    const auto has = [&](Strike strike) { return std::ranges::count(strikes, strike) > 0; };
    const auto is_of_shared = [](Strike strike) { return strike == Strike::login_at_left_vip; };
    const bool is_shared = has_ambushes && has(Strike::login_at_left_vip) &&
                           (seed % worlds_for_a_shared_one == 5 || strikes.size() == 1);
    Site site = site_of(seed, is_narrow);
    if (is_shared) {
        site.vips = 2;
        site.has_aliases = false;
    } else if (has_ambushes && !is_narrow) {
        site.has_v1 = has(Strike::replay_v1);
        site.has_room = has(Strike::speak_everywhere);
    }
    std::vector<Strike> its{strikes.begin(), strikes.end()};
    // Where he may pick the server of a login, and some of its packets are lost, it takes longer in
    // one of the worlds, and everybody's clock goes on.
    std::erase_if(its, [&](Strike strike) {
        return attacker == Attacker::is_away || is_flood(strike) != is_narrow ||
               (is_ambush(strike) && !has_ambushes) || is_of_shared(strike) != is_shared ||
               (site.lost > 0 && is_by_own_sa(strike));
    });
    std::vector<Happening> happenings = draw_schedule(
        seed, is_narrow ? happenings_of_a_narrow_world : happenings_of_a_world, its, is_narrow);
    TwoWorlds worlds{site};
    std::size_t i = 0;
    while (i < happenings.size() && !worlds.have_parted() && !worlds.step(happenings[i])) ++i;
    ++tally.seeds;
    tally.datagrams += worlds.datagrams();
    tally.losses += worlds.losses();
    tally.partings += worlds.have_parted();
    if (i == happenings.size() || worlds.have_parted()) return true;
    ++tally.failures;
    happenings.resize(i + 1);
    report(seed, site, happenings);
    return false;
}

int run(const Options& options) {
    const auto begun = std::chrono::steady_clock::now();
    Tally peace;
    for (std::uint64_t seed = 1; seed <= worlds_at_peace; ++seed)
        live(seed, options.strikes, Attacker::is_away, peace);
    if (peace.failures > 0) return 1;
    std::printf("%llu worlds without the attacker: nothing differs\n",
                static_cast<unsigned long long>(worlds_at_peace));
    Tally tally;
    for (std::uint64_t seed = options.seed;
         tally.datagrams < options.steps && tally.failures < options.failures; ++seed)
        live(seed, options.strikes, Attacker::is_there, tally);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
    std::printf(
        "%llu worlds from seed %llu: %llu datagrams, %zu times somebody lost in peace, %zu "
        "worlds with a difference, %zu ended early, %.1f s\n",
        static_cast<unsigned long long>(tally.seeds), static_cast<unsigned long long>(options.seed),
        static_cast<unsigned long long>(tally.datagrams), tally.losses, tally.failures,
        tally.partings, seconds.count());
    return tally.failures == 0 ? 0 : 1;
}

std::optional<Options> parse(int count, char** words) {
    Options options{{.steps = 1'000'000}};
    const auto take_only = [&](std::string_view word, std::string_view wanted) {
        if (word != "--only") return false;
        std::erase_if(options.strikes = all_strikes(),
                      [&](Strike strike) { return name(strike) != wanted; });
        return true;
    };
    if (!read_options(options, count, words, 100'000'000, take_only) || options.strikes.empty())
        return std::nullopt;
    return options;
}

void print_usage() {
    std::puts(
        "usage: two_worlds [--seed N] [--steps M] [--long] [--failures N] [--only STRIKE]\n"
        "N: the first world's seed; M: datagrams over all worlds; --long: 100 million;\n"
        "--failures: go on until so many worlds have failed; --only: one kind of strike, of");
    std::string line;
    for (const Strike strike : all_strikes()) {
        if (line.size() + name(strike).size() > 90) {
            std::puts(line.c_str());
            line.clear();
        }
        line.append("  ").append(name(strike));
    }
    std::puts(line.c_str());
}

}  // namespace
}  // namespace ikelb::village

int main(int count, char** words) {
    if (const auto options = ikelb::village::parse(count, words))
        return ikelb::village::run(*options);
    ikelb::village::print_usage();
    return count == 2 && std::string_view{words[1]} == "--help" ? 0 : 2;
}
