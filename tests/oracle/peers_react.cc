// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <utility>

#include "tests/oracle/peers.h"

namespace ikelb::oracle {

// How servers and clients answer, and what attackers make of what they know.

namespace {

constexpr std::size_t most_due = 12, most_sas = 64;

Event answer_of(const Event& request, int backend, const char* who) {
    Event event = request;
    event.what = What::from_backend;
    event.backend = backend;
    event.part = Part::whole;
    event.who = who;
    event.ike.is_response = true;
    event.ike.from_initiator = !request.ike.from_initiator;
    event.ike.holds_delete = false;
    return event;
}

}  // namespace

void Peers::reached_server(const Event& event, int backend) {
    if (event.part == Part::later || due_.size() >= most_due) return;
    if (event.kind == Kind::esp) {
        server_gets_esp(event, backend);
    } else if (event.kind == Kind::ike && event.ike.version == 2) {
        if (event.ike.exchange == sa_init && !event.ike.is_response)
            server_gets_init(event, backend);
        else
            server_gets_ike(event, backend);
    }
}

void Peers::server_gets_init(const Event& event, int backend) {
    Event answer = answer_of(event, backend, "INIT answer");
    const bool has_cookie = event.ike.first == First::notify;
    if (!has_cookie && one_in(5)) {
        answer.who = "COOKIE or INVALID_KE";
        answer.ike.first = First::notify;
        answer.ike.holds_sa = false;
        if (one_in(4)) answer.ike.spi_r = 0x7000 + below(4);
        due_.push_back(answer);
        return;
    }
    const auto same = std::ranges::find_if(sas_, [&](const Sa& sa) {
        return sa.server == backend && sa.spi_i == event.ike.spi_i && sa.place == event.place &&
               !sa.is_over;
    });
    if (same != sas_.end()) {
        answer.ike.spi_r = same->spi_r;
        answer.ike.first = First::sa;
        answer.ike.holds_sa = true;
        due_.push_back(answer);
        return;
    }
    Sa sa{.server = backend, .client = -1, .spi_i = event.ike.spi_i, .place = event.place};
    sa.spi_r = 0x900000 + ++next_spi_;
    sa.spi_up = 0xc0000000 + below(12);  // small: several servers choose the same
    sa.spi_down = 0xd0000000 + static_cast<std::uint32_t>(next_spi_);
    answer.ike.spi_r = sa.spi_r;
    answer.ike.first = one_in(10) ? First::notify : First::sa;
    answer.ike.holds_sa = true;
    if (sas_.size() < most_sas)
        sas_.push_back(sa);
    else
        sas_[below(most_sas)] = sa;
    due_.push_back(answer);
}

Peers::Sa* Peers::sa_of(const Event& event, int backend) {
    for (Sa& sa : sas_)
        if (sa.server == backend && sa.spi_i == event.ike.spi_i && sa.spi_r == event.ike.spi_r)
            return &sa;
    return nullptr;
}

/// E11 and E12. The new pair is agreed upon under encryption.
void Peers::rekey(Sa& sa, bool client_begins) {
    sa.is_rekeying = false;
    sa.client_began = client_begins;
    sa.spi_i = 0x300000 + ++next_spi_;
    sa.spi_r = 0x600000 + ++next_spi_;
    sa.client_id = sa.server_id = 0;
}

void Peers::server_gets_ike(const Event& event, int backend) {
    Sa* const sa = sa_of(event, backend);
    if (sa == nullptr) {
        if (one_in(3) && event.ike.spi_r != 0 && !event.ike.is_response) {
            Event answer = answer_of(event, backend, "INVALID_IKE_SPI");
            answer.ike.first = First::notify;
            answer.ike.holds_sa = false;
            due_.push_back(answer);
        }
        return;
    }
    if (event.ike.is_response) {
        if (event.ike.exchange == create_child && sa->is_rekeying && one_in(2)) rekey(*sa, false);
        return;
    }
    sa->place = event.place;
    due_.push_back(answer_of(event, backend, "server's answer"));
    if (event.ike.exchange == create_child && !sa->is_rekeying) {
        sa->spi_up = 0xc0000000 + below(12);
        sa->sequence_up = 0;
    }
    if (one_in(8)) due_.push_back(due_.back());
}

void Peers::server_gets_esp(const Event& event, int backend) {
    for (std::size_t i = 0; i < sas_.size(); ++i) {
        Sa& sa = sas_[i];
        if (sa.server != backend || sa.spi_up != event.esp.spi) continue;
        if (one_in(2)) sa.place = event.place;
        if (one_in(3)) return;
        Event down = from_server_of(i, informational, "ESP answer");
        down.kind = Kind::esp;
        down.esp = {.spi = sa.spi_down, .sequence = ++sa.sequence_down};
        if (down.place.nat_t) due_.push_back(down);
        return;
    }
}

void Peers::reached_client(const Event& event) {
    if (event.part == Part::later || event.kind != Kind::ike) return;
    for (Client& client : clients_) {
        if (event.place != place_of(client, event.place.nat_t)) continue;
        if (event.ike.is_response) {
            client_gets_answer(client, event);
            continue;
        }
        if (due_.size() >= most_due || one_in(6)) continue;
        Event answer = datagram(client, "client's answer");
        answer.place = event.place;
        answer.ike = event.ike;
        answer.ike.is_response = true;
        answer.ike.from_initiator = !event.ike.from_initiator;
        answer.ike.holds_delete = false;
        if (event.ike.spi_r == 0) {
            answer.ike.spi_r = one_in(3) ? 0 : 0x800000 + below(4);
            answer.ike.is_response = event.ike.version == 2;
        }
        due_.push_back(answer);
    }
}

void Peers::client_gets_answer(Client& client, const Event& event) {
    if (event.ike.exchange == sa_init) {
        if (client.stage != Stage::asked || event.ike.spi_i != client.spi_i) return;
        if (!event.ike.holds_sa) {
            client.has_cookie = true;
            return;
        }
        Sa* const sa = sa_of(event, event.backend);
        if (sa == nullptr) return;
        client.stage = Stage::accepted;
        client.waiting = static_cast<std::size_t>(sa - sas_.data());
        return;
    }
    Sa* const sa = sa_of(event, event.backend);
    if (sa == nullptr) return;
    const auto which = static_cast<std::size_t>(sa - sas_.data());
    if (client.stage == Stage::accepted && client.waiting == which) {
        client.stage = Stage::up;
        client.sa = which;
        sa->client = static_cast<int>(&client - clients_.data());
        return;
    }
    if (client.stage == Stage::up && client.sa == which && sa->is_rekeying &&
        event.ike.exchange == create_child)
        rekey(*sa, true);
}

/// Somebody who knows what is in the clear: SPIs, addresses, ports. He may hold an SA of his own,
/// whose server answers to whatever source he writes.
Event Peers::attack() {
    if (sas_.empty()) return noise();
    const Sa& sa = sas_[below(static_cast<std::uint32_t>(sas_.size()))];
    const Sa& other = sas_[below(static_cast<std::uint32_t>(sas_.size()))];
    Event event{.what = What::from_client};
    event.vip = static_cast<int>(below(static_cast<std::uint32_t>(world_.services.size())));
    event.place = one_in(2) ? other.place : any_place();
    event.who = "attacker";
    const std::uint32_t dice = below(10);
    if (dice < 4) {
        event.ike = {.spi_i = sa.spi_i,
                     .spi_r = sa.spi_r,
                     .exchange = one_in(4) ? ike_auth : informational,
                     .is_response = one_in(6),
                     .from_initiator = one_in(2),
                     .message_id = one_in(2) ? sa.client_id : below(6),
                     .first = one_in(8) ? First::notify : First::encrypted};
    } else if (dice < 7) {
        event.kind = Kind::esp;
        event.place.nat_t = true;
        event.esp = {.spi = one_in(2) ? sa.spi_up : 0xc0000000 + below(16), .sequence = below(40)};
    } else if (dice < 8) {
        event.kind = Kind::keepalive;
        event.place.nat_t = true;
    } else {
        event.ike = {.spi_i = sa.spi_i, .first = one_in(3) ? First::notify : First::sa};
        event.ike.holds_sa = true;
    }
    return event;
}

/// What a backend can be made to send to anybody: it proves nothing.
Event Peers::echo() {
    Event event{.what = What::from_backend};
    event.backend = static_cast<int>(below(static_cast<std::uint32_t>(world_.backends)));
    event.place = any_place();
    event.who = "echo";
    event.ike = {.spi_i = 0x10 + below(4),
                 .spi_r = one_in(2) ? 0 : 0x7000 + below(4),
                 .exchange = one_in(2) ? sa_init : informational,
                 .is_response = true,
                 .from_initiator = false,
                 .message_id = below(4),
                 .first = First::notify};
    if (sas_.empty() || one_in(2)) return event;
    const Sa& sa = sas_[below(static_cast<std::uint32_t>(sas_.size()))];
    event.ike.spi_i = sa.spi_i;
    event.ike.spi_r = one_in(3) ? 0 : sa.spi_r;
    event.place = one_in(2) ? sa.place : event.place;
    return event;
}

Event Peers::noise() {
    Event event{.what = one_in(4) ? What::from_backend : What::from_client};
    event.backend = static_cast<int>(below(static_cast<std::uint32_t>(world_.backends)));
    event.vip = static_cast<int>(below(static_cast<std::uint32_t>(world_.services.size())));
    event.place = any_place();
    event.who = "noise";
    if (event.place.nat_t && one_in(3)) {
        event.kind = Kind::esp;
        event.esp = {.spi = 0xc0000000 + below(16), .sequence = below(40)};
        return event;
    }
    static constexpr std::uint8_t exchanges[] = {ike_auth, create_child, informational,
                                                 intermediate, session_resume, 99};
    event.ike = {.spi_i = 0x10 + below(4),
                 .spi_r = 0x7000 + below(4),
                 .exchange = exchanges[below(6)],
                 .is_response = one_in(2),
                 .from_initiator = one_in(2),
                 .message_id = below(4),
                 .first = one_in(3) ? First::notify : First::encrypted,
                 .holds_sa = one_in(4)};
    if (one_in(5)) {
        event.ike.version = 1;
        static constexpr std::uint8_t of_v1[] = {main_mode, v1_informational, v1_transaction,
                                                 quick_mode};
        event.ike.exchange = of_v1[below(4)];
        event.ike.is_response = false;
        if (one_in(3)) event.ike.spi_r = 0;
    }
    return event;
}

Event Peers::malformed() {
    Event event = noise();
    event.kind = Kind::ike;
    event.who = "malformed";
    switch (below(5)) {
        case 0: event.kind = Kind::cut; break;
        case 1: event.ike.spi_i = 0; break;
        case 2: event.ike.version = 0; break;
        case 3:
            event.ike.version = 2;
            event.ike.exchange = sa_init;
            event.ike.is_response = false;
            break;
        default:
            event.kind = Kind::esp;
            event.place.nat_t = true;
            event.esp = {.spi = 1 + below(255), .sequence = 1};
    }
    return event;
}

}  // namespace ikelb::oracle
