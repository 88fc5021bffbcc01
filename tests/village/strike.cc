// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include "tests/village/scenario.h"
#include "tests/village/schedule.h"

namespace ikelb::village {

namespace {

/// Who strikes, where, and against whom.
class Striker {
public:
    Striker(Village& village, const Happening& happening)
        : village_{village},
          world_{village.world},
          random_{happening.seed},
          victim_{*village.users[happening.user]} {
        vip_ = below(world_.site().vips);
        gateway_ = happening.strike == Strike::replay_by_other_router ? 1 : 0;
        tuple_ = somewhere();
    }

    void replay() {
        const Datagram last =
            world_.last_request(*village_.users[random_() % village_.users.size()]);
        send(below(10) < 6 ? last : recorded().value_or(last));
    }
    void replay_by_other_router() { below(2) == 0 ? replay() : foretell(); }
    /// What the victim will ask next, before he does.
    void foretell() {
        Datagram next = victim_.message();
        next.key = 0;
        next.gateway = gateway_;
        world_.to_server(next);
    }
    /// Under the victim's SPI, or under the one that follows.
    void forge_esp() {
        const bool is_next = below(3) == 0;
        const Session& its = victim_.session;
        for (std::uint32_t i = 0; i < 6; ++i)
            send({.kind = Kind::esp,
                  .esp = {.spi = is_next ? esp_spi(its.ike_sa, its.children) : its.spi,
                          .sequence = 10'000'000 + i}});
    }
    void forge_ike() {
        Datagram forged = victim_.message();
        forged.key = 0;
        forged.ike.message_id = static_cast<std::uint32_t>(below(10));
        forged.ike.exchange = static_cast<std::uint8_t>(oracle::ike_auth + below(3));
        send(forged);
    }
    /// By IKEv2, with the AUTH from anywhere; or whatever looks like one in IKEv1.
    void fail_to_log_in() {
        const Key key = random_();
        const Address from = below(2) == 0 ? victim_.tuple.address : address(world_, ship);
        Datagram init{.place = on_500({from, 500}),
                      .vip = vip_,
                      .ike = {.spi_i = drawn({key}), .holds_sa = true},
                      .key = key};
        const auto answer = ask(init);
        if (!answer || answer->ike.first != First::sa) return;
        send({.ike = {.spi_i = answer->ike.spi_i,
                      .spi_r = answer->ike.spi_r,
                      .exchange = oracle::ike_auth,
                      .message_id = 1,
                      .first = First::encrypted},
              .key = key,
              .inner = Inner::bad_login});
    }
    void spoof_init() {
        Datagram init{.place = on_500({tuple_.address, 500}),
                      .vip = vip_,
                      .gateway = gateway_,
                      .ike = {.spi_i = drawn({random_()}), .holds_sa = true}};
        if (below(3) == 0) {
            init.ike.first = First::notify;
            init.ike.cookie = random_() | 1;
        }
        world_.to_server(init);
    }
    /// Where users' SAs are, and not where their own logins begin.
    void init_at_4500() {
        for (const Client* const user : village_.users)
            world_.to_server({.place = on_4500(user->tuple),
                              .vip = user->habits.vip,
                              .ike = {.spi_i = drawn({random_()}), .holds_sa = true}});
    }
    void keepalive() { send({.kind = Kind::keepalive}); }
    void move_own_sa() {
        Client& own = *village_.attacker;
        if (own.server() == nullptr) return;
        const Datagram asked = own.message(Inner::mobike);
        send(asked);
        ++own.session.next_id;
        own.sa().is_fed = true;
        own.is_gone = true;
        speak();
    }
    void speak() {
        Client& own = *village_.attacker;
        own.session.sequence += 10;
        send({.kind = Kind::esp,
              .esp = {.spi = below(2) == 0 ? own.session.spi : victim_.session.spi,
                      .sequence = own.session.sequence},
              .key = own.key(),
              .inner = Inner::echo});
    }

private:
    int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint64_t>(limit)); }
    Tuple somewhere() {
        switch (below(5)) {
            case 0: return village_.used[random_() % village_.used.size()];
            case 1: return {victim_.tuple.address, static_cast<std::uint16_t>(1 + below(9999))};
            case 2: return any_spot(world_, random_());
            default: return victim_.tuple;
        }
    }
    /// From where, by which router and to which VIP he likes.
    void send(Datagram datagram) {
        if (datagram.kind != Kind::ike || !datagram.is_init()) datagram.place = on_4500(tuple_);
        datagram.vip = vip_;
        datagram.gateway = gateway_;
        world_.to_server(datagram);
    }
    /// What a client has sent some time ago.
    std::optional<Datagram> recorded() {
        const auto& steps = world_.steps();
        for (int tries = 0; tries < 20 && !steps.empty(); ++tries) {
            const Step& step = steps[random_() % steps.size()];
            if (step.from != nullptr) return step.datagram;
        }
        return std::nullopt;
    }
    std::optional<Datagram> ask(const Datagram& init) {
        const Seconds now = world_.now();
        world_.to_server(init);
        const auto& steps = world_.steps();
        const auto answer = std::find_if(steps.rbegin(), steps.rend(), [&](const Step& step) {
            return step.at != now || (step.server >= 0 && step.datagram.is_init() &&
                                      step.datagram.ike.spi_i == init.ike.spi_i);
        });
        if (answer == steps.rend() || answer->server < 0 || !answer->datagram.is_init())
            return std::nullopt;
        return answer->datagram;
    }

    Village& village_;
    World& world_;
    std::mt19937_64 random_;
    Client& victim_;
    int vip_ = 0;
    int gateway_ = 0;
    Tuple tuple_{};
};

}  // namespace

std::string_view name(Strike strike) {
    static constexpr std::array<std::string_view, strike_kinds> names{
        "replay",           "replay_by_other_router", "forge_esp",         "forge_ike",
        "failed_login",     "spoofed_init",           "keepalive",         "own_mobike",
        "own_esp",          "init_at_4500",           "claim_ahead",       "replay_delete",
        "login_beside",     "logins_under_spi",       "speak_beside",      "replay_v1",
        "places_of_one",    "nominate_elsewhere",     "spis_at_tuple",     "login_at_left_vip",
        "init_ahead",       "speak_everywhere",       "inits_in_name",     "forged_cookies",
        "spoofed_inits",    "fragments_in_name",      "replay_everywhere", "failed_logins",
        "failed_v1_logins", "sprayed_claims",         "logins_at_tuple",   "logins_at_address",
        "unknown_pairs"};
    return names.at(static_cast<std::size_t>(strike));
}

void strike(Village& village, const Happening& happening) {
    if (is_flood(happening.strike)) return begin_flood(village, happening);
    if (is_ambush(happening.strike)) return ambush(village, happening);
    Striker striker{village, happening};
    switch (happening.strike) {
        case Strike::replay: striker.replay(); break;
        case Strike::replay_by_other_router: striker.replay_by_other_router(); break;
        case Strike::forge_esp: striker.forge_esp(); break;
        case Strike::forge_ike: striker.forge_ike(); break;
        case Strike::failed_login: striker.fail_to_log_in(); break;
        case Strike::spoofed_init: striker.spoof_init(); break;
        case Strike::keepalive: striker.keepalive(); break;
        case Strike::own_mobike: striker.move_own_sa(); break;
        case Strike::own_esp: striker.speak(); break;
        case Strike::init_at_4500: striker.init_at_4500(); break;
        default: throw std::logic_error{"no such strike"};
    }
}

}  // namespace ikelb::village
