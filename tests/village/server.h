// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "tests/village/datagram.h"

namespace ikelb::village {

class World;

/// An IKE SA as its server holds it, with its children.
struct Sa {
    Pair ike_sa{};
    Key key = 0;
    Tuple peer{};
    bool is_established = false;
    bool is_v1 = false;                ///< its server asks nothing by itself
    std::int64_t last_id = -1;         ///< of the requests that were answered
    std::optional<Datagram> answer{};  ///< to that one, sent again when it comes again
    std::map<std::uint32_t, std::uint32_t> children{};  ///< SPI -> highest sequence number
    std::uint32_t next_id = 0;                          ///< of the server's own requests
    std::uint32_t esp_sent = 0;
    Seconds heard = 0;
    int unanswered = 0;
    bool is_waiting = false;  ///< for the answer to the last of them
    int vip = 0;
    bool is_fed = false;  ///< the inside keeps sending to this client
};

/// A server: it answers what it knows, to wherever that comes from, and is silent on the rest.
class Server {
public:
    Server(World& world, int index) : world_{world}, index_{index} {}

    void receive(const Datagram& datagram);
    void tick();
    /// A request of its own, to where it believes the client to be.
    void ask(Sa& sa, Inner inner = Inner::nothing, std::uint8_t exchange = oracle::informational);

    int index() const { return index_; }
    Sa* sa(const Pair& ike_sa);
    /// An SA that nobody's login has made: of a client that this server still believes in.
    void keep_feeding(const Tuple& peer);

    std::map<Pair, Sa> sas{};
    bool is_alive = true;
    bool wants_cookies = false;
    Seconds dpd = 60;  ///< asks whom it has not heard for so long; 0: never

private:
    void receive_init(const Datagram& datagram);
    void receive_v1(const Datagram& datagram);
    void receive_esp(const Datagram& datagram);
    void receive_request(Sa& sa, const Datagram& datagram);
    /// Takes the SA's children along; nobody outside has seen the new pair yet.
    void rekey(Sa& sa);
    void send_esp(Sa& sa);
    void send(const Datagram& datagram);

    World& world_;
    int index_;
};

}  // namespace ikelb::village
