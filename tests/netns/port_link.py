# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A port on a kernel device has the link of that device.

    isp ── wan0 [lb] lan0 ── lb [sw] ── s1

The farm's cable is pulled at the switch, later put back: `status`, the metrics and the log say so
of this port and of no other. On both drivers of the lab. Twin elsewhere: another cable is pulled.
"""

import re

TWINS = {"elsewhere": "the link of lan is down"}
DRIVERS = ("af_xdp", "af_packet")


def links(balancer):
    """{port: up} by status; it must be what the metrics say."""
    return {p["name"]: p["link"] == "up" for p in balancer.query("status")["ports"]}


def by_metrics(balancer):
    return {p: v == "1" for p, v in re.findall(r'ikelb_port_up{port="(\w+)"} (\S+)',
                                               balancer.metrics())}  # fmt: skip


def run(case):
    farm = case.farm(client_count=0, server_count=1)
    cable = "s1" if case.broken == "elsewhere" else "lb"
    for driver in DRIVERS[:1] if case.broken else DRIVERS:
        farm.driver = driver
        balancer = case.balancer(farm, farm.config())
        case.equal(links(balancer), {"wan": True, "lan": True}, f"{driver}: links at first")
        for verb, is_up, word in (("down", False, "down"), ("up", True, "up")):
            farm.switch.ip(f"link set {cable} {verb}")
            want = {"wan": True, "lan": is_up}
            case.eventually(
                lambda want=want: links(balancer) == by_metrics(balancer) == want,
                5,
                f"{driver}: the link of lan is {word}",
            )
            case.check(f"port lan: link is {word}" in balancer.log(), f"{driver}: no log line")
        case.check("port wan: link" not in balancer.log(), f"{driver}: a log line about wan")
        balancer.wait_state("s1", "up")
        balancer.stop()
