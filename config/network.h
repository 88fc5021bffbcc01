// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Ports, interfaces and routes, with their keys (key.h).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/key.h"

namespace ikelb::config {

struct Port {
    std::string name{};
    std::string device{};  ///< a vdev string with its arguments, or a PCI address
    std::uint16_t mtu = 1500;
    std::optional<net::MacAddress> mac{};  ///< absent: the NIC's own, or a derived one
    SourceLine line{};
    friend bool operator==(const Port&, const Port&) = default;

    static void rows(auto& keys) {
        keys.add("name", &Port::name,
            {.form = Form::kernel_name, .presence = required, .example = "wan"},
            "The port's name in interfaces, logs and metrics.");
        keys.add("device", &Port::device,
            {.presence = required, .example = "net_af_xdp0,iface=eth1"},
            "The PCI address of a NIC that is bound to a DPDK driver (0000:03:00.0), or a vdev. A "
            "vdev is written with its arguments: net_af_xdp0,iface=eth1 for a device of the "
            "kernel (net_af_packet loses large datagrams).");
        keys.add("mtu", &Port::mtu, {.range = {576, 9000}, .unit = "bytes"},
            "The largest IP packet on the port. Larger ones are answered with an ICMP error, so "
            "that path MTU discovery works. IPv6 needs 1280 at least; with net_af_xdp, no port "
            "can have more than 3502.");
        keys.add("mac", &Port::mac, {.example = "02:00:00:00:00:01"},
            "The MAC address of the port and of its TAPs in the kernel. Without it, the NIC's "
            "own; for af_packet and af_xdp one derived from it, since the kernel sees each of "
            "their frames as well and must not take it for its own.",
            "The restart stops traffic for a moment; neighbours learn the new address.");
    }
};

/// A logical layer-3 interface: a port, or one VLAN of a port, with a kernel TAP of the same name.
struct Interface {
    std::string name{};
    std::string port{};        ///< Port::name
    std::uint16_t vlan = 0;  ///< 802.1Q tag, 0 is untagged
    std::vector<net::IpPrefix> addresses{};  ///< host bits kept: 198.51.100.1/24
    Side side = Side::clients;
    std::vector<net::MacAddress> server_macs{};  ///< further MACs of servers; only with Side::both
    SourceLine line{};
    friend bool operator==(const Interface&, const Interface&) = default;

    static void rows(auto& keys) {
        keys.add("name", &Interface::name,
            {.form = Form::kernel_name, .presence = required, .example = "ext"},
            "The interface's name, and that of its TAP in the kernel.");
        keys.add("port", &Interface::port,
            {.form = Form::reference, .presence = required, .example = "wan", .of = "ports"},
            "The port below, by name.");
        keys.add("vlan", &Interface::vlan, {.range = {0, 4094}, .unit = "802.1Q tag"},
            "The VLAN of the port; 0 is the untagged traffic.");
        keys.add("addresses", &Interface::addresses,
            {.apply = live, .range = {0, 32}, .example = "[198.51.100.1/24]"},
            "The addresses that ikelb puts on the TAP. Those that others put there (ip address, "
            "keepalived) work as well and need no line here. The kernel adds an IPv6 link-local "
            "one by itself.",
            "Tunnels live on as long as the servers' gateway and the VIPs stay reachable.");
        keys.add("side", &Interface::side, {.presence = required, .example = "both"},
            "The peers behind the interface. clients: they reach the VIPs from here. servers: the "
            "backends answer from here. both: one-armed.");
        keys.add("server_macs", &Interface::server_macs,
            {.apply = live, .range = {0, 256}, .example = "['00:15:5d:00:0a:02']"},
            "Further MAC addresses of servers, or of routers of theirs; of side both alone. List "
            "those that no ARP or NDP answer names: the other members of a NIC team (Windows: "
            "switch-independent), and of an HSRP or VRRP pair between here and the servers. On "
            "such an interface only the MAC address tells a server from an unknown source that "
            "uses a server's IP address. A missing one shows as spoofed_backend and "
            "spoofed_source.",
            "A server that sends from a MAC address taken away is no longer heard by its tunnels.");
    }
};

/// A route ikelb puts into the kernel.
struct Route {
    net::IpPrefix to{};
    net::IpAddress via{};
    std::optional<std::string> dev{};  ///< Interface::name; absent: the kernel's choice by `via`
    SourceLine line{};
    friend bool operator==(const Route&, const Route&) = default;

    static void rows(auto& keys) {
        keys.add("to", &Route::to, {.presence = required, .example = "0.0.0.0/0"},
            "The destinations. 0.0.0.0/0 and ::/0 are the default routes.");
        keys.add("via", &Route::via, {.presence = required, .example = "198.51.100.254"},
            "The gateway. It is in the subnet of one of the interfaces, or link-local and together "
            "with dev.",
            "Packets take the new gateway at once; tunnels stay.");
        keys.add("dev", &Route::dev,
            {.form = Form::reference, .example = "ext", .of = "interfaces"},
            "The gateway's interface, where the address alone does not tell.",
            "Packets take the new interface at once; tunnels stay.");
    }
};

}  // namespace ikelb::config
