// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace ikelb::oracle {

// Events of the farm, as plain values. This header and the model behind it know nothing of the
// product: no type, constant or line of it.

using Seconds = std::uint32_t;

/// A host on the client side, by number; the driver chooses its address on the wire.
struct Address {
    std::uint8_t family = 4;
    std::uint16_t number = 0;
    friend auto operator<=>(const Address&, const Address&) = default;
};

/// A client's place: address, port, and the VIP's port that it uses.
struct Place {
    Address client{};
    std::uint16_t port = 0;
    bool nat_t = false;  ///< the VIP's port is 4500, else 500
    friend auto operator<=>(const Place&, const Place&) = default;
};

enum class Kind : std::uint8_t { ike, esp, keepalive, cut };

/// The first payload of an IKE message.
enum class First : std::uint8_t { sa, notify, encrypted, encrypted_fragment };

// RFC 7296 section 3.1, RFC 9242; of IKEv1 only the numbers that the rules use.
inline constexpr std::uint8_t sa_init = 34, ike_auth = 35, create_child = 36, informational = 37,
                              session_resume = 38, intermediate = 43, main_mode = 2,
                              v1_informational = 5, v1_transaction = 6, quick_mode = 32;

struct Ike {
    std::uint64_t spi_i = 0;
    std::uint64_t spi_r = 0;
    std::uint8_t version = 2;
    std::uint8_t exchange = sa_init;
    bool is_response = false;
    bool from_initiator = true;
    std::uint32_t message_id = 0;
    First first = First::sa;
    bool holds_sa = false;      ///< in the chain, also behind a notify; of a resumption: a nonce
    bool holds_delete = false;  ///< the first inner payload is Delete
    std::uint64_t cookie = 0;   ///< of a COOKIE notify, which comes first; 0: no COOKIE
    friend bool operator==(const Ike&, const Ike&) = default;
};

struct Esp {
    std::uint32_t spi = 0;
    std::uint32_t sequence = 0;
    friend bool operator==(const Esp&, const Esp&) = default;
};

/// Part of an IP datagram: a later part has addresses and an identification, no more.
enum class Part : std::uint8_t { whole, first, later };

enum class What : std::uint8_t { time, pool, router, from_client, from_backend };

enum class Change : std::uint8_t {
    down,
    up,
    enable,
    drain_keep,
    drain_refuse,
    remove,
    add,
    flush,
};

/// Change of a router: it stops or resumes answering; the second router's default route.
enum class Disposition : std::uint8_t { dies, lives, withdrawn, announced };

struct Event {
    What what = What::time;

    Seconds seconds = 0;              ///< time
    Change change = Change::down;     ///< pool
    Disposition fate = Disposition::dies;  ///< router
    int backend = 0;                  ///< pool, from_backend
    int vip = 0;                      ///< from_client; from_backend: as the server believes

    Place place{};  ///< from_client: its source; from_backend: its destination
    Kind kind = Kind::ike;
    Ike ike{};
    Esp esp{};
    Part part = Part::whole;
    std::uint16_t fragment_id = 0;
    bool may_hold = false;            ///< a later fragment may be held for its first

    int router = 0;           ///< from_client: the router that brings it; router
    std::uint8_t worker = 0;  ///< worker whose burst it is in
    const char* who = "";     ///< sender and reason
};

std::string text(const Event& event);

/// One VIP with its servers.
struct Service {
    std::vector<int> members{};
    bool is_hashed = true;  ///< the default scheduler; false: servers take turns
    bool by_sa = false;     ///< affinity: sa
    std::uint32_t ask_all_per_second = 50;
    bool binds_blocks = false;  ///< addresses of a block share their client persistence
};

/// Marks in the SPIs that a server chooses.
struct Label {
    std::uint64_t ike_mask = 0, ike_value = 0;  ///< mask 0: none
    std::uint32_t esp_first = 0, esp_last = 0;  ///< 0: none
};

struct Rate {
    std::uint32_t per_second = 0, burst = 0;
};

struct World {
    int backends = 3;
    std::vector<bool> flush_on_down{};  ///< by backend
    std::vector<Label> labels{};        ///< by backend; empty: no server marks SPIs
    std::vector<Service> services{};    ///< by VIP
    int workers = 2;
    bool is_v6 = false;
    /// Replies without a recorded router leave by the first while it lives. The second leads to
    /// every client, and to odd numbers below 20 also without its default route.
    int routers = 1;
    bool has_aliases = false;     ///< a server has an address for each VIP: it tells the VIP
    Seconds half_open_pair = 75;  ///< lifetime of an IKE SA after its INIT's answer
    std::uint16_t block = 1;      ///< size of a block of numbers
    Rate logins_per_source{.per_second = 10, .burst = 2000};  ///< of each worker
    bool has_crowds = false;           ///< thousands of places at once
};

}  // namespace ikelb::oracle
