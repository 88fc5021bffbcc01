# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Service UDP and ESP to a server's own address are dropped and counted: only the VIP leads there.

    crowd, [out] ── [isp] ── wan0 [lb] lan0 ──┬── s1 10.20.0.11   capture
     UDP 500, 4500, ESP to 10.20.0.11         └── s2

Twin vip: the same packets go to the VIP; they must be seen to arrive.
"""

import socket

from lab.capture import Capture
from testlib import crafted, ikewire

TWINS = {"vip": "reached the server"}


def run(case):
    farm = case.farm(client_count=0)
    balancer = case.balancer(farm)
    server, outside = farm.servers[0], farm.outside_host()
    target = farm.vip if case.broken == "vip" else server.address
    wires = [Capture(case.lab, s.space, "eth0", "udp or esp") for s in farm.servers]
    before = balancer.drops().get("direct_to_backend", 0)
    sent = 0
    for port, payload in (
        (500, ikewire.init_request(ikewire.new_spi())),
        (4500, ikewire.MARKER + ikewire.init_request(ikewire.new_spi())),
        (4500, ikewire.esp(0x01020304, 1)),
    ):
        with crafted.udp_socket(outside, "0.0.0.0", 0) as one:
            for _ in range(10):
                one.sendto(payload, (target, port))
                sent += 1
    with outside.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ESP) as raw:
        for number in range(10):
            raw.sendto(ikewire.esp(0x01020304, number), (target, 0))
            sent += 1
    if not case.broken:
        case.eventually(
            lambda: balancer.drops().get("direct_to_backend", 0) - before >= sent,
            10,
            f"direct_to_backend counts the {sent} packets",
        )
    else:
        case.eventually(
            lambda: any(wire.packets() for wire in wires), 10, "traffic to the VIP arrives"
        )
    reached = sum(len(wire.stop()) for wire in wires)
    case.check(reached == 0, f"{reached} packets reached the server")
    case.equal(balancer.drops().get("direct_to_backend", 0) - before, sent, "direct_to_backend")
    case.note(f"{sent} packets dropped and counted")
