// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <utility>

#include "tests/oracle/peers.h"

namespace ikelb::oracle {

// Answers of servers and clients.

namespace {

Event answer_of(const Event& request, int backend, const char* who) {
    Event event = sent_back(request, backend, who);
    event.ike.is_response = true;
    event.ike.from_initiator = !request.ike.from_initiator;
    event.ike.holds_delete = false;
    return event;
}

}  // namespace

Event sent_back(const Event& event, int backend, const char* who) {
    Event answer = event;
    answer.what = What::from_backend;
    answer.backend = backend;
    answer.part = Part::whole;
    answer.router = 0;
    answer.who = who;
    return answer;
}

void Peers::reached_server(const Event& event, int backend) {
    if (event.part == Part::later || due_.size() >= most_due) return;
    if (event.kind == Kind::esp) {
        server_gets_esp(event, backend);
    } else if (event.kind == Kind::ike && event.ike.version == 1) {
        server_gets_v1(event, backend);
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
    sa.spi_r = ike_spi_of(backend);
    sa.spi_up = esp_spi_of(backend);
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

/// E11 and E12. Both ends agree on the new IKE SA under encryption.
void Peers::rekey(Sa& sa, bool client_begins) {
    sa.is_rekeying = false;
    sa.client_began = client_begins;
    const std::uint64_t of_client = 0x300000 + ++next_spi_;
    const std::uint64_t of_server = ike_spi_of(sa.server);
    sa.spi_i = client_begins ? of_client : of_server;
    sa.spi_r = client_begins ? of_server : of_client;
    sa.client_id = sa.server_id = 0;
    sa.has_answered = false;
    sa.answered_id = 0;
}

std::uint64_t Peers::ike_spi_of(int backend) {
    const std::uint64_t number = 0x900000 + ++next_spi_;
    if (world_.labels.empty() || one_in(10)) return number;  // some servers do not mark SPIs yet
    return number | world_.labels[static_cast<std::size_t>(backend)].ike_value;
}

/// Few numbers: several servers choose the same SPI.
std::uint32_t Peers::esp_spi_of(int backend) {
    const std::uint32_t number = below(12);
    if (world_.labels.empty() || one_in(10)) return 0xc0000000 + number;
    return world_.labels[static_cast<std::size_t>(backend)].esp_first + number;
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
    // A server answers the last request again, from any place, but no older one; now and then it
    // breaks both rules.
    const bool is_new = !sa->has_answered || event.ike.message_id > sa->answered_id;
    if (!is_new && event.ike.message_id != sa->answered_id && !one_in(6)) return;
    if (is_new || one_in(6)) {
        sa->has_answered = true;
        sa->answered_id = std::max(sa->answered_id, event.ike.message_id);
        sa->place = event.place;
    }
    due_.push_back(answer_of(event, backend, "server's answer"));
    if (is_new && event.ike.exchange == create_child && !sa->is_rekeying) {
        sa->spi_up = esp_spi_of(backend);
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
        if (event.ike.version == 1 && client.is_v1) {
            client_gets_v1(client, event);
            continue;
        }
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

}  // namespace ikelb::oracle
