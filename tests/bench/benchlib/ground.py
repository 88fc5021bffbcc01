# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Where forwarders compete: two cables with something between them.

    gen uplink ── wan0 [lb] lan0 ── eth0 srv        `cable`: gen uplink ── eth0 srv

bench_traffic sends from `uplink` and sees on `eth0` what arrives, both on packet sockets. Behind
them the servers' side drops the datagrams at once and counts them: no server's cost is measured.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from lab.ikelbd import Ikelbd
from lab.netns import veth
from lab.session import Lab
from lab.shell import LabError, run, wait_until

from .common import built, cpus, installed, run_json

VIP = "203.0.113.10"
GATEWAY, OWN_WAN, OWN_LAN = "198.51.100.254", "198.51.100.1", "10.20.0.1"
SERVERS = tuple(f"10.20.0.{n}" for n in (11, 12, 13, 14))
CLIENTS = 4096
WAN_MAC, LAN_MAC = "02:00:00:00:be:11", "02:00:00:00:be:12"
PACKAGES = {"ip": "iproute2", "nft": "nftables", "ethtool": "ethtool", "taskset": "util-linux"}


@dataclass
class Load:
    """What a flood through a path gave."""

    sent: int
    received: int
    seconds: float
    cpu_seconds: float

    @property
    def loss(self) -> float:
        return 1 - self.received / self.sent if self.sent else 0.0


class Ground:
    """The namespaces of one path, with the path in it. `start` puts the forwarder there."""

    name = ""
    destination = VIP

    def __init__(self, lab: Lab):
        for program, package in PACKAGES.items():
            installed(program, package)
        self.lab = lab
        self.clients, self.servers = lab.namespace("gen"), lab.namespace("srv")
        self._connect()
        self.clients.ip(f"address add {GATEWAY}/24 dev uplink")
        self.servers.ip(
            *(f"address add {server}/24 dev eth0" for server in SERVERS),
            f"route add default via {OWN_LAN}",
        )
        # A packet socket sees them before.
        self.servers.nft(
            "table netdev sink {\n chain in {\n"
            "  type filter hook ingress device eth0 priority 0\n"
            "  udp dport { 500, 4500 } counter drop\n }\n}\n"
        )

    def _connect(self) -> None:
        self.lb = self.lab.namespace("lb")
        veth(self.clients, "uplink", self.lb, "wan0")
        veth(self.servers, "eth0", self.lb, "lan0")

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        """The namespaces go with the lab."""

    def macs(self) -> tuple[str, str]:
        """The forwarder's MAC addresses, on the clients' side and on the servers'."""
        return self.lb.mac("wan0"), self.lb.mac("lan0")

    # --- traffic ----------------------------------------------------------------------------------

    def traffic(self, mode: str, **options) -> dict:
        """One run of bench_traffic, on the CPU that is not the worker's."""
        towards_servers, towards_clients = self.macs()
        argv = [
            built("bench_traffic"), mode,
            "--clients", "uplink", "--clients-netns", self.clients.name,
            "--servers", "eth0", "--servers-netns", self.servers.name,
            "--towards-servers", towards_servers, "--towards-clients", towards_clients,
            "--to", self.destination, "--count", str(CLIENTS),
        ]  # fmt: skip
        for key, value in options.items():
            argv += [f"--{key}", str(value)]
        return run_json(argv, timeout=120, cpu=cpus()[1])

    def log_in(self) -> None:
        got = self.traffic("login")
        if got["logged_in"] != CLIENTS:
            raise LabError(f"{self.name}: {got['logged_in']} of {CLIENTS} clients logged in")

    def arrived(self) -> int:
        """Datagrams that the servers' side has got."""
        with self.servers.inside():
            rules = json.loads(run(["nft", "-j", "list", "table", "netdev", "sink"]).stdout)
        return next(
            expression["counter"]["packets"]
            for entry in rules["nftables"] if "rule" in entry
            for expression in entry["rule"]["expr"] if "counter" in expression
        )  # fmt: skip

    def settled(self) -> int:
        """arrived(), once nothing more is under way."""
        last = [-1]

        def is_still() -> bool:
            now, before = self.arrived(), last[0]
            last[0] = now
            return now == before

        wait_until(is_still, 10, "the last packets", interval=0.05)
        return last[0]


class Cable(Ground):
    """Nothing between: what the generator, one cable and the drop cost by themselves."""

    name = "cable"
    destination = SERVERS[0]

    def _connect(self) -> None:
        veth(self.clients, "uplink", self.servers, "eth0")

    def start(self) -> None:
        pass

    def macs(self) -> tuple[str, str]:
        return self.servers.mac("eth0"), self.clients.mac("uplink")

    def log_in(self) -> None:
        pass


class Forward(Ground):
    """The kernel routes; the clients talk to a server itself, nothing is translated."""

    name = "kernel_forward"
    destination = SERVERS[0]

    def start(self) -> None:
        self.lb.forward()
        self.lb.ip(
            f"address add {OWN_WAN}/24 dev wan0",
            f"address add {OWN_LAN}/24 dev lan0",
            f"route add default via {GATEWAY}",
        )

    def log_in(self) -> None:
        pass


class Translate(Forward):
    """The kernel's DNAT with conntrack, a client's address deciding on the server."""

    name = "nftables_dnat"
    destination = VIP

    def start(self) -> None:
        super().start()
        servers = ", ".join(f"{n} : {server}" for n, server in enumerate(SERVERS))
        self.lb.nft(
            "table ip balance {\n chain in {\n  type nat hook prerouting priority dstnat\n"
            f"  ip daddr {VIP} udp dport {{ 500, 4500 }} dnat to jhash ip saddr mod "
            f"{len(SERVERS)} map {{ {servers} }}\n }}\n}}\n"
        )

    def log_in(self) -> None:
        Ground.log_in(self)


class Balanced(Ground):
    """ikelbd with one worker on a CPU of its own."""

    driver = ""
    idle = "sleep"

    def start(self) -> None:
        self.daemon = Ikelbd(self.lab, self.lb, self._config())
        self.daemon.start()
        for backend in self.daemon.backends():
            self.daemon.wait_state(backend, "up")

    def stop(self) -> None:
        self.daemon.stop()

    def macs(self) -> tuple[str, str]:
        return WAN_MAC, LAN_MAC

    def _config(self) -> dict:
        ports = (("wan", "wan0", WAN_MAC), ("lan", "lan0", LAN_MAC))
        return {
            "ports": [
                {"name": name, "device": f"net_{self.driver}{n},iface={device}", "mac": mac}
                for n, (name, device, mac) in enumerate(ports)
            ],
            "interfaces": [
                {"name": "ext", "port": "wan", "addresses": [f"{OWN_WAN}/24"], "side": "clients"},
                {"name": "int", "port": "lan", "addresses": [f"{OWN_LAN}/24"], "side": "servers"},
            ],
            "routes": [{"to": "0.0.0.0/0", "via": GATEWAY}],
            "pools": [
                {
                    "name": "servers",
                    "backends": [{"name": f"s{n}", "address": a} for n, a in enumerate(SERVERS)],
                    "health": {"icmp": {"interval": "1s", "timeout": "500ms"}},
                }
            ],
            "services": [{"name": "vpn", "vip": VIP, "interface": "ext", "pool": "servers"}],
            "workers": {"count": 1, "cpus": [cpus()[0]], "idle": self.idle},
            "state": "none",
        }


class AfXdp(Balanced):
    """ikelbd on AF_XDP sockets."""

    name = "ikelb_af_xdp"
    driver = "af_xdp"


class AfPacket(Balanced):
    """ikelbd on AF_PACKET sockets."""

    name = "ikelb_af_packet"
    driver = "af_packet"


class AfXdpPolling(AfXdp):
    """The same, its worker never asleep."""

    name = "ikelb_af_xdp_poll"
    idle = "poll"
