// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <algorithm>
#include <utility>

#include "tests/oracle/peers.h"

namespace ikelb::oracle {

// IKEv1: no flag tells requests from answers, and message IDs are random.

namespace {

}  // namespace

/// Main Mode in the clear, its last messages encrypted, then Quick Mode, ESP and Informational.
Event Peers::client_v1(std::size_t who) {
    Client& client = clients_[who];
    if (client.stage == Stage::idle || one_in(30)) {
        client.stage = Stage::asked;
        client.spi_i = fresh_initiator_spi();
    }
    Event event = datagram(client, "IKEv1");
    event.ike = {.spi_i = client.spi_i, .version = 1, .exchange = main_mode, .holds_sa = true};
    if (client.stage == Stage::asked) {
        event.place = place_of(client, false);
        return event;
    }
    Sa& sa = sas_[client.waiting];
    if (sa.version != 1 || sa.spi_i != client.spi_i) {  // its server has forgotten the SA
        client.stage = Stage::idle;
        return event;
    }
    event.ike.spi_r = sa.spi_r;
    event.ike.holds_sa = false;
    event.ike.message_id = below(1000);
    if (client.stage == Stage::accepted) {
        event.ike.first = one_in(4) ? First::sa : First::encrypted;
        if (event.ike.first == First::encrypted && one_in(4)) event.ike.exchange = v1_transaction;
        return event;
    }
    const std::uint32_t dice = below(100);
    if (dice < 8) move(client);
    event.place = place_of(client);
    event.ike.first = First::encrypted;
    event.ike.exchange = dice < 20   ? quick_mode
                         : dice < 35 ? v1_informational
                         : dice < 40 ? v1_transaction
                                     : main_mode;
    if (dice < 40) return event;
    if (dice < 43) client.stage = Stage::idle;
    if (!client.floats) return event;
    event.kind = Kind::esp;
    event.esp = {.spi = sa.spi_up, .sequence = ++sa.sequence_up};
    return event;
}

void Peers::server_gets_v1(const Event& event, int backend) {
    if (event.ike.spi_r == 0) {
        Event answer = sent_back(event, backend, "IKEv1 answer");
        Sa sa{.server = backend,
              .client = -1,
              .version = 1,
              .spi_i = event.ike.spi_i,
              .spi_r = ike_spi_of(backend),
              .place = event.place};
        sa.spi_up = esp_spi_of(backend);
        sa.spi_down = 0xd0000000 + static_cast<std::uint32_t>(next_spi_);
        answer.ike.spi_r = sa.spi_r;
        if (sas_.size() < most_sas)
            sas_.push_back(sa);
        else
            sas_[below(most_sas)] = sa;
        due_.push_back(answer);
        return;
    }
    Sa* const sa = sa_of(event, backend);
    if (sa == nullptr || one_in(6)) return;
    sa->place = event.place;
    Event answer = sent_back(event, backend, "IKEv1 answer");
    // A login that fails ends with an Informational.
    if (event.ike.first == First::encrypted && one_in(5)) answer.ike.exchange = v1_informational;
    due_.push_back(answer);
    if (!one_in(4) || due_.size() >= most_due) return;
    answer.who = "IKEv1 of the server's own";
    answer.ike.exchange = one_in(2) ? quick_mode : v1_informational;
    answer.ike.first = First::encrypted;
    answer.ike.message_id = below(1000);
    due_.push_back(answer);
}

void Peers::client_gets_v1(Client& client, const Event& event) {
    Sa* const sa = sa_of(event, event.backend);
    if (sa == nullptr || sa->spi_i != client.spi_i) return;
    if (client.stage == Stage::asked) {
        client.stage = Stage::accepted;
        client.waiting = static_cast<std::size_t>(sa - sas_.data());
    } else if (client.stage == Stage::accepted && event.ike.first == First::encrypted) {
        client.stage = Stage::up;
        sa->client = static_cast<int>(&client - clients_.data());
    }
}

}  // namespace ikelb::oracle
