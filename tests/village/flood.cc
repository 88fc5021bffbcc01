// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <stdexcept>

#include "tests/village/scenario.h"
#include "tests/village/schedule.h"

// What budgets and regions are for, at rates up to which users notice nothing. docs/testing.md
// tells them; a lint compares the two.

namespace ikelb::village {

namespace {

constexpr Seconds shortest_flood = 5, longest_flood = 25;

// So many a second, in a world whose budgets are a tenth of the product's.
constexpr int inits_in_name = 15, inits_in_name_of_a_bound_client = 60, forged_cookies = 150,
              spoofed_inits = 150, fragments_in_name = 250, unknown_pairs = 300;
// So many a second, in a world with room for 64 SAs and about 1,000 on their way there.
constexpr int replay_everywhere = 300, failed_logins = 20, failed_v1_logins = 60,
              sprayed_claims = 4, logins_at_address = 20;

class Pourer {
public:
    Pourer(Village& village, Flood& flood)
        : village_{village},
          world_{village.world},
          random_{flood.random},
          victim_{*village.users[flood.how.user]},
          key_{drawn({flood.how.seed})} {}

    /// From ports that are not the login's, half of them with a COOKIE payload.
    void pour_inits_in_name() {
        const bool is_bound = !world_.site().by_sa && victim_.spoken_to &&
                              victim_.spoken_to->address == victim_.tuple.address;
        for (int i = is_bound ? inits_in_name_of_a_bound_client : inits_in_name; i > 0; --i)
            world_.pour(init({victim_.tuple.address, static_cast<std::uint16_t>(501 + below(9999))},
                             below(2) == 0));
    }
    /// He sees a login begin: whoever is asked for a COOKIE comes again from the same port.
    void pour_forged_cookies() {
        const auto& steps = world_.steps();
        for (auto step = steps.rbegin(); step != steps.rend() && step->at + 2 > world_.now();
             ++step) {
            const Datagram& begun = step->datagram;
            if (step->from == nullptr || !begun.is_init() || begun.ike.cookie != 0) continue;
            const Tuple from = begun.tuple();
            for (int i = 0; i < forged_cookies; ++i) world_.pour(init(from, true));
            village_.spent[from.address] = world_.now();
            return;
        }
    }
    void pour_spoofed_inits() {
        for (int i = 0; i < spoofed_inits; ++i) world_.pour(init({anywhere(), 500}, false));
    }
    /// Users' identifications are in the other half: who meets one spoils that datagram anywhere.
    void pour_fragments_in_name() {
        for (int i = 0; i < fragments_in_name; ++i)
            world_.pour({.kind = Kind::esp,
                         .place = on_4500({victim_.tuple.address, any_port()}),
                         .vip = victim_.habits.vip,
                         .esp = {.spi = static_cast<std::uint32_t>(random_()) | 256, .sequence = 1},
                         .cut_as = static_cast<std::uint16_t>(1 + below(0x7fff))});
    }
    void pour_replays() {
        const Datagram recorded = world_.last_request(victim_);
        for (int i = 0; i < replay_everywhere; ++i)
            world_.pour(recorded.at({anywhere(), any_port()}));
    }
    void pour_failed_logins() {
        for (int i = 0; i < failed_logins; ++i) {
            const Address from = anywhere();
            fail_to_log_in({from, any_port()});
        }
    }
    void pour_failed_v1_logins() {
        for (int i = 0; i < failed_v1_logins; ++i) {
            Datagram begun = init({anywhere(), 500}, false);
            begun.ike.version = 1;
            begun.ike.exchange = oracle::main_mode;
            const auto servers = world_.pour(begun);
            if (servers.empty()) continue;
            begun.ike.spi_r = drawn({number(servers), begun.ike.spi_i});
            begun.ike.first = First::encrypted;
            begun.ike.holds_sa = false;
            world_.pour(begun);
        }
    }
    /// The victim's SPI, from places where a server answers a login again and again.
    void pour_claims() {
        constexpr std::uint32_t packets = 3, far_ahead = 1'000'000;
        village_.sprayed.insert(victim_.session.spi);
        for (int i = 0; i < sprayed_claims; ++i) {
            const Tuple from{anywhere(), any_port()};
            for (std::uint32_t n = 0; n < packets; ++n) {
                fail_to_log_in(from);
                world_.pour({.kind = Kind::esp,
                             .place = on_4500(from),
                             .vip = victim_.habits.vip,
                             .esp = {.spi = victim_.session.spi, .sequence = far_ahead + n}});
            }
        }
    }
    /// Each begun at a place of his own, where a user's server answers, and ended at that user's.
    void pour_logins_at_tuple() {
        constexpr int tries = 8;
        for (const Client* const user : village_.users) {
            const Server* const wanted = user->server();
            for (int n = 0; n < tries; ++n) {
                Datagram begun = init({anywhere(), 500}, false);
                begun.vip = user->habits.vip;
                const auto servers = world_.pour(begun);
                if (wanted == nullptr || servers.empty() || servers.front() != wanted->index())
                    continue;
                fail_to_log_in(begun, servers, user->tuple);
                break;
            }
        }
    }
    /// Each begun at a place of his own, and ended at a port of the victim's address.
    void pour_logins_at_address() {
        for (int i = 0; i < logins_at_address; ++i) {
            fail_to_log_in(init({anywhere(), 500}, false), {victim_.tuple.address, any_port()});
        }
    }
    /// From where his logins are answered: a worker and a server each.
    void pour_unknown_pairs() {
        constexpr int places = 12;
        for (int i = 0; i < places; ++i) {
            const Tuple there{address(world_, 0x4000 + i), 4500};
            fail_to_log_in(init({anywhere(), 500}, false), there);
            for (int n = 0; n < unknown_pairs / places; ++n)
                world_.pour({.place = on_4500(there),
                             .vip = victim_.habits.vip,
                             .ike = {.spi_i = drawn({random_()}),
                                     .spi_r = drawn({random_()}),
                                     .exchange = oracle::informational,
                                     .message_id = 1,
                                     .first = First::encrypted}});
        }
    }
    /// Servers give up what has only begun: here at once, or the village becomes slow.
    void forget() {
        for (Server& server : world_.servers())
            std::erase_if(server.sas, [&](const auto& one) { return one.second.key == key_; });
    }

private:
    int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint64_t>(limit)); }
    static std::uint64_t number(const std::vector<int>& servers) {
        return static_cast<std::uint64_t>(servers.front());
    }
    /// Where no user is.
    Address anywhere() { return address(world_, 0x4000 + below(0x8000)); }
    std::uint16_t any_port() { return static_cast<std::uint16_t>(10'000 + below(50'000)); }
    Datagram init(const Tuple& from, bool has_cookie) {
        Datagram made{.place = on_500(from),
                      .vip = victim_.habits.vip,
                      .ike = {.spi_i = drawn({random_()}), .holds_sa = true},
                      .key = key_};
        if (has_cookie) {
            made.ike.first = First::notify;
            made.ike.cookie = random_() | 1;
        }
        return made;
    }
    void fail_to_log_in(const Tuple& from) {
        fail_to_log_in(init({from.address, 500}, false), from);
    }
    void fail_to_log_in(const Datagram& begun, const Tuple& at) {
        const auto servers = world_.pour(begun);
        if (!servers.empty()) fail_to_log_in(begun, servers, at);
    }
    void fail_to_log_in(const Datagram& begun, const std::vector<int>& servers, const Tuple& at) {
        world_.pour({.place = on_4500(at),
                     .vip = begun.vip,
                     .ike = {.spi_i = begun.ike.spi_i,
                             .spi_r = drawn({number(servers), begun.ike.spi_i, key_}),
                             .exchange = oracle::ike_auth,
                             .message_id = 1,
                             .first = First::encrypted},
                     .key = key_,
                     .inner = Inner::bad_login});
    }

    Village& village_;
    World& world_;
    std::mt19937_64& random_;
    Client& victim_;
    Key key_;
};

}  // namespace

void begin_flood(Village& village, const Happening& happening) {
    const auto length = static_cast<Seconds>(happening.seed % (longest_flood - shortest_flood));
    village.flood = Flood{.how = happening,
                          .random = std::mt19937_64{happening.seed},
                          .ends_at = village.world.now() + shortest_flood + length};
    pour(village);
}

void pour(Village& village) {
    auto& flood = village.flood;
    if (flood && flood->ends_at <= village.world.now()) flood.reset();
    if (!flood) return;
    Pourer pourer{village, *flood};
    switch (flood->how.strike) {
        case Strike::inits_in_name: pourer.pour_inits_in_name(); break;
        case Strike::forged_cookies: pourer.pour_forged_cookies(); break;
        case Strike::spoofed_inits: pourer.pour_spoofed_inits(); break;
        case Strike::fragments_in_name: pourer.pour_fragments_in_name(); break;
        case Strike::replay_everywhere: pourer.pour_replays(); break;
        case Strike::failed_logins: pourer.pour_failed_logins(); break;
        case Strike::failed_v1_logins: pourer.pour_failed_v1_logins(); break;
        case Strike::sprayed_claims: pourer.pour_claims(); break;
        case Strike::logins_at_tuple: pourer.pour_logins_at_tuple(); break;
        case Strike::logins_at_address: pourer.pour_logins_at_address(); break;
        case Strike::unknown_pairs: pourer.pour_unknown_pairs(); break;
        default: throw std::logic_error{"no such flood"};
    }
    pourer.forget();
}

}  // namespace ikelb::village
