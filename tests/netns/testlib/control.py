# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The control: the kernel as balancer (nftables, jhash of the client's address), same topology.

It shows what plain DNAT does, and that a scenario's checks hold for something other than ikelb. It
has no health checks, no drain and no admin socket.
"""

from __future__ import annotations

from lab import trunk
from lab.farm import Farm
from lab.netns import Namespace, veth


class KernelBalancer:
    """Same surface as lab.ikelbd.Ikelbd as far as a kernel can have it."""

    started_in = 0.0

    def __init__(self, farm: Farm, space: Namespace, config: dict):
        self.farm = farm
        self.space = space
        self.config = config
        self._devices = (
            ["one0"] if farm.arm == "one" else [*(f"wan{i.number}" for i in farm.isps), "lan0"]
        )

    def start(self, *, timeout: float = 60.0) -> None:
        del timeout
        if self.farm.arm == "vlan":
            self._take_tags_off()
        self.space.sysctl(
            {
                "net/ipv4/ip_forward": 1,
                "net/ipv4/conf/all/send_redirects": 0,
                **{f"net/ipv4/conf/{d}/send_redirects": 0 for d in self._devices},
            }
        )
        names = {"farm": "one0", "ext": "wan0", "ext2": "wan1", "int": "lan0"}
        for interface in self.config["interfaces"]:
            for address in interface["addresses"]:
                self.space.ip(f"address replace {address} dev {names[interface['name']]}")
        for route in self.config["routes"]:
            self.space.ip(
                f"route replace {route['to'].replace('0.0.0.0/0', 'default')} via {route['via']}"
            )
        for service in self.config["services"]:
            self.space.ip(f"address replace {service['vip']}/32 dev lo")
        self.space.nft(self._ruleset())
        self._forget_neighbours()

    def _forget_neighbours(self) -> None:
        """Peers that knew ikelbd under these addresses have its MAC addresses, not the kernel's."""
        for peer in (*(i.space for i in self.farm.isps), *(s.space for s in self.farm.servers)):
            peer.ip("neigh flush all")

    def _take_tags_off(self) -> None:
        """The kernel has no VLAN devices: a second user-space switch gives it one interface for
        each VLAN."""
        cables = {}
        for interface, device in zip(self.config["interfaces"], self._devices):
            cables[interface["vlan"]] = f"tag{interface['vlan']}"
            veth(self.space, cables[interface["vlan"]], self.space, device)
        trunk.start(self.space, "trunk0", cables, self.farm.lab.path("control-trunk.log"))

    def _ruleset(self) -> str:
        backends = self.config["pools"][0]["backends"]
        table = ", ".join(f"{n} : {b['address']}" for n, b in enumerate(backends))
        rules = "".join(
            f"  ip daddr {s['vip']} udp dport {{ 500, 4500 }} dnat to jhash ip saddr mod "
            f"{len(backends)} map {{ {table} }}\n"
            for s in self.config["services"]
        )
        return (
            "table ip control {\n chain in {\n  type nat hook prerouting priority dstnat\n"
            + rules
            + " }\n chain guard {\n  type filter hook forward priority filter\n"
            "  ct status dnat accept\n"
            "  ip daddr 10.20.0.0/24 udp dport { 500, 4500 } drop\n }\n}\n"
        )

    def stop(self) -> int:
        """Takes the addresses and the translation away; afterwards the kernel forwards nothing."""
        self.space.run(["nft", "delete", "table", "ip", "control"], check=False)
        self.space.sysctl({"net/ipv4/ip_forward": 0})
        for device in self._devices:
            self.space.ip(f"address flush dev {device}")
        for service in self.config["services"]:
            self.space.run(
                ["ip", "address", "del", f"{service['vip']}/32", "dev", "lo"], check=False
            )
        self.space.run(["conntrack", "-F"], check=False)
        return 0

    def is_running(self) -> bool:
        return True
