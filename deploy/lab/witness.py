# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What the peers and the wire tell about each client, side by side.

Real sources come from a capture between clients and ISP, before anything could change them; what
the servers saw comes from the servers' own logs; the two are joined by the SA's initiator SPI.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .capture import Capture, Packet
from .charonlog import Seen
from .farm import Client, Farm
from .ping import Echoes, through_tunnels

IKE_SA_INIT, IKE_AUTH = 34, 35


def _name(exchange: int) -> str:
    return {IKE_SA_INIT: "IKE_SA_INIT", IKE_AUTH: "IKE_AUTH"}[exchange]


@dataclass
class Sighting:
    """One phase of one client's SA: the source on the wire, and who saw it as what."""

    port: int
    real: str = ""
    seen: str = ""
    server: str = ""
    answered: bool = False
    returned: bool = False  # the wire shows an answer from the VIP


@dataclass
class Row:
    client: Client
    spi: str
    init: Sighting
    auth: Sighting
    established: bool = False
    pings: dict[str, Echoes] = field(default_factory=dict)

    @property
    def pinged(self) -> tuple[str, Echoes]:
        """The server that answers through the tunnel, and how often."""
        if not self.pings:
            return "", Echoes(0, 0)
        return max(self.pings.items(), key=lambda item: item[1].received)

    def faults(self) -> list[str]:
        """Each wrong thing in the words of what a peer saw; empty when all is right."""
        # A phase that failed explains all that did not come after it.
        if found := self._phase_faults(self.init) or self._phase_faults(self.auth):
            return found
        if self.init.server != self.auth.server:
            found.append(
                f"{self.client.name}: port 500 came to {self.init.server}, "
                f"port 4500 to {self.auth.server}"
            )
        if not self.established:
            found.append(f"{self.client.name}: no tunnel")
        server, echoes = self.pinged
        if not echoes.all:
            found.append(f"{self.client.name}: ping through the tunnel {echoes}")
        elif server != self.auth.server:
            found.append(
                f"{self.client.name}: tunnel ends at {server}, IKE_AUTH came to {self.auth.server}"
            )
        return found

    def _phase_faults(self, sighting: Sighting) -> list[str]:
        name, port = self.client.name, sighting.port
        if not sighting.real:
            return [f"{name}: sent nothing to port {port}"]
        if not sighting.seen:
            return [f"{name}: sent from {sighting.real} to port {port}, no server saw it"]
        if sighting.seen != sighting.real:
            return [f"{name}: sent from {sighting.real}, {sighting.server} saw {sighting.seen}"]
        if not sighting.answered:
            return [f"{name}: {sighting.server} did not answer on port {port}"]
        if not sighting.returned:
            return [
                f"{name}: {sighting.server} answered on port {port}, "
                "no answer from the VIP came back"
            ]
        return []


@dataclass
class Totals:
    """Counts over all clients, for the verdict."""

    sent: int = 0
    received: int = 0
    answered: int = 0
    returned: int = 0


class Witness:
    """Watches a farm from before the first packet. `capture` runs on the ISP's client side."""

    def __init__(self, farm: Farm):
        self.farm = farm
        self.capture = Capture(
            farm.lab,
            farm.isp.space,
            "acc",
            "udp port 500 or udp port 4500 or ip[6:2] & 0x1fff != 0",
            name="clients-side",
        )

    def _server_views(self) -> list[tuple[str, Seen]]:
        return [
            (s.name, seen)
            for s in self.farm.servers
            if s.charon
            for seen in s.charon.log.received()
        ]

    def _spi(self, client: Client, packets: list[Packet]) -> tuple[str, bool]:
        """Initiator SPI of the client's present SA and whether it is up; else of its last try on
        the wire."""
        up = client.charon.established()
        if up:
            return up[-1]["initiator-spi"], True
        trying = [sa["initiator-spi"] for sa in client.charon.sas()]
        if trying:
            return trying[-1], False
        tries = [p.ike()[0] for p in packets if p.is_udp and p.source == client.outside and p.ike()]
        return (tries[-1] if tries else ""), False

    @staticmethod
    def _sighting(
        client: Client,
        spi: str,
        exchange: int,
        port: int,
        packets: list[Packet],
        views: list[tuple[str, Seen]],
    ) -> Sighting:
        result = Sighting(port)
        for packet in packets:
            if not packet.is_udp or (ike := packet.ike()) is None or ike[:2] != (spi, exchange):
                continue
            if ike[2] and packet.destination_port == port:
                result.real = result.real or f"{packet.source}:{packet.source_port}"
            elif (packet.source, packet.source_port) == (client.isp.vip, port):
                result.returned = True
        for server, seen in views:
            if (seen.spi_i, seen.exchange, seen.destination_port) == (spi, _name(exchange), port):
                result.server = result.server or server
                result.seen = result.seen or f"{seen.source}:{seen.source_port}"
                result.answered |= seen.answered
        return result

    def rows(self, clients: list[Client] | None = None, *, pings: int = 5) -> list[Row]:
        """The table's rows; pings run through all tunnels at once."""
        chosen = clients if clients is not None else self.farm.clients
        packets, views, rows = self.capture.packets(), self._server_views(), []
        for client in chosen:
            spi, up = self._spi(client, packets)
            rows.append(
                Row(
                    client,
                    spi,
                    self._sighting(client, spi, IKE_SA_INIT, 500, packets, views),
                    self._sighting(client, spi, IKE_AUTH, 4500, packets, views),
                    up,
                )
            )
        echoes = through_tunnels(
            [r.client for r in rows if r.established], self.farm.servers, pings
        )
        for row in rows:
            row.pings = echoes.get(row.client.name, {})
        return rows

    def totals(self) -> Totals:
        """IKE packets so far, repeated ones as well, on the clients' side and in the servers'
        logs, which have none of those that charon answers with a COOKIE."""
        packets = [p for p in self.capture.packets() if p.is_udp and p.ike()]
        views = [seen for _, seen in self._server_views()]
        vips = {isp.vip for isp in self.farm.isps}
        return Totals(
            sent=sum(p.destination in vips for p in packets),
            received=len(views),
            answered=sum(seen.answered for seen in views),
            returned=sum(p.source in vips for p in packets),
        )
