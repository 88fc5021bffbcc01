// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/village/world.h"

namespace ikelb::village {

/// What users, servers and the operator do, and what an attacker does.
enum class Act : std::uint8_t {
    wait,
    rekey_child,
    server_rekeys_child,
    rekey_ike,
    roam_with_esp,
    roam_with_ike,
    rebind,
    log_in,
    fall_silent,
    speak_again,
    drain,
    stop_draining,
    ping_fails,
    ping_returns,
    restart,
    strike,
    log_in_slowly,  ///< in narrow worlds, or around a strike
    // Around strikes alone:
    speak_once,
    only_send,
    change_vip,
    wait_for_flood,
    wait_long,
};
inline constexpr std::size_t act_kinds = static_cast<std::size_t>(Act::wait_long) + 1;

/// What an attacker can do. None but those of his own SA takes a key of anybody. An ambush knows
/// what its victim does next. The floods go on for a while, in narrow worlds;
/// tests/village/flood.cc has their rates.
enum class Strike : std::uint8_t {
    replay,
    replay_by_other_router,
    forge_esp,
    forge_ike,
    failed_login,
    spoofed_init,
    keepalive,
    own_mobike,  ///< an SA of his own asks to be answered elsewhere, and is fed there
    own_esp,
    init_at_4500,
    claim_ahead,
    replay_delete,
    login_beside,
    logins_under_spi,
    speak_beside,
    replay_v1,
    places_of_one,
    nominate_elsewhere,
    spis_at_tuple,
    login_at_left_vip,
    init_ahead,
    speak_everywhere,
    inits_in_name,
    forged_cookies,
    spoofed_inits,
    fragments_in_name,
    replay_everywhere,
    failed_logins,
    failed_v1_logins,
    sprayed_claims,
    logins_at_tuple,
    logins_at_address,
    unknown_pairs,
};
constexpr bool is_ambush(Strike strike) {
    return strike >= Strike::claim_ahead && strike <= Strike::speak_everywhere;
}
constexpr bool is_by_own_sa(Strike strike) {
    return strike == Strike::own_mobike || strike == Strike::own_esp ||
           strike == Strike::claim_ahead || strike == Strike::speak_beside ||
           strike == Strike::spis_at_tuple || strike == Strike::nominate_elsewhere ||
           strike == Strike::login_at_left_vip || strike == Strike::speak_everywhere;
}
constexpr bool is_flood(Strike strike) {
    return strike >= Strike::inits_in_name;
}
inline constexpr std::size_t strike_kinds = static_cast<std::size_t>(Strike::unknown_pairs) + 1;
std::string_view name(Strike strike);

/// One of them, drawn before any world is there: what it draws itself follows from its seed.
struct Happening {
    Act act = Act::wait;
    Strike strike = Strike::replay;
    std::size_t user = 0;
    std::uint64_t seed = 0;
    Act next = Act::wait;  ///< of an ambush: the victim's move that has its seed
};
/// The attacker's are of those kinds; none: he is not there. Narrow: users live through less and
/// log in slowly.
std::vector<Happening> draw_schedule(std::uint64_t seed, std::size_t length,
                                     std::span<const Strike> strikes, bool is_narrow = false);
std::string text(const Happening& happening);

/// Whom no act is drawn of.
inline constexpr std::size_t v1_user = 4;

struct Flood {
    Happening how{};
    std::mt19937_64 random{};
    Seconds ends_at = 0;
};

/// Where users go and he is before them or after, of so few that they meet.
Tuple any_spot(const World& world, std::uint64_t drawn);

/// Users with an SA each, and the attacker's own SA, which he has in either world.
struct Village {
    World world;
    std::vector<Client*> users{};
    Client* attacker = nullptr;
    std::vector<Tuple> used{};  ///< where users are, or have been
    std::vector<Seconds> restarts{};
    std::set<Tuple> spent_on_claims{};    ///< where he has sent SPIs that are nobody's
    std::optional<Seconds> flushed_at{};  ///< when more had answered than there is room for
    bool has_spoken_everywhere = false;
    int his_sas = 0;                     ///< which he may have some of
    std::optional<Flood> flood{};        ///< one at a time, so that its rate is known
    std::map<Address, Seconds> spent{};  ///< when a flood last took all that an address may begin
    std::set<std::uint32_t> sprayed{};   ///< SPIs that a flood has sent from other places

    Village(const Site& site, MakeBalancer make);
};

/// Where one that has this seed takes a user who moves.
Tuple next_place(const Village& village, const Client& user, Act move, std::uint64_t seed);

/// Every act but a strike.
void play(Village& village, const Happening& happening);

void begin_flood(Village& village, const Happening& happening);
/// One second of it.
void pour(Village& village);

/// What the victim lives through around it, if it takes that, and it itself.
std::vector<Happening> with_its_victim(const Happening& strike);
void ambush(Village& village, const Happening& happening);

/// From any address, by what the attacker has seen, makes up or has himself.
void strike(Village& village, const Happening& happening);

}  // namespace ikelb::village
