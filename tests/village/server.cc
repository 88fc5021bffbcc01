// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/village/server.h"

#include "tests/village/world.h"

namespace ikelb::village {

namespace {

constexpr int most_unanswered = 5;
constexpr Seconds between_questions = 10;
constexpr std::uint64_t download = 1'000'000;  // no child of that number: the client's inbound SPI

}  // namespace

void Server::receive(const Datagram& datagram) {
    if (!is_alive) return;
    if (datagram.kind == Kind::ike && datagram.ike.version == 1) return receive_v1(datagram);
    if (datagram.is_init()) return receive_init(datagram);
    if (datagram.kind == Kind::esp) return receive_esp(datagram);
    Sa* const known = datagram.kind == Kind::ike ? sa(datagram.ike_sa()) : nullptr;
    if (known == nullptr) return;
    if (!datagram.ike.is_response) return receive_request(*known, datagram);
    const bool is_awaited = known->is_waiting && datagram.ike.message_id + 1 == known->next_id;
    if (known->key != datagram.key || !is_awaited) return;
    known->is_waiting = false;
    known->heard = world_.now();
    known->unanswered = 0;
}

void Server::receive_init(const Datagram& datagram) {
    const auto number = static_cast<std::uint64_t>(index_);
    Datagram answer = datagram;
    answer.key = 0;
    answer.ike.is_response = true;
    answer.ike.from_initiator = false;
    answer.ike.cookie = 0;
    const std::uint64_t cookie = drawn({number, datagram.place.client.number, datagram.ike.spi_i});
    if (wants_cookies && datagram.ike.cookie != cookie) {
        answer.ike.first = First::notify;
        answer.ike.holds_sa = false;
        answer.ike.cookie = cookie;
        return send(answer);
    }
    const Pair ike_sa{datagram.ike.spi_i, drawn({number, datagram.ike.spi_i, datagram.key})};
    sas.try_emplace(ike_sa, Sa{.ike_sa = ike_sa,
                               .key = datagram.key,
                               .peer = datagram.tuple(),
                               .last_id = 0,
                               .heard = world_.now()});
    answer.ike.spi_r = ike_sa.responder;
    answer.ike.first = First::sa;
    answer.ike.holds_sa = true;
    send(answer);
}

/// The last message of Main Mode, encrypted, is answered with an encrypted notify, unless its
/// sender knows the secret. What comes again is answered again.
void Server::receive_v1(const Datagram& datagram) {
    const auto cookie = drawn({static_cast<std::uint64_t>(index_), datagram.ike.spi_i});
    Datagram answer = datagram;
    answer.ike.spi_r = cookie;
    Sa* known = sa(answer.ike_sa());
    const bool is_new = known == nullptr && datagram.inner == Inner::v1_login;
    if (datagram.ike.spi_r == 0) {
        if (datagram.key != 0) world_.accepted(index_, datagram);
        return send(answer);
    }
    if (datagram.ike.spi_r != cookie || datagram.ike.first != First::encrypted) return;
    if (is_new)
        known = &sas.try_emplace(answer.ike_sa(), Sa{.ike_sa = answer.ike_sa(),
                                                     .key = datagram.key,
                                                     .is_established = true,
                                                     .is_v1 = true})
                     .first->second;
    if (known == nullptr) {
        answer.ike.exchange = oracle::v1_informational;
        return send(answer);
    }
    const std::int64_t id = datagram.ike.message_id;
    if (datagram.key != known->key || id < known->last_id) return;
    if (id > known->last_id) {
        known->last_id = id;
        known->heard = world_.now();
        known->peer = datagram.tuple();
        known->vip = datagram.vip;
        if (datagram.inner == Inner::child)
            known->children[esp_spi(known->ike_sa, known->children.size())] = 0;
        world_.accepted(index_, datagram);
    }
    send(answer);
}

void Server::receive_esp(const Datagram& datagram) {
    for (auto& [ike_sa, sa] : sas) {
        const auto child = sa.children.find(datagram.esp.spi);
        if (child == sa.children.end() || sa.key != datagram.key ||
            datagram.esp.sequence <= child->second)
            continue;
        child->second = datagram.esp.sequence;
        sa.peer = datagram.tuple();
        sa.vip = datagram.vip;
        sa.heard = world_.now();
        world_.accepted(index_, datagram);
        if (datagram.inner == Inner::echo) send_esp(sa);
        return;
    }
}

void Server::receive_request(Sa& sa, const Datagram& datagram) {
    const std::int64_t id = datagram.ike.message_id;
    if (id == sa.last_id && sa.answer) {  // a replay is answered to any source
        Datagram again = sa.answer->at(datagram.tuple());
        again.vip = datagram.vip;
        again.gateway = datagram.gateway;
        return send(again);
    }
    if (id != sa.last_id + 1 || datagram.key != sa.key) return;
    sa.last_id = id;
    sa.heard = world_.now();
    world_.accepted(index_, datagram);
    if (datagram.ike.exchange == oracle::ike_auth) {
        if (datagram.inner != Inner::bad_login && datagram.inner != Inner::first_factor) {
            sa.is_established = true;
            sa.peer = datagram.tuple();
            sa.vip = datagram.vip;
            sa.children[esp_spi(sa.ike_sa, 0)] = 0;
        }
    } else if (!sa.is_established) {
        return;
    } else if (datagram.inner == Inner::mobike) {
        sa.peer = datagram.tuple();
        sa.vip = datagram.vip;
    } else if (datagram.inner == Inner::child) {
        sa.children[esp_spi(sa.ike_sa, sa.children.size())] = 0;
    }
    sa.answer = datagram;
    sa.answer->cut_as = 0;
    sa.answer->ike.is_response = true;
    sa.answer->ike.from_initiator = false;
    send(*sa.answer);
    if (datagram.inner == Inner::ike_rekey) rekey(sa);
}

void Server::rekey(Sa& sa) {
    Sa next = sa;
    next.ike_sa = rekeyed(sa.ike_sa);
    next.last_id = -1;
    next.answer.reset();
    next.next_id = 0;
    next.is_waiting = false;
    sa.children.clear();
    sa.is_fed = sa.is_established = false;
    sas.insert_or_assign(next.ike_sa, next);
}

void Server::tick() {
    if (!is_alive) return;
    for (auto next = sas.begin(); next != sas.end();) {
        Sa& sa = next->second;
        ++next;
        if (!sa.is_established || sa.is_v1) continue;
        if (sa.is_fed) send_esp(sa);
        const Seconds silence = world_.now() - sa.heard;
        if (dpd == 0 || silence < dpd || silence % between_questions != 0) continue;
        if (++sa.unanswered > most_unanswered)
            sas.erase(sas.find(sa.ike_sa));
        else
            ask(sa);
    }
}

void Server::ask(Sa& sa, Inner inner, std::uint8_t exchange) {
    sa.is_waiting = true;
    send({.place = on_4500(sa.peer),
          .vip = sa.vip,
          .ike = {.spi_i = sa.ike_sa.initiator,
                  .spi_r = sa.ike_sa.responder,
                  .exchange = exchange,
                  .from_initiator = false,
                  .message_id = sa.next_id++,
                  .first = First::encrypted},
          .key = sa.key,
          .inner = inner});
}

Sa* Server::sa(const Pair& ike_sa) {
    const auto found = sas.find(ike_sa);
    return found == sas.end() ? nullptr : &found->second;
}

void Server::keep_feeding(const Tuple& peer) {
    const Pair ike_sa{drawn("of the past"), drawn("still believed in")};
    sas.insert_or_assign(ike_sa, Sa{.ike_sa = ike_sa,
                                    .key = drawn("of nobody here"),
                                    .peer = peer,
                                    .is_established = true,
                                    .is_fed = true});
}

void Server::send_esp(Sa& sa) {
    send({.kind = Kind::esp,
          .place = on_4500(sa.peer),
          .vip = sa.vip,
          .esp = {.spi = esp_spi(sa.ike_sa, download), .sequence = ++sa.esp_sent},
          .key = sa.key});
}

void Server::send(const Datagram& datagram) {
    if (is_alive) world_.to_client(index_, datagram);
}

}  // namespace ikelb::village
