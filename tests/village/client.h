// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "tests/village/datagram.h"

namespace ikelb::village {

struct Sa;
class Server;
class World;

/// What a client's traffic looks like while nothing happens: packets that the inside answers,
/// packets that it does not, or none.
enum class Mode : std::uint8_t { two_way, upload, silent };

struct Habits {
    Mode mode = Mode::two_way;
    Seconds dpd = 0;  ///< asks a server that it has not heard for so long; 0: never
    int vip = 0;
    bool is_v1 = false;  ///< IKEv1: logs in, and renews its child
    bool cuts = false;   ///< some of its packets come in fragments, from where it is known
};

/// A client's end of an IKE SA and of its child.
struct Session {
    Pair ike_sa{};
    std::uint64_t login = 0;     ///< which of the client's: each has a key of its own
    std::int64_t next_id = 0;    ///< of the client's requests
    std::uint64_t children = 0;  ///< so far
    std::uint32_t spi = 0;       ///< of its ESP; 0: none yet
    std::uint32_t sequence = 0;
};

struct Login {
    Inner password = Inner::nothing;     ///< or bad_login
    std::optional<Tuple> moves_to{};     ///< before IKE_AUTH: a NAT's other port or address
    Seconds waits = 0;                   ///< before it goes on: the way is long
    Seconds second_factor = 0;           ///< so long it takes to find that; 0: none is asked for
    std::optional<Tuple> finds_it_at{};  ///< another place
};

/// An honest user, or the part of an attacker that keeps to the protocol.
class Client {
public:
    Client(World& world, std::string its_name, const Tuple& from, const Habits& its)
        : name{std::move(its_name)}, tuple{from}, habits{its}, world_{world} {}

    /// A new SA, beside the old one if there is any. False: it could not be had.
    bool log_in(const Login& how = {});
    /// One request and its answer, tried three times.
    bool request(Inner inner = Inner::nothing, std::uint8_t exchange = oracle::informational);
    bool mobike() { return request(Inner::mobike); }
    bool rekey_ike() { return request(Inner::ike_rekey, oracle::create_child); }
    bool rekey_child();
    /// Tells the server that it may forget the child before this one.
    bool delete_old_child();
    /// The same, by the server.
    void let_server_rekey_child();

    void receive(const Datagram& datagram);
    void tick();
    /// One packet of its traffic. True: its server took it, and answered if it should.
    bool send_data();

    /// Who holds its SA; nullptr: nobody.
    Server* server() const;
    /// The SA as that one holds it, which there has to be.
    Sa& sa() const;
    Key key() const { return drawn({drawn(name), session.login}); }
    /// The next request, not sent yet.
    Datagram message(Inner inner = Inner::nothing,
                     std::uint8_t exchange = oracle::informational) const;

    std::string name;
    Tuple tuple;
    Habits habits;
    Session session{};
    std::size_t received = 0;  ///< ESP packets of its own
    bool is_gone = false;
    std::optional<Tuple> spoken_to{};  ///< where a server has sent to on its own

private:
    void receive_answer(const Datagram& datagram);
    void receive_request(const Datagram& datagram);
    bool log_in_by_v1();
    bool exchange_by_v1(std::uint8_t exchange, Inner inner);
    /// IKE_SA_INIT, with a COOKIE where one is asked for.
    bool open(Seconds waits);
    void use_next_child();
    std::uint16_t next_cut() const;
    /// Three times at most. True: it was answered.
    bool repeat(Datagram asked);
    /// Sends and says whether the answer came.
    bool exchange(const Datagram& datagram);

    World& world_;
    std::uint64_t logins_ = 0;
    std::optional<Datagram> answer_{};  ///< to what was sent last
    bool is_asking_ = false;
    Seconds heard_ = 0;
};

}  // namespace ikelb::village
