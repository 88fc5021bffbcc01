// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/scenario.h"

namespace ikelb::village {

Address newcomer(World& world, int server) {
    constexpr int block = 256;
    for (int i = 0; i < block; ++i) {
        const Address one = address(world, block * (16 + server) + i);
        if (world.balancer().hash(one) == server) return one;
    }
    throw SetupFailed{"the hash puts nobody on b" + std::to_string(server)};
}

Client& settle_silently(World& world, const std::string& name, const Tuple& tuple, int server,
                        const Habits& habits) {
    Client& client = world.client(name, tuple, habits);
    world.balancer().place_on(server);
    const bool is_in = client.log_in();
    world.balancer().place_freely();
    if (!is_in || client.server() == nullptr || client.server()->index() != server)
        throw SetupFailed{name + " is not on b" + std::to_string(server)};
    return client;
}

Client& settle(World& world, const std::string& name, const Tuple& tuple, int server,
               const Habits& habits) {
    Client& client = settle_silently(world, name, tuple, server, habits);
    world.run(5);
    return client;
}

Tuple left_tuple(World& world, bool is_fed) {
    Client& gone = settle(world, "gone", newcomer_spot(world, b2, 4500), b2);
    world.run(20);
    gone.sa().is_fed = is_fed;
    gone.is_gone = true;
    return gone.tuple;
}

void speak_at(World& world, const Tuple& tuple) {
    Client& attacker = settle(world, "attacker", spot(world, att_home, 9), b3);
    attacker.is_gone = true;
    Sa& sa = attacker.sa();
    attacker.tuple = tuple;
    attacker.mobike();
    sa.is_fed = true;
}

void forge(World& world, const Tuple& tuple, std::uint32_t spi, int packets, int vip) {
    constexpr std::uint32_t far_ahead = 1'000'000;
    for (int i = 0; i < packets; ++i) {
        world.to_server({.kind = Kind::esp,
                         .place = on_4500(tuple),
                         .vip = vip,
                         .esp = {.spi = spi, .sequence = far_ahead + world.now()}});
        world.run(1);
    }
}

}  // namespace ikelb::village
