# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Two providers, two VIPs, one farm: a client is answered from the VIP it called, the way it came.

    c1, c3 ── [isp]  198.51.100.0/24 ── wan0 ┐                       ┌── s1
                     VIP 203.0.113.10        [lb] lan0 ──────────────┤
    c2, c4 ── [isp2] 198.51.101.0/24 ── wan1 ┘                       └── s2
    [roam] ───┘      VIP 203.0.113.20
     198.18.5.5: by the kernel's routes its answers would leave through [isp]

Twin one: the configuration has the first service only.
"""

from functools import partial

from lab.capture import Capture
from testlib import crafted

FOR_CONTROL = True
TWINS = {"one": "no answer from 203.0.113.20"}


def run(case):
    farm = case.farm(
        isp_count=2, client_count=0 if case.broken else 4, nat_clients=0, windows_clients=0
    )
    config = farm.config()
    if case.broken == "one":
        del config["services"][1]
    case.balancer(farm, config)
    # Behind the second router is everybody, too.
    farm.lb.ip("route add default via 198.51.101.254 metric 200")
    crafted_clients(case, farm)
    if case.broken:
        return
    wires = {
        c.name: Capture(case.lab, c.space, "eth0", "udp port 500 or udp port 4500")
        for c in farm.clients
    }
    case.tunnels(farm)
    case.check_pings(farm)
    for client in farm.clients:
        sources = {p.source for p in wires[client.name].stop() if p.source != client.address}
        case.equal(sources, {client.isp.vip}, f"who answered {client.name}")
    case.note(f"{len(farm.clients)} strongSwan clients over two providers")


def crafted_clients(case, farm):
    second = farm.isps[1]
    roam = case.lab.namespace("roam")
    second.attach(roam, f"{second.client_net}.99")
    roam.ip("address add 198.18.5.5/32 dev lo")
    second.space.ip(f"route add 198.18.5.5/32 via {second.client_net}.99")
    servers = crafted.responders(farm)
    for where, addresses, vip in (
        (farm.crowd(), crafted.addresses(10), farm.vip),
        (roam, [f"{second.client_net}.99"], second.vip),
        (roam, ["198.18.5.5"], second.vip),
    ):
        if addresses == ["198.18.5.5"] and case.balancer_kind == "kernel":
            continue  # the kernel answers by its routes: what auto last hop is for
        crowd = crafted.Crowd(where, addresses, vip)
        for send in (crowd.init, crowd.auth, partial(crowd.esp, 1), partial(crowd.esp, 2)):
            case.check(not send(timeout=5), f"no answer from {vip} for {addresses[0]}")
        case.check(
            not any(c.from_others for c in crowd.clients), f"answers from elsewhere than {vip}"
        )
        crowd.close()
    for server in servers:
        server.close()
