# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Both sides on one tagged cable: VLAN 10 leads to the ISP, VLAN 20 to the servers.

    c1..c4 ── [isp] ──10─┐
                         ├─ 802.1Q ── trunk0 [lb]
           s1, s2 ────20─┘

The switch that tags is a process (the kernel here has no VLAN devices). Twin tags: the
configuration has the two VLANs exchanged.
"""

from lab.capture import Capture
from lab.topology import VlanTrunk
from lab.witness import Witness
from testlib import crafted

FOR_CONTROL = True
TWINS = {"tags": "no answer on 500"}


def run(case):
    farm = case.farm(topology=VlanTrunk, client_count=2 if case.broken else 4)
    config = farm.config()
    if case.broken == "tags":
        for interface in config["interfaces"]:
            interface["vlan"] = 30 - interface["vlan"]
        case.make_balancer(farm, config).start()
        servers = crafted.responders(farm)
        crowd = crafted.Crowd(farm.crowd(), crafted.addresses(2), farm.vip)
        case.check(not crowd.init(timeout=2), "no answer on 500")
        for server in servers:
            server.close()
        return
    case.balancer(farm, config)
    cable = Capture(case.lab, farm.switch, "lb", "")
    witness = Witness(farm)
    case.tunnels(farm)
    rows = witness.rows()
    faults = [fault for row in rows for fault in row.faults()]
    case.check(not faults, "; ".join(faults))
    tags = {packet.vlan for packet in cable.stop()}
    case.equal(tags, {10, 20}, "VLANs on the cable")
    case.note(f"{len(rows)} clients over a tagged cable")
