// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "tests/village/scenario.h"

namespace ikelb::village {

/// A victim on the first server, and a mate on the second whose datagrams somebody has recorded.
struct Attack {
    Client& victim;
    Client& mate;
    Datagram recorded;  ///< the mate's login
};
enum class Mate : std::uint8_t { behind_the_same_nat, elsewhere };

inline Attack attack(World& world, Mate where = Mate::behind_the_same_nat,
                     const Habits& habits = {}) {
    Client& victim = settle(world, "victim", spot(world, home, 1111), b1, habits);
    const int number = where == Mate::elsewhere ? other_home : home;
    Client& mate = settle(world, "mate", spot(world, number, 2222), b2);
    world.run(20);
    return {victim, mate, world.last_request(mate)};
}

}  // namespace ikelb::village
