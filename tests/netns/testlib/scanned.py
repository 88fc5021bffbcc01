# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What a scan from the clients' side has before it: a farm of either shape, all of it open.

    scanner [isp] uplink ── [lb] ──┬── s1 10.20.0.11, s2        backends
                             │     ├── plain 10.20.0.50         another host beside them
                             │     └── inner 10.20.0.60         a scanner on the servers' side
                             └ mgmt0 ── admin 172.31.9.2        behind the kernel's own interface

ikelb's addresses: those of its interfaces, 192.0.2.53 on lo, 172.31.9.1 on mgmt0; its kernel
forwards. IPv6 beside it: fd00:20::/64, 2001:db8:5::53, fd00:31::/64.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab import dualstack
from lab.netns import veth
from lab.topology import GATEWAY, Topology
from testlib import crafted
from testlib.case import Case
from testlib.open_host import OpenHost
from testlib.scanner import BURST, SMALL_BURST, Scanner, mac_of

SOURCES = {4: "198.18.0.66", 6: "2001:db8:18::66"}
OTHERS = {4: "198.18.0.67", 6: "2001:db8:18::67"}
PLAIN, PLAIN6 = "10.20.0.50", "fd00:20::50"
INNER = {4: "10.20.0.60", 6: "fd00:20::60"}
ADMIN_NET, ADMIN_NET6 = "172.31.9", "fd00:31::"
ON_MGMT, ON_MGMT6 = f"{ADMIN_NET}.1", f"{ADMIN_NET6}1"
ADMIN, ADMIN6 = f"{ADMIN_NET}.2", f"{ADMIN_NET6}2"
ON_LO, ON_LO6 = "192.0.2.53", "2001:db8:5::53"
OUTSIDE = {4: "198.18.0.240", 6: "2001:db8:18::f0"}
VIPS = {4: "203.0.113.10", 6: dualstack.VIP}


@dataclass(frozen=True)
class Target:
    """`host` is where its packets arrive."""

    name: str
    address: str
    host: OpenHost


class Scanned:
    """The farm with its targets; `start` once the configuration is as the scan wants it."""

    def __init__(self, case: Case, topology: type[Topology]):
        self.case = case
        self.farm = case.farm(topology=topology, client_count=0)
        dualstack.equip(self.farm)
        dualstack.attach(self.farm.outside_host(), OUTSIDE[6])
        self.config = dualstack.config(self.farm, self.farm.config())
        self._add_host("plain", PLAIN, PLAIN6)
        self._add_host("inner", *INNER.values())
        self._add_management()

    def _add_host(self, name: str, address: str, address6: str) -> None:
        space = self.case.lab.namespace(name)
        dualstack.enable(space)
        self.farm.topology.plug(name, space)
        space.ip(
            f"address add {address}/24 dev eth0",
            f"address add {address6}/64 dev eth0 nodad",
            f"route add default via {GATEWAY}",
            f"route add default via {dualstack.GATEWAY}",
        )

    def _add_management(self) -> None:
        admin, lb = self.case.lab.namespace("admin"), self.farm.lb
        dualstack.enable(admin)
        veth(admin, "eth0", lb, "mgmt0")
        # A host that routes, with redirects as it comes: what ikelbd has to live with.
        lb.sysctl({"net/ipv4/ip_forward": 1, "net/ipv6/conf/all/forwarding": 1})
        lb.ip(
            f"address add {ON_MGMT}/24 dev mgmt0",
            f"address add {ON_MGMT6}/64 dev mgmt0 nodad",
            f"address add {ON_LO}/32 dev lo",
            f"address add {ON_LO6}/128 dev lo nodad",
        )
        admin.ip(
            f"address add {ADMIN}/24 dev eth0",
            f"address add {ADMIN6}/64 dev eth0 nodad",
            f"route add default via {ON_MGMT}",
            f"route add default via {ON_MGMT6}",
        )

    @property
    def ingress(self) -> dict[int, str]:
        """ikelb's addresses on the cable that the scan comes by."""
        net = self.farm.topology.net(self.farm.isp)
        return {4: net.own, 6: net.own6}

    @property
    def twins(self) -> tuple[str, ...]:
        return tuple(interface.name for interface in self.farm.topology.seat.interfaces)

    def start(self) -> None:
        self.balancer = self.case.balancer(self.farm, self.config)
        isp, namespaces = self.farm.isp.space, self.case.lab.namespaces
        mac = mac_of(isp, self.ingress[4])
        is_narrow = self.farm.topology.is_relayed or self.case.driver == "af_packet"
        burst = SMALL_BURST if is_narrow else BURST
        self.scanner = Scanner(isp, "uplink", mac, SOURCES, VIPS, OTHERS.values(), burst)
        inner = namespaces["inner"]
        # A host asks for its gateway before it sends: by that ikelb's kernel knows whose MAC it is.
        mac_of(inner, dualstack.GATEWAY)
        self.inner = Scanner(inner, "eth0", mac_of(inner, GATEWAY), INNER, VIPS, burst=burst)
        self.responders = [
            crafted.Responder(server, address)
            for server in self.farm.servers
            for address in (server.address, dualstack.server_address(server))
        ]
        self.own = OpenHost(self.farm.lb, self.twins)
        self.backend, self.plain, self.admin = (
            OpenHost(namespaces[label]) for label in ("s1", "plain", "admin")
        )

    def targets(self, family: int) -> list[Target]:
        """What nobody on the clients' side has business with, the VIP's service apart."""
        is_v6 = family == 6
        backend = self.farm.servers[0]
        others = [("own address on lo", ON_LO6 if is_v6 else ON_LO)]
        others.append(("own address on mgmt0", ON_MGMT6 if is_v6 else ON_MGMT))
        others += [
            (f"own address on {interface.name}", interface.net.own6 if is_v6 else interface.net.own)
            for interface in self.farm.topology.seat.interfaces
            if interface.side == "servers"
        ]
        return [
            Target("VIP", VIPS[family], self.own),
            *(Target(name, address, self.own) for name, address in others),
            Target(
                "backend",
                dualstack.server_address(backend) if is_v6 else backend.address,
                self.backend,
            ),
            Target("plain host", PLAIN6 if is_v6 else PLAIN, self.plain),
            Target("management host", ADMIN6 if is_v6 else ADMIN, self.admin),
        ]

    def seen_by_backends(self) -> int:
        """Datagrams that the servers' own sockets took."""
        return sum(len(responder.seen) for responder in self.responders)

    def hosts(self) -> dict[str, OpenHost]:
        return {"backend": self.backend, "plain host": self.plain, "management host": self.admin}
