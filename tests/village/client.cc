// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/client.h"

#include "tests/village/server.h"
#include "tests/village/world.h"

namespace ikelb::village {

namespace {

constexpr int tries = 3, tries_to_open = 4;
constexpr Seconds between_tries = 2, between_questions = 5, still_known = 60;

}  // namespace

bool Client::log_in(const Login& how) {
    session.login = ++logins_;
    if (habits.is_v1) return log_in_by_v1();
    if (!open(how.waits)) return false;
    world_.run(how.waits, this);
    if (how.moves_to) tuple = *how.moves_to;
    if (how.second_factor > 0) {
        if (!request(Inner::first_factor, oracle::ike_auth)) return false;
        world_.run(how.second_factor, this);
        if (how.finds_it_at) tuple = *how.finds_it_at;
    }
    if (!request(how.password, oracle::ike_auth)) return false;
    session.children = 0;
    use_next_child();
    return true;
}

bool Client::log_in_by_v1() {
    session = {.ike_sa = {drawn({key(), 1}), 0}, .login = logins_};
    if (!exchange_by_v1(oracle::main_mode, Inner::nothing)) return false;
    session.ike_sa = answer_->ike_sa();
    return exchange_by_v1(oracle::main_mode, Inner::v1_login) && rekey_child();
}

bool Client::exchange_by_v1(std::uint8_t type, Inner inner) {
    Datagram asked = message(inner, type);
    asked.ike.version = 1;
    if (session.ike_sa.responder == 0) asked.ike.first = First::sa;
    asked.ike.holds_sa = session.ike_sa.responder == 0;
    return repeat(asked);
}

bool Client::open(Seconds waits) {
    Datagram init{.place = on_500({tuple.address, 500}),
                  .vip = habits.vip,
                  .ike = {.spi_i = drawn({key(), 1}), .holds_sa = true},
                  .key = key()};
    for (int i = 0; i < tries_to_open; ++i) {
        if (!exchange(init)) {
            world_.run(1, this);
        } else if (answer_->ike.first == First::notify) {
            init.ike.first = First::notify;
            init.ike.cookie = answer_->ike.cookie;
            world_.run(waits, this);
        } else {
            session.ike_sa = answer_->ike_sa();
            session.next_id = 1;  // IKE_SA_INIT was 0
            session.sequence = 0;
            return true;
        }
    }
    return false;
}

bool Client::exchange(const Datagram& datagram) {
    answer_.reset();
    is_asking_ = true;
    world_.to_server(datagram, this);
    is_asking_ = false;
    return answer_.has_value();
}

Datagram Client::message(Inner inner, std::uint8_t exchange) const {
    return {.place = on_4500(tuple),
            .vip = habits.vip,
            .ike = {.spi_i = session.ike_sa.initiator,
                    .spi_r = session.ike_sa.responder,
                    .exchange = exchange,
                    .message_id = static_cast<std::uint32_t>(session.next_id),
                    .first = First::encrypted},
            .key = key(),
            .inner = inner};
}

bool Client::request(Inner inner, std::uint8_t exchange_type) {
    return repeat(message(inner, exchange_type));
}

bool Client::delete_old_child() {
    if (habits.is_v1) return true;
    Datagram asked = message();
    asked.ike.holds_delete = true;
    return repeat(asked);
}

bool Client::repeat(Datagram asked) {
    for (int i = 0; i < tries; ++i) {
        if (exchange(asked)) {
            ++session.next_id;
            return true;
        }
        world_.run(between_tries, this);
        asked = asked.at(tuple);
    }
    return false;
}

bool Client::rekey_child() {
    if (habits.is_v1 ? !exchange_by_v1(oracle::quick_mode, Inner::child)
                     : !request(Inner::child, oracle::create_child))
        return false;
    use_next_child();
    return true;
}

void Client::let_server_rekey_child() {
    if (Server* const its = server()) its->ask(sa(), Inner::server_child, oracle::create_child);
}

void Client::use_next_child() {
    session.spi = esp_spi(session.ike_sa, session.children++);
    session.sequence = 0;
}

Server* Client::server() const {
    for (Server& one : world_.servers())
        if (const Sa* const sa = one.sa(session.ike_sa); sa != nullptr && sa->is_established)
            return &one;
    return nullptr;
}

Sa& Client::sa() const {
    Server* const its = server();
    if (its == nullptr) throw SetupFailed{name + " has no SA"};
    return *its->sa(session.ike_sa);
}

void Client::receive(const Datagram& datagram) {
    if (datagram.is_init()) {
        if (datagram.ike.spi_i == drawn({key(), 1})) answer_ = datagram;
        return;
    }
    if (datagram.key != key()) return;
    if (datagram.ike.version == 1) {
        if (is_asking_) answer_ = datagram;
    } else if (datagram.kind == Kind::esp) {
        ++received;
        heard_ = world_.now();
        spoken_to = tuple;
    } else if (datagram.ike.is_response) {
        receive_answer(datagram);
    } else if (datagram.ike_sa() == session.ike_sa) {
        receive_request(datagram);
    }
}

void Client::receive_answer(const Datagram& datagram) {
    // Else whoever sends a request again whose answer was lost would have it answered.
    if (!is_asking_ || datagram.ike_sa() != session.ike_sa ||
        datagram.ike.message_id != static_cast<std::uint32_t>(session.next_id))
        return;
    heard_ = world_.now();
    answer_ = datagram;
    if (datagram.inner != Inner::ike_rekey) return;
    session.ike_sa = rekeyed(session.ike_sa);
    session.next_id = -1;  // whoever waits for the answer goes on to the next, which is 0
}

void Client::receive_request(const Datagram& datagram) {
    heard_ = world_.now();
    spoken_to = tuple;
    Datagram reply = message(Inner::nothing, datagram.ike.exchange);
    reply.ike.is_response = true;
    reply.ike.message_id = datagram.ike.message_id;
    world_.to_server(reply, this);
    if (datagram.inner != Inner::server_child) return;
    use_next_child();
    sa().children[session.spi] = 0;
}

bool Client::send_data() {
    if (session.spi == 0 || habits.mode == Mode::silent) return false;
    const std::size_t before = received;
    const bool is_two_way = habits.mode == Mode::two_way;
    const std::optional<int> taken_by =
        world_.to_server({.kind = Kind::esp,
                          .place = on_4500(tuple),
                          .vip = habits.vip,
                          .esp = {.spi = session.spi, .sequence = ++session.sequence},
                          .key = key(),
                          .inner = is_two_way ? Inner::echo : Inner::nothing,
                          .cut_as = next_cut()},
                         this);
    return taken_by && (!is_two_way || received > before);
}

/// Of every fourth packet.
std::uint16_t Client::next_cut() const {
    constexpr std::uint16_t own_half = 0x8000;
    const bool is_known = spoken_to == tuple && world_.now() - heard_ < still_known;
    if (!habits.cuts || !is_known || session.sequence % 4 != 0) return 0;
    return static_cast<std::uint16_t>(own_half | (tuple.port + session.sequence * 31));
}

void Client::tick() {
    if (is_gone || session.spi == 0) return;
    send_data();
    if (habits.dpd == 0 || world_.now() - heard_ < habits.dpd ||
        world_.now() % between_questions != 0)
        return;
    if (exchange(message())) ++session.next_id;
}

}  // namespace ikelb::village
