// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <span>
#include <string>

#include "tests/village/world.h"

namespace ikelb::village {

/// A story of the village, and whether it ended well.
struct Scenario {
    const char* name;
    bool (*holds)(World& world);
    Site site{};
};

/// What tunnels live through: docs/affinity.md lists the events.
std::span<const Scenario> roaming_scenarios();
std::span<const Scenario> server_scenarios();
std::span<const Scenario> traffic_scenarios();
/// What somebody does who holds no key of theirs.
std::span<const Scenario> replay_scenarios();
std::span<const Scenario> forger_scenarios();

// Servers by the names that the stories use.
inline constexpr int b1 = 0, b2 = 1, b3 = 2, b4 = 3, b5 = 4, b6 = 5;

// Addresses that nobody chose for where the hash puts them.
inline constexpr std::uint16_t att_home = 3, cafe = 5, other_home = 6, home = 7, ship = 8, farm = 9,
                               hotel = 77;

inline Address address(const World& world, int number) {
    return {.family = static_cast<std::uint8_t>(world.site().is_v6 ? 6 : 4),
            .number = static_cast<std::uint16_t>(number)};
}
inline Tuple spot(const World& world, int number, int port) {
    return {address(world, number), static_cast<std::uint16_t>(port)};
}
/// An address whose first login the hash puts on that server; always the same one.
Address newcomer(World& world, int server);
inline Tuple newcomer_spot(World& world, int server, int port) {
    return {newcomer(world, server), static_cast<std::uint16_t>(port)};
}

/// A user who lives on a server, by whatever history.
Client& settle(World& world, const std::string& name, const Tuple& tuple, int server,
               const Habits& habits = {});
/// The same, who has sent nothing but his login.
Client& settle_silently(World& world, const std::string& name, const Tuple& tuple, int server,
                        const Habits& habits = {});

/// The tuple of somebody who has left it; his server, which is the second, does not know yet.
Tuple left_tuple(World& world, bool is_fed = false);

/// The SA of somebody else, answered at a tuple that is not his, and fed from then on.
void speak_at(World& world, const Tuple& tuple);

/// ESP with a foreign SPI and no key, each second one.
void forge(World& world, const Tuple& tuple, std::uint32_t spi, int packets = 4, int vip = 0);

}  // namespace ikelb::village
