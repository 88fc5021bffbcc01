# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What an attacker has: hosts of his own that send from other people's addresses, a tap on a
provider's cable, and his own logins, good or bad. He has nobody's keys but his own.

    c9 ─ [isp] ─ tap ── [lb]     his port 500 is his own, so that IKE_SA_INIT is answered to him;
                                 his port 4500 is whoever's he says
"""

from __future__ import annotations

import contextlib
import time
from typing import Iterator

from lab import dualstack
from lab.capture import Capture, Packet
from lab.farm import Client, Server
from lab.netns import Namespace
from lab.peers import Habits
from lab.ping import Ping
from testlib import ikewire
from testlib.stage import Side, Stage, Walker

WRONG = Habits(secret="a guess", dpd="0s")
SILENT = Habits(dpd="0s")  # says nothing by itself: its last request stays the last one
Tuple = tuple[str, int]


class Tap:
    """All IKE between a provider and the balancer."""

    def __init__(self, stage: Stage, side: Side):
        wanted = "udp port 500 or (udp port 4500 and udp[8:4] == 0)"
        self._capture = Capture(
            stage.case.lab, side.isp.space, "uplink", wanted, name=f"tap-{side.name}"
        )
        self._vip = side.isp.vip

    def requests(self, source: str, exchange: int) -> list[Packet]:
        return [
            packet
            for packet in self._capture.packets()
            if packet.source == source and (packet.ike() or ())[1:] == (exchange, True)
        ]

    def spis(self, source: str) -> set[str]:
        """Of the SAs that were begun from there, SPIi in hexadecimal."""
        return {packet.ike()[0] for packet in self.requests(source, ikewire.IKE_SA_INIT)}

    def answered(self, spis: set[str]) -> set[Tuple]:
        """Where answers on port 4500 about these SAs went."""
        return {
            (packet.destination, packet.destination_port)
            for packet in self._capture.packets()
            if packet.source == self._vip
            and packet.source_port == 4500
            and (ike := packet.ike())
            and ike[0] in spis
            and not ike[2]
        }


def place(stage: Stage, walker: Walker) -> Tuple:
    """What the Internet sees of the walker's port 4500."""
    if walker.client.behind_nat:
        return stage.nat(walker.side).of(walker.client).natt
    return walker.client.outside, 4500


def disguise(client: Client, source: Tuple) -> None:
    """From now on the host's port 4500 is seen as that one, by those it sends to."""
    address, port = source
    family = "ip6" if ":" in address else "ip"
    target = f"[{address}]:{port}" if family == "ip6" else f"{address}:{port}"
    client.space.nft_table(
        "disguise",
        " chain out {\n  type nat hook postrouting priority srcnat\n"
        f"  udp dport 4500 snat to {target}\n }}\n",
        family,
    )
    client.space.forget_connections()


def stranger(stage: Stage, side: Side, *, not_of: Server, habits: Habits = SILENT) -> Client:
    """A client that comes to another server than that one, not yet started."""
    address = stage.elsewhere(side, not_of)
    return stage.farm.add_client(stage.name(), address, side.isp, habits=habits)


def client_over_v6(stage: Stage, address: str, **options) -> Client:
    """A client, not yet started, at an IPv6 address."""
    client = stage.farm.add_client(stage.name(), stage.ikelb.address(), stage.farm.isp, **options)
    dualstack.attach(client.space, address)
    client.address = client.outside = address
    return client


def login(stage: Stage, client: Client, *, vip: str = "") -> None:
    """Begins to connect, and goes on trying."""
    stage.farm.start_clients([client], vip=vip)
    client.charon.initiate(timeout=1)


def refused(stage: Stage, own: str, where: Tuple) -> bool:
    """A server has answered IKE_AUTH there, of an SA that was begun at his own address."""
    seen = [one for server in stage.farm.servers for one in server.charon.log.received()]
    his = {one.spi_i for one in seen if one.source == own}
    return any(
        (one.source, one.source_port, one.exchange) == (*where, "IKE_AUTH")
        and one.answered
        and one.spi_i in his
        for one in seen
    )


def neighbour(stage: Stage, victim: Walker, habits: Habits = SILENT) -> Client:
    """A connected user of another server than the victim's."""
    client = stranger(stage, victim.side, not_of=victim.home, habits=habits)
    stage.connect([client])
    return client


def esp_spi(client: Client) -> int:
    """The SPI of the client's newest ESP SA to its server."""
    children = [
        child
        for sa in client.charon.established()
        for child in sa["child-sas"].values()
        if child.get("state") == "INSTALLED"
    ]
    newest = max(children, key=lambda child: int(child["uniqueid"]))
    return int(newest["spi-out"], 16)


def sa_at(server: Server, client: Client, where: Tuple) -> dict:
    """The client's SA at its server, if the server has it there."""
    for sa in server.charon.established():
        at = sa["remote-host"], int(sa["remote-port"])
        if at == where and sa["remote-id"].startswith(f"{client.name}@"):
            return sa
    return {}


@contextlib.contextmanager
def download(stage: Stage, server: Server, client: Client, where: Tuple) -> Iterator[None]:
    """The server's ESP to the client goes there all the time."""
    sa = sa_at(server, client, where)
    (child,) = sa["child-sas"].values()
    with EspTap(stage, client.isp.space, "uplink", int(child["spi-out"], 16)) as esp:
        origin = ("-I", server.inside)
        ping = Ping(server.space, sa["remote-vips"][0], interval=0.03, options=origin)
        stage.case.eventually(lambda: where in esp.to(), 2, f"ESP of {server.name} to {where}")
        yield
        ping.stop()


class EspTap:
    """ESP of one SPI on a cable."""

    def __init__(self, stage: Stage, space: Namespace, device: str, spi: int):
        wanted = f"udp port 4500 and udp[8:4] == {spi:#x}"
        name = f"esp-{spi:08x}-{space.label}"
        self._capture = Capture(stage.case.lab, space, device, wanted, name=name)

    def to(self) -> set[Tuple]:
        return {(p.destination, p.destination_port) for p in self._capture.packets()}

    def sources(self) -> set[Tuple]:
        return {(p.source, p.source_port) for p in self._capture.packets()}

    def __enter__(self) -> EspTap:
        return self

    def __exit__(self, *_) -> None:
        self._capture.stop()


def forged_esp(stage: Stage, side: Side, source: Tuple, spi: int, count: int) -> None:
    """Packets of that SPI with advancing numbers, over more than a second if there are thirty."""
    for number in range(count):
        stage.forge(side, source, 4500, ikewire.esp(spi, 100_000 + number))
        time.sleep(0.05)  # what the server is heard at counts by the second
