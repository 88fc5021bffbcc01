// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The session tables: their sizes, timeouts and admission, with their keys (key.h).

#include <chrono>
#include <cstdint>

#include "config/key.h"

namespace ikelb::config {

inline constexpr Range most_records{1024, 1 << 27, true};
inline constexpr Range most_events{1, 10'000'000};

/// Sizes of the tables, in records. Fixed at start: the dataplane allocates nothing afterwards.
struct Limits {
    std::uint32_t flows = 262144;
    std::uint32_t persistences = 262144;
    std::uint32_t ike_sas = 262144;
    std::uint32_t esp_spis = 262144;
    std::uint32_t half_open = 65536;
    std::uint32_t fragments = 4096;
    std::uint32_t transit = 262144;
    SourceLine line{};
    friend bool operator==(const Limits&, const Limits&) = default;

    static void rows(auto& keys) {
        keys.add("flows", &Limits::flows, {.range = most_records},
            "Flows: a client's address and port on a VIP's port, about one a tunnel.");
        keys.add("bindings", &Limits::persistences, {.range = most_records},
            "Persistence of clients (bindings): a client's address on a service.");
        keys.add("pairs", &Limits::ike_sas, {.range = most_records},
            "IKE SAs, each known by its pair of SPIs; at a rekey a tunnel has two.");
        keys.add("esp_spis", &Limits::esp_spis, {.range = most_records},
            "ESP SPIs of clients, about two a tunnel. They keep the tunnel of a client that comes "
            "back from another address.");
        keys.add("half_open", &Limits::half_open, {.range = {1024, 1 << 24, true}},
            "Exchanges that no server has answered yet. Requests on their way, ESP SPIs that no "
            "server has claimed yet, logins before their first ESP, and places where several "
            "servers stand have a quarter as many each, and 1,024 more. In a full table the oldest "
            "of the kind goes; a flood can't push out a tunnel.");
        keys.add("fragments", &Limits::fragments, {.range = {64, 1 << 20, true}},
            "Fragmented datagrams on their way at the same time.");
        keys.add("transit", &Limits::transit, {.range = most_records},
            "Routed conversations that began on the servers' side and whose answers may come in. A "
            "quarter is for backends, a quarter for inside_prefixes, where the tunnels' clients "
            "are, half for all others. A packet that finds no room is forwarded all the same, but "
            "gets no answer.");
    }
};

/// How long a record lives after the last packet that refreshes it.
struct Timeouts {
    std::chrono::milliseconds flow{std::chrono::minutes{45}};
    std::chrono::milliseconds half_open{std::chrono::seconds{30}};
    std::chrono::milliseconds half_open_answered{std::chrono::seconds{75}};
    std::chrono::milliseconds answered{std::chrono::minutes{5}};
    std::chrono::milliseconds ike_sa{std::chrono::hours{24}};
    std::chrono::milliseconds pending{std::chrono::seconds{10}};
    std::chrono::milliseconds fragment{std::chrono::seconds{5}};
    std::chrono::milliseconds delete_hint{std::chrono::minutes{3}};
    std::chrono::milliseconds transit_tcp{std::chrono::minutes{124}};
    std::chrono::milliseconds transit_tcp_opening{std::chrono::minutes{4}};
    std::chrono::milliseconds transit_udp{std::chrono::minutes{5}};
    std::chrono::milliseconds transit_icmp{std::chrono::minutes{1}};
    std::chrono::milliseconds transit_other{std::chrono::minutes{10}};
    std::chrono::milliseconds transit_grace{std::chrono::minutes{1}};  ///< 0: none
    SourceLine line{};
    friend bool operator==(const Timeouts&, const Timeouts&) = default;

    static void rows(auto& keys) {
        keys.add("flow", &Timeouts::flow, {.range = {30 * second, 48 * hour}},
            "Flows and client persistence. Longer than the servers' idle time-out (5 min on RRAS) "
            "and network outage time (30 min), or idle tunnels break.");
        keys.add("half_open", &Timeouts::half_open, {.range = {second, 10 * minute}},
            "A request without answer: as long as clients repeat it.",
            no_effect);
        keys.add("half_open_answered", &Timeouts::half_open_answered,
            {.range = {second, 10 * minute}},
            "An exchange whose first request a server has answered. A user may be asked for a "
            "password before the second one. At least half_open and at most answered, whatever is "
            "written.",
            "Logins that pause for longer than a shorter time may begin at one server and go on "
            "at another, if the pool changes meanwhile.");
        keys.add("answered", &Timeouts::answered, {.range = {second, hour}},
            "An SA that is answered but not yet authenticated. A login with a second factor takes "
            "minutes.",
            "Logins under way that take longer than a shorter time fail.");
        keys.add("pair", &Timeouts::ike_sa, {.range = {minute, 30 * 24 * hour}},
            "An established IKE SA without IKE traffic. Longer than the time between its rekeys.",
            "A roaming client idle for longer than a shorter time may have to connect anew.");
        keys.add("pending", &Timeouts::pending, {.range = {second, minute}},
            "A request by another router than usual, or of an unknown IKE SA, that waits for the "
            "server's answer or for its repetition.",
            "With a time shorter than the servers take to answer, clients are answered by their "
            "old router. One shorter than clients take to repeat a request turns "
            "ask_all_per_second off.");
        keys.add("fragment", &Timeouts::fragment, {.range = {100, minute}},
            "A fragmented datagram that waits for its rest.",
            no_effect);
        keys.add("delete_hint", &Timeouts::delete_hint, {.range = {second, hour}},
            "A record after a delete was seen. The delete is only a hint: anybody could have sent "
            "it.",
            no_effect);
        keys.add("transit_tcp", &Timeouts::transit_tcp, {.range = {minute, 48 * hour}},
            "A TCP connection of transit that was answered, without a packet. RFC 5382 asks for 2 "
            "h 4 min: keep-alives come every 2 h.");
        keys.add("transit_tcp_opening", &Timeouts::transit_tcp_opening, {.range = {second, hour}},
            "One that was not answered yet, or that FIN or RST has ended.");
        keys.add("transit_udp", &Timeouts::transit_udp, {.range = {second, 24 * hour}},
            "A UDP conversation of transit without a packet (RFC 4787: at least 2 min, better 5).");
        keys.add("transit_icmp", &Timeouts::transit_icmp, {.range = {second, hour}},
            "A ping of transit (RFC 5508: at least 1 min).");
        keys.add("transit_other", &Timeouts::transit_other, {.range = {second, 24 * hour}},
            "Transit of any other protocol, such as GRE, between two addresses.");
        keys.add("transit_grace", &Timeouts::transit_grace, {.range = {0, hour}},
            "TCP without SYN passes to the servers' side for so long after a start; 0s: not at "
            "all. The same counts when an address moves to the servers' side of this node (VRRP). "
            "Connections that the node before this one knew are learned anew.",
            no_effect);
    }
};

/// Limits on unknown sources, over all workers together.
struct Abuse {
    Rate requests_per_source{200, 2000};
    Rate requests_per_backend{2000, 4000};
    Rate logins_per_source{10, 2000};
    Rate unknown_pairs_per_backend{100, 200};
    Rate opened_by_backends{200, 200};
    Rate half_open_inserts{8000, 16000};
    Rate fragments_per_source{2000, 2000};
    Rate pending_per_source{100, 500};
    friend bool operator==(const Abuse&, const Abuse&) = default;

    static void rows(auto& keys) {
        keys.add("requests_per_source", &Abuse::requests_per_source, {.range = most_events},
            "IKE requests of one source that begin SAs. They have no responder's SPI. A source is "
            "an IPv4 address or an IPv6 /64. The large burst lets an office of clients behind one "
            "address connect at once. Not divided: a source's packets reach one worker where "
            "ports spread by address (ikelbctl status), else as many as its ports lead to. "
            "Requests beyond are dropped as source_limited.");
        keys.add("requests_per_backend", &Abuse::requests_per_backend, {.range = most_events},
            "The same requests towards one backend. The second half of the burst is kept for "
            "those that bring a COOKIE. Requests beyond are dropped as backend_limited: the "
            "server could not answer them.");
        keys.add("logins_per_source", &Abuse::logins_per_source, {.range = most_events},
            "Answered logins of one source that are recorded before they are sessions. An answer "
            "proves little: the server also answers a login that fails. Not divided, as "
            "requests_per_source.");
        keys.add("unknown_pairs_per_backend", &Abuse::unknown_pairs_per_backend,
            {.range = most_events},
            "Packets of unknown IKE SAs to a backend that neither the client's persistence nor "
            "the hash chooses. Servers stay silent on them. Packets beyond are dropped as "
            "unknown_pair_limited.");
        keys.add("opened_by_backends", &Abuse::opened_by_backends, {.range = most_events},
            "Flows recorded for SAs that a server begins itself (site to site), so that the answer "
            "gets back to it.");
        keys.add("half_open_inserts", &Abuse::half_open_inserts, {.range = most_events},
            "Choices of schedulers other than maglev, which have to be remembered. Clients beyond "
            "go by the hash, which needs no memory.");
        keys.add("fragments_per_source", &Abuse::fragments_per_source, {.range = most_events},
            "Fragmented datagrams of one source on the clients' side, each remembered for a "
            "moment. Known SAs, and backends, are not counted. Not divided, as "
            "requests_per_source. Datagrams beyond are dropped as fragment_limited.",
            "A later fragment that comes before its first counts as well: too low a rate loses "
            "some.");
        keys.add("pending_per_source", &Abuse::pending_per_source, {.range = most_events},
            "Requests of one source that are remembered for their answer. It may change the way "
            "back to the client, or tell the server of an unknown IKE SA. Not divided, as "
            "requests_per_source. Requests beyond are forwarded all the same.",
            "Too low a rate leaves clients that roam to their old router, or to connect anew.");
    }
};

}  // namespace ikelb::config
