# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The control that runs beside ikelbd: a balancer by the hash of the client's address.

    clients 198.26.0.0/16 ── [isp5] ── wan0 [hash] lan0 ── the same servers

The kernel translates (nftables, jhash), with connection tracking, as balancers by source address
do. It has a provider, a VIP and clients of its own; the servers' way back to these clients leads
through it. So a move can be made on both sides at the same moment, towards the same servers.
"""

from __future__ import annotations

from lab.farm import Farm, Server
from lab.kernel import TABLE, Kernel
from lab.topology import Isp, TwoArmed


class SourceHash:
    """Ready when constructed."""

    def __init__(self, farm: Farm):
        self.isp = Isp.build(farm.lab, 4)
        beside = TwoArmed(farm.lab, [self.isp], switch=farm.switch, seat="hash", host=2)
        self.space = beside.seat.space
        self._address = beside.farm_net.own
        self._kernel = Kernel(beside.seat, farm.lab.path("hash.log"))
        self._kernel.take(beside.seat.config() | {"services": [{"vip": self.isp.vip}]})
        for server in farm.servers:
            self.adopt(server)
        self.spread(farm.servers)

    def adopt(self, server: Server) -> None:
        """The server's answers to this side's clients come here."""
        server.space.ip(f"route replace {self.isp.wide_net}.0.0/16 via {self._address}")

    def spread(self, servers: list[Server]) -> None:
        """The hash over these servers, from now on; its seed is fixed: moves are repeatable."""
        self._kernel.spread([server.address for server in servers], seed="0x1ce")

    def believe(self, client: tuple[str, int], server: Server) -> None:
        """What comes from this address and port goes to this server, as if it had been believed
        that its client is there."""
        address, port = client
        self.space.nft(
            f"insert rule ip {TABLE} in ip saddr {address} udp sport {port} "
            f"ip daddr {self.isp.vip} dnat to {server.address}\n"
        )
        self.space.forget_connections(address)

    def forget(self) -> None:
        """Loses its connection table, as a restart does."""
        self.space.forget_connections()
