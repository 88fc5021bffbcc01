# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The kernel's twin of each port: ARP, ping and addresses work as on any Linux router.

    [isp] 198.51.100.254 ── wan0 [lb] lan0 ── s1 10.20.0.11
                            ext: 198.51.100.1, VIP 203.0.113.10
                            int: 10.20.0.1

Twin stopped: ikelbd is stopped; nobody may answer.
"""

import json

from lab.ping import Ping
from testlib import crafted

TWINS = {"stopped": "ping"}


def addresses_of(space, device):
    shown = json.loads(space.run(["ip", "-json", "address", "show", "dev", device]).stdout)[0]
    return {a["local"] for a in shown["addr_info"]}, shown["address"]


def neighbour(space, address):
    for entry in json.loads(space.run(["ip", "-json", "neighbour", "show", address]).stdout):
        if "lladdr" in entry:
            return entry["lladdr"]
    return None


def run(case):
    farm = case.farm(client_count=0)
    balancer = case.balancer(farm)
    isp, server = farm.isp.space, farm.servers[0].space
    # The VIP on the link itself: the provider's router asks for it by ARP.
    isp.ip(f"route replace {farm.vip}/32 dev uplink")
    if case.broken == "stopped":
        balancer.stop()
    for space, target in (
        (isp, "198.51.100.1"),
        (isp, farm.vip),
        (server, "10.20.0.1"),
        (server, farm.vip),
    ):
        case.equal(
            str(Ping(space, target, count=3).result()), "3/3", f"ping {target} from {space.label}"
        )
    addresses, mac = addresses_of(farm.lb, "ext")
    case.check({"198.51.100.1", farm.vip} <= addresses, f"addresses of ext: {sorted(addresses)}")
    for target in ("198.51.100.1", farm.vip):
        case.equal(neighbour(isp, target), mac, f"MAC that ARP gives for {target}")
    case.equal(
        neighbour(server, "10.20.0.1"),
        addresses_of(farm.lb, "int")[1],
        "MAC that ARP gives for 10.20.0.1",
    )
    ping_from_inside(case, farm)
    served_while_the_kernel_has_it(case, farm)


def ping_from_inside(case, farm):
    for target in ("198.51.100.254", "10.20.0.11"):
        case.equal(
            str(Ping(farm.lb, target, count=3).result()),
            "3/3",
            f"ping {target} from the balancer's kernel",
        )


def served_while_the_kernel_has_it(case, farm):
    """`announce: address`: whoever moves the VIP (VRRP, an operator) moves the service."""
    farm.isp.space.ip(f"route replace {farm.vip}/32 via 198.51.100.1")
    servers = crafted.responders(farm)
    crowd = crafted.Crowd(farm.crowd(), crafted.addresses(4), farm.vip)
    case.check(not crowd.init(), "no answer while the kernel has the VIP")
    farm.lb.ip(f"address del {farm.vip}/32 dev ext")
    case.eventually(
        lambda: len(crowd.init(timeout=0.4)) == 4, 10, "service ends when the kernel loses the VIP"
    )
    farm.lb.ip(f"address add {farm.vip}/32 dev ext")
    case.eventually(
        lambda: not crowd.init(timeout=2), 10, "service is back when the kernel has the VIP again"
    )
    crowd.close()
    for server in servers:
        server.close()
