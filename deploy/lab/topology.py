# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""How clients, balancer and servers are joined. All topologies have in common

    c1 .. cN ── acc [isp] uplink ──        [lb]        ── [sw] sw ── eth0 s1 .. sN

and differ in the cables between. Each [name] is a namespace, `acc` and `sw` are switches.
198.18.0.0/16 are the clients, 203.0.113.10 is the VIP, 10.20.0.0/24 the farm with the balancer as
its default gateway. Who is the balancer is not known here: it takes the seat [lb] (see seat).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import trunk
from .netns import Namespace, bridge, plug, veth
from .seat import Cable, Interface, Net, Seat
from .session import Lab
from .shell import LabError

FARM = Net("10.20.0", "fd00:20")
GATEWAY = FARM.own  # the servers' default gateway


def numbered(word: str, number: int) -> str:
    """The word for what each provider has one of: the second has a 2 behind it."""
    return f"{word}{number + 1}" if number else word


@dataclass
class Isp:
    """One upstream provider: `number` 0 serves 198.18.0.0/16, 1 serves 198.20.0.0/16."""

    number: int
    space: Namespace

    @classmethod
    def build(cls, lab: Lab, number: int) -> Isp:
        """An access network with its router, connected to nothing yet."""
        isp = cls(number, lab.namespace(numbered("isp", number)))
        bridge(isp.space, "acc")
        isp.space.ip(f"address add {isp.client_net}.1/16 dev acc")
        isp.space.forward()
        return isp

    @property
    def wide_net(self) -> str:
        return f"198.{18 + 2 * self.number}"

    @property
    def client_net(self) -> str:
        return f"{self.wide_net}.0"

    @property
    def uplink(self) -> Net:
        """Its network to a balancer that has an arm for it."""
        return Net(f"198.51.{100 + self.number}", f"2001:db8:{51 + self.number}")

    @property
    def vip(self) -> str:
        return f"203.0.113.{10 * (self.number + 1)}"

    def plug(self, port: str, space: Namespace, device: str = "eth0") -> None:
        """A cable from a port of the access network."""
        plug(self.space, "acc", port, space, device)

    def address(self, space: Namespace, address: str) -> None:
        """Its address on the access network, and its default route."""
        space.ip(
            f"address add {address}/16 dev eth0",
            f"route replace default via {self.client_net}.1",
        )

    def attach(self, space: Namespace, address: str) -> None:
        """Puts a namespace on the access network, its default route through the ISP."""
        self.plug(space.label, space)
        self.address(space, address)


class Topology:
    """Builds all but clients and servers. One more TwoArmed at the `switch` of a farm is a second
    balancer beside the first, with providers, a seat and a host number of its own."""

    name = ""
    is_single = True  # one provider, and one queue in each of the seat's cables
    is_relayed = False  # a process stands in the cables, and is slow

    def __init__(
        self,
        lab: Lab,
        isps: list[Isp],
        *,
        switch: Namespace | None = None,
        seat: str = "lb",
        host: int = 1,
        mtu: int = 1500,
        queues: int = 1,
    ):
        if self.is_single and (len(isps), queues) != (1, 1):
            raise LabError(f"the topology {self.name} is made for one provider and one queue")
        self.lab, self.isps, self.mtu = lab, isps, mtu
        self.farm_net = replace(FARM, balancer=host)
        self.seat = Seat(lab.namespace(seat), mtu=mtu, queues=queues)
        self.switch = switch or self._new_switch()
        self.connect()
        for isp in isps:
            self._lead(isp)

    def connect(self) -> None:
        """The cables of the seat, and its interfaces on them."""
        raise NotImplementedError

    def net(self, isp: Isp) -> Net:
        """The network that the provider's router and the balancer share."""
        return isp.uplink

    @property
    def behind(self) -> list[Net]:
        """Networks that a provider's router reaches by the balancer alone."""
        return [one.net for one in self.seat.interfaces if one.side == "servers"]

    def ingress(self, isp: Isp) -> Interface:
        """Where the provider's clients come in."""
        return next(one for one in self.seat.interfaces if one.net == self.net(isp))

    def plug(self, port: str, space: Namespace, device: str = "eth0") -> None:
        """A cable from a port of the farm's switch."""
        plug(self.switch, "sw", port, space, device, mtu=self.mtu)

    def join(self, name: str, device: str) -> Cable:
        """A cable from the seat to the farm's switch."""
        port = self.seat.space.label
        made = self.seat.cable(name, device, self.switch, port)
        self.switch.ip(f"link set {port} master sw")
        return made

    def _new_switch(self) -> Namespace:
        space = self.lab.namespace("sw")
        bridge(space, "sw")
        return space

    def _lead(self, isp: Isp) -> None:
        """The provider's router finds the VIP, and the farm, by the balancer; and that finds the
        provider's clients, the first one's with all the Internet."""
        net = self.net(isp)
        isp.space.ip(
            f"address add {net.router}/24 dev uplink",
            f"route add {isp.vip}/32 via {net.own}",
            *(f"route add {far.prefix} via {net.own}" for far in self.behind),
        )
        to = "0.0.0.0/0" if isp is self.isps[0] else f"{isp.client_net}.0/16"
        self.seat.routes[to] = net.router


class TwoArmed(Topology):
    """A cable to each provider, and one to the servers.

        acc [isp]  uplink ── wan0 ┌────┐
               198.51.100.0/24    │ lb │ lan0 ────── [sw] sw ── eth0 s1 .. sN
        acc [isp2] uplink ── wan1 └────┘   10.20.0.0/24
               198.51.101.0/24
    """

    name = "two-armed"
    is_single = False

    def connect(self) -> None:
        for number, isp in enumerate(self.isps):
            wan = self.seat.cable(f"wan{number or ''}", f"wan{number}", isp.space, "uplink")
            self.seat.interface(numbered("ext", isp.number), wan, "clients", isp.uplink)
        lan = self.join("lan", "lan0")
        self.seat.interface("int", lan, "servers", self.farm_net)
        if self.seat.queues > 1:  # what clients send fills one, what servers send the other
            for isp in self.isps:
                isp.space.send_into_queue("uplink", 0)
            self.switch.send_into_queue(self.seat.space.label, 1)


class OneArmed(Topology):
    """Provider, balancer and servers on one switch, in one network.

        acc [isp] uplink ──┐
                           ├─ [sw] sw ── one0 [lb]
        s1 .. sN eth0 ─────┘     10.20.0.0/24
    """

    name = "one-armed"

    def connect(self) -> None:
        (isp,) = self.isps
        self.plug(isp.space.label, isp.space, "uplink")
        one = self.join("one", "one0")
        self.seat.interface("farm", one, "both", self.farm_net)

    def net(self, isp: Isp) -> Net:
        return self.farm_net


class VlanTrunk(Topology):
    """Both sides over one tagged cable; a process in [sw] does the tagging (see trunk).

        acc [isp] uplink ─────── isp ─10─┐
               198.51.100.0/24           ├─ [sw] ══ trunk0 [lb]
        s1 .. sN eth0 ── sw ─ vlan20 ─20─┘
               10.20.0.0/24
    """

    name = "vlan"
    is_relayed = True
    CLIENTS, SERVERS = 10, 20  # VLAN identifiers

    def connect(self) -> None:
        (isp,) = self.isps
        veth(self.switch, "isp", isp.space, "uplink", mtu=self.mtu)
        self.plug("port20", self.switch, "vlan20")
        cable = self.seat.cable("trunk", "trunk0", self.switch, "lb")
        self.seat.interface("ext", cable, "clients", isp.uplink, self.CLIENTS)
        self.seat.interface("int", cable, "servers", self.farm_net, self.SERVERS)
        access = {self.CLIENTS: "isp", self.SERVERS: "vlan20"}
        trunk.start(self.switch, "lb", access, self.lab.path("trunk.log"))


TOPOLOGIES = {shape.name: shape for shape in (TwoArmed, OneArmed, VlanTrunk)}


def named(shape: type[Topology] | str) -> type[Topology]:
    """A topology by its name; a class stands for itself."""
    if not isinstance(shape, str):
        return shape
    if shape not in TOPOLOGIES:
        raise LabError(f"no such topology: {shape}; there are {', '.join(TOPOLOGIES)}")
    return TOPOLOGIES[shape]
