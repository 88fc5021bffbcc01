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
from lab.netns import veth

ADDRESS = "10.20.0.2"


class SourceHash:
    """Ready when constructed."""

    def __init__(self, farm: Farm):
        self.farm = farm
        self.isp = farm.provider(4)
        self.space = farm.lab.namespace("hash")
        self._connect()
        for server in farm.servers:
            self.adopt(server)
        self.spread(farm.servers)

    def _connect(self) -> None:
        net = self.isp.uplink_net
        veth(self.isp.space, "uplink", self.space, "wan0")
        veth(self.farm.switch, "hash", self.space, "lan0")
        self.farm.switch.ip("link set hash master sw")
        self.isp.space.ip(
            f"address add {net}.254/24 dev uplink", f"route add {self.isp.vip}/32 via {net}.1"
        )
        self.space.sysctl(
            {
                "net/ipv4/ip_forward": 1,
                "net/ipv4/conf/all/send_redirects": 0,
                "net/ipv4/conf/lan0/send_redirects": 0,
            }
        )
        self.space.ip(
            f"address add {net}.1/24 dev wan0",
            f"address add {ADDRESS}/24 dev lan0",
            f"route add default via {net}.254",
            f"address add {self.isp.vip}/32 dev lo",
        )

    def adopt(self, server: Server) -> None:
        """The server's answers to this side's clients come here."""
        server.space.ip(f"route replace {self.isp.wide_net}.0.0/16 via {ADDRESS}")

    def spread(self, servers: list[Server]) -> None:
        """The hash over these servers, from now on; its seed is fixed: moves are repeatable."""
        table = ", ".join(f"{n} : {s.address}" for n, s in enumerate(servers))
        self.space.nft(
            "table ip beside {\n}\ndelete table ip beside\ntable ip beside {\n chain in {\n"
            "  type nat hook prerouting priority dstnat\n"
            f"  ip daddr {self.isp.vip} udp dport {{ 500, 4500 }} dnat to jhash ip saddr mod "
            f"{len(servers)} seed 0x1ce map {{ {table} }}\n }}\n chain guard {{\n"
            "  type filter hook forward priority filter\n  ct status dnat accept\n"
            "  ip daddr 10.20.0.0/24 udp dport { 500, 4500 } drop\n }\n}\n"
        )

    def believe(self, client: tuple[str, int], server: Server) -> None:
        """What comes from this address and port goes to this server, as if it had been believed
        that its client is there."""
        address, port = client
        self.space.nft(
            f"insert rule ip beside in ip saddr {address} udp sport {port} "
            f"ip daddr {self.isp.vip} dnat to {server.address}\n"
        )
        self.space.run(["conntrack", "-D", "-s", address], check=False)

    def forget(self) -> None:
        """Loses its connection table, as a restart does."""
        self.space.run(["conntrack", "-F"], check=False)
