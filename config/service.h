// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The addresses that clients connect to, with their keys (key.h).

#include <cstdint>
#include <string>
#include <vector>

#include "config/key.h"

namespace ikelb::config {

/// A VIP and the pool behind it, for UDP 500 and 4500.
struct Service {
    std::string name{};
    net::IpAddress vip{};
    Announce announce = Announce::address;
    std::string interface{};  ///< Interface::name: has the VIP, and is its uplink
    std::string pool{};       ///< Pool::name
    Scheduler scheduler = Scheduler::maglev;
    Affinity affinity = Affinity::source;
    std::uint8_t affinity_prefix_v4 = 32;  ///< bits of an IPv4 address that identify a client
    std::uint8_t affinity_prefix_v6 = 128;
    std::uint32_t ask_all_per_second = 50;
    std::vector<OpenPort> host_ports{};  ///< the VIP's ports that the kernel serves
    SourceLine line{};
    friend bool operator==(const Service&, const Service&) = default;

    static void rows(auto& keys) {
        keys.add("name", &Service::name,
            {.form = Form::name, .presence = required, .example = "aovpn"},
            "The service's name in logs and metrics.",
            "A new name is a service removed and another added.");
        keys.add("vip", &Service::vip, {.presence = required, .example = "203.0.113.10"},
            "The virtual IP address. No other machine, interface or backend may have it.",
            "The tunnels through the old address end.");
        keys.add("announce", &Service::announce, {},
            "The VIP's place in the kernel. address: ikelb adds the VIP to the interface's TAP and "
            "serves it while the kernel has it, so that moving it moves the service; ikelb adds "
            "it again at each start and reload. always: ikelb serves the VIP whether or not the "
            "kernel has it, for set-ups that route it here.",
            "None while the kernel has the address.");
        keys.add("interface", &Service::interface,
            {.form = Form::reference, .presence = required, .example = "ext", .of = "interfaces"},
            "The interface on the clients' side that gets the VIP. Answers to clients without a "
            "record leave by it.",
            "The VIP moves; recorded tunnels follow it.");
        keys.add("pool", &Service::pool,
            {.form = Form::reference, .presence = required, .example = "rras", .of = "pools"},
            "The pool behind the VIP. Of its backends, those serve that have an address of the "
            "VIP's family (address, address6).",
            "Tunnels to backends that are not in the new pool end.");
        keys.add("scheduler", &Service::scheduler, {},
            "The choice of a backend for a client without a record. maglev: a keyed consistent "
            "hash of its address, which stores nothing and moves few clients when the pool "
            "changes. weighted_round_robin: in turn, by weight. least_sas: the backend with the "
            "fewest live SAs for its weight.",
            "None: recorded clients stay.");
        keys.add("affinity", &Service::affinity, {},
            "The unit that keeps to one backend. source: all tunnels of one client address. sa: "
            "each tunnel by itself, so that many clients behind one address (CGNAT, an office) "
            "are spread; a reauthentication, which begins a new SA, may change the backend then.",
            "Tunnels that are up stay, by their SPIs and ports. With sa a client's next login "
            "goes where the hash of its address and SPI says; with source, back to where its "
            "address is bound.");
        keys.add("affinity_prefix_v4", &Service::affinity_prefix_v4,
            {.range = {8, 32}, .unit = "bits"},
            "The part of an IPv4 address that makes one client. With 24, all clients of a /24 are "
            "on one backend, for providers that change a client's address within a block.",
            "Tunnels that are up stay. The next login of a client may go to another backend, "
            "since bindings are found by the old length no more.");
        keys.add("affinity_prefix_v6", &Service::affinity_prefix_v6,
            {.range = {32, 128}, .unit = "bits"},
            "The same for IPv6: 64 takes the temporary addresses of a client (RFC 8981) for one.",
            "As for affinity_prefix_v4.");
        keys.add("ask_all_per_second", &Service::ask_all_per_second,
            {.range = {0, 10000}, .unit = "requests a second"},
            "Repeated IKE requests of unknown SAs that are copied to all backends; 0: none. They "
            "are encrypted requests that the client sends again for want of an answer, and the "
            "backends are those of the pool that are up, or down and kept (on_down). Servers are "
            "silent on SAs that are not theirs, so the right one answers. It saves a client that "
            "changes its address right after an IKE rekey, where servers do not mark their SPIs "
            "(spi_label).",
            "Turned off, such a client connects anew. Each copy costs every server a look-up.");
        keys.add("host_ports", &Service::host_ports,
            {.range = {0, 64}, .example = "[tcp/22, udp/161, tcp/8000-8080]"},
            "Ports of the VIP that this host itself serves, to either side, besides ping. Other "
            "packets to a VIP are dropped as vip_closed: a server that listens on 0.0.0.0, such "
            "as sshd, is not meant for the Internet.",
            no_effect);
    }
};

}  // namespace ikelb::config
