// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/oracle/peers.h"

#include <algorithm>
#include <array>

namespace ikelb::oracle {

namespace {

constexpr std::array<std::uint16_t, 4> ports{500, 4500, 1024, 1025};

/// Around each limit that the rules name, and in between.
constexpr std::array<Seconds, 11> limits{5, 10, 30, 40, 60, 75, 180, 300, 2700, 3600, 86400};

}  // namespace

Peers::Peers(const World& world, std::uint64_t seed)
    : world_{world},
      random_{seed},
      salt_{random_()},
      addresses_{2 + below(7)},
      deals_by_tuple_{one_in(2)} {
    const std::uint32_t clients = 3 + below(5);
    for (std::uint32_t i = 0; i < clients; ++i) {
        Client client{.address = any_address()};
        client.vip = static_cast<int>(below(static_cast<std::uint32_t>(world.services.size())));
        client.floats = !one_in(6);
        client.is_v1 = one_in(7);
        clients_.push_back(client);
    }
}

std::uint32_t Peers::below(std::uint32_t n) {
    return static_cast<std::uint32_t>(random_() % n);
}
Address Peers::any_address() {
    return {.family = 4, .number = static_cast<std::uint16_t>(below(addresses_))};
}
std::uint16_t Peers::any_port() { return ports[below(ports.size())]; }
Place Peers::any_place() { return {any_address(), any_port(), !one_in(3)}; }

/// Now and then equal to another client's.
std::uint64_t Peers::fresh_initiator_spi() {
    return one_in(3) ? 0x10 + below(4) : 0x1000 + ++next_spi_;
}

Place Peers::place_of(const Client& client, bool nat_t) const {
    return {client.address, nat_t ? client.port_4500 : client.port_500, nat_t};
}

/// Deals the event to a worker: as a NIC would, by addresses and ports, or at random.
Event& Peers::spread(Event& event) {
    if (event.what == What::from_client && world_.routers > 1)
        event.router = static_cast<int>((event.place.client.number + one_in(5)) % 2);
    const auto workers = static_cast<std::uint32_t>(world_.workers);
    if (!deals_by_tuple_) {
        event.worker = static_cast<std::uint8_t>(below(workers));
        return event;
    }
    std::uint64_t mix = salt_ + event.place.client.number * 7919u + event.place.port * 104729u +
                        (event.place.nat_t ? 31u : 0u) +
                        static_cast<std::uint64_t>(event.backend + 1) * 613u *
                            (event.what == What::from_backend ? 1u : 0u);
    mix ^= mix >> 33;
    mix *= 0xff51afd7ed558ccdULL;
    event.worker = static_cast<std::uint8_t>((mix >> 40) % workers);
    return event;
}

/// IKE with certificates is often cut by IP; the parts come in any order.
void Peers::maybe_fragment(Event& event) {
    if (event.kind == Kind::keepalive || event.kind == Kind::cut || !one_in(12)) return;
    event.part = Part::first;
    // Two datagrams of one identification overlap: a matter of other tests.
    event.fragment_id = ++last_fragment_id_;
    Event later = event;
    later.part = Part::later;
    later.may_hold = one_in(2);
    if (one_in(3)) std::swap(event, later);
    fragments_.push_back(later);
}

Event Peers::next() {
    if (flood_.empty() && one_in(400)) begin_flood();
    if (!flood_.empty()) {
        Event event = flood_.front();
        flood_.pop_front();
        return event;
    }
    if (!fragments_.empty() && !one_in(3)) {
        Event event = fragments_.front();
        fragments_.pop_front();
        return spread(event);
    }
    if (!due_.empty() && one_in(2)) {
        const std::size_t which = one_in(5) ? below(static_cast<std::uint32_t>(due_.size())) : 0;
        Event event = due_[which];
        if (!one_in(12))  // otherwise it is sent again later
            due_.erase(due_.begin() + static_cast<std::ptrdiff_t>(which));
        maybe_fragment(event);
        return spread(event);
    }
    const std::uint32_t dice = below(100);
    Event event = dice < 20   ? passing_time()
                  : dice < 21 ? pool_change()
                  : dice < 70 ? client_event()
                  : dice < 80 ? server_event()
                  : dice < 92 ? attack()
                  : dice < 96 ? echo()
                  : dice < 99 ? noise()
                              : malformed();
    if (event.what == What::from_client || event.what == What::from_backend) maybe_fragment(event);
    record(event);
    return spread(event);
}

/// An attacker on the path records a client's datagrams.
void Peers::record(const Event& event) {
    constexpr std::size_t most = 24;
    const bool is_init = event.kind == Kind::ike && event.ike.exchange == sa_init;
    if (event.what != What::from_client || event.part != Part::whole || is_init || !one_in(3))
        return;
    recorded_.push_back(event);
    if (recorded_.size() > most) recorded_.pop_front();
}

Event Peers::passing_time() {
    const std::uint32_t dice = below(100);
    Event event{.what = What::time};
    if (dice < 60)
        event.seconds = below(3);
    else if (dice < 80)
        event.seconds = 3 + below(30);
    else {
        // Long pauses are rare: after a day no live record is left to confuse.
        const std::uint32_t limit = std::min(below(limits.size()), below(limits.size()));
        event.seconds = limits[limit] - 1 + below(3);
    }
    return event;
}

Event Peers::router_change() {
    Event event{.what = What::router};
    event.router = static_cast<int>(below(2));
    event.fate = static_cast<Disposition>(below(4));
    return event;
}

Event Peers::pool_change() {
    if (world_.routers > 1 && one_in(2)) return router_change();
    Event event{.what = What::pool};
    event.backend = static_cast<int>(below(static_cast<std::uint32_t>(world_.backends)));
    static constexpr std::array harms{Change::down, Change::down, Change::drain_keep,
                                      Change::drain_refuse, Change::remove, Change::flush};
    static constexpr std::array cures{Change::up, Change::enable, Change::add};
    event.change = one_in(4) ? harms[below(harms.size())] : cures[below(cures.size())];
    // A client is between its COOKIE and its retry.
    Event retry = datagram(clients_[below(static_cast<std::uint32_t>(clients_.size()))], "retry");
    retry.place = {any_address(), 500, false};
    retry.ike = {.spi_i = fresh_initiator_spi(), .first = First::notify, .holds_sa = true};
    due_.push_back(retry);
    return event;
}

Event Peers::datagram(const Client& client, const char* who) const {
    Event event{.what = What::from_client};
    event.place = place_of(client);
    event.vip = client.vip;
    event.who = who;
    return event;
}

Event Peers::client_event() {
    const std::size_t who = below(static_cast<std::uint32_t>(clients_.size()));
    if (clients_[who].is_v1) return client_v1(who);
    switch (clients_[who].stage) {
        case Stage::idle:
        case Stage::asked: return client_start(who);
        case Stage::accepted: return client_auth(who);
        case Stage::up: return client_traffic(who);
    }
    return {};
}

/// E1 to E3.
Event Peers::client_start(std::size_t who) {
    Client& client = clients_[who];
    if (client.stage == Stage::idle || one_in(10)) {
        client.stage = Stage::asked;
        client.spi_i = fresh_initiator_spi();
        client.has_cookie = false;
    }
    Event event = datagram(client, client.has_cookie ? "INIT with COOKIE" : "INIT");
    event.place = place_of(client, one_in(20));
    event.ike = {.spi_i = client.spi_i,
                 .first = client.has_cookie ? First::notify : First::sa,
                 .holds_sa = true};
    return event;
}

/// E4 to E6.
Event Peers::client_auth(std::size_t who) {
    Client& client = clients_[who];
    const Sa& sa = sas_[client.waiting];
    if (one_in(15)) {  // a wrong password: the server answers all the same
        client.stage = Stage::idle;
        sas_[client.waiting].is_over = true;
    }
    if (client.floats && one_in(4)) client.port_4500 = any_port();
    if (one_in(20)) client.address = any_address();  // CGNAT without pairing
    Event event = datagram(client, "AUTH");
    event.ike = {.spi_i = sa.spi_i,
                 .spi_r = sa.spi_r,
                 .exchange = one_in(8) ? intermediate : ike_auth,
                 .message_id = 1,
                 .first = one_in(4) ? First::encrypted_fragment : First::encrypted};
    return event;
}

Event Peers::from_client_of(std::size_t which, std::uint8_t exchange, const char* who) {
    Sa& sa = sas_[which];
    Event event = datagram(clients_[static_cast<std::size_t>(sa.client)], who);
    event.ike = {.spi_i = sa.spi_i,
                 .spi_r = sa.spi_r,
                 .exchange = exchange,
                 .from_initiator = sa.client_began,
                 .message_id = one_in(4) ? sa.client_id : ++sa.client_id,
                 .first = First::encrypted};
    if (one_in(3) && due_.size() < most_due) {  // answered or not
        due_.push_back(event);
        due_.back().who = "retransmission";
        if (one_in(2)) due_.push_back(due_.back());
    }
    return event;
}

/// E14 to E17: to another port, another address, or a place that other clients use.
void Peers::move(Client& client) {
    if (one_in(2)) client.address = any_address();
    if (one_in(2)) (client.floats ? client.port_4500 : client.port_500) = any_port();
}

/// E7 to E18.
Event Peers::client_traffic(std::size_t who) {
    Client& client = clients_[who];
    Sa& sa = sas_[client.sa];
    if (sa.client != static_cast<int>(who)) {  // its server has forgotten the SA
        client.stage = Stage::idle;
        return client_start(who);
    }
    const std::uint32_t dice = below(100);
    if (dice < 6) move(client);
    if (dice < 60 && client.floats) {
        Event event = datagram(client, dice < 6 ? "ESP after a move" : "ESP");
        event.kind = Kind::esp;
        event.esp = {.spi = sa.spi_up, .sequence = one_in(10) ? sa.sequence_up : ++sa.sequence_up};
        return event;
    }
    if (dice < 70) {
        Event event = datagram(client, "keepalive");
        event.place.nat_t = true;
        event.kind = Kind::keepalive;
        return event;
    }
    if (dice < 78) return from_client_of(client.sa, informational, "DPD");
    if (dice < 82) {
        move(client);
        return from_client_of(client.sa, informational, "MOBIKE");
    }
    if (dice < 88) return from_client_of(client.sa, create_child, "child rekey");
    if (dice < 92) {
        sa.is_rekeying = true;
        return from_client_of(client.sa, create_child, "IKE rekey");
    }
    if (dice < 95) {
        sa.is_over = true;
        client.stage = Stage::idle;
        Event event = from_client_of(client.sa, informational, "delete");
        event.ike.holds_delete = true;
        return event;
    }
    client.stage = dice < 98 ? Stage::idle : Stage::asked;  // reauthentication, or it vanishes
    client.spi_i = fresh_initiator_spi();
    return client_start(who);
}

Event Peers::from_server_of(std::size_t which, std::uint8_t exchange, const char* who) {
    Sa& sa = sas_[which];
    Event event{.what = What::from_backend, .backend = sa.server};
    event.place = sa.place;
    event.who = who;
    event.ike = {.spi_i = sa.spi_i,
                 .spi_r = sa.spi_r,
                 .exchange = exchange,
                 .from_initiator = !sa.client_began,
                 .message_id = sa.server_id++,
                 .first = First::encrypted};
    if (sa.version == 1) {
        event.ike.version = 1;
        event.ike.exchange = exchange == create_child ? quick_mode : v1_informational;
        event.ike.from_initiator = false;
        event.ike.message_id = below(1000);
    }
    return event;
}

/// Datagrams that servers send unasked; they do not know which clients are gone.
Event Peers::server_event() {
    if (sas_.empty() || one_in(25)) {  // E23
        Event event{.what = What::from_backend};
        event.backend = static_cast<int>(below(static_cast<std::uint32_t>(world_.backends)));
        event.place = any_place();
        event.who = "server-started SA";
        event.ike = {.spi_i = 0x5000 + below(8), .holds_sa = true};
        if (one_in(3)) {
            event.ike.version = 1;
            event.ike.exchange = main_mode;
            event.ike.from_initiator = false;
        }
        return event;
    }
    const auto recent = std::min<std::uint32_t>(static_cast<std::uint32_t>(sas_.size()), 10);
    const std::size_t which = sas_.size() - 1 - below(recent);
    Sa& sa = sas_[which];
    const std::uint32_t dice = below(100);
    if (dice < 55 && sa.place.nat_t) {
        Event event = from_server_of(which, informational, sa.is_over ? "stale ESP" : "ESP down");
        event.kind = Kind::esp;
        event.esp = {.spi = sa.spi_down, .sequence = ++sa.sequence_down};
        return event;
    }
    if (dice < 60) {
        Event event = from_server_of(which, informational, "server's keepalive");
        event.place.nat_t = true;
        event.kind = Kind::keepalive;
        return event;
    }
    if (dice < 80) return from_server_of(which, informational, "server's DPD");
    if (dice < 88) return from_server_of(which, create_child, "server's child rekey");
    if (dice < 96) {
        sa.is_rekeying = true;
        return from_server_of(which, create_child, "server's IKE rekey");
    }
    Event event = from_server_of(which, informational, "server's delete");
    event.ike.holds_delete = true;
    return event;
}

}  // namespace ikelb::oracle
