# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The balancer's seat: the namespace between clients and servers, and what whoever sits there has
to know.

    uplink ── wan0 [lb] lan0 ── sw

ikelbd takes the cables' ends by a DPDK driver, the kernel as they are (see kernel), a guest by a
TAP device that a bridge joins to each. None of them is there when a seat is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from .netns import Namespace, veth


@dataclass(frozen=True)
class Net:
    """A network that the balancer is on, a /24 and a /64. Its hosts have the same last number in
    both: a provider's router 254, in hexadecimal fe, and `balancer` 1, if there is no other."""

    v4: str
    v6: str
    balancer: int = 1

    @property
    def prefix(self) -> str:
        return f"{self.v4}.0/24"

    @property
    def prefix6(self) -> str:
        return f"{self.v6}::/64"

    @property
    def own(self) -> str:
        """The balancer's address."""
        return f"{self.v4}.{self.balancer}"

    @property
    def own6(self) -> str:
        return f"{self.v6}::{self.balancer:x}"

    @property
    def router(self) -> str:
        """The provider's."""
        return f"{self.v4}.254"

    @property
    def router6(self) -> str:
        return f"{self.v6}::fe"


@dataclass(frozen=True)
class Cable:
    """The end of a cable: `port` is ikelb's name for it, `device` the kernel's."""

    port: str
    device: str


@dataclass(frozen=True)
class Interface:
    """An interface that the balancer has to have, with its own addresses of the network."""

    name: str
    cable: Cable
    side: str
    net: Net
    vlan: int | None = None

    def config(self) -> dict:
        """In ikelb's words, of IPv4."""
        return {
            "name": self.name,
            "port": self.cable.port,
            **({} if self.vlan is None else {"vlan": self.vlan}),
            "addresses": [f"{self.net.own}/24"],
            "side": self.side,
        }


class Seat:
    """A topology fills it: with cables, interfaces on them, and routes {to: via}."""

    def __init__(self, space: Namespace, *, mtu: int = 1500, queues: int = 1):
        self.space, self.mtu, self.queues = space, mtu, queues
        self.cables: list[Cable] = []
        self.interfaces: list[Interface] = []
        self.routes: dict[str, str] = {}

    def cable(self, port: str, device: str, there: Namespace, there_device: str) -> Cable:
        """One more cable, from the seat to a device there."""
        veth(there, there_device, self.space, device, mtu=self.mtu, queues=self.queues)
        made = Cable(port, device)
        self.cables.append(made)
        return made

    def interface(
        self, name: str, cable: Cable, side: str, net: Net, vlan: int | None = None
    ) -> None:
        self.interfaces.append(Interface(name, cable, side, net, vlan))

    def config(self, device: Callable[[int, Cable], str] | None = None) -> dict:
        """The seat in ikelb's words; `device` says by which DPDK device it has the n-th cable. For
        the kernel they are what they are."""
        device = device or (lambda _, cable: cable.device)
        return {
            "ports": [
                {"name": cable.port, "device": device(number, cable), "mtu": self.mtu}
                for number, cable in enumerate(self.cables)
            ],
            "interfaces": [interface.config() for interface in self.interfaces],
            "routes": [{"to": to, "via": via} for to, via in self.routes.items()],
        }
