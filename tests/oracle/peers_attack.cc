// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/oracle/peers.h"

namespace ikelb::oracle {

// Attackers' datagrams, and noise.

/// An attacker who knows all fields in the clear: SPIs, addresses, ports. He may hold an SA of his
/// own, whose server answers to any source that he writes.
Event Peers::attack() {
    if (sas_.empty()) return noise();
    const Sa& sa = sas_[below(static_cast<std::uint32_t>(sas_.size()))];
    const Sa& other = sas_[below(static_cast<std::uint32_t>(sas_.size()))];
    Event event{.what = What::from_client};
    event.vip = static_cast<int>(below(static_cast<std::uint32_t>(world_.services.size())));
    event.place = one_in(2) ? other.place : any_place();
    event.who = "attacker";
    const std::uint32_t dice = below(14);
    if (dice >= 12) {  // a server wrongly believes, or still does, that its client is there
        sas_[below(static_cast<std::uint32_t>(sas_.size()))].place = other.place;
        return server_event();
    }
    if (dice >= 10) return replay(event);
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

/// A recorded datagram, from another place or at another VIP.
Event Peers::replay(Event event) {
    if (recorded_.empty()) return event;
    const Place from = event.place;
    const int vip = event.vip;
    event = recorded_[below(static_cast<std::uint32_t>(recorded_.size()))];
    if (event.place.nat_t == from.nat_t) event.place = from;
    if (one_in(4)) event.vip = vip;
    event.who = "replay";
    return event;
}

/// A datagram that any sender can provoke from a backend: it proves nothing.
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
