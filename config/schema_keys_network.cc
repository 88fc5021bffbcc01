// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <array>

#include "config/names.h"
#include "config/schema_parts.h"

namespace ikelb::config {
namespace {

const std::array keys{
    Key{.path = "ports", .form = Form::list_of_maps, .presence = required, .apply = restart,
        .range = {1, 32},
        .purpose = "The DPDK ports. ikelb receives and sends on them without the kernel.",
        .effect = needs_restart},
    Key{.path = "ports[].name", .form = Form::kernel_name, .presence = required,
        .apply = restart, .example = "wan",
        .purpose = "What interfaces, logs and metrics call the port.",
        .effect = needs_restart},
    Key{.path = "ports[].device", .form = Form::text, .presence = required, .apply = restart,
        .example = "net_af_xdp0,iface=eth1",
        .purpose = "What DPDK opens: a PCI address (0000:03:00.0) of a NIC bound to a DPDK driver, "
                   "or a vdev string with its arguments (net_af_xdp0,iface=eth1 for a device of "
                   "the kernel; net_af_packet loses large datagrams).",
        .effect = needs_restart},
    Key{.path = "ports[].mtu", .form = Form::integer, .apply = restart, .range = {576, 9000},
        .unit = "bytes", .initial = "1500",
        .purpose = "The largest IP packet on the port. Larger ones are answered with an ICMP "
                   "error, so that path MTU discovery works. IPv6 needs 1280 at least; with "
                   "net_af_xdp, no port can have more than 3502.",
        .effect = needs_restart},
    Key{.path = "ports[].mac", .form = Form::mac, .apply = restart,
        .example = "02:00:00:00:00:01",
        .purpose = "The MAC address of the port and of its kernel twins. Without it, the NIC's "
                   "own; for af_packet and af_xdp one derived from it, since the kernel sees each "
                   "of their frames as well and must not take it for its own.",
        .effect = "The restart stops traffic for a moment; neighbours learn the new address."},

    Key{.path = "interfaces", .form = Form::list_of_maps, .presence = required,
        .apply = restart, .range = {1, 32},
        .purpose = "Logical layer-3 interfaces: a port, or one VLAN of it. Each has a TAP twin of "
                   "its name in the kernel, which answers ARP, NDP and ping and runs VRRP and BGP.",
        .effect = needs_restart},
    Key{.path = "interfaces[].name", .form = Form::kernel_name, .presence = required,
        .apply = restart, .example = "ext",
        .purpose = "The name of the twin in the kernel.",
        .effect = needs_restart},
    Key{.path = "interfaces[].port", .form = Form::reference, .presence = required,
        .apply = restart, .example = "wan",
        .purpose = "The name of the port below.",
        .effect = needs_restart},
    Key{.path = "interfaces[].vlan", .form = Form::integer, .apply = restart,
        .range = {0, 4094}, .unit = "802.1Q tag", .initial = "0",
        .purpose = "The VLAN of the port that this interface is; 0 is what comes untagged.",
        .effect = needs_restart},
    Key{.path = "interfaces[].addresses", .form = Form::list_of_prefixes, .range = {0, 32},
        .initial = "[]", .example = "[198.51.100.1/24]",
        .purpose = "Addresses ikelb puts on the twin. Those that others put there (ip address, "
                   "keepalived) work as well and need no line here. The kernel adds an IPv6 "
                   "link-local one by itself.",
        .effect = "Tunnels live on as long as the servers' gateway and the VIPs stay reachable."},
    Key{.path = "interfaces[].side", .form = Form::choice, .presence = required,
        .apply = restart, .example = "both", .choices = choices_of<Side>,
        .purpose = "Whom it leads to: clients (they reach the VIPs from here), servers (the "
                   "backends answer from here), or both (one-armed).",
        .effect = needs_restart},
    Key{.path = "interfaces[].server_macs", .form = Form::list_of_macs, .range = {0, 256},
        .initial = "[]", .example = "['00:15:5d:00:0a:02']",
        .purpose = "Of side both: MAC addresses that servers, or routers of theirs, send from "
                   "though no ARP or NDP answer names them. On such an interface the MAC address "
                   "is all that tells a server from a stranger whom a router hands on with a "
                   "server's source address, so others may use only their own address. "
                   "The other members of a NIC team (Windows: switch-independent) and of an HSRP "
                   "or VRRP pair between here and the servers belong here; a missing one shows as "
                   "spoofed_backend and spoofed_source.",
        .effect = "Tunnels whose server sends from an address that is taken away lose its "
                  "answers."},

    Key{.path = "routes", .form = Form::list_of_maps, .range = {0, 4096}, .initial = "[]",
        .purpose = "Routes ikelb puts into the kernel. Routes made by ip route or FRR are "
                   "followed as well and need no line here.",
        .effect = "A client or backend without a route is unreachable until it has one again."},
    Key{.path = "routes[].to", .form = Form::prefix, .presence = required,
        .example = "0.0.0.0/0",
        .purpose = "The destinations; 0.0.0.0/0 and ::/0 are the default routes.",
        .effect = "As for routes."},
    Key{.path = "routes[].via", .form = Form::address, .presence = required,
        .example = "198.51.100.254",
        .purpose = "The gateway, an address in the subnet of one of the interfaces, or a "
                   "link-local one together with dev.",
        .effect = "Packets take the new gateway at once; tunnels stay."},
    Key{.path = "routes[].dev", .form = Form::reference, .example = "ext",
        .purpose = "The interface the gateway is on, where the address alone does not tell.",
        .effect = "Packets take the new interface at once; tunnels stay."},

    Key{.path = "inside_prefixes", .form = Form::list_of_prefixes, .range = {0, 256},
        .initial = "[]", .example = "[10.0.0.0/8]",
        .purpose = "Networks on the servers' side: the domain, the management, the clients' "
                   "tunnel addresses. What a backend sends there from UDP 500 or 4500 is no "
                   "answer to a client and keeps its source address.",
        .effect = "Tunnels of clients whose addresses fall into a new prefix break: their "
                  "answers are no longer translated."},
};

}  // namespace

std::span<const Key> network_keys() noexcept { return keys; }

}  // namespace ikelb::config
