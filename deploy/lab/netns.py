# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""Network namespaces, veth pairs and bridges.

A thread may enter a namespace for a moment (`Namespace.inside`): sockets opened and processes
started there stay there, so one test process holds sockets of many namespaces without helpers.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
from typing import Iterator, Sequence

from .shell import LabError, run

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _setns(fd: int) -> None:
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Namespace:
    """One named network namespace. `name` is what `ip netns` shows, `label` its role in the
    topology."""

    def __init__(self, name: str, label: str):
        self.name = name
        self.label = label

    @property
    def path(self) -> str:
        return f"/run/netns/{self.name}"

    def create(self) -> None:
        run(["ip", "netns", "add", self.name])
        self.ip("link set lo up")
        # IPv6 is turned on where a farm asks for it (dualstack): without router solicitations and
        # MLD, captures hold only what a test caused. Duplicate detection is off before there is a
        # device: while it looks at a link-local address, a router solicits no neighbour. Bridges
        # must not call iptables hooks, or translation happens inside the bridge.
        self.sysctl(
            {
                "net/ipv6/conf/all/disable_ipv6": 1,
                "net/ipv6/conf/default/disable_ipv6": 1,
                "net/ipv6/conf/all/accept_dad": 0,
                "net/ipv6/conf/default/accept_dad": 0,
                "net/ipv4/conf/all/rp_filter": 0,
                "net/ipv4/conf/default/rp_filter": 0,
            }
        )
        self.sysctl({"net/bridge/bridge-nf-call-iptables": 0}, optional=True)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Moves the calling thread into this namespace for the length of the block."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(self.path, "rb") as there:
            _setns(there.fileno())
            try:
                yield
            finally:
                _setns(home.fileno())

    def ip(self, *lines: str) -> None:
        """Runs `ip` commands in one batch."""
        run(["ip", "-n", self.name, "-batch", "-"], stdin="\n".join(lines) + "\n")

    def sysctl(self, values: dict[str, object], *, optional: bool = False) -> None:
        with self.inside():
            for key, value in values.items():
                try:
                    with open(f"/proc/sys/{key}", "w", encoding="ascii") as node:
                        node.write(str(value))
                except OSError:
                    if not optional:
                        raise

    def forward(self) -> None:
        """A router of IPv4 from now on, which tells no sender of a shorter way. A redirect is sent
        if either `all` or the device says so: those that are there, and by `default` all to
        come."""
        with self.inside():
            devices = os.listdir("/proc/sys/net/ipv4/conf")
        self.sysctl(
            {
                "net/ipv4/ip_forward": 1,
                **{f"net/ipv4/conf/{device}/send_redirects": 0 for device in devices},
            }
        )

    def nft(self, ruleset: str) -> None:
        with self.inside():
            run(["nft", "-f", "-"], stdin=ruleset)

    def nft_table(self, name: str, chains: str, family: str = "ip") -> None:
        """The table with these chains, in the place of the one of that name."""
        table = f"table {family} {name}"
        self.nft(f"{table} {{\n}}\ndelete {table}\n{table} {{\n{chains}}}\n")

    def forget_connections(self, source: str = "") -> None:
        """What connection tracking knows, of that source or at all, is lost."""
        chosen = ["-D", "-s", source] if source else ["-F"]
        self.run(["conntrack", *chosen], check=False)

    def run(self, argv: Sequence[str], **options) -> subprocess.CompletedProcess[str]:
        return run(["ip", "netns", "exec", self.name, *argv], **options)

    def popen(self, argv: Sequence[str], **options) -> subprocess.Popen:
        # ip netns exec replaces itself by the command: the pid is the command's own. A session of
        # its own: Ctrl-C is for the lab's owner, who ends its processes in order.
        return subprocess.Popen(
            ["ip", "netns", "exec", self.name, *argv],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **options,
        )

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        with self.inside():
            return socket.socket(family, kind, protocol)

    def quiet_offloads(self, device: str) -> None:
        """Checksums in frames as on a wire: a veth otherwise hands on partial ones and giant
        segments."""
        with self.inside():
            run(["ethtool", "-K", device, "tx", "off", "gso", "off", "tso", "off", "gro", "off"])

    def send_into_queue(self, device: str, queue: int) -> None:
        """Whatever is sent on the device goes into this queue of it, and arrives in the same one
        at the cable's other end."""
        every_cpu = f"{(1 << (os.cpu_count() or 1)) - 1:x}"
        file = f"/sys/class/net/{device}/queues/tx-{queue}/xps_cpus"
        self.run(["sh", "-c", f"echo {every_cpu} >{file}"])

    def mac(self, device: str) -> str:
        with self.inside(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as probe:
            probe.bind((device, 0))
            return probe.getsockname()[4].hex(":")


def veth(
    left: Namespace,
    left_device: str,
    right: Namespace,
    right_device: str,
    *,
    mtu: int = 1500,
    queues: int = 1,
) -> None:
    """A cable between two namespaces, both ends up."""
    count = ["numtxqueues", str(queues), "numrxqueues", str(queues)] if queues > 1 else []
    run(
        [
            "ip",
            "link",
            "add",
            "name",
            left_device,
            "netns",
            left.name,
            "mtu",
            str(mtu),
            *count,
            "type",
            "veth",
            "peer",
            "name",
            right_device,
            "netns",
            right.name,
            "mtu",
            str(mtu),
            *count,
        ]
    )
    for space, device in ((left, left_device), (right, right_device)):
        space.quiet_offloads(device)
        space.ip(f"link set {device} up")


def bridge(space: Namespace, device: str, ports: Sequence[str] = ()) -> None:
    """A switch. Spanning tree off: a port forwards at once. The MAC address is given: a bridge
    without takes its lowest port's, and with a new port its neighbours could lose it."""
    mac = bytes([2, *os.urandom(5)]).hex(":")
    space.ip(
        f"link add name {device} address {mac} type bridge stp_state 0 forward_delay 0",
        f"link set {device} up",
        *(f"link set {port} master {device}" for port in ports),
    )


def plug(
    switch: Namespace,
    device: str,
    port: str,
    space: Namespace,
    space_device: str = "eth0",
    **options: int,
) -> None:
    """A cable from a port of the switch `device`; options are those of `veth`."""
    veth(switch, port, space, space_device, **options)
    switch.ip(f"link set {port} master {device}")


def exists(name: str) -> bool:
    return os.path.exists(f"/run/netns/{name}")


def delete(name: str) -> None:
    if exists(name):
        done = run(["ip", "netns", "del", name], check=False)
        if done.returncode != 0 and exists(name):
            raise LabError(f"namespace {name} can't be removed: {done.stderr.strip()}")
