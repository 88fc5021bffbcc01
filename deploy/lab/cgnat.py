# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A provider's NAT: who is seen from which address and port is set per client, and can change under
a live tunnel.

    client 192.168.N.10 ── [nat] ── access network; all of NET.64.0/24 leads to the NAT
"""

from __future__ import annotations

from dataclasses import dataclass

from .farm import Client, Farm, put_behind
from .netns import Namespace
from .peers import Habits
from .topology import Isp


@dataclass(frozen=True)
class Mapping:
    """What the outside sees of a client: the source of its port 500 and of its port 4500."""

    ike: tuple[str, int]
    natt: tuple[str, int]


class Cgnat:
    """The NAT of one access network, with the clients behind it."""

    def __init__(self, farm: Farm, isp: Isp, label: str):
        self._farm, self._isp = farm, isp
        self.space: Namespace = farm.lab.namespace(label)
        self._mappings: dict[str, Mapping] = {}
        self._count = 0
        isp.attach(self.space, f"{isp.client_net}.210")
        self.space.forward()
        # What no mapping claims must neither go round in circles nor be answered.
        self.space.ip(f"route add blackhole {self.public(0)}/24")
        isp.space.ip(f"route add {self.public(0)}/24 via {isp.client_net}.210")

    def public(self, host: int) -> str:
        """One of the NAT's 256 addresses."""
        return f"{self._isp.wide_net}.64.{host}"

    def add(self, name: str, mapping: Mapping, kind: str = "psk", habits: Habits = Habits()):
        """A client behind the NAT."""
        self._count += 1
        space = self._farm.lab.namespace(name)
        address = put_behind(self.space, space, f"192.168.{self._count}")
        client = Client(
            name, space, address, mapping.natt[0], True, kind, self._isp, habits=habits
        )
        self._mappings[client.address] = mapping
        self._load()
        self._farm.clients.append(client)
        return client

    def of(self, client: Client) -> Mapping:
        return self._mappings[client.address]

    def remap(self, client: Client, mapping: Mapping) -> None:
        """From its next packet on, the client has another address or port, without a word to it."""
        self._mappings[client.address] = mapping
        self._load()
        client.outside = mapping.natt[0]
        self.space.forget_connections(client.address)

    def _load(self) -> None:
        rules = "".join(
            f"  ip saddr {inside} udp dport {port} snat to {outside[0]}:{outside[1]}\n"
            for inside, mapping in self._mappings.items()
            for port, outside in ((500, mapping.ike), (4500, mapping.natt))
        )
        self.space.nft_table(
            "cgnat",
            " chain out {\n  type nat hook postrouting priority srcnat\n" + rules + " }\n",
        )
