// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <deque>
#include <random>
#include <vector>

#include "tests/oracle/event.h"

namespace ikelb::oracle {

/// Limits on datagrams that wait to be sent, and on remembered SAs.
inline constexpr std::size_t most_due = 12, most_sas = 64;

/// The whole datagram as a backend sends it back to its source.
Event sent_back(const Event& event, int backend, const char* who);

/// Clients and servers that keep to the protocols, and attackers that do not, in a world so small
/// that they get into each other's way: few addresses, ports and SPIs.
class Peers {
public:
    Peers(const World& world, std::uint64_t seed);

    /// The next event.
    Event next();
    /// A datagram arrived at a server, or at a place on the client side.
    void reached_server(const Event& event, int backend);
    void reached_client(const Event& event);

private:
    struct Sa {
        int server = 0;
        int client = 0;
        std::uint8_t version = 2;
        std::uint64_t spi_i = 0, spi_r = 0;
        bool client_began = true;  ///< the initiator's flag of the client's messages
        Place place{};             ///< the client's place in the server's view
        std::uint32_t client_id = 2, server_id = 0;
        std::uint32_t spi_up = 0, spi_down = 0;
        std::uint32_t sequence_up = 0, sequence_down = 0;
        bool has_answered = false;
        std::uint32_t answered_id = 0;  ///< the client's last request
        bool is_rekeying = false;
        bool is_over = false;  ///< for the client; the server may not know
    };
    enum class Stage { idle, asked, accepted, up };
    struct Client {
        Address address{};
        std::uint16_t port_500 = 500, port_4500 = 4500;
        int vip = 0;
        Stage stage = Stage::idle;
        std::uint64_t spi_i = 0;
        bool has_cookie = false;
        bool floats = true;  ///< to 4500
        bool is_v1 = false;  ///< speaks IKEv1
        std::size_t sa = 0;
        std::size_t waiting = 0;  ///< the SA that accepted
    };

    std::uint32_t below(std::uint32_t n);
    bool one_in(std::uint32_t n) { return below(n) == 0; }
    Address any_address();
    std::uint16_t any_port();
    Place any_place();
    std::uint64_t fresh_initiator_spi();

    Event passing_time();
    Event pool_change();
    Event router_change();
    Event client_event();
    Event client_start(std::size_t who);
    Event client_auth(std::size_t who);
    Event client_traffic(std::size_t who);
    Event server_event();
    Event client_v1(std::size_t who);
    Event attack();
    Event replay(Event event);
    Event echo();
    Event noise();
    Event malformed();

    void begin_flood();
    void pause(Seconds seconds);
    Event& add(What what, int backend, const Place& place, const char* who);
    void add_esp(What what, int backend, const Place& place, const Esp& esp);
    void add_answer(int backend, const Place& place, std::uint8_t exchange, std::uint32_t id);
    void probe(const Address& client, std::uint16_t from, std::uint32_t places);
    void flood_of_logins(int backend);
    void flood_of_answers(int backend, bool is_of_sa);
    void flood_of_claims(int backend, int other);
    void crowd_of_logins(int backend);
    void crowd_of_speakers(int backend);
    void crowd_of_copies(int backend);

    Place place_of(const Client& client, bool nat_t) const;
    Place place_of(const Client& client) const { return place_of(client, client.floats); }
    Event datagram(const Client& client, const char* who) const;
    Event from_client_of(std::size_t sa, std::uint8_t exchange, const char* who);
    Event from_server_of(std::size_t sa, std::uint8_t exchange, const char* who);
    void move(Client& client);
    Event& spread(Event& event);
    void maybe_fragment(Event& event);

    void server_gets_init(const Event& event, int backend);
    void server_gets_ike(const Event& event, int backend);
    void server_gets_esp(const Event& event, int backend);
    void server_gets_v1(const Event& event, int backend);
    void client_gets_answer(Client& client, const Event& event);
    void client_gets_v1(Client& client, const Event& event);
    std::uint64_t ike_spi_of(int backend);
    std::uint32_t esp_spi_of(int backend);
    void record(const Event& event);
    void rekey(Sa& sa, bool client_begins);
    Sa* sa_of(const Event& event, int backend);

    const World& world_;
    std::mt19937_64 random_;
    std::vector<Client> clients_;
    std::vector<Sa> sas_;
    std::deque<Event> due_;        ///< answers on their way, servers' and clients'
    std::uint16_t last_fragment_id_ = 0;
    std::deque<Event> fragments_;  ///< later fragments of sent datagrams
    std::deque<Event> recorded_;   ///< seen by an attacker on the path
    std::deque<Event> flood_;      ///< goes before all else
    std::uint8_t flooded_worker_ = 0;
    int flooded_vip_ = 0;
    std::uint32_t next_ike_sa_ = 0;  ///< of the IKE SAs that floods name
    bool had_crowd_ = false;
    std::uint64_t next_spi_ = 0;
    std::uint64_t salt_;
    std::uint32_t addresses_;
    bool deals_by_tuple_;
};

}  // namespace ikelb::oracle
