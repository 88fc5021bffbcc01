// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/schedule.h"

#include <algorithm>
#include <array>

#include "tests/village/scenario.h"

namespace ikelb::village {

namespace {

constexpr std::array names{"wait",        "rekey_child",   "server_rekeys_child",
                           "rekey_ike",   "roam_with_esp", "roam_with_ike",
                           "rebind",      "log_in",        "fall_silent",
                           "speak_again", "drain",         "stop_draining",
                           "ping_fails",  "ping_returns",  "restart",
                           "strike",      "log_in_slowly", "speak_once",
                           "only_send",   "change_vip",    "wait_for_flood",
                           "wait_long"};
static_assert(names.size() == act_kinds);

constexpr std::size_t user_count = 4;
constexpr int servers_in_use = 3;
constexpr std::uint64_t free_spots = 24;

Tuple somewhere(const Village& village, std::mt19937_64& random, const Client& user) {
    const std::uint64_t dice = random() % 10;
    if (dice < 4) return any_spot(village.world, random());
    if (dice < 6) return {user.tuple.address, static_cast<std::uint16_t>(5000 + random() % 1000)};
    return village.used[random() % village.used.size()];
}

bool is_taken(const Village& village, const Tuple& there) {
    return std::any_of(village.users.begin(), village.users.end(),
                       [&](const Client* one) { return one->tuple == there; });
}

void move(Village& village, Client& user, const Happening& how) {
    const Tuple there = next_place(village, user, how.act, how.seed);
    if (is_taken(village, there)) return;
    village.used.push_back(there);
    user.tuple = there;
}

/// By whatever takes time: a COOKIE, a NAT's other address, a second factor.
void log_in_slowly(Village& village, std::mt19937_64& random, Client& user) {
    const bool wants_cookies = random() % 2 == 0;
    for (Server& server : village.world.servers()) server.wants_cookies = wants_cookies;
    const auto another_place = [&]() -> std::optional<Tuple> {
        if (random() % 2 == 0) return std::nullopt;
        const Tuple there = somewhere(village, random, user);
        if (is_taken(village, there)) return std::nullopt;
        village.used.push_back(there);
        return there;
    };
    Login how{.moves_to = another_place(), .waits = 1};
    if (random() % 2 == 0) {
        how.second_factor = 1 + static_cast<Seconds>(random() % 60);
        how.finds_it_at = another_place();
    }
    user.log_in(how);
    for (Server& server : village.world.servers()) server.wants_cookies = false;
}

}  // namespace

Tuple any_spot(const World& world, std::uint64_t drawn) {
    return spot(world, 2000 + static_cast<int>(drawn % free_spots), 5);
}

Tuple next_place(const Village& village, const Client& user, Act move, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    if (move != Act::rebind) return somewhere(village, random, user);
    return {user.tuple.address, static_cast<std::uint16_t>(6000 + random() % 1000)};
}

std::vector<Happening> draw_schedule(std::uint64_t seed, std::size_t length,
                                     std::span<const Strike> strikes, bool is_narrow) {
    std::mt19937_64 random{seed};
    std::vector<Happening> drawn;
    const auto strike = [&] {
        const Happening one{.act = Act::strike,
                            .strike = strikes[random() % strikes.size()],
                            .user = random() % user_count,
                            .seed = random()};
        const auto all = with_its_victim(one);
        drawn.insert(drawn.end(), all.begin(), all.end());
    };
    while (drawn.size() < length) {
        const auto act = static_cast<Act>(random() % static_cast<std::uint64_t>(Act::strike));
        // A flood is on while somebody logs in.
        if (is_narrow && !strikes.empty() && random() % 2 == 0) strike();
        if (is_narrow && random() % 3 == 0)
            drawn.push_back(
                {.act = Act::log_in_slowly, .user = random() % user_count, .seed = random()});
        drawn.push_back({.act = act, .user = random() % user_count, .seed = random()});
        if (!is_narrow && !strikes.empty())
            for (std::uint64_t count = random() % 5; count > 0; --count) strike();
        drawn.push_back({.act = Act::wait, .seed = random()});
    }
    return drawn;
}

std::string text(const Happening& happening) {
    const std::string what{happening.act == Act::strike
                               ? name(happening.strike)
                               : names.at(static_cast<std::size_t>(happening.act))};
    return what + " of u" + std::to_string(happening.user) + ", seed " +
           std::to_string(happening.seed);
}

Village::Village(const Site& site, MakeBalancer make) : world{site, make} {
    for (std::size_t i = 0; i < user_count; ++i) {
        const int number = i < 2 ? 1 : static_cast<int>(i);  // two behind one NAT
        const Habits habits{.mode = i == 2 ? Mode::upload : Mode::two_way,
                            .dpd = 30,
                            .vip = static_cast<int>(i) % site.vips,
                            .cuts = site.is_narrow};
        users.push_back(&settle(world, "u" + std::to_string(i),
                                spot(world, number, 1000 + static_cast<int>(i)),
                                static_cast<int>(i) % servers_in_use, habits));
        used.push_back(users.back()->tuple);
    }
    if (site.has_v1) {
        users.push_back(&settle(world, "v1", spot(world, 4, 1004), b1, {.is_v1 = true}));
        used.push_back(users.back()->tuple);
    }
    attacker = &settle(world, "attacker", spot(world, farm, 9), b3);
    world.run(100);
    world.each_second = [this] { pour(*this); };
}

void play(Village& village, const Happening& happening) {
    if (happening.user >= village.users.size()) return;
    std::mt19937_64 random{happening.seed};
    World& world = village.world;
    Client& user = *village.users[happening.user];
    const int server = static_cast<int>(happening.seed % servers_in_use);
    switch (happening.act) {
        case Act::wait: world.run(1 + static_cast<Seconds>(random() % 90)); break;
        case Act::rekey_child:
            if (user.rekey_child()) user.delete_old_child();
            break;
        case Act::server_rekeys_child: user.let_server_rekey_child(); break;
        case Act::rekey_ike: user.rekey_ike(); break;
        case Act::roam_with_esp: move(village, user, happening); break;
        case Act::roam_with_ike:
            move(village, user, happening);
            user.mobike();
            break;
        case Act::rebind:
            user.tuple = next_place(village, user, happening.act, happening.seed);
            village.used.push_back(user.tuple);
            break;
        case Act::log_in: user.log_in(); break;
        case Act::fall_silent: user.habits.mode = Mode::silent; break;
        case Act::speak_again:
            user.habits.mode = happening.user == 2 ? Mode::upload : Mode::two_way;
            break;
        case Act::drain: world.balancer().set_drain(server, Drain::refuse); break;
        case Act::stop_draining:
            for (int b = 0; b < world.site().servers; ++b)
                world.balancer().set_drain(b, Drain::none);
            break;
        case Act::ping_fails: world.balancer().set_up(server, false); break;
        case Act::ping_returns:
            for (int b = 0; b < world.site().servers; ++b) world.balancer().set_up(b, true);
            break;
        case Act::restart:
            village.restarts.push_back(world.now());
            world.restart(true);
            break;
        case Act::log_in_slowly: log_in_slowly(village, random, user); break;
        case Act::speak_once: user.send_data(); break;
        case Act::only_send: user.habits.mode = Mode::upload; break;
        case Act::change_vip:
            user.habits.vip = world.site().vips - 1 - user.habits.vip;
            user.log_in();
            break;
        case Act::wait_for_flood: world.run(12); break;
        case Act::wait_long: world.run(310 + static_cast<Seconds>(random() % 90)); break;
        case Act::strike: break;
    }
}

}  // namespace ikelb::village
