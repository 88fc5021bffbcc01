// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/oracle/peers.h"

namespace ikelb::oracle {

// Floods above the share of one IKE SA, source, SPI or service. Buckets are hashed, and two names
// may share one: floods use few names, and pauses before and after, in which all buckets fill.

namespace {

constexpr std::uint32_t ike_sas = 48;
constexpr std::uint16_t first_port = 2000;
constexpr Seconds long_enough = 200;

}  // namespace

void Peers::pause(Seconds seconds) { flood_.push_back({.what = What::time, .seconds = seconds}); }

/// The flood's datagram, in a burst of the flooded worker.
Event& Peers::add(What what, int backend, const Place& place, const char* who) {
    Event event{.what = what, .backend = backend, .vip = flooded_vip_, .place = place};
    event.worker = flooded_worker_;
    event.who = who;
    flood_.push_back(event);
    return flood_.back();
}

void Peers::add_esp(What what, int backend, const Place& place, const Esp& esp) {
    Event& event = add(what, backend, place, "flood");
    event.kind = Kind::esp;
    event.esp = esp;
}

void Peers::add_answer(int backend, const Place& place, std::uint8_t exchange, std::uint32_t id) {
    const std::uint32_t ike_sa = next_ike_sa_ % ike_sas;
    add(What::from_backend, backend, place, "flood").ike = {
        .spi_i = 0x400000 + ike_sa,
        .spi_r = 0xa00000 + ike_sa,
        .exchange = exchange,
        .is_response = true,
        .from_initiator = false,
        .message_id = id,
        .first = exchange == sa_init ? First::sa : First::encrypted,
        .holds_sa = exchange == sa_init};
}

/// Shows the backends at the places of the flood.
void Peers::probe(const Address& client, std::uint16_t from, std::uint32_t places) {
    for (std::uint32_t i = 0; i < places; ++i)
        add(What::from_client, 0, {client, static_cast<std::uint16_t>(from + i), true}, "probe")
            .kind = Kind::keepalive;
}

void Peers::begin_flood() {
    flooded_worker_ = static_cast<std::uint8_t>(below(static_cast<std::uint32_t>(world_.workers)));
    flooded_vip_ = static_cast<int>(below(static_cast<std::uint32_t>(world_.services.size())));
    const Service& service = world_.services[static_cast<std::size_t>(flooded_vip_)];
    const auto member = [&] {
        return service.members[below(static_cast<std::uint32_t>(service.members.size()))];
    };
    const int backend = member(), other = member();
    pause(long_enough);
    if (world_.has_crowds && !had_crowd_) {
        had_crowd_ = true;
        switch (below(3)) {
            case 0: crowd_of_logins(backend); break;
            case 1: crowd_of_speakers(backend); break;
            default: crowd_of_copies(backend);
        }
    } else {
        switch (below(4)) {
            case 0: flood_of_logins(backend); break;
            case 1: flood_of_answers(backend, false); break;
            case 2: flood_of_answers(backend, true); break;
            default: flood_of_claims(backend, other);
        }
    }
    pause(long_enough);
}

/// Logins of many IKE SAs, some of which began there, and later requests under them.
void Peers::flood_of_logins(int backend) {
    const Address client = any_address();
    const std::uint32_t first = next_ike_sa_;
    const std::uint32_t count = 4 + below(8);
    for (std::uint32_t i = 0; i < count; ++i, ++next_ike_sa_) {
        const Place place{client, static_cast<std::uint16_t>(first_port + i), true};
        const Address origin = one_in(2) ? client : any_address();
        if (one_in(2)) add_answer(backend, {origin, 500, false}, sa_init, 0);
        add_answer(backend, place, one_in(4) ? intermediate : ike_auth, 1);
    }
    probe(client, first_port, count);
    pause(40);
    for (std::uint32_t i = 0; i < count; ++i)
        add(What::from_client, 0, any_place(), "probe").ike = {
            .spi_i = 0x400000 + (first + i) % ike_sas,
            .spi_r = 0xa00000 + (first + i) % ike_sas,
            .exchange = informational,
            .message_id = 2,
            .first = First::encrypted};
}

/// Answers of one IKE SA, to one place after the other: a login's or an SA's, to one replay, to new
/// messages, or to old ones.
void Peers::flood_of_answers(int backend, bool is_of_sa) {
    ++next_ike_sa_;
    const Address client = any_address();
    std::uint32_t id = 1;
    add_answer(backend, {client, 500, false}, sa_init, 0);
    add_answer(backend, {client, 4500, true}, ike_auth, id);
    const bool is_replayed = one_in(3), is_old = one_in(3);
    if (is_old) id = 50;
    if (is_of_sa) add_answer(backend, {client, 4500, true}, informational, ++id);
    const std::uint32_t places = 8 + below(24);
    for (std::uint32_t i = 0; i < places; ++i) {
        if (!is_replayed && (is_of_sa || one_in(4))) id = is_old ? id - 1 : id + 1;
        add_answer(backend, {client, static_cast<std::uint16_t>(first_port + i), true},
                   is_of_sa ? informational : ike_auth, id);
    }
    probe(client, first_port, places);
}

/// Two backends conflict over one SPI, in many clients' names.
void Peers::flood_of_claims(int backend, int other) {
    const std::uint32_t spi = 0xc2000000 + below(2);
    const std::uint32_t clients = 34 + below(5);
    for (std::uint16_t i = 0; i < clients; ++i) {
        const Place place{{.number = i}, 4500, true};
        const int its = one_in(2) ? backend : other;
        add_esp(What::from_backend, its, place, {.spi = 0xd1000000, .sequence = 1});
        add_esp(What::from_client, 0, place, {.spi = spi, .sequence = 1u + i});
        if (!one_in(4)) continue;  // otherwise the backend confirms the SPI
        add_esp(What::from_backend, its, place, {.spi = 0xd1000000, .sequence = 2});
        add_esp(What::from_client, 0, place, {.spi = spi, .sequence = 100u + i});
    }
    for (std::uint16_t i = 0; i < clients; ++i)
        add_esp(What::from_client, 0, {{.number = i}, 1024, true},
                {.spi = spi, .sequence = 200u + i});
}

/// More messages of one login than a source has places.
void Peers::crowd_of_logins(int backend) {
    next_ike_sa_ = 0;
    const Address client = any_address();
    constexpr std::uint32_t messages = 28, places_of_each = 8;
    add_answer(backend, {client, 4500, true}, ike_auth, messages);
    for (std::uint32_t i = 0; i < messages * places_of_each; ++i)
        add_answer(backend, {client, static_cast<std::uint16_t>(first_port + i), true}, ike_auth,
                   messages - i / places_of_each);
    constexpr std::uint32_t last = 40;
    probe(client, static_cast<std::uint16_t>(first_port + messages * places_of_each - last), last);
}

/// More speech to one source than it has places.
void Peers::crowd_of_speakers(int backend) {
    const Address client = any_address();
    constexpr std::uint32_t places = 4020, last = 30;
    for (std::uint32_t i = 0; i < places; ++i)
        add_esp(What::from_backend, backend,
                {client, static_cast<std::uint16_t>(first_port + i), true},
                {.spi = 0xd1000000, .sequence = i});
    probe(client, static_cast<std::uint16_t>(first_port + places - last), last);
}

/// A confirmed SPI of one backend, from places without standers: all other backends are asked.
void Peers::crowd_of_copies(int backend) {
    const Esp esp{.spi = 0xc2000002, .sequence = 1};
    const Place home{{.number = 0}, 4500, true};
    for (const std::uint32_t sequence : {1u, 2u}) {
        add_esp(What::from_backend, backend, home, {.spi = 0xd1000000, .sequence = sequence});
        add_esp(What::from_client, 0, home, {.spi = esp.spi, .sequence = sequence});
    }
    for (std::uint16_t i = 0; i < 1020; ++i)
        add_esp(What::from_client, 0,
                {{.number = 1}, static_cast<std::uint16_t>(first_port + i), true}, esp);
}

}  // namespace ikelb::oracle
