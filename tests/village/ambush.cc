// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/village/scenario.h"
#include "tests/village/schedule.h"

// Strikes of somebody who sees the wire and knows what his victim does next. Around each the victim
// lives through what it takes, in both worlds.

namespace ikelb::village {

namespace {

class Ambusher {
public:
    Ambusher(Village& village, const Happening& happening)
        : village_{village},
          world_{village.world},
          how_{happening},
          random_{~happening.seed},
          victim_{*village.users[happening.user]},
          own_{*village.attacker},
          vip_{victim_.habits.vip} {}

    /// Where the victim goes next, or at another port of where it is: from there its newest SPI
    /// comes, with the server of his own SA heard in between.
    void claim_ahead() {
        const Tuple there = how_.next == Act::wait
                                ? Tuple{victim_.tuple.address, any_port()}
                                : next_place(village_, victim_, how_.next, how_.seed);
        speak_at(there);
        forge_at(there, victim_.session.spi);
        ask_at(there);
        forge_at(there, victim_.session.spi);
    }
    /// From elsewhere: what its client did last was to delete a child.
    void replay_delete() {
        const Datagram last = world_.last_request(victim_);
        if (last.ike.holds_delete) world_.to_server(last.at(any_spot(world_, random_())));
    }
    /// Right behind the victim's own login, at another server.
    void log_in_beside() {
        const Server* const its = victim_.server();
        if (its == nullptr) return;
        fail_to_log_in(
            [&] {
                return Tuple{victim_.tuple.address, 500};
            },
            victim_.tuple, random_(), [&](int server) { return server != its->index(); });
    }
    /// At its server, each from a place of his own.
    void log_in_under_its_spi() {
        constexpr int logins = 12;
        const Server* const its = victim_.server();
        if (its == nullptr) return;
        for (int i = 0; i < logins; ++i) {
            Tuple from{};
            fail_to_log_in(
                [&] {
                    from = {anywhere(), 500};
                    return from;
                },
                std::nullopt, victim_.session.ike_sa.initiator,
                [&](int server) { return server == its->index(); });
        }
    }

    /// His SA comes to the victim's tuple and stays; then he spends what it has of copies.
    void speak_beside() {
        if (how_.next == Act::wait_long) {
            own_.is_gone = false;
            own_.tuple = victim_.tuple;
            return;
        }
        spend_copies(victim_.tuple);
    }

    /// The last that the user of IKEv1 has asked, from where it is.
    void replay_v1() {
        if (!victim_.habits.is_v1) return;
        Datagram last = world_.last_request(victim_);
        last.gateway = 1;
        world_.to_server(last);
    }
    /// What he asked last in many SAs of his own comes again from ports of one address.
    void ask_from_places_of_one() {
        const Address there = anywhere();
        std::uint16_t port = 1000;
        for (const auto& [server, asked] : questions(anywhere(), sas))
            for (int n = 0; n < places_of_each; ++n) world_.pour(asked.at({there, ++port}));
    }
    /// His server speaks at the victim's tuple; then what he asked two servers last comes again
    /// from many places, each of which has two that have answered.
    void nominate_elsewhere() {
        if (how_.next == Act::wait_for_flood) return static_cast<void>(speak_at(victim_.tuple));
        village_.flushed_at = world_.now();
        std::map<int, std::vector<Datagram>> by_server;
        for (int i = 0; i < homes; ++i)
            for (const auto& [server, asked] : questions(anywhere(), most_sas / homes))
                by_server[server].insert(by_server[server].end(), places_of_each, asked);
        while (true) {
            std::vector<std::vector<Datagram>*> all;
            for (auto& [server, asked] : by_server) all.push_back(&asked);
            std::ranges::sort(all, std::greater{}, [](const auto* one) { return one->size(); });
            if (all.size() < 2 || all[1]->empty()) return;
            const Tuple there{anywhere(), any_port()};
            for (std::vector<Datagram>* const one : {all[0], all[1]}) {
                world_.pour(one->back().at(there));
                one->pop_back();
            }
        }
    }
    /// His own server, which is not the victim's, speaks where that is, and SPIs of nobody come
    /// from there. Beside no other server they would spend what the place has of claims.
    void send_spis_at_tuple() {
        constexpr int spis = 8;
        if (own_.server() == victim_.server() ||
            !village_.spent_on_claims.insert(victim_.tuple).second || !speak_at(victim_.tuple))
            return;
        for (int i = 0; i < spis; ++i)
            forge_at(victim_.tuple, static_cast<std::uint32_t>(random_()) | 256);
    }
    /// Where the victim is, at the VIP that it has left: his server speaks there, and then a login
    /// fails at the victim's, which has left the place to his (docs/affinity.md).
    void log_in_at_left_vip() {
        const Server* const its = victim_.server();
        vip_ = world_.site().vips - 1 - victim_.habits.vip;
        if (how_.next == Act::wait_for_flood) return static_cast<void>(speak_at(victim_.tuple));
        // What a flow has heard is written each five seconds.
        constexpr Seconds lately = 15, before_that = 30;
        bool has_his_spoken = false, has_its_spoken = false;
        for (const Step& step : world_.steps()) {
            const Datagram& sent = step.datagram;
            const bool is_there = step.server >= 0 && step.way && step.way->vip == vip_ &&
                                  sent.place == on_4500(victim_.tuple);
            if (!is_there || !sent.is_speech() || its == nullptr) continue;
            const Seconds age = world_.now() - step.at;
            if (step.server == its->index())
                has_its_spoken |= age <= before_that;
            else
                has_his_spoken |= age <= lately;
        }
        if (has_his_spoken && !has_its_spoken)
            fail_to_log_in(
                [&] {
                    return Tuple{victim_.tuple.address, 500};
                },
                victim_.tuple, random_(), [&](int server) { return server == its->index(); });
    }
    /// An SA begins where the victim goes next, at a server that takes new ones, and what that
    /// place has of copies is spent.
    void begin_ahead() {
        const Tuple there = next_place(village_, victim_, how_.next, how_.seed);
        const auto key = random_();
        keys_.insert(key);
        world_.to_server({.place = on_4500(there),
                          .vip = vip_,
                          .ike = {.spi_i = drawn({random_()}), .holds_sa = true},
                          .key = key});
        spend_copies(there);
    }
    /// His SA comes from so many ports of one address.
    void speak_everywhere() {
        constexpr std::uint16_t ports = 24'000;
        if (std::exchange(village_.has_spoken_everywhere, true)) return;
        const Address there = anywhere();
        for (std::uint16_t i = 0; i < ports; ++i)
            world_.pour(own_esp({there, static_cast<std::uint16_t>(1024 + i)}));
    }
    /// Servers give up what has only begun: here at once.
    void forget() {
        for (Server& server : world_.servers())
            std::erase_if(server.sas,
                          [&](const auto& one) { return keys_.contains(one.second.key); });
    }

private:
    static constexpr int most_sas = 1200, sas = 400, homes = 8, places_of_each = 8;

    int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint64_t>(limit)); }
    std::uint16_t any_port() { return static_cast<std::uint16_t>(10'000 + below(50'000)); }
    /// Where no user is.
    Address anywhere() { return address(world_, 0x4000 + below(0x8000)); }
    /// His own server has it answered there, which needs no copies: the victim's next may need
    /// them.
    void ask_at(const Tuple& tuple) {
        if (own_.server() == nullptr) return;
        Datagram asked = own_.message(Inner::mobike).at(tuple);
        asked.vip = vip_;
        world_.to_server(asked);
        ++own_.session.next_id;
    }
    /// Of SAs of his own that begin at one address: their server, and a question that it answered.
    std::vector<std::pair<int, Datagram>> questions(const Address& home, int count) {
        std::vector<std::pair<int, Datagram>> all;
        if ((village_.his_sas += count) > most_sas) return all;
        for (int i = 0; i < count; ++i) {
            Datagram asked{.place = on_500({home, 4500}),
                           .vip = vip_,
                           .ike = {.spi_i = drawn({random_()}), .holds_sa = true},
                           .key = random_()};
            keys_.insert(asked.key);
            const auto servers = world_.pour(asked);
            if (servers.empty()) continue;
            const auto server = static_cast<std::uint64_t>(servers.front());
            asked.place.nat_t = true;
            asked.ike = {.spi_i = asked.ike.spi_i,
                         .spi_r = drawn({server, asked.ike.spi_i, asked.key}),
                         .exchange = oracle::ike_auth,
                         .message_id = 1,
                         .first = First::encrypted};
            world_.pour(asked);
            asked.ike.exchange = oracle::informational;
            asked.ike.message_id = 2;
            world_.pour(asked);
            all.emplace_back(servers.front(), asked);
        }
        return all;
    }
    Datagram own_esp(const Tuple& tuple) {
        return {.kind = Kind::esp,
                .place = on_4500(tuple),
                .vip = vip_,
                .esp = {.spi = own_.session.spi, .sequence = ++own_.session.sequence},
                .key = own_.key(),
                .inner = Inner::echo};
    }
    bool speak_at(const Tuple& tuple) { return world_.to_server(own_esp(tuple)).has_value(); }
    void forge_at(const Tuple& tuple, std::uint32_t spi) {
        world_.to_server({.kind = Kind::esp,
                          .place = on_4500(tuple),
                          .vip = vip_,
                          .esp = {.spi = spi, .sequence = 20'000'000 + sequence_++}});
    }
    /// All that a tuple has of them in this second.
    void spend_copies(const Tuple& tuple) {
        const auto spi = static_cast<std::uint32_t>(random_()) | 256;
        for (int i = 0; i < 10; ++i) forge_at(tuple, spi);
    }
    /// Begun anywhere until a server that will do has it; at: where it ends, else where it began.
    template <typename From, typename WillDo>
    void fail_to_log_in(From from, std::optional<Tuple> at, std::uint64_t spi, WillDo will_do) {
        constexpr int tries = 16;
        for (int i = 0; i < tries; ++i) {
            const Key key = random_();
            Datagram begun{.place = on_500(from()),
                           .vip = vip_,
                           .ike = {.spi_i = spi, .holds_sa = true},
                           .key = key};
            if (at) begun.ike.spi_i = drawn({spi, static_cast<std::uint64_t>(i)});
            const auto servers = world_.pour(begun);
            keys_.insert(key);
            if (servers.empty() || !will_do(servers.front())) continue;
            const auto server = static_cast<std::uint64_t>(servers.front());
            world_.to_server({.place = on_4500(at.value_or(begun.tuple())),
                              .vip = begun.vip,
                              .ike = {.spi_i = begun.ike.spi_i,
                                      .spi_r = drawn({server, begun.ike.spi_i, key}),
                                      .exchange = oracle::ike_auth,
                                      .message_id = 1,
                                      .first = First::encrypted},
                              .key = key,
                              .inner = Inner::bad_login});
            break;
        }
    }

    Village& village_;
    World& world_;
    Happening how_;
    std::mt19937_64 random_;
    Client& victim_;
    Client& own_;
    int vip_;
    std::set<Key> keys_;  ///< of what has only begun
    std::uint32_t sequence_ = 0;
};

}  // namespace

std::vector<Happening> with_its_victim(const Happening& strike) {
    const auto acts = [&](std::initializer_list<Act> before, std::initializer_list<Act> after,
                          Act next = Act::wait) {
        std::vector<Happening> all;
        const auto add = [&](Act act) {
            all.push_back({.act = act, .user = strike.user, .seed = strike.seed});
        };
        for (const Act act : before) add(act);
        all.push_back(strike);
        all.back().next = next;
        for (const Act act : after) add(act);
        return all;
    };
    const auto twice = [](std::vector<Happening> all, const std::vector<Happening>& then) {
        all.insert(all.end(), then.begin(), then.end());
        return all;
    };
    switch (strike.strike) {
        case Strike::claim_ahead:
            switch (strike.seed % 3) {
                case 0:
                    return acts({Act::speak_again, Act::rekey_child},
                                {Act::wait, Act::roam_with_esp, Act::wait}, Act::roam_with_esp);
                case 1:
                    return acts({Act::speak_again, Act::rekey_child, Act::speak_once},
                                {Act::rebind, Act::speak_once, Act::wait}, Act::rebind);
                default: return acts({Act::speak_again, Act::rekey_child}, {Act::wait});
            }
        case Strike::replay_delete:
            return acts({Act::speak_again, Act::rekey_child, Act::wait},
                        {Act::wait_long, Act::roam_with_ike, Act::wait});
        case Strike::login_beside:
            return acts({Act::speak_again, Act::log_in},
                        {Act::wait_long, Act::roam_with_ike, Act::wait});
        case Strike::logins_under_spi:
            return acts({Act::only_send},
                        {Act::roam_with_ike, Act::rekey_child, Act::wait, Act::speak_again});
        case Strike::speak_beside:
            return twice(acts({Act::only_send}, {Act::wait_long, Act::rekey_child}, Act::wait_long),
                         acts({}, {Act::speak_once, Act::wait, Act::speak_again}, Act::speak_once));
        case Strike::logins_at_address:
            return acts({}, {Act::wait_for_flood, Act::log_in, Act::wait_long, Act::roam_with_ike,
                             Act::wait});
        case Strike::unknown_pairs:
            return acts({Act::speak_again, Act::rekey_ike},
                        {Act::wait_for_flood, Act::rekey_child, Act::wait});
        case Strike::nominate_elsewhere:
            return twice(acts({Act::speak_again, Act::wait, Act::fall_silent, Act::rekey_child},
                              {Act::wait_for_flood}, Act::wait_for_flood),
                         acts({}, {Act::speak_again, Act::speak_once, Act::wait}, Act::speak_once));
        case Strike::places_of_one:
            return acts({Act::only_send, Act::log_in_slowly, Act::wait_for_flood},
                        {Act::wait_for_flood, Act::wait_for_flood, Act::speak_again});
        case Strike::spis_at_tuple:
            return acts({Act::speak_again, Act::rekey_child},
                        {Act::speak_once, Act::speak_once, Act::roam_with_esp, Act::wait});
        case Strike::login_at_left_vip:
            return twice(
                acts({Act::change_vip, Act::server_rekeys_child, Act::speak_again, Act::wait},
                     {Act::wait_for_flood}, Act::wait_for_flood),
                acts({}, {Act::wait}));
        case Strike::init_ahead:
            return acts({Act::drain, Act::speak_again, Act::rekey_child},
                        {Act::rebind, Act::speak_once, Act::wait, Act::stop_draining}, Act::rebind);
        case Strike::speak_everywhere:
            return acts({Act::speak_again}, {Act::roam_with_esp, Act::wait_for_flood,
                                             Act::server_rekeys_child, Act::wait});
        case Strike::replay_v1: {
            auto all = acts({Act::rekey_child, Act::wait}, {Act::wait});
            for (Happening& one : all) one.user = v1_user;
            return all;
        }
        default: return {strike};
    }
}

void ambush(Village& village, const Happening& happening) {
    if (happening.user >= village.users.size()) return;
    Ambusher ambusher{village, happening};
    switch (happening.strike) {
        case Strike::claim_ahead: ambusher.claim_ahead(); break;
        case Strike::replay_delete: ambusher.replay_delete(); break;
        case Strike::login_beside: ambusher.log_in_beside(); break;
        case Strike::logins_under_spi: ambusher.log_in_under_its_spi(); break;
        case Strike::speak_beside: ambusher.speak_beside(); break;
        case Strike::replay_v1: ambusher.replay_v1(); break;
        case Strike::init_ahead: ambusher.begin_ahead(); break;
        case Strike::speak_everywhere: ambusher.speak_everywhere(); break;
        case Strike::login_at_left_vip: ambusher.log_in_at_left_vip(); break;
        case Strike::nominate_elsewhere: ambusher.nominate_elsewhere(); break;
        case Strike::places_of_one: ambusher.ask_from_places_of_one(); break;
        case Strike::spis_at_tuple: ambusher.send_spis_at_tuple(); break;
        default: throw std::logic_error{"no such ambush"};
    }
    ambusher.forget();
}

}  // namespace ikelb::village
