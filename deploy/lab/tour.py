# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What to type in a second terminal while a lab is up."""

from __future__ import annotations

from .farm import Farm
from .ikelbd import Ikelbd


def of_balancer(balancer: Ikelbd) -> list[str]:
    control = f"{balancer.control_program} --socket {balancer.config['admin']['socket']}"
    first = balancer.config["pools"][0]["backends"][0]["name"]
    return [
        f"{control} status   # or: backends, flows, drops",
        f"{control} drain {first} --mode refuse",
    ]


def of_farm(farm: Farm) -> list[str]:
    prefix = farm.lab.prefix
    pings = [
        f"ip netns exec {prefix}{client.name} ping {farm.servers[0].inside}"
        for client in farm.clients[:1]
    ]
    return [
        f"ip netns exec {prefix}lb ip -br address   # the kernel's view of ikelb",
        *pings,
        f"ip netns exec {prefix}isp tcpdump -ni uplink udp port 500 or udp port 4500",
    ]


def logs(farm: Farm, balancers: list[Ikelbd]) -> str:
    files = [balancer.log_file for balancer in dict.fromkeys(balancers)]
    files += [server.charon.log.path for server in farm.servers[:1] if server.charon]
    return "    ".join(f"less {file}" for file in files)
