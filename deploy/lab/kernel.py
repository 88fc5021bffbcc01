# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The kernel in the balancer's seat: a router that owns the VIPs, with the addresses and routes of
a configuration of ikelb's. `spread` makes it a balancer by the hash of the client's address, with
connection tracking; other rules make another one.
"""

from __future__ import annotations

from pathlib import Path

from . import trunk
from .netns import veth
from .seat import Seat
from .topology import FARM

TABLE = "spread"


class Kernel:
    """`take` and `leave` may be repeated."""

    def __init__(self, seat: Seat, log: Path):
        self.seat, self.space, self._log = seat, seat.space, log
        self._devices: dict[str, str] = {}  # by interface
        self._vips: list[str] = []

    def take(self, config: dict) -> None:
        if not self._devices:
            self._devices = self._connect(config["interfaces"])
        self._vips = [service["vip"] for service in config["services"]]
        self.space.forward()
        self.space.ip(
            *(
                f"address replace {address} dev {self._devices[interface['name']]}"
                for interface in config["interfaces"]
                for address in interface["addresses"]
            ),
            *(f"route replace {route['to']} via {route['via']}" for route in config["routes"]),
            *(f"address replace {vip}/32 dev lo" for vip in self._vips),
        )

    def leave(self) -> None:
        """Takes addresses and translation away; afterwards nothing is forwarded."""
        self.space.run(["nft", "delete", "table", "ip", TABLE], check=False)
        self.space.sysctl({"net/ipv4/ip_forward": 0})
        self.space.ip(
            *(f"address flush dev {device}" for device in self._devices.values()),
            *(f"address flush dev lo to {vip}/32" for vip in self._vips),
        )
        self.space.forget_connections()

    def _connect(self, interfaces: list[dict]) -> dict[str, str]:
        """{interface: device}. The kernel has no VLAN devices: a trunk gives it one for each."""
        cables = {cable.port: cable.device for cable in self.seat.cables}
        found, tagged = {}, {}
        for interface in interfaces:
            device = cables[interface["port"]]
            if vlan := interface.get("vlan"):
                tagged[vlan] = f"tag{vlan}"
                veth(self.space, tagged[vlan], self.space, f"vlan{vlan}")
                trunk_device, device = device, f"vlan{vlan}"
            found[interface["name"]] = device
        if tagged:
            trunk.start(self.space, trunk_device, tagged, self._log)
        return found

    def spread(self, servers: list[str], *, seed: str = "") -> None:
        """Whoever comes to a VIP goes to one of these servers, from now on; nobody comes to a
        server but by a VIP. With a seed the hash is the same in each run."""
        table = ", ".join(f"{n} : {address}" for n, address in enumerate(servers))
        choice = f"jhash ip saddr mod {len(servers)} {seed and f'seed {seed} '}map {{ {table} }}"
        rules = "".join(
            f"  ip daddr {vip} udp dport {{ 500, 4500 }} dnat to {choice}\n" for vip in self._vips
        )
        self.space.nft_table(
            TABLE,
            " chain in {\n  type nat hook prerouting priority dstnat\n" + rules + " }\n"
            " chain guard {\n  type filter hook forward priority filter\n  ct status dnat accept\n"
            f"  ip daddr {FARM.prefix} udp dport {{ 500, 4500 }} drop\n }}\n",
        )
