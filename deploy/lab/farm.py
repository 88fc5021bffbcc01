# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The farm: VPN servers and clients around the balancer's seat, and ikelb's configuration for it.

    c1 .. cN ──┐                                       ┌── eth0 s1   lo 192.168.70.1
               ├─ acc [isp] uplink ── wan0 [lb] lan0 ──┤ sw
    cM ─ [nat]─┤                                       └── eth0 s2   lo 192.168.70.2
    [out] ─────┘       198.51.100.0/24       10.20.0.0/24

This is the two-armed topology; the others differ between `acc` and the servers (see topology).
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field

from . import peers, pki, shuffle
from .charon import Charon
from .netns import Namespace, veth
from .seat import Cable
from .session import Lab
from .shell import wait_until
from .topology import FARM, GATEWAY, Isp, Topology, TwoArmed, named, numbered

CROWD_NET = "198.19.0.0/16"


@dataclass(eq=False)
class Server:
    """A VPN server; `number` counts from 1."""

    number: int
    space: Namespace
    switch: Namespace
    charon: Charon | None = None

    @property
    def name(self) -> str:
        return f"s{self.number}"

    @property
    def address(self) -> str:
        return f"{FARM.v4}.{10 + self.number}"

    @property
    def inside(self) -> str:
        """An address only this server has: who answers on it through a tunnel names the server."""
        return f"192.168.70.{self.number}"

    def label(self) -> dict[str, str]:
        """How it marks its SPIs, in ikelb's words: by its number, in the first octet of IKE's."""
        first = 0xC0000000 + (self.number << 20)
        return {
            "ike_mask": f"{0xFF << 56:#x}",
            "ike_value": f"{self.number << 56:#018x}",
            "esp_first": f"{first:#x}",
            "esp_last": f"{first + 0xFFFFF:#x}",
        }

    def charon_label(self) -> dict[str, str]:
        """The same in strongSwan's."""
        names = {"ike_mask": "spi_mask", "ike_value": "spi_label"}
        names |= {"esp_first": "spi_min", "esp_last": "spi_max"}
        return {names[key]: value for key, value in self.label().items()}

    def cut(self) -> None:
        """Pulls its cable at the switch; its own routes stay as they are."""
        self.switch.ip(f"link set {self.name} down")

    def mend(self) -> None:
        self.switch.ip(f"link set {self.name} up")

    def default_gateway(self, address: str) -> None:
        self.space.ip(f"route replace default via {address}")


@dataclass(eq=False)
class Client:
    """A VPN client. `outside` is the address that the Internet sees: its NAT's, if it sits behind
    one."""

    name: str
    space: Namespace
    address: str
    outside: str
    behind_nat: bool
    kind: str
    isp: Isp
    charon: Charon | None = None
    habits: peers.Habits = peers.Habits()

    def move(self, address: str) -> None:
        """Its own address on the access network changes, as from Wi-Fi to LTE. charon notices by
        itself."""
        self.space.ip(f"address del {self.address}/16 dev eth0")
        self.isp.address(self.space, address)
        self.address = self.outside = address


def put_behind(router: Namespace, space: Namespace, net: str) -> str:
    """A network for this namespace alone behind a router, which is .1 there; its own address."""
    veth(router, space.label, space, "eth0")
    router.ip(f"address add {net}.1/24 dev {space.label}")
    space.ip(f"address add {net}.10/24 dev eth0", f"route add default via {net}.1")
    return f"{net}.10"


@dataclass
class Farm:
    """Builds the namespaces at once; daemons are started by the `start_*` methods."""

    lab: Lab
    server_count: int = 2
    client_count: int = 4
    nat_clients: int = 1
    windows_clients: int = 1
    topology: InitVar[type[Topology] | str] = TwoArmed  # afterwards: the one that was built
    isp_count: int = 1
    mtu: int = 1500
    driver: str = "af_xdp"
    queues: int = 1  # of the balancer's cables; with 2, clients and servers fill one each
    servers: list[Server] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    def __post_init__(self, topology: type[Topology] | str) -> None:
        shape = named(topology)
        isps = [Isp.build(self.lab, number) for number in range(self.isp_count)]
        self.topology = shape(self.lab, isps, mtu=self.mtu, queues=self.queues)
        for number in range(1, self.server_count + 1):
            self.add_server(number)
        for number in range(1, self.client_count + 1):
            self._add_client(number)

    # --- building ---------------------------------------------------------------------------------

    def add_server(self, number: int) -> Server:
        """A server more on the farm's switch, without its daemon."""
        server = Server(number, self.lab.namespace(f"s{number}"), self.switch)
        self.topology.plug(server.name, server.space)
        server.space.ip(
            f"address add {server.address}/24 dev eth0",
            f"address add {server.inside}/32 dev lo",
            f"route add default via {GATEWAY}",
        )
        server.space.forward()
        self.servers.append(server)
        return server

    def _add_client(self, number: int) -> None:
        isp = self.isps[(number - 1) % self.isp_count]
        behind_nat = number > self.client_count - self.nat_clients
        kind = "windows" if number <= self.windows_clients else "psk"
        space = self.lab.namespace(f"c{number}")
        if behind_nat:
            address = put_behind(self.nat_gateway(), space, f"192.168.{100 + number}")
            outside = f"{self.isp.client_net}.200"
        else:
            address = outside = f"{isp.client_net}.{10 + number}"
            isp.attach(space, address)
        self.clients.append(Client(space.label, space, address, outside, behind_nat, kind, isp))

    def attach(self, space: Namespace, address: str) -> None:
        """Puts a namespace on the first ISP's access network."""
        self.isp.attach(space, address)

    def add_client(
        self,
        name: str,
        address: str,
        isp: Isp,
        *,
        kind: str = "psk",
        habits: peers.Habits = peers.Habits(),
        shuffled: str = "",
        path_mtu: int = 0,
    ) -> Client:
        """One more client with an address of its own on that provider's network. With `shuffled`,
        its cable brings IP fragments in that order (see shuffle); with `path_mtu`, it sends
        nothing larger."""
        space = self.lab.namespace(name)
        if shuffled:
            isp.plug(f"{name}o", isp.space, f"{name}m")
            veth(isp.space, f"{name}i", space, "eth0")
            log = self.lab.path("shuffled", name)
            shuffle.start(isp.space, f"{name}i", f"{name}m", shuffled, log)
            isp.address(space, address)
        else:
            isp.attach(space, address)
        if path_mtu:
            via = f"default via {isp.client_net}.1"
            space.ip(f"route replace {via} mtu lock {path_mtu}")
        client = Client(name, space, address, address, False, kind, isp, habits=habits)
        self.clients.append(client)
        return client

    def nat_gateway(self) -> Namespace:
        """A home router that changes source ports: no client behind it keeps 500 or 4500."""
        if "nat" not in self.lab.namespaces:
            nat = self.lab.namespace("nat")
            self.attach(nat, f"{self.isp.client_net}.200")
            nat.forward()
            nat.nft_table(
                "home",
                " chain out {\n  type nat hook postrouting priority srcnat\n"
                '  oifname "eth0" meta l4proto udp masquerade to :20000-29999 random\n'
                '  oifname "eth0" masquerade\n }\n',
            )
        return self.lab.namespaces["nat"]

    def outside_host(self) -> Namespace:
        """A plain host on the Internet, 198.18.0.240."""
        if "out" not in self.lab.namespaces:
            self.attach(self.lab.namespace("out"), f"{self.isp.client_net}.240")
        return self.lab.namespaces["out"]

    def crowd(self) -> Namespace:
        """A namespace that owns all of 198.19.0.0/16: any of these addresses can be bound in it."""
        if "crowd" not in self.lab.namespaces:
            crowd = self.lab.namespace("crowd")
            self.attach(crowd, f"{self.isp.client_net}.250")
            crowd.ip(f"route add local {CROWD_NET} dev lo")
            self.isp.space.ip(f"route add {CROWD_NET} via {self.isp.client_net}.250")
        return self.lab.namespaces["crowd"]

    # --- naming -----------------------------------------------------------------------------------

    @property
    def lb(self) -> Namespace:
        """The balancer's seat."""
        return self.topology.seat.space

    @property
    def switch(self) -> Namespace:
        return self.topology.switch

    @property
    def isps(self) -> list[Isp]:
        return self.topology.isps

    @property
    def isp(self) -> Isp:
        return self.isps[0]

    @property
    def vip(self) -> str:
        return self.isp.vip

    def server_at(self, address: str) -> Server:
        return next(server for server in self.servers if server.address == address)

    # --- daemons ----------------------------------------------------------------------------------

    def start_servers(
        self,
        servers: list[Server] | None = None,
        *,
        dpd: str = "30s",
        settings: dict[str, str] | None = None,
        labelled: bool = False,
    ) -> None:
        """Starts charon on the servers and waits until all accept clients. With `labelled`, each
        marks its SPIs (see `label`)."""
        keys = (
            pki.create(self.lab.path("pki", "x").parent)
            if not self.lab.path("pki", "x").parent.joinpath("server.pem").exists()
            else pki.Pki(*(self.lab.path("pki", n) for n in ("ca.pem", "server.pem", "server.key")))
        )
        users = [c.name for c in self.clients if c.kind == "windows"]
        chosen = servers if servers is not None else self.servers
        for server in chosen:
            server.charon = Charon(
                server.space,
                self.lab.path(server.name, "log").parent,
                peers.server(server.number, users, dpd=dpd),
                credentials={
                    "x509": keys.certificate,
                    "private": keys.key,
                    "x509ca": keys.authority,
                },
                settings=(settings or {}) | (server.charon_label() if labelled else {}),
            )
            server.charon.start()
        for server in chosen:
            server.charon.ready()

    def start_clients(
        self,
        clients: list[Client] | None = None,
        *,
        vip: str = "",
        settings: dict[str, str] | None = None,
    ) -> None:
        """Starts charon on the clients; nobody connects yet. After `start_servers`. Default VIP:
        their provider's."""
        chosen = clients if clients is not None else self.clients
        for client in chosen:
            make = getattr(peers, f"{client.kind}_client")
            credentials = {"x509ca": self.lab.path("pki", "ca.pem")}
            if client.kind == "certificate":
                made = pki.client(self.lab.path("pki", "x").parent, client.name)
                credentials |= dict(zip(("x509", "private"), made))
            client.charon = Charon(
                client.space,
                self.lab.path(client.name, "log").parent,
                make(client.name, vip or client.isp.vip, client.habits),
                credentials=credentials,
                settings=settings,
            )
            client.charon.start()
        for client in chosen:
            client.charon.ready()

    def connect(
        self, clients: list[Client] | None = None, *, timeout: float = 20.0
    ) -> list[Client]:
        """Connects the clients at once and returns those that have a tunnel."""
        chosen = clients if clients is not None else self.clients
        attempts = [(client, client.charon.initiate(timeout=timeout)) for client in chosen]
        wait_until(
            lambda: all(p.poll() is not None for _, p in attempts),
            timeout + 10,
            "swanctl --initiate",
        )
        return [client for client, process in attempts if process.returncode == 0]

    # --- configuration of the balancer ------------------------------------------------------------

    def config(self, *, interval: str = "500ms", servers: list[Server] | None = None) -> dict:
        """ikelb's configuration for this farm. Paths of sockets are the runner's."""
        chosen = servers if servers is not None else self.servers
        return {
            **self.topology.seat.config(self._device),
            "inside_prefixes": ["10.0.0.0/8", "192.168.0.0/16"],
            "pools": [
                {
                    "name": "rras",
                    "backends": [{"name": s.name, "address": s.address} for s in chosen],
                    "health": {
                        "icmp": {"interval": interval, "timeout": "300ms", "fall": 3, "rise": 2}
                    },
                }
            ],
            "services": [
                {
                    "name": numbered("aovpn", isp.number),
                    "vip": isp.vip,
                    "announce": "address",
                    "interface": self.topology.ingress(isp).name,
                    "pool": "rras",
                    "scheduler": "maglev",
                }
                for isp in self.isps
            ],
            "workers": {"count": self.queues},
            "dpdk": {"memory": 256},
        }

    def _device(self, number: int, cable: Cable) -> str:
        """The DPDK device by which ikelbd has a cable."""
        count = f",queue_count={self.queues}" if self.queues > 1 else ""
        return f"net_{self.driver}{number},iface={cable.device}{count}"
