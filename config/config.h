// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The configuration as a passive value: the operator's settings with the defaults filled in. It
// knows nothing of YAML (load.h) or of the rules (validate.h). Two configurations are equal when
// they mean the same; the lines of their settings do not count.

#include <cstdint>
#include <vector>

#include "config/network.h"
#include "config/pool.h"
#include "config/process.h"
#include "config/service.h"
#include "config/tables.h"
#include "config/wall.h"

namespace ikelb::config {

struct Config {
    std::vector<Port> ports{};
    std::vector<Interface> interfaces{};
    std::vector<Route> routes{};
    std::vector<net::IpPrefix> inside_prefixes{};
    Transit transit{};
    std::vector<OwnService> own_services{};
    std::vector<Pool> pools{};
    std::vector<Service> services{};
    Workers workers{};
    Dpdk dpdk{};
    Limits limits{};
    Timeouts timeouts{};
    Abuse abuse{};
    State state{};
    Admin admin{};
    Metrics metrics{};
    Log log{};
    std::uint32_t maglev_table_size = 65537;  ///< a prime
    SourceLine inside_prefixes_line{};
    SourceLine maglev_table_size_line{};
    friend bool operator==(const Config&, const Config&) = default;

    static void rows(auto& keys) {
        constexpr std::string_view of_a_rule = "None. What a rule let in ends with the rule.";
        keys.add("ports", &Config::ports,
            {.presence = required, .apply = restart, .range = {1, 32}},
            "The DPDK ports. ikelb receives and sends on them without the kernel.");
        keys.add("interfaces", &Config::interfaces,
            {.presence = required, .apply = restart, .range = {1, 32}},
            "Logical layer-3 interfaces: a port, or one VLAN of it. Each has a TAP of its name in "
            "the kernel, which answers ARP, NDP and ping and runs VRRP and BGP.");
        keys.add("routes", &Config::routes, {.range = {0, 4096}},
            "Routes that ikelb puts into the kernel. It follows those of ip route or FRR as well; "
            "they need no line here.",
            "A client or backend without a route is unreachable until it has one again.");
        keys.add("inside_prefixes", &Config::inside_prefixes,
            {.range = {0, 256}, .example = "[10.0.0.0/8]"},
            "Networks behind the servers: the domain, the management, the clients' tunnel "
            "addresses. A backend's packets from UDP 500 or 4500 to these networks are no answers "
            "to clients and keep their source address.",
            "A new prefix breaks the tunnels of the clients in it: their answers are no longer "
            "translated.")
            .line(&Config::inside_prefixes_line);
        keys.add("transit", &Config::transit, {},
            "Routed traffic that is no service's. Conversations that begin on the servers' side "
            "pass, and so do their answers. Those that begin on the clients' side are dropped as "
            "transit_not_allowed unless a rule of allow names them: the servers' RDP, SMB and "
            "management are not for the Internet, and no firewall of this host sees these "
            "packets. The word open lets all pass, where a firewall upstream filters.",
            of_a_rule)
            .word("closed", &Transit::is_open, false)
            .word("open", &Transit::is_open);
        keys.add("own_services", &Config::own_services, {.range = {0, 256}},
            "This host's services that the clients' side may use at another interface's address: "
            "BGP or BFD to a loopback. Other packets to such an address are dropped as "
            "own_address_closed. Packets to the incoming interface's own address all pass, and "
            "this host's input rules (nft) judge them. BGP, OSPF and multihop BFD named here, at "
            "any own address, have a rate limit of their own on the way to the kernel, as next "
            "hops have. Name the peers that are no next hop.",
            of_a_rule);
        keys.add("pools", &Config::pools, {.presence = required, .range = {0, 64}},
            "Groups of servers that can stand in for each other.",
            "Removing a pool ends the tunnels of its backends.");
        keys.add("services", &Config::services, {.presence = required, .range = {0, 256}},
            "The addresses that clients connect to, each at UDP 500 and 4500.",
            "Removing a service ends the tunnels through its VIP.");
        keys.add("workers", &Config::workers, {.apply = restart},
            "The threads of the fast path.");
        keys.add("dpdk", &Config::dpdk, {.apply = restart},
            "DPDK's memory and arguments.");
        keys.add("limits", &Config::limits, {.apply = restart},
            "Sizes of the session tables in records, each a power of two. Those of flows, "
            "bindings, esp_spis and transit count for IPv4 and again for IPv6, the others for "
            "both together. IPv6's own memory is taken as it is used, all other at start.",
            "The restart stops traffic for a moment; tunnels live on as far as the new size holds "
            "them.");
        keys.add("timeouts", &Config::timeouts, {},
            "How long a record lives after the last packet that refreshes it.",
            "Counts for records at their next check. A shorter time ends tunnels, and transit, "
            "that have been idle for longer.");
        keys.add("abuse", &Config::abuse, {},
            "Limits for unknown sources, since no packet that begins an SA is authenticated. Each "
            "is a rate: so many a second on average, and so many at once after a pause. It counts "
            "for all workers together and is divided among them, unless the key says otherwise.",
            "None: packets of known SAs are not counted.");
        keys.add("state", &Config::state, {.apply = restart},
            "The file that brings tunnels through a restart or a crash of ikelb. The word none "
            "turns it off, and with it the last good configuration, which a start with a broken "
            "file falls back to.",
            "With none, the next restart loses every client that the hash alone would send "
            "elsewhere.")
            .word("none", &State::is_off);
        keys.add("admin", &Config::admin, {.apply = restart},
            "The admin API, which ikelbctl talks to.",
            no_effect);
        keys.add("metrics", &Config::metrics, {.apply = restart},
            "The metrics server for Prometheus. The word none turns it off.",
            no_effect)
            .word("none", &Metrics::is_off);
        keys.add("log", &Config::log, {},
            "Messages on standard error.");
        keys.add("maglev_table_size", &Config::maglev_table_size,
            {.range = {251, 1048573}, .unit = "entries, a prime"},
            "The size of each service's hash table. Each scheduler needs it: the others fall back "
            "on the hash. About 100 times the backends of a pool keeps the shares within 1 %. The "
            "same size on two nodes does not make them agree: each draws the key of its hash by "
            "itself.",
            "Recorded clients stay; most others are spread anew.")
            .line(&Config::maglev_table_size_line);
    }
};

}  // namespace ikelb::config
