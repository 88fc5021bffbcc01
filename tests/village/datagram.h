// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "tests/oracle/event.h"

namespace ikelb::village {

// The datagrams of clients and servers as both ends see them: what is on the wire, and what only
// the holders of a key can read or write. Nothing here knows the product.

using oracle::Address;
using oracle::Esp;
using oracle::First;
using oracle::Ike;
using oracle::Kind;
using oracle::Place;
using oracle::Seconds;

/// Where a client is to be found: its address and port of the moment.
struct Tuple {
    Address address{};
    std::uint16_t port = 0;
    friend auto operator<=>(const Tuple&, const Tuple&) = default;
};

struct Pair {
    std::uint64_t initiator = 0;
    std::uint64_t responder = 0;
    friend auto operator<=>(const Pair&, const Pair&) = default;
};

/// What encrypts and signs. Nobody can write a datagram with a key that is not his; 0: no key.
using Key = std::uint64_t;

/// What stands inside of the encryption.
enum class Inner : std::uint8_t {
    nothing,
    bad_login,     ///< the AUTH payload of somebody who does not know the password
    v1_login,      ///< the last of Main Mode, of somebody who knows the secret
    first_factor,  ///< of somebody who will be asked for more
    mobike,        ///< UPDATE_SA_ADDRESSES
    child,         ///< the client rekeys its child SA
    server_child,  ///< so does the server
    ike_rekey,
    echo,  ///< a payload that the inside answers
};

/// One datagram. `place` is the client's in both directions.
struct Datagram {
    Kind kind = Kind::ike;
    Place place{};
    int vip = 0;      ///< as the client addresses it, or the server believes to be
    int gateway = 0;  ///< the router that it comes by
    Ike ike{};
    Esp esp{};
    Key key = 0;
    Inner inner = Inner::nothing;
    std::uint16_t cut_as = 0;  ///< two IP fragments of that identification; 0: it is whole

    bool is_init() const { return kind == Kind::ike && ike.exchange == oracle::sa_init; }
    bool is_request() const { return kind == Kind::ike && !is_init() && !ike.is_response; }
    /// Of a server's: sent on its own, which only a server with an SA there does. IKEv1 has no flag
    /// that tells an answer.
    bool is_speech() const { return kind == Kind::esp || (is_request() && ike.version != 1); }
    Tuple tuple() const { return {place.client, place.port}; }
    Pair ike_sa() const { return {ike.spi_i, ike.spi_r}; }
    /// The same bytes from, or to, another place.
    Datagram at(const Tuple& tuple) const {
        Datagram moved = *this;
        moved.place.client = tuple.address;
        moved.place.port = tuple.port;
        return moved;
    }
    Datagram for_vip(int other) const {
        Datagram moved = *this;
        moved.vip = other;
        return moved;
    }
    friend bool operator==(const Datagram&, const Datagram&) = default;
};

inline Place on_4500(const Tuple& tuple) {
    return {tuple.address, tuple.port, true};
}
inline Place on_500(const Tuple& tuple) {
    return {tuple.address, tuple.port, false};
}

/// A number that only those draw who mix the same: SPIs and keys. Never below 256.
std::uint64_t drawn(std::initializer_list<std::uint64_t> from);
std::uint64_t drawn(std::string_view name);
inline std::uint32_t esp_spi(const Pair& ike_sa, std::uint64_t child) {
    return static_cast<std::uint32_t>(drawn({ike_sa.initiator, ike_sa.responder, child})) | 256;
}
/// The pair that follows when a client rekeys its IKE SA.
inline Pair rekeyed(const Pair& ike_sa) {
    return {drawn({ike_sa.initiator, ike_sa.responder, 1}),
            drawn({ike_sa.initiator, ike_sa.responder, 2})};
}

/// For people: who sends what where; server: of a server's datagram, else -1.
std::string text(const Datagram& datagram, int server, const std::string& who);

}  // namespace ikelb::village
