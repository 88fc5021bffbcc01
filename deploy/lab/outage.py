# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Takes one server down and watches: when ikelb knows it, and where its clients go."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .capture import Capture, Packet
from .farm import Client, Farm, Server
from .ikelbd import Ikelbd
from .shell import LabError, wait_until


@dataclass
class Outage:
    """What was seen. Times are seconds after the cable was cut; None: did not happen."""

    server: Server
    clients: list[Client]
    detected: float | None = None  # ikelbctl said `down`
    log_line: str = ""
    echoes_lost: int = 0  # echo requests on the wire without a reply, until detection
    last_reply: float | None = None  # last echo reply on the wire, before the cut: negative
    reconnected: dict[str, tuple[str, float]] = field(default_factory=dict)

    def faults(self) -> list[str]:
        found = []
        if self.detected is None:
            found.append(f"{self.server.name} is down and ikelbctl still says up")
        missing = [c.name for c in self.clients if c.name not in self.reconnected]
        if missing:
            found.append(f"not back on another server: {', '.join(missing)}")
        return found


def busiest(farm: Farm) -> tuple[Server, list[Client]]:
    """The server with most tunnels, by its own list, and the clients on it."""

    def on(server: Server) -> list[Client]:
        spis = {sa["initiator-spi"] for sa in server.charon.established()}
        return [
            c
            for c in farm.clients
            if any(sa["initiator-spi"] in spis for sa in c.charon.established())
        ]

    return max(((s, on(s)) for s in farm.servers), key=lambda pair: len(pair[1]))


def _echoes(outage: Outage, packets: list[Packet], cut: float) -> None:
    """Fills in what the wire showed: the last reply, and the requests that nobody answered."""
    address, until = outage.server.address, cut + (outage.detected or 0)
    replies = [p.time for p in packets if p.is_icmp and p.icmp_type[0] == 0 and p.source == address]
    lost = [
        p.time
        for p in packets
        if p.is_icmp
        and p.icmp_type[0] == 8
        and p.destination == address
        and p.time > (replies[-1] if replies else cut)
        and p.time <= until
    ]
    outage.last_reply = replies[-1] - cut if replies else None
    outage.echoes_lost = len(lost)


def _new_homes(farm: Farm, down: Server) -> dict[str, str]:
    """{initiator SPI: server} over the servers that are left."""
    return {
        sa["initiator-spi"]: s.name
        for s in farm.servers
        if s is not down
        for sa in s.charon.established()
    }


def _await_clients(farm: Farm, outage: Outage, cut: float, timeout: float) -> None:
    def all_back() -> bool:
        homes = _new_homes(farm, outage.server)
        for client in outage.clients:
            if client.name in outage.reconnected:
                continue
            for sa in client.charon.established():
                if home := homes.get(sa["initiator-spi"]):
                    outage.reconnected[client.name] = (home, time.time() - cut)
        return len(outage.reconnected) == len(outage.clients)

    try:
        wait_until(all_back, timeout, "clients on another server", interval=0.1)
    except LabError:
        pass  # who is missing is told by faults()


def happen(farm: Farm, balancer: Ikelbd, *, timeout: float = 30.0) -> Outage:
    """Cuts off and stops the busiest server; returns once its clients are back elsewhere, or at the
    deadline."""
    server, clients = busiest(farm)
    outage = Outage(server, clients)
    wire = Capture(farm.lab, farm.switch, "lb", "icmp", name=f"outage-{server.name}")
    known = len(balancer.log())
    cut = time.time()
    server.cut()
    server.charon.kill()
    try:
        balancer.wait_state(server.name, "down", timeout)
        outage.detected = time.time() - cut
    except LabError:
        pass  # told by faults()
    outage.log_line = next(
        (
            line
            for line in balancer.log()[known:].splitlines()
            if server.name in line and "down" in line
        ),
        "",
    )
    _await_clients(farm, outage, cut, timeout)
    _echoes(outage, wire.stop(), cut)
    return outage


def mend(farm: Farm, balancer: Ikelbd, server: Server) -> float:
    """Brings the server back; seconds until ikelb calls it up."""
    begun = time.monotonic()
    server.mend()
    server.charon.start()
    server.charon.ready()
    balancer.wait_state(server.name, "up", 30)
    return time.monotonic() - begun
