# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A client in the servers' own subnet can't work without SNAT: dropped and counted by name.

    c1 ── [isp] ── wan0 [lb] lan0 ── [sw] ──┬── s1 10.20.0.11
                                            ├── s2
                                            └── in 10.20.0.99   sends to the VIP

Twin outside: the same datagrams from a client outside are answered.
"""

from lab.capture import Capture
from testlib import crafted, ikewire

TWINS = {"outside": "reached a server"}


def run(case):
    farm = case.farm(client_count=0)
    balancer = case.balancer(farm)
    inner = case.lab.namespace("in")
    if case.broken == "outside":
        farm.attach(inner, "198.18.0.99")
    else:
        farm.topology.plug("in", inner)
        inner.ip("address add 10.20.0.99/24 dev eth0", "route add default via 10.20.0.1")
    wires = [
        Capture(case.lab, s.space, "eth0", "udp port 500 or udp port 4500") for s in farm.servers
    ]
    before = balancer.drops().get("client_on_farm_subnet", 0)
    with crafted.udp_socket(inner, "0.0.0.0", 500) as one:
        for _ in range(10):
            one.sendto(ikewire.init_request(ikewire.new_spi()), (farm.vip, 500))
    if case.broken:
        case.eventually(
            lambda: any(wire.packets() for wire in wires), 10, "traffic to the VIP arrives"
        )
    else:
        case.eventually(
            lambda: balancer.drops().get("client_on_farm_subnet", 0) - before == 10,
            10,
            "client_on_farm_subnet counts 10 packets",
        )
    reached = sum(len(wire.stop()) for wire in wires)
    case.check(reached == 0, f"{reached} packets reached a server")
