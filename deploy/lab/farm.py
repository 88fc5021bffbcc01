# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The topology: clients behind an ISP, the balancer, servers behind the balancer.

    c1 .. cN ──┐                                       ┌── eth0 s1   lo 192.168.70.1
               ├─ acc [isp] uplink ── wan0 [lb] lan0 ──┤ sw
    cM ─ [nat]─┤                                       └── eth0 s2   lo 192.168.70.2
    [out] ─────┘       198.51.100.0/24       10.20.0.0/24

Each [name] is a namespace. 198.18.0.0/16 are the clients, 203.0.113.10 is the VIP, 198.51.100.254
the balancer's upstream gateway, 10.20.0.1 the servers' default gateway (the balancer itself). `one`
puts ISP, balancer and servers on one switch in 10.20.0.0/24; `vlan` leads both sides to the
balancer over one tagged cable.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from . import peers, pki, shuffle, trunk
from .charon import Charon
from .netns import Namespace, bridge, veth
from .session import Lab
from .shell import LabError, wait_until

GATEWAY = "10.20.0.1"
ISP_ON_FARM = "10.20.0.254"
SERVER_NET = "10.20.0.0/24"
CROWD_NET = "198.19.0.0/16"
CLIENT_VLAN, SERVER_VLAN = 10, 20


@dataclass
class Isp:
    """One upstream provider: `number` 0 serves 198.18.0.0/16, 1 serves 198.20.0.0/16."""

    number: int
    space: Namespace

    @property
    def wide_net(self) -> str:
        return f"198.{18 + 2 * self.number}"

    @property
    def client_net(self) -> str:
        return f"{self.wide_net}.0"

    @property
    def uplink_net(self) -> str:
        return f"198.51.{100 + self.number}"

    @property
    def vip(self) -> str:
        return f"203.0.113.{10 * (self.number + 1)}"


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
        return f"10.20.0.{10 + self.number}"

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


@dataclass
class Farm:
    """Builds the namespaces at once; daemons are started by the `start_*` methods."""

    lab: Lab
    server_count: int = 2
    client_count: int = 4
    nat_clients: int = 1
    windows_clients: int = 1
    arm: str = "two"
    isp_count: int = 1
    mtu: int = 1500
    driver: str = "af_xdp"
    queues: int = 1  # of the balancer's cables; with 2, clients and servers fill one each
    isps: list[Isp] = field(default_factory=list)
    servers: list[Server] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.arm not in ("two", "one", "vlan"):
            raise LabError(f"no such topology: {self.arm}")
        self.lb = self.lab.namespace("lb")
        self.switch = self.lab.namespace("sw")
        bridge(self.switch, "sw")
        for number in range(self.isp_count):
            self._add_isp(number)
        self._connect_balancer()
        for number in range(1, self.server_count + 1):
            self.add_server(number)
        for number in range(1, self.client_count + 1):
            self._add_client(number)

    # --- building ---------------------------------------------------------------------------------

    def _add_isp(self, number: int) -> None:
        self.isps.append(self.provider(number))

    def provider(self, number: int) -> Isp:
        """An access network with its router, connected to nothing yet."""
        isp = Isp(number, self.lab.namespace("isp" if number == 0 else f"isp{number + 1}"))
        bridge(isp.space, "acc")
        isp.space.ip(f"address add {isp.client_net}.1/16 dev acc")
        isp.space.sysctl(
            {
                "net/ipv4/ip_forward": 1,
                "net/ipv4/conf/all/send_redirects": 0,
                "net/ipv4/conf/default/send_redirects": 0,
            }
        )
        return isp

    def _connect_balancer(self) -> None:
        if self.arm == "two":
            for isp in self.isps:
                veth(
                    *(isp.space, "uplink", self.lb, f"wan{isp.number}"),
                    mtu=self.mtu,
                    queues=self.queues,
                )
            veth(self.switch, "lb", self.lb, "lan0", mtu=self.mtu, queues=self.queues)
            if self.queues > 1:
                for isp in self.isps:
                    isp.space.send_into_queue("uplink", 0)
                self.switch.send_into_queue("lb", 1)
            self.switch.ip("link set lb master sw")
        elif self.arm == "one":
            veth(self.switch, "isp", self.isp.space, "uplink", mtu=self.mtu)
            veth(self.switch, "lb", self.lb, "one0", mtu=self.mtu)
            self.switch.ip("link set isp master sw", "link set lb master sw")
        else:
            veth(self.switch, "isp", self.isp.space, "uplink", mtu=self.mtu)
            veth(self.switch, "lb", self.lb, "trunk0", mtu=self.mtu)
            veth(self.switch, "vlan20", self.switch, "port20", mtu=self.mtu)
            self.switch.ip("link set port20 master sw")
            trunk.start(
                self.switch,
                "lb",
                {CLIENT_VLAN: "isp", SERVER_VLAN: "vlan20"},
                self.lab.path("trunk.log"),
            )
        for isp in self.isps:
            own, via = (
                (f"{isp.uplink_net}.254/24", f"{isp.uplink_net}.1")
                if self.arm != "one"
                else (f"{ISP_ON_FARM}/24", GATEWAY)
            )
            isp.space.ip(
                f"address add {own} dev uplink",
                f"route add {isp.vip}/32 via {via}",
                *([f"route add {SERVER_NET} via {via}"] if self.arm != "one" else []),
            )

    def add_server(self, number: int) -> Server:
        """A server more on the farm's switch, without its daemon."""
        server = Server(number, self.lab.namespace(f"s{number}"), self.switch)
        veth(self.switch, server.name, server.space, "eth0", mtu=self.mtu)
        self.switch.ip(f"link set {server.name} master sw")
        server.space.ip(
            f"address add {server.address}/24 dev eth0",
            f"address add {server.inside}/32 dev lo",
            f"route add default via {GATEWAY}",
        )
        server.space.sysctl(
            {
                "net/ipv4/ip_forward": 1,
                "net/ipv4/conf/all/send_redirects": 0,
                "net/ipv4/conf/eth0/send_redirects": 0,
            }
        )
        self.servers.append(server)
        return server

    def _add_client(self, number: int) -> None:
        isp = self.isps[(number - 1) % self.isp_count]
        behind_nat = number > self.client_count - self.nat_clients
        kind = "windows" if number <= self.windows_clients else "psk"
        space = self.lab.namespace(f"c{number}")
        if behind_nat:
            self.nat_gateway()
            veth(self.lab.namespaces["nat"], f"c{number}", space, "eth0")
            self.lab.namespaces["nat"].ip(f"address add 192.168.{100 + number}.1/24 dev c{number}")
            address, gateway, outside = (
                f"192.168.{100 + number}.10",
                f"192.168.{100 + number}.1",
                f"{self.isp.client_net}.200",
            )
            space.ip(f"address add {address}/24 dev eth0", f"route add default via {gateway}")
        else:
            address = outside = f"{isp.client_net}.{10 + number}"
            self.attach(space, address, isp)
        self.clients.append(Client(space.label, space, address, outside, behind_nat, kind, isp))

    def attach(self, space: Namespace, address: str, isp: Isp | None = None) -> None:
        """Puts a namespace on an ISP's access network, its default route through the ISP."""
        isp = isp or self.isp
        veth(isp.space, space.label, space, "eth0")
        isp.space.ip(f"link set {space.label} master acc")
        self.address(space, address, isp)

    @staticmethod
    def address(space: Namespace, address: str, isp: Isp) -> None:
        """Its address on the access network, and its default route."""
        space.ip(f"address add {address}/16 dev eth0", f"route add default via {isp.client_net}.1")

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
            veth(isp.space, f"{name}o", isp.space, f"{name}m")
            veth(isp.space, f"{name}i", space, "eth0")
            isp.space.ip(f"link set {name}o master acc")
            log = self.lab.path("shuffled", name)
            shuffle.start(isp.space, f"{name}i", f"{name}m", shuffled, log)
            self.address(space, address, isp)
        else:
            self.attach(space, address, isp)
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
            nat.sysctl({"net/ipv4/ip_forward": 1})
            nat.nft(
                "table ip home {\n chain out {\n  type nat hook postrouting priority srcnat\n"
                '  oifname "eth0" meta l4proto udp masquerade to :20000-29999 random\n'
                '  oifname "eth0" masquerade\n }\n}\n'
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
            **self._links(),
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
                    "name": "aovpn" if isp.number == 0 else f"aovpn{isp.number + 1}",
                    "vip": isp.vip,
                    "announce": "address",
                    "interface": self.wan_interface(isp),
                    "pool": "rras",
                    "scheduler": "maglev",
                }
                for isp in self.isps
            ],
            "workers": {"count": self.queues},
            "dpdk": {"memory": 256},
        }

    def wan_interface(self, isp: Isp | None = None) -> str:
        if self.arm == "one":
            return "farm"
        number = (isp or self.isp).number
        return "ext" if number == 0 else f"ext{number + 1}"

    @property
    def lan_interface(self) -> str:
        return "farm" if self.arm == "one" else "int"

    def _device(self, number: int, interface: str) -> str:
        count = f",queue_count={self.queues}" if self.queues > 1 else ""
        return f"net_{self.driver}{number},iface={interface}{count}"

    def _links(self) -> dict:
        gateway = f"{self.isp.uplink_net}.254" if self.arm != "one" else ISP_ON_FARM
        default = {"to": "0.0.0.0/0", "via": gateway}
        lan = {"name": "int", "port": "lan", "addresses": [f"{GATEWAY}/24"], "side": "servers"}
        if self.arm == "one":
            return {
                "ports": [{"name": "one", "device": self._device(0, "one0"), "mtu": self.mtu}],
                "interfaces": [
                    {"name": "farm", "port": "one", "addresses": [f"{GATEWAY}/24"], "side": "both"}
                ],
                "routes": [default],
            }
        wans = [
            {
                "name": self.wan_interface(i),
                "port": f"wan{i.number or ''}",
                "side": "clients",
                "addresses": [f"{i.uplink_net}.1/24"],
            }
            for i in self.isps
        ]
        if self.arm == "vlan":
            return {
                "ports": [{"name": "trunk", "device": self._device(0, "trunk0"), "mtu": self.mtu}],
                "interfaces": [
                    {**wans[0], "port": "trunk", "vlan": CLIENT_VLAN},
                    {**lan, "port": "trunk", "vlan": SERVER_VLAN},
                ],
                "routes": [default],
            }
        ports = [
            {
                "name": f"wan{i.number or ''}",
                "device": self._device(i.number, f"wan{i.number}"),
                "mtu": self.mtu,
            }
            for i in self.isps
        ]
        ports.append(
            {"name": "lan", "device": self._device(len(self.isps), "lan0"), "mtu": self.mtu}
        )
        others = [
            {"to": f"{i.client_net}.0/16", "via": f"{i.uplink_net}.254"} for i in self.isps[1:]
        ]
        return {"ports": ports, "interfaces": [*wans, lan], "routes": [default, *others]}
