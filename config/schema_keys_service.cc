// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <array>

#include "config/names.h"
#include "config/schema_parts.h"

namespace ikelb::config {
namespace {

const std::array keys{
    Key{.path = "pools", .form = Form::list_of_maps, .presence = required, .range = {0, 64},
        .purpose = "Groups of servers that can stand in for each other.",
        .effect = "Removing a pool ends the tunnels of its backends."},
    Key{.path = "pools[].name", .form = Form::name, .presence = required, .example = "rras",
        .purpose = "What services, logs and metrics call the pool.",
        .effect = "A new name is a pool removed and another added."},
    Key{.path = "pools[].backends", .form = Form::list_of_maps, .presence = required,
        .range = {0, 1024},
        .purpose = "The IKE servers. Their default gateway has to be ikelb.",
        .effect = "A new backend gets new clients only. Removing one ends its tunnels; drain it "
                  "first (ikelbctl drain)."},
    Key{.path = "pools[].backends[].name", .form = Form::name, .presence = required,
        .example = "rras1",
        .purpose = "What ikelbctl, logs and metrics call the backend; unique over all pools.",
        .effect = "A new name is a backend removed and another added."},
    Key{.path = "pools[].backends[].address", .form = Form::address, .presence = required,
        .example = "10.20.0.11",
        .purpose = "Where the packets go instead of the VIP. Unique over all pools.",
        .effect = "The tunnels of the old address end; it is another server, unless address6 "
                  "stays what it was."},
    Key{.path = "pools[].backends[].address6", .form = Form::address, .example = "fd00:20::11",
        .purpose = "The same server's IPv6 address, where address is its IPv4 one: services with "
                   "an IPv6 VIP send there. It is one backend with one weight and one drain, and a "
                   "client that moves between the VIPs of both families (MOBIKE) keeps its tunnel. "
                   "Each address has a health check of its own, which counts for the services of "
                   "its family. A backend without an address of a service's family is no member of "
                   "that service.",
        .effect = "None where it comes with its service. Tunnels that are up at an address that "
                  "goes or changes are lost; drain the server first (refuse)."},
    Key{.path = "pools[].backends[].weight", .form = Form::integer, .range = {0, 1000},
        .unit = "share", .initial = "100",
        .purpose = "The share of new clients, against the sum of the pool's weights. 0 gets no "
                   "new clients.",
        .effect = "None: tunnels stay where they are, only new clients are spread anew."},
    Key{.path = "pools[].backends[].aliases", .form = Form::list_of_maps, .range = {0, 255},
        .initial = "[]",
        .purpose = "Where several services share the pool: further addresses of this server, each "
                   "for one of them. What is sent to that service's VIP goes to the alias instead "
                   "of address, and what the server sends from there leaves from that VIP. One "
                   "service may do without and has address. Where two do, the VIP of an answer has "
                   "to be told from records, and a stranger who logs in at the other VIP with a "
                   "client's address may turn that client's answers there. It is one backend all "
                   "the same: one weight, one drain, and no health check at the alias.",
        .effect = "None where a service and its aliases come or go together. A service in use that "
                  "gets an alias, or loses it, leaves its tunnels on this server without their way "
                  "to it: servers keep a tunnel at the address where it began. Their IKE goes on "
                  "and no DPD notices. Drain the server first (refuse), or leave the service in "
                  "use at address and give the alias to the new one."},
    Key{.path = "pools[].backends[].aliases[].service", .form = Form::reference,
        .presence = required, .example = "aovpn",
        .purpose = "The service by its name; of those that use this pool.",
        .effect = "As for aliases."},
    Key{.path = "pools[].backends[].aliases[].address", .form = Form::address,
        .presence = required, .example = "10.20.0.111",
        .purpose = "An address of the server besides its own, of the family of the service's VIP. "
                   "Unique over all pools.",
        .effect = "As for aliases."},
    Key{.path = "pools[].backends[].spi_label", .form = Form::map,
        .purpose = "How this server marks the SPIs that it chooses, so that ikelb can tell whose "
                   "an SA is without having seen it before, whatever address it comes from. All "
                   "0x0: it marks none. Both pairs of numbers are the server's own, of its "
                   "strongswan.conf; RRAS can't mark. Either all backends of a pool mark their "
                   "IKE (ESP) SPIs, each in its own way, or none: another's SPI, chosen at "
                   "random, may look like a marked one.",
        .effect = "A marked SPI goes before every record: set it on the servers first, and here "
                  "when the SAs from before that are gone, or they may go to the wrong server."},
    Key{.path = "pools[].backends[].spi_label.ike_mask", .form = Form::hexadecimal,
        .range = {1, 16}, .initial = "0x0", .example = "0xff00000000000000",
        .purpose = "The bits of the server's IKE SPIs that it sets: strongSwan's "
                   "charon.spi_mask, and the same number.",
        .effect = "As for spi_label."},
    Key{.path = "pools[].backends[].spi_label.ike_value", .form = Form::hexadecimal,
        .range = {1, 16}, .initial = "0x0", .example = "0x0100000000000000",
        .purpose = "What it sets them to: strongSwan's charon.spi_label. Within ike_mask.",
        .effect = "As for spi_label."},
    Key{.path = "pools[].backends[].spi_label.esp_first", .form = Form::hexadecimal,
        .range = {1, 8}, .initial = "0x0", .example = "0xc1000000",
        .purpose = "The first of the ESP SPIs that the server chooses, which are those that its "
                   "clients send with: strongSwan's charon.spi_min. 0x100 and more.",
        .effect = "As for spi_label."},
    Key{.path = "pools[].backends[].spi_label.esp_last", .form = Form::hexadecimal,
        .range = {1, 8}, .initial = "0x0", .example = "0xc1ffffff",
        .purpose = "The last of them: strongSwan's charon.spi_max.",
        .effect = "As for spi_label."},
    Key{.path = "pools[].on_down", .form = Form::choice, .initial = "keep",
        .choices = choices_of<OnDown>,
        .purpose = "What becomes of the known tunnels of a backend whose health check fails. "
                   "keep: their packets still go to it, for the ping alone may be broken, and no "
                   "other server knows their keys. flush: they are dropped, clients connect anew.",
        .effect = "flush drops the tunnels of backends that are down at that moment."},
    Key{.path = "pools[].health", .form = Form::map, .choices = none_alone,
        .purpose = "How the pool's backends are checked; the word none takes all of them for up.",
        .effect = "A backend starts over with the new check; its tunnels stay (on_down: keep)."},
    Key{.path = "pools[].health.icmp", .form = Form::map,
        .purpose = "Echo requests (ping) from the servers' side interface to every backend, at "
                   "each of address and address6.",
        .effect = "As for health."},
    Key{.path = "pools[].health.icmp.interval", .form = Form::duration,
        .range = {100, hour}, .initial = "5s",
        .purpose = "From one request to the next.",
        .effect = "None by itself; a failure is seen after about interval times fall."},
    Key{.path = "pools[].health.icmp.timeout", .form = Form::duration,
        .range = {10, hour}, .initial = "2s",
        .purpose = "How long to wait for the answer; not longer than interval.",
        .effect = "None by itself; too short a time takes slow backends for dead ones."},
    Key{.path = "pools[].health.icmp.fall", .form = Form::integer, .range = {1, 100},
        .unit = "failures in a row", .initial = "3",
        .purpose = "After how many requests without answer the backend is down.",
        .effect = "None by itself."},
    Key{.path = "pools[].health.icmp.rise", .form = Form::integer, .range = {1, 100},
        .unit = "answers in a row", .initial = "2",
        .purpose = "After how many answers the backend is up again.",
        .effect = "None by itself."},

    Key{.path = "services", .form = Form::list_of_maps, .presence = required,
        .range = {0, 256},
        .purpose = "The addresses clients connect to. Each serves UDP 500 and 4500.",
        .effect = "Removing a service ends the tunnels that go through its VIP."},
    Key{.path = "services[].name", .form = Form::name, .presence = required,
        .example = "aovpn",
        .purpose = "What logs and metrics call the service.",
        .effect = "A new name is a service removed and another added."},
    Key{.path = "services[].vip", .form = Form::address, .presence = required,
        .example = "203.0.113.10",
        .purpose = "The virtual IP address. No other machine, interface or backend may have it.",
        .effect = "The tunnels through the old address end."},
    Key{.path = "services[].announce", .form = Form::choice, .initial = "address",
        .choices = choices_of<Announce>,
        .purpose = "address: ikelb adds the VIP to the interface's twin and serves it while the "
                   "kernel has it, so that moving it moves the service; it is added again at "
                   "each start and reload. always: the VIP is served whether or not the kernel "
                   "has it, for set-ups that route it here.",
        .effect = "None while the kernel has the address."},
    Key{.path = "services[].interface", .form = Form::reference, .presence = required,
        .example = "ext",
        .purpose = "The interface on the clients' side that gets the VIP; answers to clients "
                   "nothing is recorded of leave by it.",
        .effect = "The VIP moves; recorded tunnels follow it."},
    Key{.path = "services[].pool", .form = Form::reference, .presence = required,
        .example = "rras",
        .purpose = "The pool that serves this VIP, with those of its backends that have an address "
                   "of its family (address, address6).",
        .effect = "Tunnels to backends that are not in the new pool end."},
    Key{.path = "services[].scheduler", .form = Form::choice, .initial = "maglev",
        .choices = choices_of<Scheduler>,
        .purpose = "Where a client goes of which nothing is recorded. maglev: a keyed "
                   "consistent hash of its address, which stores nothing and moves few clients "
                   "when the pool changes. weighted_round_robin: in turn, by weight. least_sas: "
                   "the backend with the fewest live SAs for its weight.",
        .effect = "None: recorded clients stay."},
    Key{.path = "services[].affinity", .form = Form::choice, .initial = "source",
        .choices = choices_of<Affinity>,
        .purpose = "What keeps to one backend. source: all tunnels of one client address. sa: "
                   "each tunnel by itself, so that many clients behind one address (CGNAT, an "
                   "office) are spread; a reauthentication, which begins a new SA, may change "
                   "the backend then.",
        .effect = "Tunnels that are up stay, by their SPIs and ports. With sa a client's next "
                  "login goes where the hash of its address and SPI says; with source, back to "
                  "where its address is bound."},
    Key{.path = "services[].affinity_prefix_v4", .form = Form::integer, .range = {8, 32},
        .unit = "bits", .initial = "32",
        .purpose = "How much of an IPv4 address makes one client: with 24, all of a /24 are on "
                   "one backend. For providers that change a client's address within a block.",
        .effect = "Tunnels that are up stay. The next login of a client may go to another "
                  "backend, since bindings are found by the old length no more."},
    Key{.path = "services[].affinity_prefix_v6", .form = Form::integer, .range = {32, 128},
        .unit = "bits", .initial = "128",
        .purpose = "The same for IPv6: 64 takes the temporary addresses of a client (RFC 8981) "
                   "for one.",
        .effect = "As for affinity_prefix_v4."},
    Key{.path = "services[].ask_all_per_second", .form = Form::integer, .range = {0, 10000},
        .unit = "requests a second", .initial = "50",
        .purpose = "How many encrypted IKE requests of unknown SAs are copied to every backend of "
                   "the pool that is up, or down and kept (on_down), when the client sends one "
                   "again for want of an answer; 0 turns it off. Servers are silent on SAs that "
                   "are not theirs, so the right one answers. It saves a client that changes its "
                   "address right after an IKE rekey, where servers do not mark their SPIs "
                   "(spi_label).",
        .effect = "Turned off, such a client connects anew. Each copy costs every server a "
                  "look-up."},
    Key{.path = "services[].host_ports", .form = Form::list_of_ports, .range = {0, 64},
        .initial = "[]", .example = "[tcp/22, udp/161, tcp/8000-8080]",
        .purpose = "Ports of the VIP, besides the service and ping, at which this host itself may "
                   "be asked, from either side. Everything else to a VIP is dropped as "
                   "vip_closed: what listens on 0.0.0.0, such as sshd, is not meant for the "
                   "Internet.",
        .effect = no_effect},
};

}  // namespace

std::span<const Key> service_keys() noexcept { return keys; }

}  // namespace ikelb::config
